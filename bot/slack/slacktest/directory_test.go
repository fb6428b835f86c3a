package slacktest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"twokey/bot/slack/slacktest"
)

func TestTheTokenSaysWhoTheBotIs(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	who, err := w.api.AuthTestContext(t.Context())
	ok(t, err)
	if who.TeamID != w.App.Team || who.UserID != w.App.BotUser || who.BotID != w.App.BotID {
		t.Errorf("%+v", who)
	}
	if scopes := who.Header.Get("X-OAuth-Scopes"); !strings.Contains(scopes, "chat:write") {
		t.Errorf("scopes %q", scopes)
	}
	b, err := w.api.GetBotInfoContext(t.Context(), slack.GetBotInfoParameters{Bot: w.App.BotID})
	ok(t, err)
	if b.AppID != w.App.ID || b.UserID != w.App.BotUser {
		t.Errorf("%+v", b)
	}
	_, err = w.api.GetBotInfoContext(t.Context(), slack.GetBotInfoParameters{Bot: "B0NOSUCH"})
	refused(t, err, "bot_not_found")
}

func TestWrongTokensAreRefused(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	for token, code := range map[string]string{"": "not_authed", "xoxb-no": "invalid_auth", w.App.AppToken: "not_allowed_token_type"} {
		_, err := slack.New(token, slack.OptionAPIURL(w.URL())).AuthTestContext(t.Context())
		refused(t, err, code)
	}
	_, _, err := slack.New("", slack.OptionAPIURL(w.URL()), slack.OptionAppLevelToken(w.App.BotToken)).StartSocketModeContext(t.Context())
	refused(t, err, "not_allowed_token_type")
	w.Revoke()
	_, err = w.api.AuthTestContext(t.Context())
	refused(t, err, "token_revoked")
}

func TestAMissingScopeIsNamed(t *testing.T) {
	w := newWorld(t, slacktest.Options{Scopes: []string{"channels:read"}})
	_, _, err := w.api.PostMessageContext(t.Context(), w.room, slack.MsgOptionText("x", false))
	said, is := err.(slack.SlackErrorResponse) //nolint:errorlint // the very value
	if !is || said.Err != "missing_scope" || said.Needed != "chat:write" || said.Provided != "channels:read" {
		t.Errorf("%#v", err)
	}
	_, err = w.api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: w.room})
	ok(t, err)
	hidden := w.AddChannel(slacktest.Channel{Private: true, Members: []string{w.App.BotUser}}).ID
	_, err = w.api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: hidden})
	refused(t, err, "missing_scope")
	w.SetScopes("groups:read")
	_, err = w.api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: hidden})
	ok(t, err)
}

func TestAnAccountIsAsItIsNow(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	u, err := w.api.GetUserInfoContext(t.Context(), w.ana)
	ok(t, err)
	if u.Locale != "zh-CN" || u.TeamID != w.App.Team || u.Profile.Email != "ana@corp.example" || u.Deleted || u.IsBot || u.IsRestricted {
		t.Errorf("%+v", u)
	}
	u, err = w.api.GetUserByEmailContext(t.Context(), "ANA@corp.example")
	ok(t, err)
	if u.ID != w.ana || u.Locale != "" {
		t.Errorf("%+v", u)
	}
	w.ChangeUser(w.ana, func(u *slacktest.User) { u.Deleted, u.Restricted, u.Stranger, u.Team = true, true, true, "T0OTHER" })
	u, err = w.api.GetUserInfoContext(t.Context(), w.ana)
	ok(t, err)
	if !u.Deleted || !u.IsRestricted || !u.IsStranger || u.TeamID != "T0OTHER" {
		t.Errorf("%+v", u)
	}
	_, err = w.api.GetUserByEmailContext(t.Context(), "ana@corp.example")
	refused(t, err, "users_not_found")
	_, err = w.api.GetUserInfoContext(t.Context(), "U0NOSUCH")
	refused(t, err, "user_not_found")
	w.SetScopes("users:read")
	u, err = w.api.GetUserInfoContext(t.Context(), w.bo)
	ok(t, err)
	if u.Profile.Email != "" {
		t.Errorf("the address %s came without its scope", u.Profile.Email)
	}
}

func TestAnIncidentChannelIsMade(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	create := func(name string) (*slack.Channel, error) {
		return w.api.CreateConversationContext(t.Context(), slack.CreateConversationParams{ChannelName: name, IsPrivate: true})
	}
	c, err := create("inc-7")
	ok(t, err)
	for name, code := range map[string]string{
		"": "invalid_name_required", "inc-7": "name_taken", "Inc": "invalid_name_specials", "a b": "invalid_name_specials",
		"--": "invalid_name_punctuation", strings.Repeat("a", 81): "invalid_name_maxlength",
	} {
		_, err := create(name)
		refused(t, err, code)
	}
	_, err = w.api.InviteUsersToConversationContext(t.Context(), c.ID, w.ana)
	ok(t, err)
	for user, code := range map[string]string{w.ana: "already_in_channel", "U0NOSUCH": "user_not_found", w.App.BotUser: "cant_invite_self"} {
		_, err = w.api.InviteUsersToConversationContext(t.Context(), c.ID, w.bo, user)
		refused(t, err, code)
	}
	members, _, err := w.api.GetUsersInConversationContext(t.Context(), &slack.GetUsersInConversationParameters{ChannelID: c.ID})
	ok(t, err)
	if !slices.Equal(members, []string{w.App.BotUser, w.ana}) {
		t.Errorf("members %v", members)
	}
	w.describe(t, c.ID)
}

