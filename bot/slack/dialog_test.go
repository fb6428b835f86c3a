package slack_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
)

// Where a dialog cannot be opened in time, the words that do the same are said.
func TestWithoutADialogTheCommandIsOffered(t *testing.T) {
	for _, word := range []string{"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_expired"} {
		o := newOffice(t, true)
		b := &bell{answer: bot.Answer{OK: true, Text: "the plan in full"}}
		o.listen(t, b.handle)
		o.posts(t, "inc-7", offeredCard(t))
		o.Inject(slacktest.Fault{Kind: slacktest.Refuse, Method: "views.open", Code: word})
		said := o.as(t, ana).Press(o.sees(t, ana, bot.ActFalse)).Await()
		if !strings.Contains(said, "/leak false_alarm because") || len(b.inputs()) != 0 {
			t.Errorf("%s: Ana is told %q", word, said)
		}
		if said := o.as(t, ana).Press(o.sees(t, ana, bot.ActShow)).Await(); !strings.Contains(said, "the plan in full") {
			t.Errorf("%s: instead of the dialog Ana is shown %q", word, said)
		}
	}
}

// The same if Slack is kept waiting, and if it sends the press again.
func TestADialogIsOpenedOnce(t *testing.T) {
	var now time.Time
	o := newOfficeIn(t, slacktest.Options{Now: func() time.Time { return now }}, false)
	now = time.Now()
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	o.posts(t, "inc-7", offeredCard(t))
	p := o.as(t, ana)
	p.Press(o.sees(t, ana, bot.ActFalse)).AwaitModal().Close()
	if said := o.Workspace.Again(t).Await(); !strings.Contains(said, "/leak false_alarm") || p.HasModal() {
		t.Errorf("the same press again opens another dialog, or says %q", said)
	}
}

// A dialog that changed meanwhile is left alone; the plan is shown beside it.
func TestADialogThatChangedIsLeftAlone(t *testing.T) {
	o := newOffice(t, true)
	b := &bell{answer: bot.Answer{OK: true, Text: "the plan in full"}}
	o.listen(t, b.handle)
	o.posts(t, "inc-7", offeredCard(t))
	o.Inject(slacktest.Fault{Kind: slacktest.Refuse, Method: "views.update", Code: "hash_conflict"})
	r := o.as(t, ana).Press(o.sees(t, ana, bot.ActShow))
	r.AwaitText("the plan in full")
	if !slices.ContainsFunc(r.Told(), func(s slacktest.Shown) bool { return s.Kind == slacktest.ByEphemeral }) {
		t.Errorf("the plan is shown %v", r.Told())
	}
}

// A dialog that was closed while the plan was looked up is not needed: the plan is
// shown beside the button.
func TestAClosedDialogLosesNothing(t *testing.T) {
	o := newOffice(t, true)
	slow := &slow{gate: make(chan struct{})}
	o.listen(t, slow.handle)
	o.posts(t, "inc-7", offeredCard(t))
	r := o.as(t, ana).Press(o.sees(t, ana, bot.ActShow))
	r.AwaitModal().Close()
	close(slow.gate)
	r.AwaitText("the answer")
}

// A reason that must be given cannot be left out, and blanks are none.
func TestAReasonMustBeGiven(t *testing.T) {
	o := newOffice(t, false)
	w := o.world(t, chattest.Options{})
	id := w.Alert()
	w.Settle()
	o.disable(t, w, id)
	p := o.as(t, ana)
	m := p.Press(o.sees(t, ana, bot.ActFalse)).AwaitModal()
	if in := m.Inputs(); len(in) != 1 || in[0].Optional || in[0].Max != 1000 {
		t.Errorf("the dialog asks %+v", in)
	}
	said := m.Submit(map[string]string{"reason": "   "}).Await()
	w.Settle()
	if w.State(id).FalseAlarm || !strings.Contains(strings.ToLower(said), "because") && !strings.Contains(strings.ToLower(said), "reason") {
		t.Errorf("blanks are a reason: %q", said)
	}
}

// A reason that may be left out can be.
func TestAReasonMayBeLeftOut(t *testing.T) {
	o := newOffice(t, true)
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	o.posts(t, "inc-7", words(t).Card(waiting(t, acme).scene("en")))
	m := o.as(t, ana).Press(o.sees(t, ana, bot.ActDecline)).AwaitModal()
	if in := m.Inputs(); len(in) != 1 || !in[0].Optional {
		t.Fatalf("the dialog asks %+v", in)
	}
	m.Submit(nil).Await()
	if in := b.last(t); in.Button == nil || in.Button.Act != bot.ActDecline || in.Button.Reason != "" {
		t.Errorf("heard %+v", in)
	}
}

