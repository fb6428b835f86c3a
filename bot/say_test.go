package bot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

// lockedBuffer is a log that many write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// A secret typed anywhere in any command reaches no disk, no room, no log and no
// answer, and its author is told.
func TestASecretTypedInAnyCommandIsKeptNowhere(t *testing.T) {
	log := &lockedBuffer{}
	s := alerted(t, chattest.Options{Log: log})
	secret := strings.Repeat("aB3dE5gH7j", 3)
	var answers strings.Builder
	for _, command := range []string{
		"%s", "help %s", "list %s", "show %s", "steps %s", "report %s", "report " + s.Scene.Idle.ID + " %s", "do %s", "do key.disable %s",
		"approve %s", "approve 2 because %s", "approve inc-1/%s", "decline 1 because %s", "withdraw %s", "undo %s because %s",
		"answer %s %s", "answer in_use %s", "key %s", "note %s", "note the pair\n%s", "take %s", "receive %s", "look %s", "go %s",
		"false_alarm because %s", "close because %s",
	} {
		a := s.say(chattest.Ana, strings.ReplaceAll(command, "%s", secret))
		if !strings.Contains(a.Text, s.Bot.View.Say("en", "said.secret_dropped", nil)) {
			t.Errorf("%q: the author is not told: %s", command, a.Text)
		}
		fmt.Fprintf(&answers, "%+v\n", a)
		s.Settle()
	}
	for i, b := range []bot.Press{
		{Act: bot.ActApprove, Number: 2, Digest: s.last(incident.StepKeyDisable).Digest, Reason: secret},
		{Act: bot.ActDo, Value: secret},
		{Act: bot.ActAnswer, Value: "in_use=" + secret},
		{Act: bot.ActFalse, Reason: secret},
		{Act: bot.ActClose, Reason: secret},
		{Act: bot.Act(secret)},
	} {
		b.Incident = s.id
		fmt.Fprintf(&answers, "%+v\n", s.press(chattest.Bo, fmt.Sprint("press ", i), b))
		s.Settle()
	}
	s.Bot.Handle(t.Context(), bot.Input{From: bot.Account{Platform: "console", User: "eve"}, ID: "eve", Text: "note " + secret})
	file, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	for where, data := range map[string][]byte{
		"database": file, "room": []byte(s.text()), "answers": []byte(answers.String()), "log": log.b.Bytes(),
	} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the secret is in the %s", where)
		}
	}
}

// What is refused leaves no text behind.
func TestARefusedReasonIsNotKept(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.say(chattest.Ana, "approve 2")
	s.Clock.Move(31 * time.Minute)
	if a := s.say(chattest.Bo, "approve 2 because of the unmistakable words"); a.OK {
		t.Fatal("voted too late")
	}
	s.say(chattest.Ana, "withdraw 1 because of the unmistakable words")
	s.say("eve", "note the unmistakable words")
	texts, err := bot.Texts(t.Context(), s.Bot.Store, s.id)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if strings.Contains(text, "unmistakable") {
			t.Errorf("kept: %s", text)
		}
	}
}

func TestWhoAskedMayNotVoteWhereTheRulesSaySo(t *testing.T) {
	s := alerted(t, chattest.Options{Rules: func(r *incident.Rules) { r.RequesterCounts = false }})
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	if a := s.say(chattest.Ana, "do key.enable"); !a.OK {
		t.Fatal(a.Text)
	}
	p := s.last(incident.StepKeyEnable)
	if p.Plan.Undoes == 0 || p.Plan.Undoes != s.last(incident.StepKeyDisable).Number {
		t.Errorf("asked for by its own name, it undoes plan %d", p.Plan.Undoes)
	}
	if a := s.say(chattest.Ana, fmt.Sprintf("approve %d because mine", p.Number)); a.OK {
		t.Errorf("the asker voted: %s", a.Text)
	}
	s.agree(incident.StepKeyEnable, chattest.Bo, chattest.Chen)
	if got := s.KeyStatus(); got != "Active" {
		t.Errorf("the key is %s", got)
	}
}

func TestAPlanIsShownVotedOnAndUndoneByTyping(t *testing.T) {
	s := alerted(t, chattest.Options{})
	p := s.last(incident.StepKeyDisable)
	for _, name := range []string{s.number(p.Plan.Step), "inc-1/" + s.number(p.Plan.Step), p.Digest.Short(), string(p.Digest)} {
		a := s.say(chattest.Bo, "show "+name)
		if !a.OK || a.Card == nil || len(a.Card.Steps) != 1 || a.Card.Steps[0].Number != p.Number || a.Card.Steps[0].Name != incident.StepKeyDisable {
			t.Errorf("show %s: %+v", name, a)
		}
	}
	if a := s.say(chattest.Bo, "show"); a.Card == nil || a.Card.Incident != s.id || !strings.Contains(a.Text, s.Scene.Leaked.ID) {
		t.Errorf("show: %+v", a)
	}
	s.say(chattest.Ana, "approve "+s.number(p.Plan.Step))
	if a := s.say(chattest.Ana, "withdraw "+s.number(p.Plan.Step)); !a.OK || len(s.last(incident.StepKeyDisable).Votes) != 0 {
		t.Errorf("withdraw: %s", a.Text)
	}
	if a := s.say(chattest.Ana, "withdraw "+s.number(p.Plan.Step)); a.OK {
		t.Error("withdrew twice")
	}
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	if a := s.say(chattest.Ana, "undo 1"); a.OK {
		t.Error("undid what was never done")
	}
	a := s.say(chattest.Ana, "undo "+strconv.Itoa(p.Number)+" because the report job needs it")
	if !a.OK || a.Card == nil || a.Card.Steps[0].Name != incident.StepKeyEnable {
		t.Fatalf("undo: %+v", a)
	}
	undo := s.last(incident.StepKeyEnable)
	if undo.Plan.Undoes != p.Number {
		t.Errorf("it undoes plan %d", undo.Plan.Undoes)
	}
	if a := s.say(chattest.Bo, fmt.Sprintf("decline %d because not yet", undo.Number)); !a.OK {
		t.Fatal(a.Text)
	}
	s.Settle()
	s.showsIt("not yet")
	s.say(chattest.Ana, "undo "+strconv.Itoa(p.Number))
	s.agree(incident.StepKeyEnable, chattest.Ana, chattest.Chen)
	if got := s.KeyStatus(); got != "Active" {
		t.Errorf("the key is %s", got)
	}
	if a := s.say(chattest.Ana, "undo "+strconv.Itoa(p.Number)); a.OK {
		t.Error("undone twice")
	}
}

