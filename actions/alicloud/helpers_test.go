package alicloud_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

// every is each step of the package.
var every = alicloud.Steps()

const (
	botName  = "twokey-bot"
	userName = "ci-deploy"
)

// stage is a pretend account with the bot in it, which may do no more than
// LeastPolicy grants, and with a user whose key has leaked.
type stage struct {
	*testing.T
	cloud   *sandbox.Cloud
	account *alicloud.Account
	bot     sandbox.Key
	botID   string
	key     sandbox.Key
	userID  string
	target  incident.Target
	waits   *waits
	given   map[string]map[string]string // parameters of plans, by step
	ana     *age.X25519Identity          // gets the user's new keys
	made    string                       // the last new key
}

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 21, 2, 50, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// newStageAt is a stage whose account and bot live by the clock. The SDK stamps
// requests with the machine's own.
func newStageAt(t *testing.T, c *clock, change ...func(*alicloud.Config)) *stage {
	t.Helper()
	change = append(change, func(config *alicloud.Config) { config.Now = c.now })
	return stageOn(t, sandbox.Options{Now: c.now, WireNow: time.Now}, change...)
}

// waits counts what would have been slept.
type waits struct {
	mu  sync.Mutex
	all []time.Duration
}

func (w *waits) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, d)
	return ctx.Err()
}

func (w *waits) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.all)
}

func newStage(t *testing.T, change ...func(*alicloud.Config)) *stage {
	t.Helper()
	return stageOn(t, sandbox.Options{}, change...)
}

func stageOn(t *testing.T, o sandbox.Options, change ...func(*alicloud.Config)) *stage {
	t.Helper()
	s := &stage{T: t, cloud: sandbox.New(o), waits: &waits{}, given: map[string]map[string]string{}, ana: got(age.GenerateX25519Identity())(t)}
	must(t, s.cloud.Start(t.Context(), ""))
	t.Cleanup(func() { _ = s.cloud.Close() })
	s.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true})

	s.botID = s.cloud.AddUser(botName)
	s.bot = got(s.cloud.AddKey(botName))(t)
	s.grant(every...)
	s.userID = s.cloud.AddUser(userName)
	s.key = got(s.cloud.AddKey(userName))(t)
	must(t, s.cloud.SetPolicies(userName, sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}))
	s.target = incident.Target{
		Account: "prod", AccountID: s.cloud.Account(), User: userName, UserID: s.userID, Key: incident.KeyID(s.key.ID),
	}
	s.account = s.as(s.bot, change...)
	return s
}

// grant gives the bot what LeastPolicy says for the steps, and nothing else.
func (s *stage) grant(steps ...string) {
	s.Helper()
	least := got(alicloud.LeastPolicy(steps, alicloud.Scope{
		AccountID: s.cloud.Account(), Own: "acs:ram::" + s.cloud.Account() + ":user/" + botName, Create: true, GiveBack: true,
	}))(s.T)
	must(s.T, s.cloud.AddPolicy("twokey-least", string(least.Canonical())))
	must(s.T, s.cloud.SetPolicies(botName, sandbox.PolicyRef{Type: sandbox.Custom, Name: "twokey-least"}))
}

// as is the account seen with some key.
func (s *stage) as(k sandbox.Key, change ...func(*alicloud.Config)) *alicloud.Account {
	s.Helper()
	c := alicloud.Config{
		Name: "prod", ID: s.cloud.Account(), Sleep: s.waits.sleep,
		Quarantine: alicloud.Quarantine{Create: true}, Fence: alicloud.Fence{Ranges: []string{"192.0.2.0/24"}},
		Receivers: map[string]alicloud.Receiver{userName: {Person: "ana", Age: s.ana.Recipient().String()}},
		Credentials: alicloud.Credentials{
			Type: alicloud.FromAccessKey, AccessKeyID: k.ID, AccessKeySecret: alicloud.Secret(string(k.Secret)),
		},
		Endpoints: map[string]string{
			"ram": s.cloud.URL(), "ims": s.cloud.URL(), "sts": s.cloud.URL(), "actiontrail": s.cloud.URL(),
			"ecs": s.cloud.URL(), "sas": s.cloud.URL(), "bss": s.cloud.URL(), "kms": s.cloud.URL(),
		},
	}
	for _, f := range change {
		f(&c)
	}
	return got(alicloud.New(c))(s.T)
}

