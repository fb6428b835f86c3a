package slack_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/slack"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
)

// withChannels is a bot that shows incidents in the fixed room and in channels of
// their own.
func withChannels(t *testing.T, change ...func(*slack.Config)) (*office, *chattest.World, *wall) {
	t.Helper()
	o, other := newOffice(t, false, change...), newWall()
	return o, o.world(t, chattest.Options{}, o.chat, o.chat.Rooms(), other), other
}

// matters opens an incident that matters, and the channel of it.
func (o *office) matters(t *testing.T, w *chattest.World) (incident.ID, slacktest.Channel) {
	t.Helper()
	id := w.Alert()
	w.Settle()
	return id, o.made(t, "leak-"+string(id))
}

// An incident that matters has a private channel, with those who may act in it, the
// card pinned and linked, and how it stands in the topic.
func TestAnIncidentHasAChannel(t *testing.T) {
	o, w, other := withChannels(t)
	id, c := o.matters(t, w)
	if !c.Private || c.Creator != o.App.BotUser {
		t.Errorf("the channel is %+v", c)
	}
	for _, who := range []incident.Person{ana, bo, chen} {
		if !slices.Contains(c.Members, o.ids[who]) {
			t.Errorf("%s is not in the channel", who)
		}
	}
	if slices.Contains(c.Members, o.ids[chattest.Eve]) {
		t.Error("Eve was invited")
	}
	o.sameStory(t, c.ID, id, other)
	cards, _ := o.thread(c.ID, id)
	if !cards[0].Pinned {
		t.Error("the card is not pinned")
	}
	if marks := o.Bookmarks(c.ID); len(marks) != 1 || !strings.Contains(marks[0].Link, c.ID) {
		t.Errorf("bookmarks %v", marks)
	}
	if !strings.Contains(c.Topic, "NOT CONTAINED") {
		t.Errorf("the topic is %q", c.Topic)
	}
}

// The topic follows the state, and is not set again while it says the same.
func TestTheTopicFollowsTheState(t *testing.T) {
	o, w, _ := withChannels(t)
	id, c := o.matters(t, w)
	o.note(t, w, "nothing changes "+string(id))
	before := o.Calls("conversations.setTopic")
	o.note(t, w, "nothing changes again "+string(id))
	if n := o.Calls("conversations.setTopic"); n != before {
		t.Errorf("the topic was set %d times more", n-before)
	}
	o.disable(t, w, id)
	if c = o.made(t, c.Name); !strings.Contains(c.Topic, "CONTAINED") || strings.Contains(c.Topic, "NOT") {
		t.Errorf("the topic is %q", c.Topic)
	}
}

// Closed, an incident's channel is put away; reopened, it has another one.
func TestAClosedIncidentsChannelIsPutAway(t *testing.T) {
	o, w, _ := withChannels(t)
	id, c := o.matters(t, w)
	o.disable(t, w, id)
	o.Type(t, ana, "close "+string(id)+" because it is over")
	w.Settle()
	if !o.made(t, c.Name).Archived {
		t.Fatal("the channel is not archived")
	}
	if room := o.made(t, "leaks"); room.Archived {
		t.Fatal("so is the fixed room")
	}
	if err := o.chat.Rooms().Archive(t.Context(), bot.Ref(c.ID+"/1")); err != nil {
		t.Errorf("archiving what is archived: %v", err)
	}
	card := words(t).Card(offered(t, acme).scene("en"))
	card.Incident, card.Opened = id, w.Clock.Now()
	ref, err := o.chat.Rooms().Post(t.Context(), string(id)+"/slack-channels/1", card)
	if err != nil {
		t.Fatal(err)
	}
	if anew := o.Channels()[len(o.Channels())-1]; anew.ID == c.ID || !strings.HasPrefix(string(ref), anew.ID+"/") || anew.Name == c.Name || anew.Archived {
		t.Errorf("the reopened incident is in %s: %+v", ref, anew)
	}
}

// disable lets two people have the key disabled.
func (o *office) disable(t *testing.T, w *chattest.World, id incident.ID) {
	t.Helper()
	plan, _ := w.State(id).Waiting(incident.StepKeyDisable)
	for _, who := range []incident.Person{ana, bo} {
		o.Type(t, who, "approve "+string(id)+"/"+fmt.Sprint(plan.Number))
		w.Settle()
	}
}

