package bot_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
)

// pager is an on-call service.
type pager struct{ pages []bot.Page }

func (p *pager) Trigger(_ context.Context, page bot.Page) error {
	p.pages = append(p.pages, page)
	return nil
}

func TestMissingVotesAreAskedForInChatAndOutside(t *testing.T) {
	s := tell(t, chattest.Options{Rules: func(r *incident.Rules) { r.Webhook = true }})
	page := &pager{}
	s.Bot.Webhook = page
	s.id = s.Alert()
	s.Settle()
	s.say(chattest.Ana, "approve "+s.number(incident.StepKeyDisable))
	s.After(5 * time.Minute)
	if got := s.text(); !strings.Contains(got, "Bo") || !strings.Contains(got, "Chen") {
		t.Errorf("nobody who can still vote was mentioned:\n%s", got)
	}
	mentioned := slices.ContainsFunc(s.room.lines, func(l bot.Line) bool {
		return slices.ContainsFunc(l.Mention, func(a bot.Account) bool { return a.User == "bo" }) &&
			!slices.ContainsFunc(l.Mention, func(a bot.Account) bool { return a.User == "ana" })
	})
	if !mentioned {
		t.Error("Bo was not mentioned, or Ana was, who has voted")
	}
	if len(page.pages) != 1 || page.pages[0].Missing != 1 {
		t.Errorf("pages = %+v, want one with 1 missing", page.pages)
	}
	s.After(10 * time.Minute)
	if len(page.pages) != 2 {
		t.Errorf("%d pages after both times, want 2", len(page.pages))
	}
}

// Who is on call is called beside those who can vote, once each, and is not paged for it.
func TestRemindersCallWhomTheConfigurationNames(t *testing.T) {
	s := tell(t, chattest.Options{Rules: func(r *incident.Rules) { r.Webhook = true }})
	page := &pager{}
	s.Bot.Webhook, s.Bot.Mention = page, []incident.Person{chattest.Ana, chattest.Bo}
	s.id = s.Alert()
	s.Settle()
	s.say(chattest.Ana, "approve "+s.number(incident.StepKeyDisable))
	s.After(5 * time.Minute)
	var called []string
	for _, l := range s.room.lines {
		for _, a := range l.Mention {
			called = append(called, a.User)
		}
	}
	slices.Sort(called)
	if !slices.Equal(called, []string{"ana", "bo", "chen"}) {
		t.Errorf("called: %q", called)
	}
	if len(page.pages) != 1 || slices.Contains(page.pages[0].Who, "Ana") {
		t.Errorf("pages = %+v", page.pages)
	}
}

func TestThePagerIsToldWhileEveryChatIsDown(t *testing.T) {
	s := tell(t, chattest.Options{Rules: func(r *incident.Rules) { r.Webhook = true }})
	page := &pager{}
	s.Bot.Webhook, s.room.fail = page, errors.New("503")
	s.id = s.Alert()
	s.Settle()
	s.After(5 * time.Minute)
	if len(page.pages) != 1 {
		t.Fatalf("%d pages, want 1: nobody has reacted", len(page.pages))
	}
	s.room.fail = nil
	s.After(10 * time.Minute)
	s.After(10 * time.Minute)
	if got := s.text(); !strings.Contains(got, s.Scene.Leaked.ID) {
		t.Errorf("the room never caught up:\n%s", got)
	}
}

func TestNobodyIsRemindedOfAPlanThatNobodyWantsAnyMore(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.say(chattest.Ana, "approve "+s.number(incident.StepKeyDisable))
	s.say(chattest.Ana, "withdraw 2")
	s.After(20 * time.Minute)
	records, err := s.Bot.Store.Load(t.Context(), s.id)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if e, ok := r.Event.(incident.Reminded); ok && e.Number == 2 {
			t.Errorf("%v were asked for votes on it", e.Who)
		}
	}
}

func TestNobodyIsRemindedOfAKeyThatSomebodyDisabledInTheConsole(t *testing.T) {
	s := tell(t, chattest.Options{})
	s.console(t, "UpdateAccessKey", map[string]string{"UserName": s.Scene.Victim, "UserAccessKeyId": s.Scene.Leaked.ID, "Status": "Inactive"})
	s.id = s.Alert()
	s.Settle()
	s.After(20 * time.Minute)
	if _, mentioned := s.room.shown(); mentioned {
		t.Error("somebody was mentioned for nothing")
	}
}

func TestNobodyIsRemindedOnceTheKeyIsContained(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	before := len(s.room.lines)
	s.After(20 * time.Minute)
	for _, l := range s.room.lines[before:] {
		if len(l.Mention) > 0 {
			t.Errorf("somebody was mentioned for nothing: %s", l.Text)
		}
	}
}

