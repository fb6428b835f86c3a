package dingtalk_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"twokey/bot"
	"twokey/bot/dingtalk"
	"twokey/bot/room"
)

// active is what DingTalk's Markdown, its card texts or its clients make something of.
var active = map[string]*regexp.Regexp{
	"a link or a picture": regexp.MustCompile(`\]\(|\[|\]`),
	"an address":          regexp.MustCompile(`[a-zA-Z]://`),
	"a tag":               regexp.MustCompile(`[<>]`),
	"emphasis":            regexp.MustCompile("[*~`]|(?:^|[^a-zA-Z0-9])_|_(?:$|[^a-zA-Z0-9])"),
	"a mention":           regexp.MustCompile(`@`),
	"an entity or escape": regexp.MustCompile(`[&\\$|]`),
	"a heading or a list": regexp.MustCompile(`(?m)^[ \t]*(?:[#\-+=!]|\d+[.)](?:\s|$))`),
	"code by blanks":      regexp.MustCompile(`(?m)^(?: {4}|\t)`),
	"text turned round":   regexp.MustCompile("[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f]"),
}

var ownConsole = regexp.MustCompile(`https://(?:[a-z0-9-]+\.)+console\.(?:aliyun|alibabacloud)\.com/`)

func harm(text string) string {
	text = ownConsole.ReplaceAllString(text, "")
	for what, sign := range active {
		if found := sign.FindString(text); found != "" {
			return what + ": " + found
		}
	}
	return ""
}

var hostile = []string{
	"[pay here](https://evil.example/a)", "![x](https://evil.example/p.png)", "@所有人 @all", "<a atId=manager1>Ana</a>", "<font color=red>DONE</font>",
	"# CONTAINED", "  ## CONTAINED", "1. one\n2) two", "- a\n+ b\n---\n===", "**bold** _it_ ~~gone~~ `code`", "&lt;b&gt; &#91;a&#93;(b)", "\\[a\\](b)", "${title}",
	"dtmd://dingtalkclient/sendMessage?content=approve", "a\u202egnp.exe", "    code", "\tcode", "| a | b |", "dingtalk://x", "snake_case stays", "_x_",
	"https://ram.console.aliyun.com.evil.example/", "https://evil.example/https://ram.console.aliyun.com/", "[a](https://ram.console.aliyun.com/)",
}

func TestForeignTextIsOnlyText(t *testing.T) {
	for _, text := range hostile {
		if what := harm(dingtalk.Inert(text)); what != "" {
			t.Errorf("%q is shown as %q: %s", text, dingtalk.Inert(text), what)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.OneOf(rapid.SampledFrom(hostile), rapid.StringOf(rapid.RuneFrom([]rune("a_*[]()<>#-+=1.) \n\t@:/!&\\|~`$\u202e")))))
		text := strings.Join(parts.Draw(t, "parts"), "")
		if what := harm(dingtalk.Inert(text)); what != "" {
			t.Fatalf("%q is shown as %q: %s", text, dingtalk.Inert(text), what)
		}
	})
}

