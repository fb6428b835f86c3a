package slack_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
)

// hostile is what strangers write into titles, paths, names and notes.
const hostile = "<!channel> <!here> <@U0000000001> <!subteam^S01> <https://evil.example/x|log in> &lt;!everyone&gt; `*bold*` _x_ ~y~ \u202edrawkcab\u2066 a\u200bb :tada:"

// inert fails if a message calls somebody, or can be followed somewhere.
func inert(t *testing.T, where string, all ...slacktest.Message) {
	t.Helper()
	if len(all) == 0 {
		t.Errorf("%s: nothing was shown", where)
	}
	for _, m := range all {
		if pings, links := m.Pings(), m.Links(); len(pings)+len(links) > 0 {
			t.Errorf("%s calls %v and links to %v: %s", where, pings, links, m.Text)
		}
	}
}

// unhidden fails if a text has characters that turn it round or hide in it.
func unhidden(t *testing.T, where, text string) {
	t.Helper()
	if strings.ContainsAny(text, "\u202e\u2066\u200b") {
		t.Errorf("%s hides something: %+q", where, text)
	}
}

// spelledOut fails if a text does not say what was hidden in it.
func spelledOut(t *testing.T, where, text string) {
	t.Helper()
	unhidden(t, where, text)
	for _, want := range []string{"[U+202E]", "[U+2066]", "[U+200B]"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s does not show that it held %s: %s", where, want, text)
		}
	}
}

// hostileCard is a card on which every word is a stranger's.
func hostileCard() bot.Card {
	b := func(act bot.Act) bot.Button {
		return bot.Button{Act: act, Label: hostile, Incident: "inc-7", Number: 1, Command: hostile}
	}
	asked, confirmed := b(bot.ActFalse), b(bot.ActClose)
	asked.Reason = &bot.Prompt{Title: hostile, Label: hostile, Required: true}
	confirmed.Confirm = &bot.Confirm{Title: hostile, Text: hostile, Yes: hostile, No: hostile}
	return bot.Card{
		Incident: "inc-7", Lang: "en", Tone: bot.Alarm, Title: hostile, Heading: hostile, Foot: hostile, More: hostile,
		Fields:  []bot.Field{{Label: hostile, Text: hostile}},
		Notices: []bot.Notice{{Text: hostile, Buttons: []bot.Button{b(bot.ActLook)}}},
		Steps: []bot.Step{{
			Title: hostile, State: hostile, Effect: hostile, Undo: hostile, People: hostile, Digest: hostile,
			Facts: []bot.Field{{Label: hostile, Text: hostile}}, Buttons: []bot.Button{b(bot.ActShow)},
		}},
		Asks:    []bot.Ask{{Text: hostile, Buttons: []bot.Button{b(bot.ActAnswer)}}},
		Actions: []bot.Button{asked, confirmed},
	}
}

// Foreign text does nothing on a card, in a line, in an answer, wherever it is put.
func TestForeignTextIsInertEverywhere(t *testing.T) {
	for name, byHTTP := range map[string]bool{"socket": false, "http": true} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, byHTTP)
			card := hostileCard()
			b := &bell{answer: bot.Answer{Text: hostile, Card: &card}}
			o.listen(t, b.handle)
			ref := o.posts(t, "inc-7", card)
			if err := o.chat.Reply(t.Context(), ref, bot.Line{Key: "1", Who: hostile, Text: hostile, Tone: bot.Alarm}); err != nil {
				t.Fatal(err)
			}
			if err := o.chat.Update(t.Context(), ref, card); err != nil {
				t.Fatal(err)
			}
			inert(t, "the room", o.Messages(o.room.ID)...)
			spelledOut(t, "the room", o.Text(t))
			for _, m := range o.Messages(o.room.ID) {
				spelledOut(t, "a notification", m.Text)
			}
			spelledOut(t, "an answer", o.Type(t, ana, "show"))
			o.as(t, ana).Press(o.sees(t, ana, bot.ActClose)).Await()
			inert(t, "an answer", o.Ephemeral(o.room.ID, o.ids[ana])...)
			b.answer = bot.Answer{Text: hostile}
			spelledOut(t, "an answer in words", o.Type(t, bo, "show"))
			inert(t, "an answer in words", o.Ephemeral(o.room.ID, o.ids[bo])...)
		})
	}
}