func TestAHoldStopsStartsUntilAnApproverSaysGo(t *testing.T) {
	s := alerted(t, chattest.Options{})
	if err := s.Bot.Hold(t.Context(), incident.HoldRestored); err != nil {
		t.Fatal(err)
	}
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	s.After(time.Minute)
	if got := s.KeyStatus(); got != "Active" {
		t.Fatalf("the key is %s while the bot is on hold", got)
	}
	if a := s.say(chattest.Ana, "go"); !a.OK {
		t.Fatal(a.Text)
	}
	s.After(time.Minute)
	if got := s.KeyStatus(); got != "Inactive" {
		t.Errorf("the key is %s after go", got)
	}
}

func TestFaultsOfTheCloudEndInTheTruth(t *testing.T) {
	faults := map[string]sandbox.Fault{
		"throttled for a while":          {Kind: sandbox.Throttle, Action: "UpdateAccessKey", Next: 2},
		"500":                            {Kind: sandbox.ServerError, Action: "UpdateAccessKey", Next: 2},
		"503":                            {Kind: sandbox.Unavailable, Action: "UpdateAccessKey", Next: 1},
		"a page instead of an answer":    {Kind: sandbox.HTML, Action: "UpdateAccessKey", Next: 1},
		"the answer lost after applying": {Kind: sandbox.Drop, Action: "UpdateAccessKey", Next: 1},
		"reads fail":                     {Kind: sandbox.Unavailable, Action: "ListAccessKeys", Next: 6},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			s := alerted(t, chattest.Options{})
			s.Cloud.Inject(fault)
			s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
			for range 6 {
				s.After(15 * time.Second)
			}
			p := s.last(incident.StepKeyDisable)
			if p.Outcome != incident.Confirmed || s.KeyStatus() != "Inactive" {
				t.Errorf("outcome %s (%s), key %s", p.Outcome, p.Code, s.KeyStatus())
			}
			if n := s.Cloud.Applied("UpdateAccessKey"); n != 1 {
				t.Errorf("the key was disabled %d times", n)
			}
		})
	}
}

func TestAStepThatNeverGetsThroughSaysSo(t *testing.T) {
	s := alerted(t, chattest.Options{})
	stop := s.Cloud.Inject(sandbox.Fault{Kind: sandbox.Throttle, Action: "UpdateAccessKey"})
	number := s.last(incident.StepKeyDisable).Number
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	for range 12 {
		s.After(30 * time.Second)
	}
	if p, _ := s.State(s.id).Proposal(number); p.Status != incident.StatusDone || p.Outcome != incident.NotConfirmed {
		t.Fatalf("plan is %s, %s", p.Status, p.Outcome)
	}
	if got := s.text(); !strings.Contains(got, "NOT CONFIRMED") {
		t.Errorf("the card does not say NOT CONFIRMED:\n%s", got)
	}
	stop()
	s.After(30 * time.Minute)
	if _, ok := s.State(s.id).Waiting(incident.StepKeyDisable); !ok {
		t.Error("the step is not offered again")
	}
}

func TestAChangeBehindThePlanMakesItVoid(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.agree(incident.StepPolicyQuarantine, chattest.Ana)
	p, ok := s.State(s.id).Waiting(incident.StepKeyDisable)
	if !ok {
		t.Fatal("not offered")
	}
	s.say(chattest.Ana, "approve "+s.number(incident.StepKeyDisable))
	// Somebody disables the key in the console, and enables it again after.
	s.console(t, "UpdateAccessKey", map[string]string{"UserName": s.Scene.Victim, "UserAccessKeyId": s.Scene.Leaked.ID, "Status": "Inactive"})
	s.say(chattest.Bo, "approve "+string(p.Digest))
	s.Settle()
	if got := s.last(incident.StepKeyDisable); got.Outcome != incident.Confirmed {
		t.Errorf("found done, but the plan is %s %s", got.Status, got.Outcome)
	}
	if n := s.Cloud.Applied("UpdateAccessKey"); n != 1 {
		t.Errorf("UpdateAccessKey took effect %d times; the bot had nothing to do", n)
	}
}

func TestADeadRoomHoldsUpNobodyAndAGoneCardIsShownAgain(t *testing.T) {
	dead, live := newRoom(), newRoom()
	dead.fail = errors.New("HTTP 500")
	w := chattest.New(t, chattest.Options{}, namedRoom{dead, "dead"}, live)
	w.Alert()
	w.Settle()
	if len(live.cards) != 1 {
		t.Fatalf("the live room shows %d cards", len(live.cards))
	}
	clear(live.cards) // an administrator deletes the message
	w.After(15 * time.Minute)
	w.Bot.Handle(t.Context(), bot.Input{From: bot.Account{Platform: "console", User: "ana"}, ID: "1", Text: "take"})
	w.Settle()
	if len(live.cards) != 1 {
		t.Errorf("the card was not shown again")
	}
}

// namedRoom is a room under another name.
type namedRoom struct {
	*room
	name string
}

func (n namedRoom) Room() string { return n.name }

