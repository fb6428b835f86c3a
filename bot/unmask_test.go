package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"twokey/actions"
	"twokey/actions/sandbox"
	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

// maskOf is a key id as sources show it.
func maskOf(id string) string { return id[:8] + "******" + id[len(id)-6:] }

// twinOf is another id that looks the same once it is masked.
func twinOf(id string) string {
	other := "x"
	if id[12] == 'x' {
		other = "y"
	}
	return id[:12] + other + id[13:]
}

// masked is an alert that shows only a part of a key, looked into.
func (s *told) masked(mask string) {
	s.t.Helper()
	_, s.id = s.receive(s.alert(func(a *incident.Alert) {
		a.Kind, a.KeyID, a.KeyMask, a.ExternalKey = incident.KindLookup, "", mask, mask
	}))
	s.Settle()
}

// asks is the one question of the card.
func (s *told) asks() bot.Ask {
	s.t.Helper()
	a := s.say(chattest.Ana, "show "+string(s.id))
	if a.Card == nil || len(a.Card.Asks) != 1 {
		s.t.Fatalf("no card with one question: %+v", a)
	}
	return a.Card.Asks[0]
}

// presses is a press of a button that the card shows.
func (s *told) presses(who incident.Person, b bot.Button) bot.Answer {
	s.t.Helper()
	s.n++
	return s.press(who, fmt.Sprintf("pressed %d", s.n), bot.Press{Act: b.Act, Incident: b.Incident, Value: b.Value})
}

func TestAMaskedKeyIsCompletedByTheAccountAndAPersonsYes(t *testing.T) {
	s := tell(t, chattest.Options{Rules: automatic})
	key := s.Scene.Leaked.ID
	s.masked(maskOf(key))
	ask := s.asks()
	if len(ask.Buttons) != 1 || ask.Buttons[0].Value != key || ask.Buttons[0].Command != "key "+key || !strings.Contains(ask.Buttons[0].Label, key) {
		t.Fatalf("%+v", ask)
	}
	for range 5 {
		s.After(10 * time.Minute)
	}
	if st := s.State(s.id); !st.Lookup() || len(st.Proposals) != 0 {
		t.Fatalf("without a yes it has key %q and %d plans", st.Key, len(st.Proposals))
	}
	if a := s.presses("eve", ask.Buttons[0]); a.OK || !s.State(s.id).Lookup() {
		t.Fatalf("a stranger entered it: %s", a.Text)
	}
	if a := s.presses(chattest.Ana, ask.Buttons[0]); !a.OK {
		t.Fatal(a.Text)
	}
	s.Settle()
	st := s.State(s.id)
	if string(st.Key) != key || !st.KeyTyped || len(st.Proposals) == 0 {
		t.Errorf("key %q, typed %v, %d plans", st.Key, st.KeyTyped, len(st.Proposals))
	}
	for _, p := range st.Proposals {
		if p.Auto || !p.Started.IsZero() {
			t.Errorf("%s started by itself", p.Plan.Step)
		}
	}
	if a := s.presses(chattest.Bo, ask.Buttons[0]); a.OK {
		t.Error("a key was entered twice")
	}
}

func TestAYesToTheKeyOfAnotherIncidentMerges(t *testing.T) {
	s := alerted(t, chattest.Options{})
	first := s.id
	s.masked(maskOf(s.Scene.Leaked.ID))
	if a := s.presses(chattest.Ana, s.asks().Buttons[0]); !a.OK || s.State(s.id).MergedInto != first {
		t.Errorf("merged into %q: %s", s.State(s.id).MergedInto, a.Text)
	}
}