// Nor in dialogs.
func TestForeignTextIsInertInDialogs(t *testing.T) {
	o := newOffice(t, true)
	card := hostileCard()
	b := &bell{answer: bot.Answer{OK: true, Text: hostile, Card: &card}}
	o.listen(t, b.handle)
	o.posts(t, "inc-7", card)
	unhidden(t, "the dialog for a reason", o.as(t, ana).Press(o.sees(t, ana, bot.ActFalse)).AwaitModal().Text())
	spelledOut(t, "the dialog of a plan", o.as(t, bo).Press(o.sees(t, bo, bot.ActShow)).AwaitText("drawkcab"))
	for _, d := range o.Drawn() {
		if d.Kind != slacktest.ForView {
			continue
		}
		var view struct{ Blocks []any }
		if err := json.Unmarshal(d.JSON, &view); err != nil {
			t.Fatal(err)
		}
		m := slacktest.Message{Blocks: view.Blocks}
		if pings, links := m.Pings(), m.Links(); len(pings)+len(links) > 0 {
			t.Errorf("a dialog calls %v and links to %v", pings, links)
		}
	}
}

// A channel's name, topic and bookmark hold nothing that does anything.
func TestForeignTextIsInertAroundAChannel(t *testing.T) {
	o := newOffice(t, true)
	if _, err := o.chat.Rooms().Post(t.Context(), "inc-7", hostileCard()); err != nil {
		t.Fatal(err)
	}
	made := o.made(t, "leak-inc-7")
	inert(t, "the topic", slacktest.Message{Text: made.Topic})
	spelledOut(t, "the topic", made.Topic)
	inert(t, "the card", o.Messages(made.ID)...)
	if marks := o.Bookmarks(made.ID); len(marks) != 1 || marks[0].Title != "inc-7" {
		t.Errorf("bookmarks %v", marks)
	}
}

// made is the channel of that name.
func (o *office) made(t *testing.T, name string) slacktest.Channel {
	t.Helper()
	all := o.Channels()
	i := slices.IndexFunc(all, func(c slacktest.Channel) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no channel %s in %v", name, all)
	}
	return all[i]
}

// A whole incident whose alert, notes and reasons are hostile calls nobody but those
// whom the bot wants to call.
func TestAHostileIncidentCallsNobody(t *testing.T) {
	o := newOffice(t, false)
	w := o.world(t, chattest.Options{}, o.chat, o.chat.Rooms())
	now := w.Clock.Now()
	_, id, err := w.Bot.Receive(t.Context(), incident.Bot, incident.Alert{
		Source: "scans", Type: "gitleaks", ExternalKey: "1", Kind: incident.KindOpen, KeyID: incident.KeyID(w.Scene.Leaked.ID),
		KeyType: "long_term", DetectedAt: now, ReceivedAt: now,
	}, incident.AlertText{Title: hostile, Author: hostile, Places: []incident.Place{{Repo: hostile, Path: hostile, Commit: hostile, Line: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	w.Settle()
	o.Type(t, ana, "note "+hostile)
	o.Type(t, ana, "decline 1 because "+hostile)
	o.Type(t, bo, "list")
	w.Settle()
	inert(t, "the room", o.Messages(o.room.ID)...)
	inert(t, "the incident's channel", o.Messages(o.made(t, "leak-"+string(id)).ID)...)
	unhidden(t, "the room", o.Text(t))
	if text := o.Text(t); strings.Count(text, "<!channel>") < 3 {
		t.Errorf("what strangers wrote is not shown as they wrote it:\n%s", text)
	}
}

// Who is meant is called, and nobody else; text that looks like it calls nobody.
func TestOnlyWhoIsMeantIsCalled(t *testing.T) {
	o := newOffice(t, true)
	ref := o.posts(t, "inc-7", offeredCard(t))
	line := bot.Line{Key: "1", Text: hostile, Mention: []bot.Account{{Platform: "slack", Tenant: o.App.Team, User: o.ids[bo]}}}
	if err := o.chat.Reply(t.Context(), ref, line); err != nil {
		t.Fatal(err)
	}
	all := o.Messages(o.room.ID)
	if pings := all[1].Pings(); !slices.Equal(pings, []string{o.ids[bo]}) {
		t.Errorf("the line calls %v, want %s alone", pings, o.ids[bo])
	}
}

func offeredCard(t *testing.T) bot.Card {
	return words(t).Card(offered(t, acme).scene("en"))
}
