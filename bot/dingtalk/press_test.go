package dingtalk_test

import (
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/dingtalk"
	"twokey/bot/dingtalk/dingtalktest"
)

// inFull answers what shows a plan with the plan in full, and everything else in words.
func inFull(b bot.Button) func(bot.Input) bot.Answer {
	return func(in bot.Input) bot.Answer {
		if in.Button != nil && in.Button.Act == bot.ActShow {
			card := cardWith(b)
			return bot.Answer{OK: true, Card: &card}
		}
		return bot.Answer{OK: true, Text: "noted"}
	}
}

func TestAPlainButtonCountsAtOnce(t *testing.T) {
	o := newOffice(t)
	in := listening(t, o)
	b := approving(nil)
	ref := post(t, o, cardWith(b))
	o.as(t, ana).Press(o.button(t, ana, b), "").Await()
	got := in.last(t)
	if acts := in.acts(); len(acts) != 1 || acts[0].Digest != digest() || acts[0].Number != 2 {
		t.Errorf("%+v", acts)
	}
	if got.On != ref || got.From != o.account(ana) || got.Room != "dingtalk" || got.ID == "" {
		t.Errorf("%+v", got)
	}
}

// DingTalk has no dialog: what is asked before a press counts is asked in the person's
// own chat, below the plan in full.
func TestAButtonThatAsksFirstCountsOnlyWhereThePlanIsShownInFull(t *testing.T) {
	for name, ask := range map[string]func(*bot.Button){
		"confirm":           func(b *bot.Button) { b.Confirm = &bot.Confirm{Title: "Sure?", Yes: "Yes", No: "No"} },
		"a reason, or none": func(b *bot.Button) { b.Reason = &bot.Prompt{Title: "Why?"} },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			in := listening(t, o)
			b := approving(ask)
			in.answer = inFull(b)
			post(t, o, cardWith(b))
			p := o.as(t, ana)
			said := o.Said(p.Press(o.button(t, ana, b), "").Await())
			if !strings.Contains(said, "Nothing is done yet") || !strings.Contains(said, "approve inc-7/2") || !strings.Contains(said, "Disable the key") {
				t.Errorf("the first press is answered %q", said)
			}
			if acts := in.acts(); len(acts) != 0 {
				t.Fatalf("the first press counted: %+v", acts)
			}
			private := o.button(t, ana, b)
			if private.Group != "" {
				t.Fatal("the plan in full stands in the group")
			}
			p.Press(private, "").Await()
			if acts := in.acts(); len(acts) != 1 || acts[0].Digest != digest() {
				t.Errorf("the second press: %+v", acts)
			}
			if on := in.last(t).On; on != "" {
				t.Errorf("what only she sees is taken for the card of the room: %s", on)
			}
		})
	}
}

func TestAReasonThatIsNeededIsTyped(t *testing.T) {
	o := newOffice(t)
	in := listening(t, o)
	b := approving(func(b *bot.Button) { b.Reason = &bot.Prompt{Title: "Why?", Required: true} })
	in.answer = inFull(b)
	post(t, o, cardWith(b))
	p := o.as(t, ana)
	for range 2 { // in the group, then on her own card
		said := o.Said(p.Press(o.button(t, ana, b), "").Await())
		if !strings.Contains(said, "approve inc-7/2 because …") {
			t.Errorf("no command to type in %q", said)
		}
	}
	if acts := in.acts(); len(acts) != 0 {
		t.Errorf("it counted without a reason: %+v", acts)
	}
}

// A template of one's own can have an input: what is typed there is the reason.
func TestAReasonCanBeTypedOnACardOfOnesOwn(t *testing.T) {
	o := newOffice(t, func(o *office, c *dingtalk.Config) {
		c.Template = "own.schema"
		o.AddTemplate(c.Template)
	})
	in := listening(t, o)
	b := approving(func(b *bot.Button) { b.Reason = &bot.Prompt{Title: "Why?", Required: true} })
	post(t, o, cardWith(b))
	o.as(t, ana).Press(o.button(t, ana, b), "the owner agreed").Await()
	if acts := in.acts(); len(acts) != 1 || acts[0].Reason != "the owner agreed" {
		t.Errorf("%+v", acts)
	}
}