// Somebody without a role costs the cloud nothing, and may not look away either.
func TestAReaderOnlyReads(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.Bot.Rules.Members[2].Roles = nil
	calls := s.Cloud.Calls("ListAccessKeys")
	for _, command := range []string{"do key.disable", "look", "report " + s.Scene.Idle.ID, "note x", "take", "approve 2", "close", "go", "answer in_use no"} {
		s.refuses(chattest.Chen, command, incident.NotAllowed)
	}
	s.refuses(chattest.Chen, "do nothing", incident.NotAllowed)
	if got := s.Cloud.Calls("ListAccessKeys"); got != calls {
		t.Errorf("the cloud was asked %d times", got-calls)
	}
	for _, command := range []string{"help", "list", "show", "steps", "show 2"} {
		if a := s.say(chattest.Chen, command); !a.OK {
			t.Errorf("%s: %s", command, a.Text)
		}
	}
	if a := s.say(chattest.Chen, "help"); strings.Contains(a.Text, "approve") {
		t.Errorf("a reader is told: %s", a.Text)
	}
}

func TestWhyAStepCannotBeAskedFor(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.refuses(chattest.Ana, "do key.enable", bot.NothingToDo)
	s.Cloud.AddUser("own")
	v, id := s.receive(s.alert(func(a *incident.Alert) { a.KeyID, a.ExternalKey = incident.KeyID(s.Scene.Bot.ID), "own" }))
	s.Settle()
	if v != bot.Opened || slices.ContainsFunc(s.State(id).Proposals, func(incident.Proposal) bool { return true }) {
		t.Errorf("steps against the bot itself are offered: %v", s.State(id).Proposals)
	}
	s.refuses(chattest.Ana, "do key.disable "+string(id), bot.OwnIdentity)
	for range 12 {
		s.After(time.Minute)
	}
	if stuck := s.State(id).Stuck; len(stuck) != 0 {
		t.Errorf("it counts as a failure: %+v", stuck)
	}
	_, id = s.receive(s.alert(func(a *incident.Alert) { a.KeyID, a.ExternalKey = "LTAI"+"exampleexample12", "foreign" }))
	s.Settle()
	s.refuses(chattest.Ana, "do key.disable "+string(id), bot.NotOurs)
	_, id = s.receive(s.alert(func(a *incident.Alert) { a.KeyID, a.Kind, a.ExternalKey = "", incident.KindLookup, "masked" }))
	s.refuses(chattest.Ana, "do key.disable "+string(id), incident.NoKeyYet)
	s.refuses(chattest.Ana, "take", bot.WhichIncident)
}

// pagerDown is an on-call service that is down at first, and remembers by key as
// they do.
type pagerDown struct {
	down  bool
	tries int
	pages map[string]bot.Page
}

func (p *pagerDown) Trigger(_ context.Context, page bot.Page) error {
	p.tries++
	if p.down {
		return errors.New("503")
	}
	p.pages[page.Dedup] = page
	return nil
}

func TestAWebhookThatFailsIsToldLaterAndOnce(t *testing.T) {
	s := tell(t, chattest.Options{Rules: func(r *incident.Rules) { r.Webhook = true }})
	page := &pagerDown{down: true, pages: map[string]bot.Page{}}
	s.Bot.Webhook = page
	s.id = s.Alert()
	s.Settle()
	for range 10 {
		s.After(time.Minute)
	}
	if page.tries < 5 {
		t.Fatalf("%d tries", page.tries)
	}
	page.down = false
	s.After(4 * time.Minute)
	if len(page.pages) != 1 {
		t.Fatalf("pages: %+v", page.pages)
	}
	for _, p := range page.pages {
		if p.Missing != 1 || p.Step != "" || !slices.Equal(p.Who, []string{"Ana", "Bo", "Chen"}) || !strings.Contains(p.Summary, s.Scene.Leaked.ID) {
			t.Errorf("%+v", p)
		}
	}
	tries := page.tries
	s.After(30 * time.Second)
	if page.tries != tries {
		t.Error("it was told once more")
	}
	s.say(chattest.Ana, "take")
	s.After(20 * time.Minute)
	if len(page.pages) != 1 {
		t.Errorf("told although somebody acts: %+v", page.pages)
	}
}
