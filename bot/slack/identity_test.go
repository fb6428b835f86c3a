package slack_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/slack"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
)

// ahead is a clock that a test moves ahead of the machine's.
type ahead struct{ by atomic.Int64 }

func (a *ahead) Now() time.Time { return time.Now().Add(time.Duration(a.by.Load())) }

func (a *ahead) Move(d time.Duration) { a.by.Add(int64(d)) }

// clocked gives the room a clock that a test can move.
func clocked(a *ahead) func(*slack.Config) {
	return func(config *slack.Config) { config.Now = a.Now }
}

// Whoever is no full member of this workspace is nobody to the bot, even under an id
// that the configuration knows, and is told so in words.
func TestStrangersAreNobody(t *testing.T) {
	for name, each := range map[string]struct {
		why   string
		spoil func(*slacktest.User)
	}{
		"a guest":                {"guest", func(u *slacktest.User) { u.Restricted = true }},
		"a guest of one channel": {"guest", func(u *slacktest.User) { u.UltraRestricted = true }},
		"who left":               {"deactivated", func(u *slacktest.User) { u.Deleted = true }},
		"a bot":                  {"bot", func(u *slacktest.User) { u.Bot = true }},
		"an app":                 {"bot", func(u *slacktest.User) { u.AppUser = true }},
		"a workflow":             {"bot", func(u *slacktest.User) { u.WorkflowBot = true }},
		"a connector":            {"bot", func(u *slacktest.User) { u.ConnectorBot = true }},
		"another team":           {"other_team", func(u *slacktest.User) { u.Team = "T0000000002" }},
		"a stranger":             {"other_team", func(u *slacktest.User) { u.Stranger = true }},
	} {
		t.Run(name, func(t *testing.T) { nobody(t, each.why, each.spoil) })
	}
}

func nobody(t *testing.T, why string, spoil func(*slacktest.User)) {
	o := newOffice(t, false)
	w := o.world(t, chattest.Options{})
	id := w.Alert()
	w.Settle()
	o.ChangeUser(o.ids[bo], spoil)
	said := o.votes(t, w, bo)
	if votes := votesOn(w, id); len(votes) != 0 {
		t.Errorf("%s voted: %v", why, votes)
	}
	if o.refused.count(why+"\n") == 0 || !strings.Contains(said, "who you are") {
		t.Errorf("refused as %q with %q, want %s", o.refused.String(), said, why)
	}
	if answer := o.as(t, bo).Command(o.room.ID, "note hello").Await(); answer == "" {
		t.Error("a command is refused without a word")
	}
	w.Settle()
	if strings.Contains(o.Text(t), "hello") {
		t.Error("a stranger's note is in the timeline")
	}
}

// votes presses the button to disable the key.
func (o *office) votes(t *testing.T, w *chattest.World, who incident.Person) string {
	t.Helper()
	said := o.as(t, who).Press(o.sees(t, who, bot.ActApprove)).Await()
	w.Settle()
	return said
}

func votesOn(w *chattest.World, id incident.ID) []incident.Vote {
	var all []incident.Vote
	for _, p := range w.State(id).Proposals {
		all = append(all, p.Votes...)
	}
	return all
}

// Who leaves votes no longer than five minutes.
func TestWhoLeavesVotesNoMore(t *testing.T) {
	clock := &ahead{}
	o := newOffice(t, false, clocked(clock))
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	o.Type(t, bo, "take")
	if got := b.last(t).From; got.User != o.ids[bo] || got.Tenant != o.App.Team || got.Platform != slack.Name {
		t.Fatalf("Bo is %+v", got)
	}
	o.ChangeUser(o.ids[bo], func(u *slacktest.User) { u.Deleted = true })
	clock.Move(5*time.Minute - 20*time.Second)
	o.Type(t, bo, "take")
	asked := o.Calls("users.info")
	clock.Move(20 * time.Second)
	o.Type(t, bo, "take")
	if got := b.last(t).From; got.User != "" || got.Tenant != "" {
		t.Errorf("five minutes after Bo left he is still %+v", got)
	}
	if asked != 1 || o.refused.String() != "deactivated\n" {
		t.Errorf("Slack was asked %d times; refused %q", asked, o.refused.String())
	}
}

