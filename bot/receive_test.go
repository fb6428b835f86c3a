package bot_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
)

// alert is one about the leaked key.
func (s *told) alert(change func(*incident.Alert)) incident.Alert {
	a := incident.Alert{
		Source: "scans", Type: "generic", Kind: incident.KindOpen, KeyID: incident.KeyID(s.Scene.Leaked.ID), ExternalKey: "f1",
		ReceivedAt: s.Clock.Now(),
	}
	if change != nil {
		change(&a)
	}
	return a
}

func (s *told) receive(a incident.Alert) (bot.Verdict, incident.ID) {
	s.t.Helper()
	v, id, err := s.Bot.ReceiveAlert(s.t.Context(), a, incident.AlertText{Title: "a finding"})
	if err != nil {
		s.t.Fatal(err)
	}
	return v, id
}

func TestWhatBecomesOfAnAlert(t *testing.T) {
	s := tell(t, chattest.Options{})
	lookup := func(a *incident.Alert) { a.Kind, a.KeyID, a.ExternalKey = incident.KindLookup, "", "masked" }
	for i, row := range []struct {
		what    string
		change  func(*incident.Alert)
		want    bot.Verdict
		in      incident.ID
		records int // more of them
	}{
		{"news of what nobody knows", func(a *incident.Alert) { a.Kind = incident.KindEnrich }, bot.Ignored, "", 0},
		{"the end of what nobody knows", func(a *incident.Alert) { a.Kind = incident.KindResolve }, bot.Ignored, "", 0},
		{"a kind nobody knows", func(a *incident.Alert) { a.Kind = "junk" }, bot.Ignored, "", 0},
		{"a key", func(a *incident.Alert) { a.Delivery = "d1" }, bot.Opened, "inc-1", 1},
		{"the same delivery", func(a *incident.Alert) { a.Delivery = "d1" }, bot.Duplicate, "inc-1", 0},
		{"the same finding", func(a *incident.Alert) { a.Delivery = "d2" }, bot.Duplicate, "inc-1", 0},
		{"another finding", func(a *incident.Alert) { a.ExternalKey, a.Delivery = "f2", "d3" }, bot.Enriched, "inc-1", 1},
		{"its delivery, as another finding", func(a *incident.Alert) { a.ExternalKey, a.Delivery = "f3", "d3" }, bot.Duplicate, "inc-1", 0},
		{"the same from elsewhere", func(a *incident.Alert) { a.Source = "github" }, bot.Enriched, "inc-1", 1},
		{"news", func(a *incident.Alert) { a.Kind = incident.KindEnrich }, bot.Enriched, "inc-1", 1},
		{"its end", func(a *incident.Alert) { a.Kind = incident.KindResolve }, bot.Resolved, "inc-1", 1},
		{"its end once more", func(a *incident.Alert) { a.Kind = incident.KindResolve }, bot.Duplicate, "inc-1", 0},
		{"a key that is not told", lookup, bot.LookedUp, "inc-2", 1},
		{"the same again", lookup, bot.Duplicate, "inc-2", 0},
		{"news of it", func(a *incident.Alert) { lookup(a); a.Kind = incident.KindEnrich }, bot.Enriched, "inc-2", 1},
	} {
		before := s.State(max(row.in, "inc-1")).Seq
		v, id := s.receive(s.alert(row.change))
		if v != row.want || id != row.in {
			t.Fatalf("%d %s: %s %s, want %s %s", i, row.what, v, id, row.want, row.in)
		}
		if got := int(s.State(max(row.in, "inc-1")).Seq - before); got != row.records {
			t.Errorf("%s wrote %d records, want %d", row.what, got, row.records)
		}
	}
	if !s.State("inc-1").Open() {
		t.Error("a source closed the incident")
	}
}