func TestASecretThatSomebodyTypesIsKeptNowhere(t *testing.T) {
	s := alerted(t, chattest.Options{})
	secret := strings.Repeat("aB3dE5gH7j", 3)
	a := s.say(chattest.Ana, "note the pair is "+s.Scene.Leaked.ID+" / "+secret)
	if !a.OK || !strings.Contains(a.Text, "secret") {
		t.Errorf("the author is not told: %+v", a)
	}
	s.say(chattest.Bo, "decline 2 because the secret is "+secret)
	s.Settle()
	file, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	for where, data := range map[string][]byte{"database": file, "room": []byte(s.text()), "answer": []byte(a.Text)} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the secret is in the %s", where)
		}
	}
}

func TestALookupBecomesTheKeysIncidentOrIsMergedIntoIt(t *testing.T) {
	s := tell(t, chattest.Options{})
	lookup := func(finding string) incident.ID {
		_, id, err := s.Bot.Receive(t.Context(), incident.Bot, incident.Alert{
			Source: "scans", Type: "gitleaks", ExternalKey: finding, Kind: incident.KindLookup, ReceivedAt: s.Clock.Now(),
		}, incident.AlertText{})
		if err != nil {
			t.Fatal(err)
		}
		s.Settle()
		return id
	}
	first, second := lookup("a"), lookup("b")
	if again := lookup("a"); again != first {
		t.Errorf("the same finding opened %s beside %s", again, first)
	}
	if a := s.say(chattest.Ana, "key "+s.Scene.Leaked.ID+" "+string(first)); !a.OK {
		t.Fatal(a.Text)
	}
	s.Settle()
	if got := s.State(first); got.Key != incident.KeyID(s.Scene.Leaked.ID) || got.KeyFact(incident.FactOwner) != incident.OwnerRAM {
		t.Errorf("the look-up did not become the key's incident: %+v", got.Key)
	}
	if a := s.say(chattest.Bo, "key "+s.Scene.Leaked.ID+" "+string(second)); !a.OK {
		t.Fatal(a.Text)
	}
	s.Settle()
	if got := s.State(second).MergedInto; got != first {
		t.Errorf("the second look-up was merged into %q", got)
	}
	if got := s.State(first).Absorbed; !slices.Equal(got, []incident.ID{second}) {
		t.Errorf("the first absorbed %v", got)
	}
}

func TestALookAfterClosingReopensWhenTheKeyLivesAgain(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	if a := s.say(chattest.Ana, "close"); !a.OK {
		t.Fatal(a.Text)
	}
	s.Settle()
	s.console(t, "UpdateAccessKey", map[string]string{"UserName": s.Scene.Victim, "UserAccessKeyId": s.Scene.Leaked.ID, "Status": "Active"})
	s.After(time.Hour)
	if !s.State(s.id).Open() {
		t.Error("the key lives again and the incident is still closed")
	}
}

func TestClosingWithALivingKeyTakesTwoPeopleAndAReason(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.refuses(chattest.Ana, "close", incident.NotContained)
	if a := s.say(chattest.Ana, "close because the key is a honeypot"); !a.OK {
		t.Fatal(a.Text)
	}
	s.agree(incident.StepClose, chattest.Ana, chattest.Chen)
	if s.State(s.id).Open() {
		t.Error("two people said close, and it is open")
	}
}

// editedStore is a file that somebody wrote a vote into, past the bot.
type editedStore struct {
	store.Store
	edited *bool
}

func (e editedStore) Load(ctx context.Context, id incident.ID) ([]incident.Record, error) {
	records, err := e.Store.Load(ctx, id)
	for i, r := range records {
		if _, vote := r.Event.(incident.Approved); vote && *e.edited {
			records[i].Bytes = bytes.ReplaceAll(bytes.Clone(r.Bytes), []byte(`"by":"ana"`), []byte(`"by":"bo"`))
		}
	}
	return records, err
}

func TestNothingStartsOnAnEditedRecord(t *testing.T) {
	edited := false
	s := alerted(t, chattest.Options{Store: func(under store.Store) store.Store { return editedStore{under, &edited} }})
	s.say(chattest.Ana, "approve "+s.number(incident.StepKeyDisable))
	edited = true
	s.say(chattest.Bo, "approve "+s.number(incident.StepKeyDisable))
	s.Settle()
	if got := s.KeyStatus(); got != "Active" {
		t.Errorf("the key is %s on the word of an edited record", got)
	}
	if stuck := s.State(s.id).Stuck; len(stuck) != 1 || stuck[0].Code != bot.CodeBroken {
		t.Errorf("the card is not told: %+v", stuck)
	}
	edited = false
	s.After(10 * time.Minute)
	if got := s.KeyStatus(); got != "Inactive" {
		t.Errorf("the key is %s with the record restored", got)
	}
}

func TestAKeyIsForeignOnlyIfEveryAccountAnswered(t *testing.T) {
	s := tell(t, chattest.Options{})
	stop := s.Cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Product: "ims"})
	s.id = s.Alert()
	s.Settle()
	if got := s.State(s.id).KeyFact(incident.FactOwner); got != "" {
		t.Errorf("nobody could be asked, and the owner is %q", got)
	}
	stop()
	s.After(time.Minute)
	if got := s.State(s.id).KeyFact(incident.FactOwner); got != incident.OwnerRAM {
		t.Errorf("the owner is %q", got)
	}
}
