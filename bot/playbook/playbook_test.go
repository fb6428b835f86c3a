package playbook_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/bot/playbook"
	"twokey/incident"
)

// noon is when every incident here is opened.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	user   = "2019000000000001"
	marked = "!" // before a step that is done
)

// situation is what was observed and answered.
type situation struct {
	owner, status, abuse, slot string
	lastUsed                   time.Time // zero: never seen
	answers                    map[incident.Question]string
	done                       []string // steps that were confirmed
}

// state is the fold of the records that lead to the situation.
func (x situation) state() incident.State {
	key := incident.KeyID("LTAI" + "0aB1cD2eF3gH")
	facts := map[incident.FactName]string{
		incident.FactOwner: x.owner, incident.FactStatus: x.status, incident.FactAbuse: x.abuse,
		incident.FactUserID: user, incident.FactAccount: "prod",
	}
	if !x.lastUsed.IsZero() {
		facts[incident.FactLastUsed] = x.lastUsed.Format(time.RFC3339)
	}
	for name, value := range facts {
		if value == "" {
			delete(facts, name)
		}
	}
	events := []incident.Event{
		incident.Opened{Alert: incident.Alert{KeyID: key, Kind: incident.KindOpen, ReceivedAt: noon}},
		incident.Observed{Of: incident.OfKey(key), Facts: facts, AsOf: noon, Source: "test"},
	}
	if x.slot != "" {
		slot := map[incident.FactName]string{incident.FactSlot: x.slot}
		events = append(events, incident.Observed{Of: incident.OfUser(user), Facts: slot, AsOf: noon, Source: "test"})
	}
	for q, v := range x.answers {
		events = append(events, incident.Answered{Question: q, Value: v})
	}
	for i, step := range x.done {
		events = append(events,
			incident.Proposed{Number: i + 1, Plan: incident.Plan{Step: step}},
			incident.Authorized{Number: i + 1}, incident.Started{Number: i + 1},
			incident.Finished{Number: i + 1, Outcome: incident.Confirmed})
	}
	return incident.Fold(incident.Chain{}.Seal(incident.State{}, incident.NewID(1), "ana", noon, events))
}

// next is the row that is followed, with its steps that may be pressed now, and
// those that come later, done ones marked.
func (x situation) next(b incident.Playbook) (row, now, later string) {
	var press, wait []string
	for _, n := range b.Next(x.state()) {
		row = n.Row
		switch {
		case n.Now:
			press = append(press, n.Step)
		case n.Done:
			wait = append(wait, marked+n.Step)
		default:
			wait = append(wait, n.Step)
		}
	}
	return row, strings.Join(press, " "), strings.Join(wait, " ")
}

func inUse(value string) map[incident.Question]string {
	return map[incident.Question]string{incident.InUse: value}
}

func both(inUse, rotatable string) map[incident.Question]string {
	return map[incident.Question]string{incident.InUse: inUse, incident.Rotatable: rotatable}
}

const (
	ram, root, active, inactive = incident.OwnerRAM, incident.OwnerRoot, incident.KeyActive, incident.KeyInactive

	audits = "audit.events audit.descendants audit.identities"
	rotate = "manual.free_slot key.create manual.replace_key"
	ending = "key.delete policy.detach"
)

