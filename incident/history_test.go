package incident_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"twokey/incident"
)

var (
	t0  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	key = incident.KeyID("LTAI" + "5tLeaked")

	account = "prod"
	user    = "ci-deploy"
	userID  = "2019"
	target  = incident.Target{Account: account, AccountID: "1234567890123456", User: user, UserID: userID, Key: key}

	ofKey  = incident.OfKey(key)
	ofUser = incident.OfUser(userID)
)

// house is a deployment: Ana and Bo and Chen approve, Rio only responds. Eve is
// in no configuration.
func house() incident.Rules {
	both := []incident.Role{incident.Responder, incident.Approver}
	return incident.Rules{
		Members: []incident.Member{
			{ID: "ana", Roles: both},
			{ID: "bo", Roles: both},
			{ID: "chen", Roles: []incident.Role{incident.Approver}},
			{ID: "rio", Roles: []incident.Role{incident.Responder}},
		},
		RequesterCounts: true,
		Window:          30 * time.Minute,
		Playbook:        incident.Playbook{SecondLook: time.Hour},
		Automation: incident.Automation{
			Sources: []string{"scans"}, Cap: 3, History: 14 * 24 * time.Hour,
			Rules: []incident.AutoRule{{
				When: incident.Conditions{"abuse": {incident.Any}, "owner": {incident.OwnerRAM}},
				Do:   []string{incident.StepKeyFence, incident.StepPolicyQuarantine},
			}},
		},
	}
}

// tester is what tests and rapid's properties have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// history is an incident under test. It decides, seals and keeps, as the bot does.
type history struct {
	t       tester
	rules   incident.Rules
	id      incident.ID
	chain   incident.Chain
	records []incident.Record
	clock   time.Time
	around  incident.Around
	folded  incident.State // the records up to its Seq
}

// fresh is an incident that nobody has opened.
func fresh(t tester) *history {
	return &history{t: t, rules: house(), id: incident.NewID(1), clock: t0}
}

// opened is an incident whose key is known and nothing else.
func opened(t tester) *history {
	h := fresh(t)
	h.must(incident.Bot, incident.Open{Alert: alert("scans", key)})
	return h
}

// found is an incident whose key our own look-up found: Active, of a RAM user.
func found(t tester) *history {
	h := opened(t)
	h.find()
	return h
}

func (h *history) find() {
	h.t.Helper()
	h.sees(ofKey, map[incident.FactName]string{
		incident.FactOwner: incident.OwnerRAM, incident.FactStatus: incident.KeyActive,
		incident.FactAccount: account, incident.FactAccountID: target.AccountID,
		incident.FactUser: user, incident.FactUserID: userID,
	})
	h.sees(ofUser, map[incident.FactName]string{incident.FactKeys: string(key)})
}

func alert(source string, k incident.KeyID) incident.Alert {
	return incident.Alert{Source: source, Type: "generic", Kind: incident.KindOpen, KeyID: k, ReceivedAt: t0}
}

func (h *history) state() incident.State {
	for _, r := range h.records[h.folded.Seq:] {
		h.folded = h.folded.Apply(r)
	}
	s := h.folded
	s.Around = h.around
	return s
}

// do decides and keeps what was decided, also when it came with a refusal.
func (h *history) do(by incident.Person, c incident.Command) error {
	s := h.state()
	events, err := h.rules.Decide(s, by, h.clock, c)
	h.records = append(h.records, h.chain.Seal(s, h.id, by, h.clock, events)...)
	return err
}

func (h *history) must(by incident.Person, c incident.Command) {
	h.t.Helper()
	if err := h.do(by, c); err != nil {
		h.t.Fatalf("%s: %T = %v, want nil", by, c, err)
	}
}

func (h *history) refused(want incident.Refusal, by incident.Person, c incident.Command) {
	h.t.Helper()
	if err := h.do(by, c); !errors.Is(err, want) {
		h.t.Errorf("%s: %T = %v, want %v", by, c, err, want)
	}
}

