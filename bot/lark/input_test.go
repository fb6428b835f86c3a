package lark_test

import (
	"context"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/lark"
	"twokey/bot/lark/larktest"
	"twokey/bot/room"
)

func TestWhoMaySpeak(t *testing.T) {
	for name, c := range map[string]struct {
		user    larktest.User
		change  func(*larktest.User)
		refused string
	}{
		"a colleague":        {},
		"another tenant's":   {user: larktest.User{Tenant: "elsewhere"}, refused: "other_tenant"},
		"frozen":             {change: func(u *larktest.User) { u.Frozen = true }, refused: "frozen"},
		"has left":           {change: func(u *larktest.User) { u.Resigned = true }, refused: "resigned"},
		"on the way out":     {change: func(u *larktest.User) { u.Exited = true }, refused: "resigned"},
		"outside of the app": {change: func(u *larktest.User) { u.Unseen = true }, refused: "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			var why []string
			o := newOffice(t, true, func(c *lark.Config) { c.Refused = func(reason string) { why = append(why, reason) } })
			h := &heard{answer: bot.Answer{OK: true, Text: "done"}}
			o.ears(t, h.handle)
			u := o.AddUser(c.user)
			room := o.room
			o.posted(t, card(yes(1)))
			if c.change != nil {
				o.Change(u.Union, c.change)
			}
			value := o.as(t, "ana").Find(func(larktest.Button) bool { return true })
			o.As(t, u.Union).Press(value)
			in, n := h.last()
			switch {
			case n != 1:
				t.Fatalf("heard %d inputs", n)
			case c.refused == "" && (in.From.User != u.Union || in.From.Tenant != o.App.Tenant || in.From.Platform != lark.Name):
				t.Errorf("heard %+v", in.From)
			case c.refused != "" && (in.From.User != "" || len(why) != 1 || why[0] != c.refused):
				t.Errorf("a stranger was heard as %+v, refused for %q", in.From, why)
			case in.On != bot.Ref(room+"/"+value.Message):
				t.Errorf("on %s", in.On)
			}
		})
	}
}

func TestNobodyIsHeardWhoseStateIsNotKnown(t *testing.T) {
	o := newOffice(t, true)
	o.Withhold(larktest.UserStatus)
	h := &heard{}
	o.ears(t, h.handle)
	o.posted(t, card(yes(1)))
	p := o.as(t, "ana")
	if text := p.Press(p.Buttons()[0]).Await(); !strings.Contains(text, "did not answer who you are") {
		t.Errorf("told %q", text)
	}
	if _, n := h.last(); n != 0 {
		t.Error("somebody was heard")
	}
}

func TestWhatPeopleWrite(t *testing.T) {
	o := newOffice(t, false)
	h := &heard{answer: bot.Answer{OK: true, Text: "done"}}
	o.ears(t, h.handle)
	ref := o.posted(t, card())
	_, root, _ := strings.Cut(string(ref), "/")
	p := o.as(t, "ana")
	for name, c := range map[string]struct {
		write func() *larktest.Reply
		text  string
		in    string
	}{
		"mention":       {func() *larktest.Reply { return p.Mention(o.room, "", "list") }, "list", ""},
		"in a thread":   {func() *larktest.Reply { return p.Mention(o.room, root, "steps") }, "steps", "inc-1"},
		"alone":         {func() *larktest.Reply { return p.Direct("approve 2 because yes") }, "approve 2 because yes", ""},
		"slash":         {func() *larktest.Reply { return p.Direct("/leak list") }, "list", ""},
		"full width":    {func() *larktest.Reply { return p.Direct("／leak　list") }, "list", ""},
		"bare slash":    {func() *larktest.Reply { return p.Direct("/help") }, "help", ""},
		"several lines": {func() *larktest.Reply { return p.Rich("report", "one", "two") }, "report\none\ntwo", ""},
		"menu":          {func() *larktest.Reply { return p.Menu("list") }, "list", ""},
	} {
		reply := c.write()
		if told := reply.Await(); told != "done" {
			t.Errorf("%s: told %q", name, told)
		}
		in, _ := h.last()
		if in.Text != c.text || string(in.In) != c.in || in.From.User != o.ids["ana"] || in.ID == "" || in.Room != lark.Name {
			t.Errorf("%s: heard %+v", name, in)
		}
	}
	_, before := h.last()
	p.Say(o.room, "is anybody awake?")
	if _, n := h.last(); n != before {
		t.Error("what was not for the bot was heard")
	}
}