// The ten rows of the decision table.
func TestTheTenRows(t *testing.T) {
	b := playbook.Default()
	for _, c := range []struct {
		number, row string
		given       situation
		now, later  string
	}{
		{
			"1 root's, not in use", "root_unused",
			situation{owner: root, answers: inUse("no")},
			"root.disable_key root.mfa root.password audit.events audit.descendants fees.check", "root.delete_key",
		},
		{
			"2 root's, in use", "root_in_use",
			situation{owner: root, answers: inUse("yes")},
			"root.create_key root.disable_key root.mfa root.password " + audits + " fees.check", "root.replace_key root.delete_key",
		},
		{
			"2 root's, unanswered; replaced and disabled by hand", "root_in_use",
			situation{owner: root, done: []string{"root.create_key", "root.replace_key", "root.disable_key"}},
			"root.delete_key root.mfa root.password " + audits + " fees.check", "!root.create_key !root.replace_key !root.disable_key",
		},
		{
			"3 Active, idle for 91 days", "unused",
			situation{owner: ram, status: active, lastUsed: noon.AddDate(0, 0, -91)},
			"key.disable policy.quarantine key.fence audit.events audit.descendants fees.check", ending + " user.deactivate",
		},
		{
			"4 Inactive, not in use", "inactive",
			situation{owner: ram, status: inactive, answers: inUse("no")},
			audits + " key.delete fees.check leak.mark_handled hygiene.report", "policy.detach",
		},
		{
			"4 Inactive, unanswered: counts as in use", "inactive_in_use",
			situation{owner: ram, status: inactive, slot: incident.Free},
			"owner.ask key.create " + audits + " fees.check leak.mark_handled key.delete", "manual.free_slot manual.replace_key policy.detach",
		},
		{
			"4 Inactive, replaced", "inactive_in_use",
			situation{owner: ram, status: inactive, slot: incident.Full, answers: inUse("yes"), done: []string{"key.create", "manual.replace_key"}},
			"owner.ask manual.free_slot " + audits + " fees.check leak.mark_handled key.delete", "!key.create !manual.replace_key policy.detach",
		},
		{
			"5 in use, rotatable, a free slot", "rotatable",
			situation{owner: ram, status: active, slot: incident.Free, answers: both("yes", "yes")},
			"policy.quarantine key.fence key.create key.disable " + audits + " fees.check ecs.find_caller",
			"manual.free_slot manual.replace_key " + ending,
		},
		{
			"5 in use, rotatable, no slot", "rotatable",
			situation{owner: ram, status: active, slot: incident.Full, answers: both("yes", "yes")},
			"policy.quarantine key.fence manual.free_slot key.disable " + audits + " fees.check ecs.find_caller",
			"key.create manual.replace_key " + ending,
		},
		{
			"6 in use, not rotatable", "not_rotatable",
			situation{owner: ram, status: active, slot: incident.Free, answers: both("yes", "no")},
			"policy.quarantine key.fence permissions.trim mfa.require " + audits + " login.cut fees.check key.disable ecs.find_caller",
			"manual.bind_mfa mfa.enforce manual.reset_password ecs.attach_role ecs.enforce_imds key.create manual.replace_key " + ending,
		},
		{
			"7 used yesterday, rotatable unanswered", "in_use",
			situation{owner: ram, status: active, lastUsed: noon.AddDate(0, 0, -1)},
			"key.fence policy.quarantine key.disable owner.ask " + audits + " permissions.trim mfa.require fees.check ecs.find_caller", "manual.bind_mfa " + ending,
		},
		{
			"7 nothing answered", "unanswered",
			situation{owner: ram, status: active},
			"key.disable key.fence policy.quarantine owner.ask " + audits + " permissions.trim mfa.require fees.check ecs.find_caller", "manual.bind_mfa " + ending,
		},
		{
			"8 in the bin, quarantined", "gone",
			situation{owner: ram, status: incident.KeyInBin, done: []string{"policy.quarantine"}},
			audits + " fees.check leak.mark_handled policy.detach hygiene.report", "",
		},
		{
			"8 in the bin, never quarantined", "gone",
			situation{owner: ram, status: incident.KeyGone},
			audits + " fees.check leak.mark_handled hygiene.report", "policy.detach",
		},
		{
			"8 with its user", "user_gone",
			situation{owner: incident.OwnerDeleted, status: incident.KeyInBin},
			audits + " fees.check leak.mark_handled hygiene.report", "",
		},
		{"9 temporary", "temporary", situation{owner: incident.OwnerSTS}, "role.quarantine audit.events audit.identities fees.check", ""},
		{"9 not ours", "foreign", situation{owner: incident.OwnerForeign}, "root.find_key manual.report_foreign", ""},
		{"9 not known yet", "owner_unknown", situation{}, "root.find_key manual.find_owner audit.events", ""},
		{
			"10 abuse", "abuse",
			situation{owner: ram, status: active, slot: incident.Free, abuse: "yes", answers: both("yes", "yes")},
			"key.disable policy.quarantine key.fence " + audits + " login.cut permissions.trim mfa.require fees.check key.create",
			"manual.reset_password manual.bind_mfa manual.free_slot manual.replace_key " + ending,
		},
		{
			"10 abuse, disabled", "abuse_contained",
			situation{owner: ram, status: inactive, slot: incident.Full, abuse: "yes", done: []string{"policy.quarantine"}},
			audits + " login.cut permissions.trim mfa.require fees.check owner.ask manual.free_slot leak.mark_handled key.delete",
			"!policy.quarantine manual.reset_password manual.bind_mfa key.create manual.replace_key policy.detach",
		},
		{
			"10 abuse of root's", "root_abuse",
			situation{owner: root, abuse: "yes"},
			"root.disable_key root.password root.mfa " + audits + " fees.check root.create_key", "root.replace_key root.delete_key",
		},
	} {
		t.Run(c.number, func(t *testing.T) {
			row, now, later := c.given.next(b)
			if diff := cmp.Diff([]string{c.row, c.now, c.later}, []string{row, now, later}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What holds in every situation there is.
func TestEverySituationHasItsSteps(t *testing.T) {
	values := func(fact string) []string {
		v, _ := incident.ConditionValues(fact)
		return v
	}
	b, seen := playbook.Default(), make(map[string]bool)
	for _, owner := range values("owner") {
		for _, status := range values("status") {
			for _, abuse := range values("abuse") {
				for _, used := range values("in_use") {
					for _, rotatable := range values("rotatable") {
						for _, slot := range values("slot") {
							x := situation{owner: owner, status: status, abuse: abuse, slot: slot, answers: both(used, rotatable)}
							row, now, _ := x.next(b)
							seen[row] = true
							checkSteps(t, x, row, strings.Fields(now))
						}
					}
				}
			}
		}
	}
	for _, row := range b.Rows {
		if !seen[row.Name] {
			t.Errorf("row %s is never followed", row.Name)
		}
	}
}

func checkSteps(t *testing.T, x situation, row string, now []string) {
	t.Helper()
	has := func(step string) bool { return slices.Contains(now, step) }
	live := x.owner == ram && x.status == active
	switch {
	case len(now) == 0:
		t.Errorf("%+v: nothing to press in row %s", x, row)
	case live && (!has("key.disable") || !has("policy.quarantine") || !has("key.fence")):
		t.Errorf("%+v: containing has to wait in row %s", x, row)
	case live && x.abuse == "yes" && now[0] != "key.disable":
		t.Errorf("%+v: a thief is in, and %s stands first", x, now[0])
	case live && x.answers[incident.InUse] == "unknown" && now[0] != "key.disable":
		t.Errorf("%+v: an open question keeps key.disable from standing first", x)
	case has("key.delete") && x.status != inactive:
		t.Errorf("%+v: deleting is offered in row %s", x, row)
	case x.owner == ram && x.status == inactive && !has("key.delete"):
		t.Errorf("%+v: deleting waits for an answer or a word in row %s", x, row)
	case has("policy.detach"):
		t.Errorf("%+v: the quarantine may be lifted in row %s", x, row)
	case x.owner != ram && (has("key.disable") || has("policy.quarantine") || has("key.delete")):
		t.Errorf("%+v: steps for a RAM user's key in row %s", x, row)
	}
}

// Nobody can attest a guided step yet: if deleting waited for one, a disabled key
// would stay for ever. So it is advice above key.delete, and what stands before
// deleting is what the program holds: the second look and two people.
func TestDeletingADisabledKeyWaitsForNobodysWord(t *testing.T) {
	b := playbook.Default()
	at := func(r incident.Row, step string) int {
		return slices.IndexFunc(r.Steps, func(p incident.PlayStep) bool { return p.Step == step })
	}
	advised := 0
	for _, r := range b.Rows {
		if !slices.Contains(r.When["status"], inactive) {
			continue
		}
		i, advice := at(r, "key.delete"), at(r, "manual.replace_key")
		want := incident.PlayStep{Step: "key.delete", Needs: incident.Conditions{"status": {inactive}}}
		if diff := cmp.Diff(want, r.Steps[i]); diff != "" {
			t.Errorf("row %s: %s", r.Name, diff)
		}
		if advice > i {
			t.Errorf("row %s: the advice stands below the deletion", r.Name)
		}
		if advice >= 0 {
			advised++
		}
	}
	if advised != 2 {
		t.Errorf("%d rows advise to replace the key first", advised)
	}
	if incident.StepTier("key.delete") != incident.Destructive || b.SecondLook < time.Hour {
		t.Error("nothing stands before deleting")
	}
}

func TestTheQuarantineOutlivesTheKey(t *testing.T) {
	b := playbook.Default()
	x := situation{owner: ram, status: inactive, answers: inUse("no"), done: []string{"policy.quarantine"}}
	if _, now, _ := x.next(b); slices.Contains(strings.Fields(now), "policy.detach") {
		t.Error("detaching is offered while the key can be enabled again")
	}
	x.status = incident.KeyInBin
	if _, now, _ := x.next(b); !slices.Contains(strings.Fields(now), "policy.detach") {
		t.Error("detaching is not offered after the key was deleted")
	}
}

func TestDefault(t *testing.T) {
	b := playbook.Default()
	if b.Name != "default" || b.SecondLook != time.Hour {
		t.Errorf("name %q, second look %v", b.Name, b.SecondLook)
	}
	for _, row := range b.Rows {
		for _, p := range row.Steps {
			if !slices.Contains(playbook.Steps(), p.Step) {
				t.Errorf("row %s: %s has no name in the catalogs", row.Name, p.Step)
			}
		}
	}
	for _, step := range playbook.Guided() {
		if strings.HasPrefix(step, "root.") && incident.StepTier(step) != incident.Destructive {
			t.Errorf("%s is attested by fewer than two people", step)
		}
	}
}