func (s *stage) step(name string) actions.Action {
	s.Helper()
	a, ok := s.account.Actions()[name]
	if !ok {
		s.Fatalf("no step %s", name)
	}
	return a
}

func (s *stage) plan(name string) incident.Plan {
	s.Helper()
	return got(s.step(name).Plan(s.Context(), s.target, s.asked(name)))(s.T)
}

// do plans, runs and verifies a step that must go well.
func (s *stage) do(name string) incident.Plan {
	s.Helper()
	p := s.plan(name)
	s.done(&p, got(s.step(name).Run(s.Context(), p))(s.T))
	s.verify(p, true)
	return p
}

func (s *stage) verify(p incident.Plan, want bool) {
	s.Helper()
	if is := got(s.step(p.Step).Verify(s.Context(), p))(s.T); is != want {
		s.Fatalf("Verify of %s is %v, want %v", p.Step, is, want)
	}
}

// status is the leaked key's, as the sandbox has it.
func (s *stage) status() string {
	for _, u := range s.cloud.Snapshot().Users {
		for _, k := range u.Keys {
			switch {
			case k.ID != s.key.ID:
			case k.InBin:
				return incident.KeyInBin
			default:
				return k.Status
			}
		}
	}
	return incident.KeyGone
}

// thief is somebody who holds the leaked key.
func (s *stage) thief(script ...sandbox.Move) *sandbox.Attacker {
	s.Helper()
	if len(script) == 0 {
		script = []sandbox.Move{{Version: "2014-05-26", Action: "DescribeInstances"}}
	}
	return got(sandbox.NewAttacker(s.cloud.URL(), s.key, "203.0.113.66", script))(s.T)
}

// writing are the calls that change the account.
var writing = []string{
	"UpdateAccessKey", "DeleteAccessKey", "RestoreAccessKeyFromRecycleBin", "CreatePolicy", "AttachPolicyToUser", "DetachPolicyFromUser",
	"AttachInstanceRamRole", "DetachInstanceRamRole", "ModifyInstanceMetadataOptions", "ModifyAccessKeyLeakDeal",
	"RemoveUserFromGroup", "AddUserToGroup", "UpdateLoginProfile", "SetSecurityPreference", "DeleteUser", "RestoreUserFromRecycleBin",
	"CreateGroup", "AttachPolicyToGroup", "SetAccessKeyPolicy",
	"CreateAccessKey", "CreateSecret", "PutSecretValue",
}

// writes is how many writing calls the account has got.
func (s *stage) writes() (n int) {
	for _, action := range writing {
		n += s.cloud.Calls(action)
	}
	return n
}

// wantError checks the code, and that the text holds nothing of the request.
func (s *stage) wantError(err error, code string) {
	s.Helper()
	if actions.Code(err) != code {
		s.Fatalf("error %v, want code %s", err, code)
	}
	s.wantClean(err)
}

func (s *stage) wantClean(err error) {
	s.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, secret := range []string{
			string(s.bot.Secret), s.bot.ID, string(s.key.Secret), s.key.ID, userName, s.userID, s.cloud.Address(), "http", "?",
		} {
			if strings.Contains(e.Error(), secret) {
				s.Fatalf("error text %q holds %q", e, secret)
			}
		}
	}
}

func fact(of incident.Identity, name incident.FactName, value string) incident.Fact {
	return incident.Fact{Of: of, Name: name, Value: value}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got is a value that must have come without an error.
func got[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}