func TestAFrameThatComesTwiceHasOneName(t *testing.T) {
	o := newOffice(t)
	in := listening(t, o)
	b := approving(nil)
	post(t, o, cardWith(b))
	p := o.as(t, ana)
	p.Press(o.button(t, ana, b), "").Await()
	first := in.last(t).ID
	o.Org.Again(t, o.Last()).Await()
	if again := in.last(t).ID; again != first {
		t.Errorf("one press is %q and %q", first, again)
	}
	p.Press(o.button(t, ana, b), "").Await()
	if other := in.last(t).ID; other == first {
		t.Error("two presses have one name")
	}
	p.Direct("list").Await()
	first = in.last(t).ID
	o.Org.Again(t, o.Last()).Await()
	if again := in.last(t).ID; again != first {
		t.Errorf("one message is %q and %q", first, again)
	}
}

func TestWhatIsTypedIsUnderstood(t *testing.T) {
	o := newOffice(t)
	in := listening(t, o)
	p := o.as(t, ana)
	for typed, want := range map[string]string{
		" list": "list", "/leak list": "list", "／leak　list": "list", "leak list": "list", "leakage": "leakage", "/leak": "help",
		"note /leak is a command": "note /leak is a command", "　approve ２": "approve ２",
	} {
		p.Mention(o.room, typed).Await()
		if got := in.last(t); got.Text != want || got.Button != nil || got.From != o.account(ana) {
			t.Errorf("%q: %+v", typed, got)
		}
	}
}

// Before somebody listens, and after, nothing is taken: DingTalk is to send it again.
func TestNobodyListeningTakesNothing(t *testing.T) {
	o := newOffice(t)
	data := `{"msgId":"m","msgtype":"text","text":{"content":"list"},"senderStaffId":"u","senderCorpId":"c","chatbotCorpId":"c"}`
	if o.chat.Hear("msg", "1", data) || o.chat.Framed(t.Context(), data) == nil {
		t.Error("a message is taken that nobody hears")
	}
}

// Pictures, messages without a name, and what is longer than any message ask for
// nothing; they are not sent again either.
func TestWhatIsNoCommandIsLeftAlone(t *testing.T) {
	why := map[string]int{}
	o := newOffice(t, counted(why))
	in := listening(t, o)
	o.as(t, ana).Direct("list").Await()
	text := o.Last().Data
	for data, reason := range map[string]string{
		strings.Replace(text, `"msgtype":"text"`, `"msgtype":"picture"`, 1): "",
		strings.Replace(text, `"msgId":"`, `"other":"`, 1):                  "unreadable",
		strings.Replace(text, "list", strings.Repeat("x", 1<<20), 1):        "too_long",
		"[]": "unreadable",
	} {
		f := &dingtalktest.Frame{Topic: dingtalktest.TopicMessage, Data: data}
		before := why[reason]
		o.Deliver(t, f)
		if o.Refused(f) > 0 || reason != "" && why[reason] != before+1 {
			t.Errorf("%.40s: refused: %v", data, why)
		}
	}
	if got := in.last(t); len(in.got) != 1 {
		t.Errorf("%d reached the bot, the last: %+v", len(in.got), got)
	}
}

// A stranger who presses what asks for a reason is told that they are one, not what to
// type.
func TestAStrangerIsNotAskedWhy(t *testing.T) {
	o := newOffice(t)
	in := listening(t, o)
	b := bot.Button{Act: bot.ActFalse, Label: "False alarm", Incident: "inc-7", Command: "false_alarm because …", Reason: &bot.Prompt{Required: true}}
	post(t, o, cardWith(b))
	p := o.as(t, ana)
	if said := o.Said(p.Press(o.button(t, ana, b), "").Await()); !strings.Contains(said, "false_alarm inc-7 because …") || len(in.acts()) != 0 {
		t.Errorf("she is told %q", said)
	}
	o.Deliver(t, &dingtalktest.Frame{Topic: dingtalktest.TopicCard, Data: strings.Replace(o.Last().Data, `"userIdType":1`, `"userIdType":2`, 1)})
	if got := in.last(t); got.From.User != "" || got.Button == nil {
		t.Errorf("%+v", got)
	}
}