// A channel that somebody archived while the incident is open is replaced.
func TestAnArchivedChannelIsReplaced(t *testing.T) {
	o, w, other := withChannels(t)
	id, c := o.matters(t, w)
	o.ChangeChannel(c.ID, func(c *slacktest.Channel) { c.Archived = true })
	o.note(t, w, "is somebody there? "+string(id))
	w.After(time.Minute)
	all := o.Channels()
	anew := all[len(all)-1]
	if anew.ID == c.ID || anew.Archived {
		t.Fatalf("there is no new channel: %+v", anew)
	}
	o.sameStory(t, anew.ID, id, other)
}

// A channel whose making was not answered is found again, and not made twice.
func TestAChannelIsMadeOnce(t *testing.T) {
	for _, method := range []string{"conversations.create", "conversations.invite", "chat.postMessage", "pins.add", "bookmarks.add"} {
		t.Run(method, func(t *testing.T) {
			o, other := newOffice(t, false), newWall()
			w := o.world(t, chattest.Options{}, o.chat.Rooms(), other)
			o.Inject(slacktest.Fault{Kind: slacktest.Lose, Method: method, Next: 1})
			id := w.Alert()
			w.Settle()
			w.After(time.Minute)
			if n := len(o.Channels()); n != 2 {
				t.Errorf("%d channels, want the room and one", n)
			}
			c := o.made(t, "leak-"+string(id))
			o.sameStory(t, c.ID, id, other)
			if !slices.Contains(c.Members, o.ids[ana]) {
				t.Error("Ana is not in it")
			}
		})
	}
}

// A name that is taken by somebody else's channel, or by that of another incident of
// the same number, is not used.
func TestATakenNameIsLeftAlone(t *testing.T) {
	o := newOffice(t, true)
	theirs := o.AddChannel(slacktest.Channel{Name: "leak-inc-7", Private: true, Creator: o.ids[chattest.Eve], Members: []string{o.ids[chattest.Eve], o.App.BotUser}})
	card := offeredCard(t)
	ref, err := o.chat.Rooms().Post(t.Context(), "inc-7/slack-channels/0", card)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(string(ref), theirs.ID) || len(o.Messages(theirs.ID)) != 0 {
		t.Error("the card stands in somebody else's channel")
	}
	o.start()
	if again, err := o.chat.Rooms().Post(t.Context(), "inc-7/slack-channels/0", card); err != nil || again != ref {
		t.Errorf("asked again, the card is %s, not %s: %v", again, ref, err)
	}
	other := card
	other.Opened = card.Opened.Add(-time.Hour)
	second, err := o.chat.Rooms().Post(t.Context(), "inc-7/slack-channels/0", other)
	if err != nil {
		t.Fatal(err)
	}
	if a, _, _ := strings.Cut(string(ref), "/"); strings.HasPrefix(string(second), a) {
		t.Error("two incidents share a channel")
	}
	if n := len(o.Channels()); n != 4 {
		t.Errorf("%d channels", n)
	}
}

// Two stores that count alike share no channel.
func TestEachIncidentHasItsOwnChannel(t *testing.T) {
	o := newOffice(t, true)
	card := offeredCard(t)
	refs := map[string]bool{}
	for n := range 2 {
		card.Opened = card.Opened.Add(time.Duration(n) * time.Hour)
		o.start()
		ref, err := o.chat.Rooms().Post(t.Context(), "inc-7/slack-channels/0", card)
		if err != nil {
			t.Fatal(err)
		}
		channel, _, _ := strings.Cut(string(ref), "/")
		refs[channel] = true
	}
	if len(refs) != 2 {
		t.Error("two incidents share a channel")
	}
}

// Junk opens no channel.
func TestJunkOpensNoChannel(t *testing.T) {
	o, w, _ := withChannels(t)
	id := receive(t, w, 1)
	w.Settle()
	w.After(time.Minute)
	if n := len(o.Channels()); n != 1 {
		t.Errorf("%d channels for %s", n-1, id)
	}
	if cards, _ := o.thread(o.room.ID, id); len(cards) != 1 {
		t.Errorf("%d cards in the fixed room", len(cards))
	}
}