// What was typed travels with the button that it was typed for, and with the message
// that the button stands on.
func TestAReasonTravelsWithItsButton(t *testing.T) {
	o := newOffice(t, false)
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	card := words(t).Card(waiting(t, acme).scene("en"))
	ref := o.posts(t, "inc-7", card)
	button := o.sees(t, ana, bot.ActDecline)
	o.as(t, ana).Press(button).AwaitModal().Submit(map[string]string{"reason": "  the release <runs> & \"so\" "}).Await()
	in := b.last(t)
	want := card.Steps[0].Buttons[slices.IndexFunc(card.Steps[0].Buttons, func(b bot.Button) bool { return b.Act == bot.ActDecline })]
	if in.On != ref || in.Button.Digest != want.Digest || in.Button.Number != want.Number || in.Button.Reason != "the release <runs> & \"so\"" {
		t.Errorf("heard %+v %+v", in, in.Button)
	}
	if in.From.User != o.ids[ana] || in.ID == "" {
		t.Errorf("heard from %+v as %q", in.From, in.ID)
	}
}

// One submitted dialog is one vote, however often it is delivered.
func TestASubmittedDialogCountsOnce(t *testing.T) {
	o := newOffice(t, false)
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	o.posts(t, "inc-7", offeredCard(t))
	o.as(t, ana).Press(o.sees(t, ana, bot.ActFalse)).AwaitModal().Submit(map[string]string{"reason": "a test key"}).Await()
	o.Workspace.Again(t).Await()
	if all := b.inputs(); len(all) != 2 || all[0].ID != all[1].ID {
		t.Errorf("two deliveries of one dialog are %q", ids(all))
	}
}

func ids(all []bot.Input) (out []string) {
	for _, in := range all {
		out = append(out, in.ID)
	}
	return out
}

// A button in the dialog of a plan counts, and its own dialog lies on top.
func TestADialogOnADialog(t *testing.T) {
	o := newOffice(t, false)
	w := o.world(t, chattest.Options{})
	id := w.Alert()
	w.Settle()
	plan, _ := w.State(id).Waiting(incident.StepKeyDisable)
	p := o.as(t, ana)
	details := p.Find(func(b slacktest.Button) bool {
		return strings.HasPrefix(b.ID, "show:") && strings.Contains(b.Value, string(plan.Digest))
	})
	r := p.Press(details)
	r.AwaitText("UpdateAccessKey")
	inside := func(act bot.Act) slacktest.Button {
		return p.Find(func(b slacktest.Button) bool { return b.View != "" && strings.HasPrefix(b.ID, string(act)+":") })
	}
	r = p.Press(inside(bot.ActApprove))
	r.Await()
	if told := r.Told(); told[0].Kind != slacktest.ByEphemeral || told[0].Channel != o.room.ID {
		t.Errorf("the answer is not where the dialog was opened: %+v", told)
	}
	w.Settle()
	if votes := votesOn(w, id); len(votes) != 1 {
		t.Errorf("%d votes", len(votes))
	}
	m := p.Press(inside(bot.ActDecline)).AwaitModal()
	m.Submit(map[string]string{"reason": "on second thoughts"}).Await()
	w.Settle()
	if !strings.Contains(o.Text(t), "on second thoughts") {
		t.Error("the decline is not in the timeline")
	}
	if !p.HasModal() {
		t.Error("the plan's dialog is gone too")
	}
}

// A button that nobody made is refused and counted; one that only Slack's own value
// tells apart is not believed.
func TestForeignButtonsAreRefused(t *testing.T) {
	o, b, p := pressed(t)
	for _, value := range []string{`{}`, `nonsense`, `null`, `[]`, `{\"a\":\"\"}`} {
		q := p
		q.Body = replaced(t, p.Body, `"value":"`, value)
		if got := q.Aged(time.Second).Send(t); got.Status != 200 {
			t.Errorf("%s: status %d", value, got.Status)
		}
	}
	if n := o.refused.count("unknown_button\n"); n != 5 || len(b.inputs()) != 1 {
		t.Errorf("%d refused, %d heard", n, len(b.inputs()))
	}
}
