package slack_test

import (
	"strings"
	"testing"
	"time"

	"twokey/bot/chattest"
	"twokey/bot/slack/slacktest"
)

// A room that does not work is named on the cards of the others and in the log, in
// Slack's own word; when it works again it shows everything.
func TestARoomThatFailsIsNamedAndCatchesUp(t *testing.T) {
	for _, word := range []string{"not_in_channel", "channel_not_found", "token_revoked", "invalid_auth", "account_inactive", "restricted_action", "invalid_blocks"} {
		t.Run(word, func(t *testing.T) {
			o, other := newOffice(t, false), newWall()
			w := o.world(t, chattest.Options{}, o.chat, other)
			heal := o.Inject(slacktest.Fault{Kind: slacktest.Refuse, Method: "chat.postMessage", Code: word})
			id := w.Alert()
			o.fails(t, w, other, word)
			heal()
			w.After(10 * time.Minute)
			o.sameStory(t, o.room.ID, id, other)
		})
	}
}

// fails lets time pass until the bot has given up for now, and fails unless it says so.
func (o *office) fails(t *testing.T, w *chattest.World, other *wall, word string) {
	t.Helper()
	for range 9 {
		w.After(5 * time.Minute)
	}
	if warned := other.warns(); !strings.Contains(warned, word) || !strings.Contains(warned, "Slack (since ") {
		t.Errorf("the other room's card does not say %q: %s", word, warned)
	}
}

// A revoked token stops Slack, and nothing else.
func TestARevokedTokenStopsOnlySlack(t *testing.T) {
	o, other := newOffice(t, true), newWall()
	w := o.world(t, chattest.Options{}, o.chat, other)
	o.Revoke()
	id := w.Alert()
	o.fails(t, w, other, "token_revoked")
	if len(w.State(id).Proposals) == 0 || len(other.story(id)) == 0 {
		t.Error("the incident did not go on")
	}
}

// Without the permission to read, the room still works, and the log says what is
// missing.
func TestWithoutHistoryTheRoomWorks(t *testing.T) {
	o, other := newOffice(t, false), newWall()
	var less []string
	for _, scope := range slacktest.AllScopes() {
		if !strings.HasSuffix(scope, ":history") {
			less = append(less, scope)
		}
	}
	o.SetScopes(less...)
	w := o.world(t, chattest.Options{}, o.chat, other)
	id := w.Alert()
	w.Settle()
	o.sameStory(t, o.room.ID, id, other)
	if o.log.count("missing_scope (channels:history)") == 0 {
		t.Errorf("the log does not name the missing scope:\n%s", o.log.String())
	}
}

// A card that somebody deleted is posted anew, with its whole thread.
func TestADeletedCardComesBackWithItsThread(t *testing.T) {
	o, other := newOffice(t, false), newWall()
	w := o.world(t, chattest.Options{}, o.chat, other)
	id := w.Alert()
	w.Settle()
	cards, before := o.thread(o.room.ID, id)
	o.Erase(o.room.ID, cards[0].TS)
	o.Type(t, ana, "note after the deletion")
	w.Settle()
	o.sameStory(t, o.room.ID, id, other)
	if _, lines := o.thread(o.room.ID, id); len(lines) <= len(before) || !strings.Contains(lines[len(lines)-1], "after the deletion") {
		t.Errorf("the thread is %q", lines)
	}
	if said := o.votes(t, w, ana); strings.Contains(said, "newer card") {
		t.Errorf("the new card's button is refused: %s", said)
	}
}

// The room goes by its id: renamed, it is the same room.
func TestARenamedRoomIsTheSame(t *testing.T) {
	o, other := newOffice(t, false), newWall()
	w := o.world(t, chattest.Options{}, o.chat, other)
	id := w.Alert()
	w.Settle()
	o.ChangeChannel(o.room.ID, func(c *slacktest.Channel) { c.Name = "old-leaks" })
	o.votes(t, w, ana)
	o.sameStory(t, o.room.ID, id, other)
}

// An archived room is named like any other that does not work, and catches up when it
// is opened again.
func TestAnArchivedRoomIsNamed(t *testing.T) {
	o, other := newOffice(t, true), newWall()
	w := o.world(t, chattest.Options{}, o.chat, other)
	id := w.Alert()
	w.Settle()
	o.ChangeChannel(o.room.ID, func(c *slacktest.Channel) { c.Archived = true })
	o.note(t, w, "while the room is away")
	o.fails(t, w, other, "is_inactive")
	o.ChangeChannel(o.room.ID, func(c *slacktest.Channel) { c.Archived = false })
	w.After(10 * time.Minute)
	o.sameStory(t, o.room.ID, id, other)
}