// Who can't be invited keeps nobody else out.
func TestWhoCannotBeInvitedKeepsNobodyOut(t *testing.T) {
	o, w, _ := withChannels(t, func(c *slack.Config) { c.Invite = append(c.Invite, "U0000000009") })
	o.ChangeUser(o.ids[bo], func(u *slacktest.User) { u.Deleted = true })
	_, c := o.matters(t, w)
	if !slices.Contains(c.Members, o.ids[ana]) || !slices.Contains(c.Members, o.ids[chen]) || slices.Contains(c.Members, o.ids[bo]) {
		t.Errorf("in the channel are %v", c.Members)
	}
	for _, word := range []string{"user_not_found", "cant_invite"} {
		if o.log.count(word) != 1 {
			t.Errorf("the log says %s %d times", word, o.log.count(word))
		}
	}
}

// What is typed in an incident's channel, or in its card's thread, is about that
// incident, also under another name of the channel and days later.
func TestCommandsAreAboutTheIncidentOfTheirPlace(t *testing.T) {
	clock := &ahead{}
	o, w, _ := withChannels(t, clocked(clock))
	id, c := o.matters(t, w)
	for n := range 2 {
		receive(t, w, n)
	}
	w.Settle()
	if said := o.Type(t, ana, "note hello"); !strings.Contains(said, "Several incidents") {
		t.Errorf("in the fixed room it is not asked which incident: %s", said)
	}
	o.ChangeChannel(c.ID, func(c *slacktest.Channel) { c.Name = "the-big-one" })
	clock.Move(3 * 24 * time.Hour)
	for range 210 {
		o.as(t, bo).Say(c.ID, "", "people talk")
	}
	cards, _ := o.thread(o.room.ID, id)
	asked := map[string]func(*slacktest.Person, string) *slacktest.Reply{
		"in the channel":       func(p *slacktest.Person, s string) *slacktest.Reply { return p.Command(c.ID, s) },
		"by mention there":     func(p *slacktest.Person, s string) *slacktest.Reply { return p.Mention(c.ID, "", s) },
		"in the card's thread": func(p *slacktest.Person, s string) *slacktest.Reply { return p.Mention(o.room.ID, cards[0].TS, s) },
		"in the thread over there": func(p *slacktest.Person, s string) *slacktest.Reply {
			return p.Mention(c.ID, o.Messages(c.ID)[0].TS, s)
		},
	}
	for name, ask := range asked {
		ask(o.as(t, ana), "note said "+name).Await()
		w.Settle()
		if _, lines := o.thread(o.room.ID, id); !strings.Contains(lines[len(lines)-1], "said "+name) {
			t.Errorf("%s: the timeline ends with %q", name, lines[len(lines)-1])
		}
	}
}

// A button in the incident's channel counts like one in the room.
func TestButtonsInAChannelCount(t *testing.T) {
	o, w, _ := withChannels(t)
	id, c := o.matters(t, w)
	plan, _ := w.State(id).Waiting(incident.StepKeyDisable)
	want := bot.Button{Act: bot.ActApprove, Incident: id, Number: plan.Number, Digest: plan.Digest}
	in := func(channel string) func(slacktest.Button) bool {
		return func(b slacktest.Button) bool { return b.Channel == channel && slack.IsButton(b.Value, want) }
	}
	p := o.as(t, ana)
	p.Press(p.Find(in(c.ID))).Await()
	q := o.as(t, bo)
	q.Press(q.Find(in(o.room.ID))).Await()
	w.Settle()
	if got := w.KeyStatus(); got != "Inactive" {
		t.Errorf("the key is %s", got)
	}
}

// What concerns the whole bot is told in the fixed room alone.
func TestSystemMessagesAreToldInTheRoomAlone(t *testing.T) {
	o, w, _ := withChannels(t)
	_, c := o.matters(t, w)
	before := len(o.Messages(c.ID))
	if err := w.Bot.Configured(t.Context(), "digest", []incident.Change{{What: "may_approve", Who: "eve", To: "yes"}}); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if n := len(o.Messages(c.ID)); n != before {
		t.Errorf("%d messages more in the channel", n-before)
	}
	if n := len(o.Channels()); n != 2 {
		t.Errorf("%d channels", n)
	}
	if all := o.Messages(o.room.ID); all[len(all)-1].Thread != "" {
		t.Error("the room was not told")
	}
}