// Who presses speaks for the workspace that they are of, not for that of the channel.
func TestTheTeamIsTheOneOfWhoPresses(t *testing.T) {
	o := newOffice(t, true)
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	o.Type(t, ana, "list")
	foreign := o.Last()
	foreign.Body = []byte(strings.ReplaceAll(string(foreign.Body), o.App.Team, "T0000000002"))
	if got := foreign.Aged(0).Send(t); got.Status != 200 {
		t.Errorf("status %d", got.Status)
	}
	if from := b.last(t).From; from.User != "" || o.refused.String() != "other_team\n" {
		t.Errorf("somebody of another team is %+v; refused %q", from, o.refused.String())
	}
}

// While Slack does not say who somebody is, nothing is done in their name, and they
// are told.
func TestNobodyActsWhileSlackDoesNotSayWhoTheyAre(t *testing.T) {
	for _, kind := range []slacktest.FaultKind{slacktest.ServerError, slacktest.HTML, slacktest.Cut, slacktest.Throttle} {
		for _, method := range []string{"users.info", "auth.test"} {
			o := newOffice(t, true)
			b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
			o.listen(t, b.handle)
			remove := o.Inject(slacktest.Fault{Kind: kind, Method: method})
			said := o.Type(t, bo, "take")
			if len(b.inputs()) != 0 || !strings.Contains(said, "nothing was done") {
				t.Errorf("%v of %s: %d inputs went on, and Bo is told %q", kind, method, len(b.inputs()), said)
			}
			remove()
			if o.Type(t, bo, "take"); len(b.inputs()) != 1 {
				t.Errorf("%v of %s: Bo is not believed afterwards", kind, method)
			}
		}
	}
}

// What another organisation sees too holds no card, and decides nothing.
func TestNothingIsDecidedBeforeOthers(t *testing.T) {
	o := newOffice(t, false)
	w := o.world(t, chattest.Options{})
	id := w.Alert()
	w.Settle()
	o.ChangeChannel(o.room.ID, func(c *slacktest.Channel) { c.Shared = true })
	o.again(t, w.Bot.Handle) // what it believed of the channel is forgotten
	w.Bot.Chats = []bot.Chat{o.chat}
	said := o.votes(t, w, bo)
	if votes := votesOn(w, id); len(votes) != 0 || !strings.Contains(said, "another organisation") {
		t.Errorf("%d votes; Bo is told %q", len(votes), said)
	}
	if o.refused.count("shared_with_others") == 0 {
		t.Errorf("refused %q", o.refused.String())
	}
	before := o.Text(t)
	if _, err := o.chat.Post(t.Context(), "inc-8", offeredCard(t)); err == nil || !strings.Contains(err.Error(), "shared_with_others") {
		t.Errorf("the card is posted before others: %v", err)
	}
	if err := o.chat.Update(t.Context(), bot.Ref(o.room.ID+"/1"), offeredCard(t)); err == nil {
		t.Error("the card is changed before others")
	}
	if err := o.chat.Reply(t.Context(), bot.Ref(o.room.ID+"/1"), bot.Line{Key: "k", Text: "secret"}); err == nil {
		t.Error("a line is told before others")
	}
	if o.Text(t) != before {
		t.Error("the room shows something new")
	}
}

// Everybody is answered in the language of their Slack, if the bot speaks it.
func TestTheLanguageIsThatOfTheirSlack(t *testing.T) {
	for locale, want := range map[string]string{"zh-CN": "zh", "ja-JP": "ja", "id-ID": "id", "en-GB": "en", "pt-BR": "en", "": "en"} {
		o := newOffice(t, true)
		b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
		o.listen(t, b.handle)
		o.ChangeUser(o.ids[ana], func(u *slacktest.User) { u.Locale = locale })
		o.Type(t, ana, "list")
		if got := b.last(t).From.Lang; got != want {
			t.Errorf("who reads Slack in %q is answered in %q, want %q", locale, got, want)
		}
	}
}

// Answers go where Slack is, whatever a request says.
func TestOnlySlackIsAnswered(t *testing.T) {
	c := slack.New(slack.Config{})
	for address, want := range map[string]bool{
		"https://hooks.slack.com/commands/T1/1/x": true, "https://slack.com/api/x": true,
		"http://hooks.slack.com/commands": false, "https://hooks.slack.com.evil.example/": false, "https://evil.example/": false,
	} {
		if got := c.OfSlack(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}
