package bot_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
)

// unknown is an alert of GitHub's before anybody knows the key, and answered is what
// GitHub says of it later.
func (s *told) unknown() incident.Alert {
	return s.alert(func(a *incident.Alert) {
		a.Source, a.Kind, a.KeyID, a.Delivery = "github", incident.KindLookup, "", "d1"
	})
}

func (s *told) answered() incident.Alert {
	return s.alert(func(a *incident.Alert) { a.Source, a.Asked, a.Delivery = "github", true, "d2" })
}

func (s *told) got(a incident.Alert, verdict bot.Verdict, id incident.ID) {
	s.t.Helper()
	if v, got := s.receive(a); v != verdict || got != id {
		s.t.Fatalf("%s %s, want %s %s", v, got, verdict, id)
	}
}

// What nobody has touched becomes one incident, and that is as good as one that a
// source has opened with the key: automation contains it.
func TestALookUpThatIsAnsweredLaterIsOneIncidentWithItsKey(t *testing.T) {
	s := tell(t, chattest.Options{Rules: func(r *incident.Rules) {
		automatic(r)
		r.Automation.Sources = []string{"github"}
	}})
	s.got(s.unknown(), bot.LookedUp, "inc-1")
	s.Settle()
	s.got(s.answered(), bot.Opened, "inc-2")
	s.Settle()
	if into := s.State("inc-1").MergedInto; into != "inc-2" {
		t.Errorf("merged into %q", into)
	}
	key := s.State("inc-2")
	if len(key.Links) != 0 || !slices.Equal(key.Absorbed, []incident.ID{"inc-1"}) || len(key.Expected()) == 0 {
		t.Errorf("linked %v, absorbed %v, %d steps done", key.Links, key.Absorbed, len(key.Expected()))
	}
	s.got(s.answered(), bot.Duplicate, "inc-2")
	s.got(s.unknown(), bot.Duplicate, "inc-2")
}

func TestAnAnswerAboutAKeyThatHasAnIncidentTakesTheLookUpThere(t *testing.T) {
	s := tell(t, chattest.Options{})
	s.got(s.alert(nil), bot.Opened, "inc-1")
	s.got(s.unknown(), bot.LookedUp, "inc-2")
	s.got(s.answered(), bot.Enriched, "inc-1")
	if into := s.State("inc-2").MergedInto; into != "inc-1" {
		t.Errorf("merged into %q", into)
	}
}

// A look-up that a person has in hand stays theirs. It is told the key, and asks; the
// key's incident is not held up by that, and names it.
func TestALookUpThatAPersonHasInHandAsksWhetherTheAnswerIsRight(t *testing.T) {
	s := tell(t, chattest.Options{})
	s.got(s.unknown(), bot.LookedUp, "inc-1")
	s.id = "inc-1"
	if a := s.say(chattest.Ana, "take inc-1"); !a.OK {
		t.Fatal(a.Text)
	}
	for range 3 { // the list brings it again until that is noted
		s.receive(s.answered())
	}
	s.Settle()
	held := s.State("inc-1")
	if !held.Open() || !held.Lookup() || held.Commander != chattest.Ana || held.Repeats != 1 {
		t.Fatalf("open %v, key %q, commander %q, %d alerts heard", held.Open(), held.Key, held.Commander, held.Repeats)
	}
	if links := s.State("inc-2").Links; !slices.Equal(links, []incident.ID{"inc-1"}) {
		t.Errorf("the key's incident links %v", links)
	}
	s.got(s.alert(func(a *incident.Alert) { a.Source, a.Kind, a.KeyID, a.News = "github", incident.KindEnrich, "", "n" }), bot.Enriched, "inc-2")
	ask := s.asks()
	if len(ask.Buttons) != 1 || ask.Buttons[0].Value != s.Scene.Leaked.ID {
		t.Fatalf("%+v", ask)
	}
	if a := s.presses(chattest.Ana, ask.Buttons[0]); !a.OK || s.State("inc-1").MergedInto != "inc-2" {
		t.Errorf("merged into %q: %s", s.State("inc-1").MergedInto, a.Text)
	}
}

