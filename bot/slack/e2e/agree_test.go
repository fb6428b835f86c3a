package e2e_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"twokey/bot/slack/e2e"
	"twokey/bot/slack/slacktest"
)

// visitor makes the same calls on any Slack.
type visitor struct {
	*slack.Client
	ctx       context.Context
	room, ana string
	trigger   func() string
	said      []string
}

// note keeps Slack's own word for an error, or what was seen.
func (v *visitor) note(what string, err error, seen ...string) {
	word := strings.Join(seen, " ")
	if err != nil {
		word = err.Error()
	}
	v.said = append(v.said, what+": "+word)
}

func (v *visitor) post(what string, channel string, o ...slack.MsgOption) (ts string) {
	_, ts, err := v.PostMessageContext(v.ctx, channel, o...)
	v.note(what, err)
	return ts
}

func (v *visitor) update(what, ts string, o ...slack.MsgOption) {
	_, _, _, err := v.UpdateMessageContext(v.ctx, v.room, ts, o...)
	v.note(what, err)
}

// chat posts, changes, reads and deletes.
func (v *visitor) chat() {
	meta := slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "card", EventPayload: map[string]any{"key": "k1"}})
	blocks := slack.MsgOptionBlocks(slack.NewHeaderBlock(plain("leaked")))
	ts := v.post("card", v.room, slack.MsgOptionText("leaked", false), blocks, meta)
	v.post("line", v.room, slack.MsgOptionText("a line", false), slack.MsgOptionTS(ts), meta)
	v.post("another", v.room, slack.MsgOptionText("another", false))
	v.post("nothing", v.room)
	v.post("nowhere", "C0NOSUCH", slack.MsgOptionText("x", false))
	v.update("change", ts, slack.MsgOptionText("contained", false), blocks)
	v.update("change nothing", ts)
	v.update("change what is not there", "1.000001", slack.MsgOptionText("x", false))
	_, err := v.PostEphemeralContext(v.ctx, v.room, v.ana, slack.MsgOptionText("for Ana", false))
	v.note("whisper", err)
	_, err = v.PostEphemeralContext(v.ctx, v.room, "U0NOSUCH", slack.MsgOptionText("x", false))
	v.note("whisper to nobody", err)
	v.read(ts)
	_, _, err = v.DeleteMessageContext(v.ctx, v.room, "1.000001")
	v.note("delete what is not there", err)
}

func (v *visitor) read(ts string) {
	h, err := v.GetConversationHistoryContext(v.ctx, &slack.GetConversationHistoryParameters{ChannelID: v.room, Limit: 2, IncludeAllMetadata: true})
	if err != nil {
		v.note("history", err)
		return
	}
	for _, m := range h.Messages {
		key, _ := m.Metadata.EventPayload["key"].(string)
		v.note("history", nil, m.Text, key)
	}
	all, _, _, err := v.GetConversationRepliesContext(v.ctx, &slack.GetConversationRepliesParameters{ChannelID: v.room, Timestamp: ts, IncludeAllMetadata: true})
	v.note("replies", err)
	for _, m := range all {
		key, _ := m.Metadata.EventPayload["key"].(string)
		v.note("reply", nil, m.Text, key)
	}
	ok := v.AddPinContext(v.ctx, v.room, slack.NewRefToMessage(v.room, ts))
	v.note("pin", ok)
	v.note("pin twice", v.AddPinContext(v.ctx, v.room, slack.NewRefToMessage(v.room, ts)))
	_, err = v.AddBookmarkContext(v.ctx, v.room, slack.AddBookmarkParameters{Title: "x", Type: "link", Link: "https://x.example"})
	v.note("bookmark", err)
	_, err = v.GetPermalinkContext(v.ctx, &slack.PermalinkParameters{Channel: v.room, Ts: "1.000001"})
	v.note("link to what is not there", err)
	v.note("react", v.AddReactionContext(v.ctx, "eyes", slack.NewRefToMessage(v.room, ts)))
	v.note("react twice", v.AddReactionContext(v.ctx, "eyes", slack.NewRefToMessage(v.room, ts)))
}