func TestAlertsAtOnceAreOneIncident(t *testing.T) {
	s := tell(t, chattest.Options{})
	var wg sync.WaitGroup
	verdicts := make([]bot.Verdict, 20)
	for i := range verdicts {
		a := s.alert(func(a *incident.Alert) { a.ExternalKey, a.Delivery = fmt.Sprint(i), fmt.Sprint(i) })
		wg.Go(func() {
			var err error
			if verdicts[i], _, err = s.Bot.ReceiveAlert(context.Background(), a, incident.AlertText{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	opened := 0
	for _, v := range verdicts {
		if v == bot.Opened {
			opened++
		} else if v != bot.Enriched {
			t.Errorf("verdict %s", v)
		}
	}
	if got := s.State("inc-1").Repeats; opened != 1 || got != len(verdicts)-1 || s.State("inc-2").Seq != 0 {
		t.Errorf("%d opened, %d repeats, inc-2 has %d records", opened, got, s.State("inc-2").Seq)
	}
}

func TestAnAlertAfterClosingOpensALinkedIncident(t *testing.T) {
	s := tell(t, chattest.Options{})
	first := s.alert(func(a *incident.Alert) { a.Delivery = "d1" })
	_, s.id = s.receive(first)
	s.Settle()
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	if a := s.say(chattest.Ana, "close"); !a.OK {
		t.Fatal(a.Text)
	}
	s.Settle()
	if v, id := s.receive(first); v != bot.Duplicate || id != "inc-1" { // the sender lost our answer
		t.Errorf("the same delivery is a %s in %s", v, id)
	}
	v, id := s.receive(s.alert(nil))
	if v != bot.Opened || id != "inc-2" || !slices.Equal(s.State(id).Links, []incident.ID{"inc-1"}) {
		t.Fatalf("%s %s, links %v", v, id, s.State(id).Links)
	}
	// The key lives again, and the newer incident has it: the older one stays closed.
	s.console(t, "UpdateAccessKey", map[string]string{"UserName": s.Scene.Victim, "UserAccessKeyId": s.Scene.Leaked.ID, "Status": "Active"})
	for range 12 {
		s.After(10 * time.Minute)
	}
	if s.State("inc-1").Open() || !s.State("inc-2").Open() {
		t.Error("the key has two open incidents, or none")
	}
	if stuck := s.State("inc-1").Stuck; len(stuck) != 0 {
		t.Errorf("looking at the older one fails: %+v", stuck)
	}
}

// One source can write a bounded number of alerts about one key, and keep no
// other source from being heard.
func TestAFloodAboutOneKeyIsBounded(t *testing.T) {
	s := tell(t, chattest.Options{})
	for i := range 230 {
		s.receive(s.alert(func(a *incident.Alert) { a.ExternalKey = fmt.Sprint("flood ", i) }))
	}
	if got := s.State("inc-1").Repeats; got != 200 {
		t.Errorf("%d alerts were written down, want 200", got)
	}
	trusted := s.alert(func(a *incident.Alert) { a.Source = "github" })
	if v, _ := s.receive(trusted); v != bot.Enriched {
		t.Errorf("the first alert of another source is a %s", v)
	}
	if !slices.ContainsFunc(s.State("inc-1").Alerts, func(a incident.Alert) bool { return a.Source == "github" }) {
		t.Error("the other source was not heard")
	}
	if v, _ := s.receive(s.alert(func(a *incident.Alert) { a.Source, a.ExternalKey = "github", "2" })); v != bot.Duplicate {
		t.Errorf("its second one is a %s", v)
	}
}

// forgetful says that a name is taken by an incident that is not open.
type forgetful struct {
	store.Store
	asked *int
}

func (f forgetful) Create(context.Context, func(incident.ID) store.Batch) (incident.ID, error) {
	*f.asked++
	return "", &store.TakenError{Mark: "open/x", Incident: "inc-9"}
}

func TestAnAlertThatFitsNowhereEnds(t *testing.T) {
	asked := 0
	s := tell(t, chattest.Options{Store: func(under store.Store) store.Store { return forgetful{under, &asked} }})
	if _, _, err := s.Bot.ReceiveAlert(t.Context(), s.alert(nil), incident.AlertText{}); err == nil {
		t.Error("it was accepted")
	}
	if asked > 20 {
		t.Errorf("it was tried %d times", asked)
	}
}

// overtaken closes the key's incident between two steps of an alert.
type overtaken struct {
	store.Store
	close func()
}

func (o overtaken) Marked(ctx context.Context, name string, now time.Time) (incident.ID, bool, error) {
	id, ok, err := o.Store.Marked(ctx, name, now)
	if ok {
		o.close()
	}
	return id, ok, err
}

func TestAnAlertIsNotLostWhenItsIncidentClosesMeanwhile(t *testing.T) {
	var s *told
	s = tell(t, chattest.Options{Store: func(under store.Store) store.Store {
		return overtaken{under, func() {
			if a := s.say(chattest.Ana, "close inc-1"); !a.OK {
				t.Error(a.Text)
			}
		}}
	}})
	s.console(t, "UpdateAccessKey", map[string]string{"UserName": s.Scene.Victim, "UserAccessKeyId": s.Scene.Leaked.ID, "Status": "Inactive"})
	s.id = s.Alert()
	s.Settle()
	if v, id := s.receive(s.alert(nil)); v != bot.Opened || id != "inc-2" {
		t.Errorf("%s %s", v, id)
	}
}

func TestALookupThatIsClosedCanComeAgain(t *testing.T) {
	s := tell(t, chattest.Options{})
	masked := s.alert(func(a *incident.Alert) { a.Kind, a.KeyID, a.ExternalKey = incident.KindLookup, "", "masked" })
	_, s.id = s.receive(masked)
	s.say(chattest.Ana, "close because it is a test vector")
	s.agree(incident.StepClose, chattest.Ana, chattest.Bo)
	if v, id := s.receive(masked); v != bot.LookedUp || id != "inc-2" {
		t.Errorf("%s %s", v, id)
	}
}

// A secret that stood beside a key id is known again when it is found alone, while
// its incident is open; so is one that was found alone before.
func TestASecretFoundAloneIsItsKeys(t *testing.T) {
	s := tell(t, chattest.Options{})
	alone := func(name, fingerprint string) incident.Alert {
		return s.alert(func(a *incident.Alert) {
			a.Source, a.Kind, a.KeyID, a.ExternalKey, a.SecretPrint = "other", incident.KindLookup, "", name, fingerprint
		})
	}
	if v, id := s.receive(alone("before", "p1")); v != bot.LookedUp || id != "inc-1" {
		t.Errorf("nobody knows it yet: %s %s", v, id)
	}
	if v, id := s.receive(s.alert(func(a *incident.Alert) { a.SecretPrint = "p1" })); v != bot.Opened || id != "inc-2" {
		t.Fatalf("the key: %s %s", v, id)
	}
	for i, row := range []struct {
		alert incident.Alert
		want  bot.Verdict
		in    incident.ID
	}{
		{alone("a", "p1"), bot.Enriched, "inc-2"},
		{alone("a", "p1"), bot.Duplicate, "inc-2"},
		{alone("b", "p1"), bot.Enriched, "inc-2"},
		{alone("c", "p2"), bot.LookedUp, "inc-3"},
		{alone("c2", "p2"), bot.Enriched, "inc-3"},
		{alone("d", ""), bot.LookedUp, "inc-4"},
		{alone("d2", ""), bot.LookedUp, "inc-5"},
	} {
		if v, id := s.receive(row.alert); v != row.want || id != row.in {
			t.Errorf("%d: %s %s, want %s %s", i, v, id, row.want, row.in)
		}
	}
	s.id = "inc-2"
	s.Settle()
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	if a := s.say(chattest.Ana, "close inc-2"); !a.OK {
		t.Fatal(a.Text)
	}
	if v, id := s.receive(alone("e", "p1")); v != bot.LookedUp || id != "inc-6" {
		t.Errorf("after closing: %s %s", v, id)
	}
}

func TestAReportInChat(t *testing.T) {
	s := tell(t, chattest.Options{})
	if err := s.Bot.Configured(t.Context(), "d1", nil); err != nil { // the system log is there, and no incident
		t.Fatal(err)
	}
	key := s.Scene.Leaked.ID
	in := bot.Input{From: bot.Account{Platform: "console", User: "ana"}, ID: "m1", Text: "report somebody pasted " + key + " in a ticket"}
	first := s.Bot.Handle(t.Context(), in)
	s.id = "inc-1"
	s.Settle()
	if !first.OK || !s.State("inc-1").KeyTyped {
		t.Fatalf("%+v", first)
	}
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	if a := s.say(chattest.Ana, "close inc-1"); !a.OK {
		t.Fatal(a.Text)
	}
	s.Bot.Handle(t.Context(), in) // the platform delivers it again, hours later
	if s.State("inc-2").Seq != 0 {
		t.Error("one message opened two incidents")
	}
	for text, want := range map[string]incident.Refusal{
		"report nothing at all":             bot.NoSuchKey,
		"key LTAI? inc-1":                   bot.NoSuchKey,
		"show inc-99":                       bot.NoSuchIncident,
		"show system/1":                     bot.NoSuchIncident,
		"approve system/1":                  bot.NoSuchIncident,
		"take":                              bot.WhichIncident, // none is open
		"receive inc-1":                     incident.NothingSealed,
		"do key.explode inc-1":              bot.NoSuchStep,
		"approve inc-1/99":                  incident.NoSuchPlan,
		"key " + s.Scene.Idle.ID + " inc-1": incident.NotOpen,
		"answer in_use maybe inc-1":         incident.NotOpen,
	} {
		s.refuses(chattest.Ana, text, want)
	}
}

// refuses says that a person may not, and expects the words of just that reason.
func (s *told) refuses(who incident.Person, text string, want incident.Refusal) {
	s.t.Helper()
	a := s.say(who, text)
	words := s.Bot.View.Refusal(bot.Scene{Lang: "en", Rules: s.Bot.Rules, Names: s.Bot.People.Names(), Reader: who, Now: s.Clock.Now()}, want)
	if a.OK || a.Text != words {
		s.t.Errorf("%q: %v %q, want %q", text, a.OK, a.Text, words)
	}
}

// What is remembered of an incident answers for it while the store says that it is
// open, and no longer.
func TestARepeatIsNotAnsweredFromMemoryAfterClosing(t *testing.T) {
	s := tell(t, chattest.Options{})
	masked := s.alert(func(a *incident.Alert) { a.Kind, a.KeyID, a.ExternalKey = incident.KindLookup, "", "masked" })
	_, s.id = s.receive(masked)
	for range 3 {
		if v, id := s.receive(masked); v != bot.Duplicate || id != s.id {
			t.Fatalf("while it is open: %s %s", v, id)
		}
	}
	s.say(chattest.Ana, "close because it is a test vector")
	s.agree(incident.StepClose, chattest.Ana, chattest.Bo)
	if v, id := s.receive(masked); v != bot.LookedUp || id != "inc-2" {
		t.Errorf("after it was closed: %s %s, want a new incident", v, id)
	}
}

// reads counts how often a history is read.
type reads struct {
	store.Store
	histories *int
}

func (r reads) Load(ctx context.Context, id incident.ID) ([]incident.Record, error) {
	*r.histories++
	return r.Store.Load(ctx, id)
}

func TestAFloodOfRepeatsReadsAHistoryOnce(t *testing.T) {
	histories := 0
	s := tell(t, chattest.Options{Store: func(under store.Store) store.Store { return reads{under, &histories} }})
	s.receive(s.alert(nil))
	histories = 0
	for range 50 {
		if v, _ := s.receive(s.alert(nil)); v != bot.Duplicate {
			t.Fatalf("verdict %s", v)
		}
	}
	if histories > 1 {
		t.Errorf("the history was read %d times", histories)
	}
}
