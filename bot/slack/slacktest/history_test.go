package slacktest_test

import (
	"slices"
	"testing"

	"github.com/slack-go/slack"

	"twokey/bot/slack/slacktest"
)

// texts reads the whole history in pages of two.
func (w *world) texts(t *testing.T, p slack.GetConversationHistoryParameters) []string {
	t.Helper()
	p.ChannelID, p.Limit = w.room, 2
	var out []string
	for {
		h, err := w.api.GetConversationHistoryContext(t.Context(), &p)
		ok(t, err)
		for _, m := range h.Messages {
			out = append(out, m.Text)
		}
		if len(h.Messages) > 2 || h.HasMore != (h.ResponseMetaData.NextCursor != "") {
			t.Fatalf("page of %d, more %v", len(h.Messages), h.HasMore)
		}
		if p.Cursor = h.ResponseMetaData.NextCursor; p.Cursor == "" {
			return out
		}
	}
}

func TestHistoryIsReadBackwards(t *testing.T) {
	w := newWorld(t, slacktest.Options{Now: newClock().now}) // all in one moment
	var ts []string
	for _, text := range []string{"1", "2", "3", "4", "5"} {
		ts = append(ts, w.post(t, slack.MsgOptionText(text, false)))
	}
	w.post(t, slack.MsgOptionText("in a thread", false), slack.MsgOptionTS(ts[2]))
	_, err := w.api.PostEphemeralContext(t.Context(), w.room, w.ana, slack.MsgOptionText("for Ana", false))
	ok(t, err)
	for name, c := range map[string]struct {
		p    slack.GetConversationHistoryParameters
		want []string
	}{
		"all":        {slack.GetConversationHistoryParameters{}, []string{"5", "4", "3", "2", "1"}},
		"since":      {slack.GetConversationHistoryParameters{Oldest: ts[1]}, []string{"5", "4", "3"}},
		"from":       {slack.GetConversationHistoryParameters{Oldest: ts[1], Inclusive: true}, []string{"5", "4", "3", "2"}},
		"before":     {slack.GetConversationHistoryParameters{Latest: ts[1]}, []string{"1"}},
		"just one":   {slack.GetConversationHistoryParameters{Latest: ts[1], Oldest: ts[1], Inclusive: true}, []string{"2"}},
		"in seconds": {slack.GetConversationHistoryParameters{Oldest: ts[0][:10]}, []string{"5", "4", "3", "2"}},
	} {
		if got := w.texts(t, c.p); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	_, err = w.api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: w.room, Cursor: "x"})
	refused(t, err, "invalid_cursor")
}

func TestAThreadIsReadForwards(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	card := w.post(t, slack.MsgOptionText("card", false))
	var lines []string
	for _, text := range []string{"1", "2", "3"} {
		lines = append(lines, w.post(t, slack.MsgOptionText(text, false), slack.MsgOptionTS(card), slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType: "line", EventPayload: map[string]any{"key": text},
		})))
	}
	read := func(p slack.GetConversationRepliesParameters) (texts []string) {
		p.ChannelID, p.Timestamp, p.IncludeAllMetadata = w.room, card, true
		all, _, _, err := w.api.GetConversationRepliesContext(t.Context(), &p)
		ok(t, err)
		for _, m := range all {
			if m.Text != "card" && m.Metadata.EventPayload["key"] != m.Text {
				t.Errorf("metadata of %s: %+v", m.Text, m.Metadata)
			}
			texts = append(texts, m.Text)
		}
		return texts
	}
	if got := read(slack.GetConversationRepliesParameters{}); !slices.Equal(got, []string{"card", "1", "2", "3"}) {
		t.Errorf("all: %v", got)
	}
	if got := read(slack.GetConversationRepliesParameters{Oldest: lines[0]}); !slices.Equal(got, []string{"card", "2", "3"}) {
		t.Errorf("since the first: %v", got)
	}
	_, _, _, err := w.api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: w.room, Timestamp: "1.000001"})
	refused(t, err, "thread_not_found")
}

func TestOtherPeoplesRoomsAreNotRead(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	for channel, code := range map[string]string{
		w.AddChannel(slacktest.Channel{}).ID:              "not_in_channel",
		w.AddChannel(slacktest.Channel{Private: true}).ID: "channel_not_found",
	} {
		_, err := w.api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: channel})
		refused(t, err, code)
	}
}