// rooms makes a channel, and gives it up.
func (v *visitor) rooms() {
	c, err := v.CreateConversationContext(v.ctx, slack.CreateConversationParams{ChannelName: "inc-7", IsPrivate: true})
	v.note("create", err)
	if err != nil {
		return
	}
	for _, name := range []string{"inc-7", "", "Inc 8"} {
		_, err = v.CreateConversationContext(v.ctx, slack.CreateConversationParams{ChannelName: name, IsPrivate: true})
		v.note("create "+name, err)
	}
	for _, user := range []string{v.ana, v.ana, "U0NOSUCH"} {
		_, err = v.InviteUsersToConversationContext(v.ctx, c.ID, user)
		v.note("invite", err)
	}
	_, err = v.SetTopicOfConversationContext(v.ctx, c.ID, "a key leaked")
	v.note("topic", err)
	i, err := v.GetConversationInfoContext(v.ctx, &slack.GetConversationInfoInput{ChannelID: c.ID})
	if err == nil {
		v.note("info", nil, i.Name, i.Topic.Value)
	}
	v.note("archive", v.ArchiveConversationContext(v.ctx, c.ID))
	v.note("archive twice", v.ArchiveConversationContext(v.ctx, c.ID))
	v.post("post to an archive", c.ID, slack.MsgOptionText("x", false))
	_, err = v.GetUserInfoContext(v.ctx, "U0NOSUCH")
	v.note("who is nobody", err)
	_, err = v.GetUserByEmailContext(v.ctx, "nobody@corp.example")
	v.note("whose address is this", err)
}

// modals open, change and go stale.
func (v *visitor) modals() {
	modal := slack.ModalViewRequest{Type: slack.VTModal, Title: plain("x"), Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}}}
	_, err := v.OpenViewContext(v.ctx, "1.2.made-up", modal)
	v.note("made-up trigger", err)
	trigger := v.trigger()
	opened, err := v.OpenViewContext(v.ctx, trigger, modal)
	v.note("open", err)
	_, err = v.OpenViewContext(v.ctx, trigger, modal)
	v.note("open twice", err)
	if opened == nil {
		return
	}
	_, err = v.UpdateViewContext(v.ctx, modal, "", opened.Hash, opened.ID)
	v.note("change", err)
	_, err = v.UpdateViewContext(v.ctx, modal, "", opened.Hash, opened.ID)
	v.note("change again", err)
	_, err = v.UpdateViewContext(v.ctx, modal, "", "", "V0NOSUCH")
	v.note("change what is not there", err)
}

// apart are words in which emulate differs from Slack's documents, and what these say:
// chat.postEphemeral, conversations.create.
var apart = map[string]string{
	"whisper to nobody: user_not_found": "whisper to nobody: user_not_in_channel",
	"create : invalid_name_specials":    "create : invalid_name_required",
	"create Inc 8: ":                    "create Inc 8: invalid_name_specials",
}

// TestTwoPretendSlacksAgree makes the same calls on the workspace that the other
// tests use and on one that nobody here wrote.
func TestTwoPretendSlacksAgree(t *testing.T) {
	needNode(t)
	theirs := e2e.Start(t, folder, "ana")
	ours := slacktest.New(t, slacktest.Options{})
	ana := ours.AddUser(slacktest.User{Name: "ana", Email: "ana@corp.example"}).ID
	room := ours.AddChannel(slacktest.Channel{Name: "sec-leaks", Private: true, Members: []string{ours.App.BotUser, ana}}).ID
	visit := func(v *visitor) []string {
		v.ctx = t.Context()
		v.chat()
		v.rooms()
		v.modals()
		var out []string
		for _, said := range v.said {
			if other, is := apart[said]; is {
				said = other
			}
			out = append(out, said)
		}
		return out
	}
	a := visit(&visitor{
		Client: slack.New(theirs.BotToken, slack.OptionAPIURL(theirs.URL())), room: theirs.Room, ana: theirs.User("ana"),
		trigger: func() string { return theirs.Trigger(t, "ana") },
	})
	b := visit(&visitor{
		Client: slack.New(ours.App.BotToken, slack.OptionAPIURL(ours.URL())), room: room, ana: ana,
		trigger: func() string { return ours.As(t, ana).Trigger() },
	})
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("emulate (-), slacktest (+):\n%s", diff)
	}
}