func TestWhatPeopleCompareIsLeftAlone(t *testing.T) {
	for _, text := range []string{
		string(leaked()), "203.0.113.7", "203.0.113.0/24", "deploy/.env", "snake_case_name", "ci-deploy", "2026-11-21T02:49:50Z", "approve inc-7/2",
		"https://ram.console.aliyun.com/users/ci-deploy", "https://yundun.console.aliyun.com/?p=sas#/ak-leakage",
	} {
		if got := dingtalk.Inert(text); got != text {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
}

// Foreign text in every place of a card, a line and an answer is only text there.
func TestForeignTextOnACardIsOnlyText(t *testing.T) {
	const evil = "@所有人 [pay](https://evil.example/a) <a atId=x>x</a>"
	b := approving(func(b *bot.Button) { b.Label = evil })
	card := cardWith(b)
	card.Title, card.Heading, card.More, card.Foot = evil, evil, evil, evil
	card.Fields = []bot.Field{{Label: evil, Text: evil}}
	card.Notices = []bot.Notice{{Text: evil}}
	card.Steps[0].Title, card.Steps[0].State, card.Steps[0].Effect, card.Steps[0].Undo, card.Steps[0].People = evil, evil, evil, evil, evil
	card.Steps[0].Facts = card.Fields
	card.Folded = card.Steps
	card.Asks = []bot.Ask{{Text: evil, Buttons: []bot.Button{b}}}
	for kind, change := range map[string]func(*office){"card": func(*office) {}, "words": noCards} {
		o := newOffice(t)
		change(o)
		in := listening(t, o)
		in.answer = func(bot.Input) bot.Answer { return bot.Answer{Text: evil, Card: &card} }
		ref := post(t, o, card)
		if err := o.chat.Reply(t.Context(), ref, bot.Line{Key: "k", Who: evil, Text: evil, Mention: []bot.Account{{Platform: "dingtalk", User: "@ALL"}}}); err != nil {
			t.Fatal(err)
		}
		o.as(t, ana).Direct("show").Await()
		for _, m := range append(o.InGroup(o.room), o.as(t, ana).Private()...) {
			text := m.Text
			if m.Card != nil {
				text = m.Card.Params["staticMsgContent"]
				if m.Card.Forward {
					t.Error("people who did not see the room can be sent the card")
				}
				if len(m.Card.Mentions) > 0 {
					t.Errorf("it calls %q", m.Card.Mentions)
				}
			}
			for _, sign := range []string{"@", "](", "<a", "https:"} {
				if strings.Contains(text, sign) {
					t.Errorf("%s: %q in %q", kind, sign, text)
				}
			}
		}
	}
}

// The longest card that there can be is shown, in cards and in messages; what does not
// fit is counted.
func TestACardFitsWhateverIsOnIt(t *testing.T) {
	card := cardWith()
	card.Title = strings.Repeat("漏", 999)
	for range 60 {
		s := card.Steps[0]
		s.Title, s.Effect = strings.Repeat("停", 90), strings.Repeat("影响", 200)
		s.Buttons = []bot.Button{approving(nil), approving(func(b *bot.Button) { b.Act, b.Label = bot.ActDecline, strings.Repeat("否", 99) })}
		card.Steps = append(card.Steps, s)
	}
	for kind, change := range map[string]func(*office){"card": func(*office) {}, "words": noCards} {
		o := newOffice(t)
		change(o)
		post(t, o, card)
		text := o.Text(t)
		if !strings.Contains(text, "more entries do not fit here. Write to the bot: steps inc-7") {
			t.Errorf("%s: what is left out is not counted", kind)
		}
		if n := strings.Count(text, "[Approve · "); kind == "card" && (n == 0 || n > dingtalk.MaxButtons) {
			t.Errorf("%d buttons", n)
		}
		if !strings.Contains(text, "record 9f2c") {
			t.Errorf("%s: no head of the record", kind)
		}
	}
}

// More buttons than fit are typed.
func TestAboutTwentyButtonsAreShown(t *testing.T) {
	card := cardWith()
	for n := range 30 {
		card.Asks = append(card.Asks, bot.Ask{Text: "?", Buttons: []bot.Button{{Act: bot.ActAnswer, Label: "Yes", Incident: "inc-7", Value: strconv.Itoa(n), Command: "answer x" + strconv.Itoa(n)}}})
	}
	o := newOffice(t)
	post(t, o, card)
	if n := strings.Count(o.Text(t), "[Yes"); n != dingtalk.MaxButtons || !strings.Contains(o.Text(t), "answer x29 inc-7") {
		t.Errorf("%d buttons:\n%s", n, o.Text(t))
	}
}

func FuzzButtonIDs(f *testing.F) {
	f.Add("t1|approve|inc-7|2|9f2c|mt|en|in_use=yes")
	f.Add("t1|approve||||||")
	f.Add("|||||||")
	f.Fuzz(func(t *testing.T, id string) {
		w, ok := dingtalk.Decode(id)
		if !ok {
			return
		}
		if again, ok := dingtalk.Decode(w.String()); !ok || again != w {
			t.Errorf("%q is %+v, then %+v", id, w, again)
		}
	})
}

func FuzzFrames(f *testing.F) {
	f.Add("card", `{"corpId":"c","userId":"u","userIdType":1,"outTrackId":"twokey-c-1","content":"{\"cardPrivateData\":{\"actionIds\":[\"t1|approve|inc-7|2|d||en|\"]}}"}`)
	f.Add("card", `{"content":"{\"cardPrivateData\":{\"params\":{\"button\":1}}}"}`)
	f.Add("msg", `{"msgId":"m","msgtype":"text","text":{"content":" list"},"senderStaffId":"u","senderCorpId":"c","chatbotCorpId":"c"}`)
	f.Add("msg", `null`)
	chat := dingtalk.New(dingtalk.Config{ClientID: "i", Common: room.Common{Words: func(_, id string, _ map[string]string) string { return id }}})
	f.Fuzz(func(_ *testing.T, topic, data string) { chat.Hear(topic, "id", data) })
}