func TestAThreadIsKnownAfterARestart(t *testing.T) {
	o := newOffice(t, false)
	ref := o.posted(t, card())
	_, root, _ := strings.Cut(string(ref), "/")
	o.chat = lark.New(lark.Config{
		AppID: o.App.ID, AppSecret: o.App.Secret, Room: o.room, APIURL: o.URL(),
		Common: room.Common{Words: words(t), Language: "en", Languages: []string{"en"}},
	})
	h := &heard{answer: bot.Answer{Text: "done"}}
	o.ears(t, h.handle)
	o.as(t, "ana").Mention(o.room, root, "steps").Await()
	if in, _ := h.last(); in.In != "inc-1" {
		t.Errorf("heard %+v", in)
	}
}

func TestAConnectionThatBreaksIsOpenedAgain(t *testing.T) {
	o := newOffice(t, false)
	h := &heard{answer: bot.Answer{Text: "done"}}
	o.ears(t, h.handle)
	before := o.Calls("endpoint")
	o.Drop()
	o.Await(t, "the next connection", func() bool { return o.Calls("endpoint") > before && o.Listening() })
	o.as(t, "ana").Direct("help").Await()
}

// TestWhoeverIsSlowIsToldLater holds an answer back for longer than Lark waits.
func TestWhoeverIsSlowIsToldLater(t *testing.T) {
	o := newOffice(t, true)
	release := make(chan struct{})
	h := &heard{answer: bot.Answer{OK: true, Text: "approved at last"}}
	o.ears(t, func(ctx context.Context, in bot.Input) bot.Answer { <-release; return h.handle(ctx, in) })
	o.posted(t, card(yes(1)))
	p := o.as(t, "ana")
	reply := p.Press(p.Buttons()[0])
	if text := reply.Await(); !strings.Contains(text, "Working on it") {
		t.Errorf("told %q", text)
	}
	close(release)
	o.Await(t, "the answer", func() bool { return strings.Contains(reply.Text(), "approved at last") })
}

func TestWhoCannotBeWrittenToIsToldSo(t *testing.T) {
	o := newOffice(t, false)
	o.ears(t, (&heard{answer: bot.Answer{Text: "secret words"}}).handle)
	o.Change(o.ids["ana"], func(u *larktest.User) { u.Unseen = true })
	o.as(t, "ana").Mention(o.room, "", "help")
	o.Await(t, "a word in the group", func() bool { return strings.Contains(o.Text(t), "not available to you") })
	if strings.Contains(o.Text(t), "secret words") {
		t.Error("everybody saw the answer")
	}
}

// TestAReasonCountsOnTheCardThatAskedForIt fills the form that a button on the room's
// card sends.
func TestAReasonCountsOnTheCardThatAskedForIt(t *testing.T) {
	o := newOffice(t, false)
	h := &heard{answer: bot.Answer{OK: true, Text: "done"}}
	o.ears(t, h.handle)
	b := yes(1)
	b.Reason = &bot.Prompt{Title: "Approve?", Label: "Why", Required: true}
	ref := o.posted(t, card(b))
	p := o.as(t, "ana")
	p.Press(p.Buttons()[0]).Await()
	if _, n := h.last(); n != 0 {
		t.Error("the button counted before the reason was there")
	}
	form := p.Find(func(b larktest.Button) bool { return b.Private })
	p.Fill(form, map[string]string{"text": " the owner agrees "}).Await()
	in, _ := h.last()
	if in.On != ref || in.Room != lark.Name || in.Button == nil || in.Button.Reason != "the owner agrees" || in.Button.Digest != b.Digest {
		t.Errorf("heard %+v %+v", in, in.Button)
	}
	if !form.Must {
		t.Error("the reason can be left out")
	}
}

func TestAFormThatCannotBeSentSaysWhatToType(t *testing.T) {
	o := newOffice(t, false)
	h := &heard{}
	o.ears(t, h.handle)
	b := yes(1)
	b.Reason = &bot.Prompt{Title: "Approve?", Label: "Why"}
	o.posted(t, card(b))
	o.Inject(larktest.Fault{Kind: larktest.Refuse, Code: 230013, Call: "POST messages"})
	p := o.as(t, "ana")
	if text := p.Press(p.Buttons()[0]).Await(); !strings.Contains(text, "approve 1") {
		t.Errorf("told %q", text)
	}
}