// What a person said of the key stands, whatever the source says.
func TestAnAnswerChangesNoKeyThatAPersonEntered(t *testing.T) {
	s := tell(t, chattest.Options{})
	s.got(s.unknown(), bot.LookedUp, "inc-1")
	if a := s.say(chattest.Ana, "key "+s.Scene.Idle.ID+" inc-1"); !a.OK {
		t.Fatal(a.Text)
	}
	before := s.State("inc-1").Seq
	s.got(s.answered(), bot.Opened, "inc-2")
	if st := s.State("inc-1"); !st.Open() || string(st.Key) != s.Scene.Idle.ID || st.Seq != before {
		t.Errorf("open %v, key %q, %d records more", st.Open(), st.Key, st.Seq-before)
	}
	if links := s.State("inc-2").Links; !slices.Equal(links, []incident.ID{"inc-1"}) {
		t.Errorf("the key's incident links %v", links)
	}
}

// meanwhile does something between the decision to open an incident and its append.
type meanwhile struct {
	store.Store
	do *func()
}

func (m meanwhile) Create(ctx context.Context, open func(incident.ID) store.Batch) (incident.ID, error) {
	if do := *m.do; do != nil {
		*m.do = nil
		do()
	}
	return m.Store.Create(ctx, open)
}

func TestAnAnswerThatComesWhileTheLookUpIsOpenedIsOneIncident(t *testing.T) {
	var do func()
	s := tell(t, chattest.Options{Store: func(under store.Store) store.Store { return meanwhile{under, &do} }})
	do = func() { s.got(s.answered(), bot.Opened, "inc-1") }
	s.got(s.unknown(), bot.LookedUp, "inc-2")
	if into := s.State("inc-2").MergedInto; into != "inc-1" {
		t.Errorf("merged into %q", into)
	}
}

// An alert that leads to a closed incident stands for itself, also if that has heard
// just the same before.
func TestASecretOfAClosedIncidentIsALeakAgain(t *testing.T) {
	s := tell(t, chattest.Options{})
	alone := s.alert(func(a *incident.Alert) {
		a.Kind, a.KeyID, a.ExternalKey, a.SecretPrint = incident.KindLookup, "", "alone", "p1"
	})
	_, s.id = s.receive(s.alert(func(a *incident.Alert) { a.SecretPrint = "p1" }))
	s.got(alone, bot.Enriched, "inc-1")
	s.got(alone, bot.Duplicate, "inc-1")
	s.Settle()
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	if a := s.say(chattest.Ana, "close"); !a.OK {
		t.Fatal(a.Text)
	}
	s.got(alone, bot.LookedUp, "inc-2")
}

// leading are the side values that lead from a secret or a finding to its incident.
func (o *office) leading() map[string]string {
	o.Helper()
	all := map[string]string{}
	for _, prefix := range []string{"secret/", "finding/"} {
		values, err := o.db.Values(o.Context(), prefix)
		if err != nil {
			o.Fatalf("%v", err)
		}
		for _, v := range values {
			all[v.Key] = string(v.Body)
		}
	}
	return all
}

// A fingerprint is kept as long as its incident is in the store.
func TestWhatLeadsToAnIncidentLeavesWithIt(t *testing.T) {
	o := quietOffice(t)
	leaks := func(n int, fingerprint string) incident.ID {
		_, id, err := o.bot.ReceiveAlert(o.Context(), incident.Alert{
			Source: "github", Kind: incident.KindOpen, Asked: true, KeyID: o.key(n), ExternalKey: fmt.Sprint(n, fingerprint), SecretPrint: fingerprint, ReceivedAt: o.now,
		}, incident.AlertText{})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	for n := range 30 { // more than a state remembers
		leaks(1, fmt.Sprintf("of one key %02d", n))
	}
	o.ends("inc-1")
	o.ends(leaks(2, "again"))
	o.settle()
	o.pass(year)
	leaks(3, "again")
	o.pass(2 * 24 * time.Hour)
	if n := len(o.leading()); n != 63 {
		t.Fatalf("%d values lead somewhere, want 63", n)
	}
	if done := o.retain(); done.Purged != 2 {
		t.Fatalf("%+v", done)
	}
	want := map[string]string{"secret/again": "inc-3", "finding/github/3again": "inc-3"}
	if diff := cmp.Diff(want, o.leading()); diff != "" {
		t.Errorf("what leads somewhere (-want +got):\n%s", diff)
	}
}
