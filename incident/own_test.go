package incident_test

import (
	"testing"

	"twokey/incident"
)

func TestNothingIsChangedWithALeakedKeyOfTheBot(t *testing.T) {
	h := found(t)
	p := h.ready(disable)
	h.around.Own = []incident.ID{"inc-9"}
	h.refused(incident.OwnLeaked, incident.Bot, incident.Start{Number: p.Number})
	h.in(p, incident.StatusReady) // it waits, as on hold
	h.refused(incident.AutoOwn, incident.Bot, incident.Automate{Plan: harmless()})
	look := h.ask("ana", plan(incident.StepAuditEvents))
	h.must(incident.Bot, incident.Start{Number: look.Number})
	h.around.Own = nil
	h.must(incident.Bot, incident.Start{Number: p.Number})
	h.around.Own = []incident.ID{"inc-9"}
	h.refused(incident.OwnLeaked, incident.Bot, incident.Resume{Number: p.Number})
	h.in(p, incident.StatusRunning)
}

func TestTheGuardDoesNotFightWithALeakedKeyOfTheBot(t *testing.T) {
	h := found(t)
	p := h.done(harmless())
	h.must(incident.Bot, incident.Report{Number: p.Number, Who: user, Thief: true})
	h.around.Own = []incident.ID{"inc-9"}
	h.refused(incident.AutoOff, incident.Bot, incident.Reapply{Plan: harmless()})
	h.around.Own = nil
	h.must(incident.Bot, incident.Reapply{Plan: harmless()})
}

func TestAKeyOfTheBotMattersBeforeAnybodyLooked(t *testing.T) {
	h := opened(t)
	if h.state().Matters() {
		t.Fatal("any key matters")
	}
	h.sees(ofKey, map[incident.FactName]string{incident.FactOwn: incident.Yes})
	if s := h.state(); !s.Matters() || !s.Own() {
		t.Error("the bot's own key waits behind others")
	}
	h.sees(ofKey, map[incident.FactName]string{incident.FactOwn: incident.No})
	if h.state().Own() {
		t.Error("the bot was given another key")
	}
}

func TestStepsOnPeoplesOwnUsersTakeTheDestructiveTier(t *testing.T) {
	rules := house()
	rules.Members[0].RAM = []incident.RAMUser{{Account: account, User: user}}
	rules.Members[3].RAM = []incident.RAMUser{{Account: account, User: "rio"}} // who only responds
	rules.ProtectedRoles = []incident.RAMRole{{Account: account, Role: "ops"}}
	of := func(account, user string) incident.Plan {
		p := plan(incident.StepPolicyQuarantine)
		p.Target.Account, p.Target.User = account, user
		return p
	}
	role := func(name string) incident.Plan {
		p := of(account, "somebody")
		p.Params = map[string]string{incident.ParamOf: string(incident.OfRole(name))}
		return p
	}
	for _, row := range []struct {
		name string
		plan incident.Plan
		want incident.Tier
	}{
		{"Ana's", of(account, user), incident.Destructive},
		{"Rio's", of(account, "rio"), incident.Destructive},
		{"nobody's", of(account, "ci"), incident.Reversible},
		{"of that name elsewhere", of("staging", user), incident.Reversible},
		{"a protected role", role("ops"), incident.Destructive},
		{"another role", role("web"), incident.Reversible},
	} {
		if got := rules.Tier(row.plan); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
	if got := rules.Tier(plan(incident.StepAuditEvents)); got != incident.Look {
		t.Errorf("looking at Ana's: %s", got)
	}
	h := found(t)
	h.rules = rules
	h.refused(incident.AutoProtected, incident.Bot, incident.Automate{Plan: harmless()})
	p := h.ask("bo", disable)
	h.refused(incident.NotAllowed, "rio", yes(p))
	h.refused(incident.OwnUser, "ana", yes(p))
	h.approve(p, "bo")
	h.in(p, incident.StatusWaiting)
	h.approve(p, "chen")
	h.in(p, incident.StatusReady)
}