// silent expects that a command is allowed and changes nothing.
func (h *history) silent(by incident.Person, c incident.Command) {
	h.t.Helper()
	before := len(h.records)
	h.must(by, c)
	if len(h.records) != before {
		h.t.Errorf("%s: %T wrote %v, want nothing", by, c, h.kinds()[before:])
	}
}

func (h *history) wait(d time.Duration) { h.clock = h.clock.Add(d) }

func (h *history) sees(of incident.Identity, facts map[incident.FactName]string) {
	h.t.Helper()
	h.must(incident.Bot, incident.Observe{Of: of, Facts: facts, AsOf: h.clock, Source: "ims:GetUser"})
}

func (h *history) status(value string) {
	h.t.Helper()
	h.sees(ofKey, map[incident.FactName]string{incident.FactStatus: value})
}

// plan is a plan of the kind that actions make for this incident's key.
func plan(step string, guarded ...incident.Fact) incident.Plan {
	return incident.Plan{Step: step, Target: target, Guarded: guarded}
}

func keyIs(status string) incident.Fact {
	return incident.Fact{Of: ofKey, Name: incident.FactStatus, Value: status}
}

func userHas(keys string) incident.Fact {
	return incident.Fact{Of: ofUser, Name: incident.FactKeys, Value: keys}
}

// because is an internal step with its reason.
func because(step string) incident.Plan {
	return incident.Plan{Step: step, Params: map[string]string{"reason": "w1"}}
}

var disable = plan(incident.StepKeyDisable, keyIs(incident.KeyActive))

// ask proposes a plan and returns it as it stands on the card.
func (h *history) ask(by incident.Person, p incident.Plan) incident.Proposal {
	h.t.Helper()
	h.must(by, incident.Propose{Plan: p})
	return h.last()
}

func yes(p incident.Proposal) incident.Approve {
	return incident.Approve{Number: p.Number, Digest: p.Digest, Platform: "slack"}
}

func no(p incident.Proposal) incident.Decline {
	return incident.Decline{Number: p.Number, Digest: p.Digest, Reason: "w2"}
}

func (h *history) approve(p incident.Proposal, people ...incident.Person) {
	h.t.Helper()
	for _, by := range people {
		h.must(by, yes(p))
	}
}

// ready is a plan that has its votes.
func (h *history) ready(p incident.Plan) incident.Proposal {
	h.t.Helper()
	asked := h.ask("ana", p)
	for _, by := range []incident.Person{"ana", "bo"} {
		if h.plan(asked.Number).Status == incident.StatusWaiting {
			h.approve(asked, by)
		}
	}
	return h.in(asked, incident.StatusReady)
}

func (h *history) running(p incident.Plan) incident.Proposal {
	h.t.Helper()
	r := h.ready(p)
	h.must(incident.Bot, incident.Start{Number: r.Number})
	return h.in(r, incident.StatusRunning)
}

// done is a plan that was carried out and read back.
func (h *history) done(p incident.Plan) incident.Proposal {
	h.t.Helper()
	r := h.running(p)
	h.must(incident.Bot, incident.Finish{Number: r.Number, Outcome: incident.Confirmed})
	return h.plan(r.Number)
}

// in expects a plan to have come so far, and returns it.
func (h *history) in(p incident.Proposal, want incident.Status) incident.Proposal {
	h.t.Helper()
	now := h.plan(p.Number)
	if now.Status != want {
		h.t.Errorf("plan %d is %s, want %s; history: %v", p.Number, now.Status, want, h.kinds())
	}
	return now
}

func (h *history) plan(number int) incident.Proposal {
	h.t.Helper()
	p, ok := h.state().Proposal(number)
	if !ok {
		h.t.Fatalf("there is no plan %d", number)
	}
	return p
}

func (h *history) last() incident.Proposal {
	h.t.Helper()
	return h.plan(len(h.state().Proposals))
}

func (h *history) kinds() (kinds []string) {
	for _, r := range h.records {
		kinds = append(kinds, r.Event.Kind())
	}
	return kinds
}

func (h *history) has(kind string) bool { return slices.Contains(h.kinds(), kind) }

var _ tester = (*testing.T)(nil)