func TestWhatIsNotJustOneKeyIsAskedForAsBefore(t *testing.T) {
	for name, row := range map[string]struct {
		before func(s *told)
		mask   func(s *told) string
		want   string // in the question
		fits   bool   // written down
	}{
		"none": {mask: func(*told) string { return "LTAI" + "5tNo****Body00" }, want: "No key of a RAM user", fits: true},
		"two": {before: func(s *told) {
			if _, err := s.Cloud.AddKeyWithID(s.Scene.Victim+"-2", twinOf(s.Scene.Leaked.ID)); err != nil {
				s.t.Fatal(err)
			}
		}, want: "2 keys in the configured accounts", fits: true},
		"too little":    {mask: func(s *told) string { return s.Scene.Leaked.ID[:8] + "****" }},
		"no mask":       {mask: func(*told) string { return "" }},
		"no permission": {before: func(s *told) { s.deny("ram:ListUsers") }},
		"silence": {before: func(s *told) {
			s.Cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: "ListAccessKeys"})
		}},
		"another account is silent": {before: func(s *told) {
			s.Bot.Accounts = append(s.Bot.Accounts, numb{Account: s.Bot.Accounts[0], err: &actions.Error{Code: "Timeout", Again: true}})
		}},
		"another account is being read": {before: func(s *told) {
			s.Bot.Accounts = append(s.Bot.Accounts, numb{Account: s.Bot.Accounts[0], err: actions.ErrNotYet})
		}},
		"another account can't be asked": {before: func(s *told) {
			s.Bot.Accounts = append(s.Bot.Accounts, struct{ actions.Account }{s.Bot.Accounts[0]})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, chattest.Options{})
			s.Cloud.AddUser(s.Scene.Victim + "-2")
			if row.before != nil {
				row.before(s)
			}
			mask := maskOf(s.Scene.Leaked.ID)
			if row.mask != nil {
				mask = row.mask(s)
			}
			s.masked(mask)
			ask := s.asks()
			if len(ask.Buttons) != 0 || !strings.Contains(ask.Text, row.want) || !strings.Contains(ask.Text, "key <AccessKey ID>") {
				t.Errorf("%+v", ask)
			}
			if _, known := s.State(s.id).Fit(); known != row.fits {
				t.Errorf("written down: %v, want %v", known, row.fits)
			}
			if a := s.say(chattest.Ana, "key "+s.Scene.Leaked.ID+" "+string(s.id)); !a.OK {
				t.Error(a.Text)
			}
		})
	}
}

// numb is an account that can't list its keys now.
type numb struct {
	actions.Account
	err error
}

func (n numb) Match(context.Context, incident.Mask) (actions.Matches, error) {
	return actions.Matches{}, n.err
}

// deny keeps the bot from an action.
func (s *told) deny(action string) {
	s.t.Helper()
	if err := s.Cloud.AddPolicy("denied", `{"Version":"1","Statement":[{"Effect":"Deny","Action":"`+action+`","Resource":"*"}]}`); err != nil {
		s.t.Fatal(err)
	}
	refs := []sandbox.PolicyRef{{Type: sandbox.System, Name: "AdministratorAccess"}, {Type: sandbox.Custom, Name: "denied"}}
	if err := s.Cloud.SetPolicies("twokey", refs...); err != nil {
		s.t.Fatal(err)
	}
}

// An account that comes back completes what waited for it.
func TestAnAccountThatComesBackIsAskedAgain(t *testing.T) {
	s := tell(t, chattest.Options{})
	answers := s.Cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: "ListAccessKeys"})
	s.masked(maskOf(s.Scene.Leaked.ID))
	answers()
	for range 12 {
		s.After(time.Minute)
	}
	if fit, _ := s.State(s.id).Fit(); string(fit.Only) != s.Scene.Leaked.ID {
		t.Errorf("%+v", fit)
	}
}

// Somebody with a hook token can make any number of masked alerts, and the account is
// read once.
func TestAThousandMaskedAlertsAreOneInventory(t *testing.T) {
	s := tell(t, chattest.Options{})
	const alerts = 1000
	for i := range alerts {
		s.receive(s.alert(func(a *incident.Alert) {
			a.ExternalKey = fmt.Sprint(i)
			a.Kind, a.KeyID, a.KeyMask = incident.KindLookup, "", fmt.Sprintf("LTAI5t%04d****abcdef", i)
		}))
	}
	for worked := true; worked; {
		var err error
		if worked, err = s.Bot.Work(t.Context(), incident.LaneSift("scans", false)); err != nil {
			t.Fatal(err)
		}
	}
	looked := 0
	for i := range alerts {
		if fit, known := s.State(incident.NewID(uint64(i + 1))).Fit(); known && fit.Keys == 0 {
			looked++
		}
	}
	if n := s.Cloud.Calls("ListUsers"); looked != alerts || n != 1 {
		t.Errorf("%d of %d were looked into, with %d inventories", looked, alerts, n)
	}
}

// What is still being read is waited for.
func TestAnAccountThatIsBeingReadIsAskedAgain(t *testing.T) {
	s := tell(t, chattest.Options{})
	accounts := s.Bot.Accounts
	s.Bot.Accounts = []actions.Account{numb{Account: accounts[0], err: actions.ErrNotYet}}
	s.masked(maskOf(s.Scene.Leaked.ID))
	s.Bot.Accounts = accounts
	s.After(time.Minute)
	if fit, _ := s.State(s.id).Fit(); string(fit.Only) != s.Scene.Leaked.ID {
		t.Errorf("%+v", fit)
	}
}