// describe gives a channel its topic and the like, and archives it.
func (w *world) describe(t *testing.T, id string) {
	t.Helper()
	_, err := w.api.SetTopicOfConversationContext(t.Context(), id, "a key leaked")
	ok(t, err)
	_, err = w.api.SetTopicOfConversationContext(t.Context(), id, strings.Repeat("x", 251))
	refused(t, err, "too_long")
	_, err = w.api.SetPurposeOfConversationContext(t.Context(), id, "contain it")
	ok(t, err)
	_, err = w.api.RenameConversationContext(t.Context(), id, "inc-7-done")
	ok(t, err)
	c, err := w.api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: id, IncludeNumMembers: true})
	ok(t, err)
	if c.Name != "inc-7-done" || c.Topic.Value != "a key leaked" || c.Purpose.Value != "contain it" || c.NumMembers != 2 || !c.IsPrivate {
		t.Errorf("%+v", c)
	}
	ok(t, w.api.ArchiveConversationContext(t.Context(), id))
	refused(t, w.api.ArchiveConversationContext(t.Context(), id), "already_archived")
	_, err = w.api.InviteUsersToConversationContext(t.Context(), id, w.bo)
	refused(t, err, "is_archived")
}

func TestChannelsAreListedByPage(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.AddChannel(slacktest.Channel{Name: "hidden", Private: true})
	w.AddChannel(slacktest.Channel{Name: "ours", Private: true, Members: []string{w.App.BotUser}})
	w.AddChannel(slacktest.Channel{Name: "old", Archived: true})
	var names []string
	for cursor, more := "", true; more; more = cursor != "" {
		page, next, err := w.api.GetConversationsContext(t.Context(), &slack.GetConversationsParameters{
			Cursor: cursor, Limit: 1, ExcludeArchived: true, Types: []string{"public_channel", "private_channel"},
		})
		ok(t, err)
		cursor = next
		for _, c := range page {
			names = append(names, c.Name)
		}
	}
	if !slices.Equal(names, []string{"sec-leaks", "ours"}) {
		t.Errorf("listed %v", names)
	}
}

func TestADirectConversationIsOpenedOnce(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	open := func(user string) (string, error) {
		c, _, _, err := w.api.OpenConversationContext(t.Context(), &slack.OpenConversationParameters{Users: []string{user}})
		if err != nil {
			return "", err
		}
		return c.ID, nil
	}
	first, err := open(w.ana)
	ok(t, err)
	second, err := open(w.ana)
	ok(t, err)
	if first != second || !strings.HasPrefix(first, "D") {
		t.Errorf("%s, then %s", first, second)
	}
	channel, _, err := w.api.PostMessageContext(t.Context(), w.ana, slack.MsgOptionText("psst", false))
	ok(t, err)
	if told := w.Told(w.ana); channel != first || len(told) != 1 || told[0].Text != "psst" || told[0].Kind != slacktest.ByDirect {
		t.Errorf("in %s, told %+v", channel, told)
	}
	_, err = open("U0NOSUCH")
	refused(t, err, "user_not_found")
}

func TestAMessageIsPinnedOnce(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	ts := w.post(t, slack.MsgOptionText("card", false))
	item := slack.NewRefToMessage(w.room, ts)
	ok(t, w.api.AddPinContext(t.Context(), w.room, item))
	refused(t, w.api.AddPinContext(t.Context(), w.room, item), "already_pinned")
	refused(t, w.api.AddPinContext(t.Context(), w.room, slack.NewRefToMessage(w.room, "1.000001")), "message_not_found")
	pins, _, err := w.api.ListPinsContext(t.Context(), w.room)
	ok(t, err)
	if len(pins) != 1 || pins[0].Message.Timestamp != ts || !w.Messages(w.room)[0].Pinned {
		t.Errorf("pins %+v", pins)
	}
	ok(t, w.api.AddReactionContext(t.Context(), "eyes", item))
	refused(t, w.api.AddReactionContext(t.Context(), "eyes", item), "already_reacted")
}

func TestABookmarkIsKept(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	_, err := w.api.AddBookmarkContext(t.Context(), w.room, slack.AddBookmarkParameters{Title: "Console", Type: "link", Link: "https://ram.example"})
	ok(t, err)
	_, err = w.api.AddBookmarkContext(t.Context(), w.room, slack.AddBookmarkParameters{Title: "Console", Type: "link"})
	refused(t, err, "invalid_link")
	all, err := w.api.ListBookmarksContext(t.Context(), w.room)
	ok(t, err)
	if len(all) != 1 || all[0].Title != "Console" || len(w.Bookmarks(w.room)) != 1 {
		t.Errorf("%+v", all)
	}
}
