package slacktest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"twokey/bot/slack/slacktest"
)

func TestAMessageIsShownAsItWasPosted(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	ts := w.post(t, slack.MsgOptionText("fallback", false), slack.MsgOptionBlocks(
		slack.NewHeaderBlock(plain("inc-7 · NOT CONTAINED")),
		section("Key of <https://corp.example|ci-deploy> &amp; <@"+w.ana+">"),
		actions("a", button("approve", "digest", "Approve")),
	))
	w.post(t, slack.MsgOptionText("a line", false), slack.MsgOptionTS(ts))
	w.post(t, slack.MsgOptionText("another <!channel>", false))
	want := "twokey: inc-7 · NOT CONTAINED\nKey of ci-deploy & @ana\n[Approve]\n\ttwokey: a line\ntwokey: another @channel\n"
	if diff := cmp.Diff(want, w.Text(w.room)); diff != "" {
		t.Error(diff)
	}
}

func TestTextWithoutBlocksTakesBlocksAway(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	ts := w.post(t, slack.MsgOptionText("v1", false), slack.MsgOptionBlocks(section("one")))
	_, _, _, err := w.api.UpdateMessageContext(t.Context(), w.room, ts, slack.MsgOptionText("v2", false), slack.MsgOptionBlocks(section("two")))
	ok(t, err)
	if m := w.Messages(w.room)[0]; m.Edited != "" || m.Changes != 1 || w.Text(w.room) != "twokey: two\n" {
		t.Errorf("after blocks: %+v, %q", m, w.Text(w.room))
	}
	_, _, _, err = w.api.UpdateMessageContext(t.Context(), w.room, ts, slack.MsgOptionText("only text", false))
	ok(t, err)
	if m := w.Messages(w.room)[0]; m.Edited == "" || m.Blocks != nil || w.Text(w.room) != "twokey: only text\n" {
		t.Errorf("after text: %+v, %q", m, w.Text(w.room))
	}
}

func TestMetadataStaysUntilItIsTakenAway(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	meta := slack.SlackMetadata{EventType: "card", EventPayload: map[string]any{"key": "k1"}}
	ts := w.post(t, slack.MsgOptionText("x", false), slack.MsgOptionMetadata(meta))
	_, _, _, err := w.api.UpdateMessageContext(t.Context(), w.room, ts, slack.MsgOptionText("y", false))
	ok(t, err)
	got := func(all bool) slack.SlackMetadata {
		h, err := w.api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: w.room, IncludeAllMetadata: all})
		ok(t, err)
		return h.Messages[0].Metadata
	}
	if diff := cmp.Diff(meta, got(true)); diff != "" {
		t.Error(diff)
	}
	if m := got(false); m.EventType != "" {
		t.Errorf("metadata %+v came unasked", m)
	}
	_, _, err = w.api.PostMessageContext(t.Context(), w.room, slack.MsgOptionText("x", false), slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "card"}))
	refused(t, err, "invalid_metadata_format")
}

func TestChatRefusesAsSlackDoes(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	text := slack.MsgOptionText("x", false)
	post := func(channel string, o ...slack.MsgOption) error {
		_, _, err := w.api.PostMessageContext(t.Context(), channel, o...)
		return err
	}
	update := func(ts string, o ...slack.MsgOption) error {
		_, _, _, err := w.api.UpdateMessageContext(t.Context(), w.room, ts, o...)
		return err
	}
	outside := w.AddChannel(slacktest.Channel{Name: "open"}).ID
	hidden := w.AddChannel(slacktest.Channel{Name: "hidden", Private: true}).ID
	ts := w.post(t, text)
	theirs := w.As(t, w.ana).Say(w.room, "", "hello")

	refused(t, post("C0NOSUCH", text), "channel_not_found")
	refused(t, post(outside, text), "not_in_channel")
	refused(t, post(hidden, text), "channel_not_found")
	refused(t, post(w.room), "no_text")
	refused(t, post(w.room, slack.MsgOptionText(strings.Repeat("é", 40001), false)), "msg_too_long")
	ok(t, post(w.room, slack.MsgOptionText(strings.Repeat("é", 40000), false)))
	refused(t, update("1.000001", text), "message_not_found")
	refused(t, update(theirs, text), "cant_update_message")
	refused(t, update(ts), "no_text")
	refused(t, update(ts, slack.MsgOptionText(strings.Repeat("x", 4001), false)), "msg_too_long")
	_, err := w.api.PostEphemeralContext(t.Context(), w.room, "U0NOSUCH", text)
	refused(t, err, "user_not_in_channel")

	w.ChangeChannel(w.room, func(c *slacktest.Channel) { c.Archived = true })
	refused(t, post(w.room, text), "is_archived")
	refused(t, update(ts, text), "is_inactive")
}

func TestAReplyToAMessageThatIsGoneStandsAlone(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	ts := w.post(t, slack.MsgOptionText("card", false))
	w.Erase(w.room, ts)
	_, _, m, err := w.api.PostMessageWithResponseContext(t.Context(), w.room, slack.MsgOptionText("line", false), slack.MsgOptionTS(ts))
	ok(t, err)
	if m.ThreadTimestamp != "" || w.Text(w.room) != "twokey: line\n" {
		t.Errorf("thread %q, room %q", m.ThreadTimestamp, w.Text(w.room))
	}
}

func TestOnlyOnePersonSeesAnEphemeralMessage(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	ts, err := w.api.PostEphemeralContext(t.Context(), w.room, w.ana, slack.MsgOptionText("for Ana", false))
	ok(t, err)
	if len(w.Ephemeral(w.room, w.ana)) != 1 || len(w.Ephemeral(w.room, w.bo)) != 0 || w.Text(w.room) != "" {
		t.Error("somebody else sees it, or Ana doesn't")
	}
	_, _, _, err = w.api.UpdateMessageContext(t.Context(), w.room, ts, slack.MsgOptionText("x", false))
	refused(t, err, "message_not_found")
}

func TestOnlyTheBotsOwnMessageIsDeleted(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	ts := w.post(t, slack.MsgOptionText("x", false))
	link, err := w.api.GetPermalinkContext(t.Context(), &slack.PermalinkParameters{Channel: w.room, Ts: ts})
	ok(t, err)
	if !strings.HasSuffix(link, w.room+"/p"+strings.ReplaceAll(ts, ".", "")) {
		t.Errorf("link %s", link)
	}
	theirs := w.As(t, w.ana).Say(w.room, "", "hello")
	_, _, err = w.api.DeleteMessageContext(t.Context(), w.room, theirs)
	refused(t, err, "cant_delete_message")
	_, _, err = w.api.DeleteMessageContext(t.Context(), w.room, ts)
	ok(t, err)
	_, _, err = w.api.DeleteMessageContext(t.Context(), w.room, ts)
	refused(t, err, "message_not_found")
}
