package dingtalk_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/dingtalk"
	"twokey/bot/dingtalk/dingtalktest"
)

// counted counts why things were not let in.
func counted(why map[string]int) func(*office, *dingtalk.Config) {
	return func(_ *office, c *dingtalk.Config) { c.Refused = func(reason string) { why[reason]++ } }
}

// frame is a press by Ana, changed by hand: what a forger could send who sat on the
// stream.
func frame(t *testing.T, o *office, b bot.Button, change func(map[string]any)) string {
	t.Helper()
	o.as(t, ana).Press(o.button(t, ana, b), "").Await()
	var data map[string]any
	if err := json.Unmarshal([]byte(o.Last().Data), &data); err != nil {
		t.Fatal(err)
	}
	change(data)
	body, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Whoever is not staff of this organisation, and what does not stand in the bot's room,
// reaches the bot as nobody, or not at all.
func TestForgedPressesAreNobodys(t *testing.T) {
	for name, c := range map[string]struct {
		why    string
		nobody bool // it reaches the bot in nobody's name
		change func(map[string]any)
	}{
		"no user":            {"unknown", true, func(d map[string]any) { d["userId"] = "" }},
		"a union id":         {"unknown", true, func(d map[string]any) { d["userIdType"] = 2 }},
		"no organisation":    {"unknown", true, func(d map[string]any) { delete(d, "corpId") }},
		"nobody of that id":  {"unknown", true, func(d map[string]any) { d["userId"] = "manager0" }},
		"another group":      {"unknown_card", false, func(d map[string]any) { d["spaceId"] = "cidother==" }},
		"another's card":     {"unknown_card", false, func(d map[string]any) { d["outTrackId"] = "approval-1" }},
		"a line of the bot":  {"unknown_card", false, func(d map[string]any) { d["outTrackId"] = "twokey-l-0123" }},
		"another's button":   {"unknown_button", false, func(d map[string]any) { d["content"] = `{"cardPrivateData":{"actionIds":["agree"]}}` }},
		"no button":          {"unknown_button", false, func(d map[string]any) { d["content"] = `{}` }},
		"content of nothing": {"unreadable", false, func(d map[string]any) { d["content"] = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			why := map[string]int{}
			o := newOffice(t, counted(why))
			in := listening(t, o)
			b := approving(nil)
			post(t, o, cardWith(b))
			f := &dingtalktest.Frame{Topic: dingtalktest.TopicCard, Data: frame(t, o, b, c.change)}
			before := len(in.acts())
			o.Deliver(t, f)
			after := in.acts()[before:]
			if c.nobody != (len(after) == 1) || why[c.why] != 1 {
				t.Errorf("%d reached the bot; refused: %v", len(after), why)
			}
			if c.nobody && (in.last(t).From != bot.Account{Platform: dingtalk.Name}) {
				t.Errorf("in the name of %+v", in.last(t).From)
			}
		})
	}
}

// Somebody of another organisation in the group is a stranger, also under a user id of
// ours: the organisation is a part of the account.
func TestAnotherOrganisationIsNotThisOne(t *testing.T) {
	why := map[string]int{}
	o := newOffice(t, counted(why))
	in := listening(t, o)
	far := o.As(t, o.AddUser(dingtalktest.User{Corp: "dingother"}))
	far.Mention(o.room, "list")
	o.Await(t, "the answer in the group", func() bool { return count(o, "noted") == 1 })
	if got := in.last(t); got.From != (bot.Account{Platform: dingtalk.Name}) || why["unknown"] != 1 {
		t.Errorf("%+v, refused: %v", got, why)
	}
	b := approving(nil)
	post(t, o, cardWith(b))
	o.Deliver(t, &dingtalktest.Frame{Topic: dingtalktest.TopicCard, Data: frame(t, o, b, func(d map[string]any) { d["corpId"] = "dingother" })})
	if got := in.last(t); got.From.Tenant != "dingother" {
		t.Errorf("its press counts for %+v", got.From)
	}
	for user, change := range map[string]func(map[string]any){
		"other_team":  func(d map[string]any) { d["senderCorpId"] = "dingother" },
		"other_robot": func(d map[string]any) { d["robotCode"] = "dingrobot" },
	} {
		o.as(t, ana).Direct("list").Await()
		var d map[string]any
		if err := json.Unmarshal([]byte(o.Last().Data), &d); err != nil {
			t.Fatal(err)
		}
		change(d)
		body, _ := json.Marshal(d)
		o.Deliver(t, &dingtalktest.Frame{Topic: dingtalktest.TopicMessage, Data: string(body)})
		if in.last(t).From.User != "" || why[user] != 1 {
			t.Errorf("%s: %+v, refused: %v", user, in.last(t).From, why)
		}
	}
}

func TestWhoLeftIsAStrangerWithinFiveMinutes(t *testing.T) {
	clock := &chattest.Clock{}
	clock.Move(time.Since(time.Time{}))
	why := map[string]int{}
	o := newOffice(t, counted(why), func(_ *office, c *dingtalk.Config) { c.Now = clock.Now })
	in := listening(t, o)
	p := o.as(t, ana)
	p.Direct("list").Await()
	o.Leave(o.ids[ana])
	clock.Move(5 * time.Minute)
	p.Direct("list").Await() // by the webhook: the robot does not reach her any more
	if got := in.last(t); got.From.User != "" || why["deactivated"] != 1 {
		t.Errorf("%+v, refused: %v", got.From, why)
	}
}

// Answers go where DingTalk is, whatever a message says.
func TestOnlyDingTalkIsAnswered(t *testing.T) {
	chat := dingtalk.New(dingtalk.Config{ClientID: "i", APIURL: "http://127.0.0.1:1"})
	for address, want := range map[string]bool{
		"https://oapi.dingtalk.com/robot/sendBySession?session=1": true, "https://oapi.dingtalk.io/robot/sendBySession": true,
		"http://127.0.0.1:1/robot/sendBySession": true, "http://oapi.dingtalk.com/robot": false, "https://oapi.dingtalk.com.evil.example/": false,
		"https://evil.example/oapi.dingtalk.com": false, "https://oapi.dingtalk.com@evil.example/": false, "http://169.254.169.254/": false,
		"http://127.0.0.1:2/": false, "": false, "https://u:p@oapi.dingtalk.com/": false, "//oapi.dingtalk.com/": false,
	} {
		if got := chat.OfDingTalk(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

// What a person is told alone never stands in the group.
func TestAnAnswerIsForOnePerson(t *testing.T) {
	o := newOffice(t)
	in := listening(t, o)
	in.answer = func(bot.Input) bot.Answer { return bot.Answer{Text: "for your eyes only"} }
	defer o.Inject(dingtalktest.Fault{Kind: dingtalktest.Refuse, Path: dingtalktest.PathPerson, Code: "robot.notFound", Next: 1})()
	p := o.as(t, ana)
	p.Mention(o.room, "list") // and her own chat can't be written to
	p.Mention(o.room, "list").Await()
	if strings.Contains(o.Text(t), "eyes only") {
		t.Error("it stands in the group")
	}
}
