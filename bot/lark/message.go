package lark

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"twokey/bot"
	"twokey/bot/room"
	"twokey/incident"
)

// Kinds of messages, and of whom they go to.
const (
	kindCard = "interactive"
	kindRich = "post"
	toChat   = "chat_id"
	toUser   = "union_id"
)

const (
	pathMessages = "/open-apis/im/v1/messages"

	methodCreate = "im.messages.create"
	methodPatch  = "im.messages.patch"
	methodReply  = "im.messages.reply"
)

// once is a name by which Lark takes the same message only once, for an hour (Feishu
// docs: send a message, uuid). A start that comes later than that, of a bot that was
// killed between a message and its receipt, shows the message twice.
func once(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:maxUUID]
}

// sent is what Lark says of a message that it took.
type sent struct {
	Message string `json:"message_id"`
	Chat    string `json:"chat_id"`
}

// send posts a message to a chat or a person.
func (a *api) send(ctx context.Context, kind, to, content, as, uuid string) (bot.Ref, error) {
	got, err := post[sent](ctx, a, methodCreate, pathMessages+"?receive_id_type="+as, node{
		"receive_id": to, "msg_type": kind, "content": content, "uuid": uuid,
	})
	if err == nil && got.Message == "" {
		err = &Error{Method: methodCreate, Word: room.Odd}
	}
	return room.Ref(got.Chat, got.Message), err
}

// replace shows a card in place of another.
func (a *api) replace(ctx context.Context, message, content string) error {
	return patch(ctx, a, methodPatch, pathMessages+"/"+url.PathEscape(message), node{"content": content})
}

func (c *Chat) post(ctx context.Context, chat, key string, card bot.Card) (bot.Ref, error) {
	if err := c.asked.closed(ctx, chat); err != nil {
		return "", err
	}
	ref, err := c.api.send(ctx, kindCard, chat, c.draw(card, false), toChat, once(chat, room.Mark(key, card)))
	if err != nil {
		return "", fmt.Errorf("post card: %w", err)
	}
	_, message := room.Split(ref)
	ref = room.Ref(chat, message)
	c.shows(ref, card)
	return ref, nil
}

func (c *Chat) update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	chat, message := room.Split(ref)
	if err := c.asked.closed(ctx, chat); err != nil {
		return err
	}
	content := c.draw(card, false)
	if err := c.still.wait(ctx, message, content); err != nil {
		return err
	}
	if err := c.api.replace(ctx, message, content); err != nil {
		return fmt.Errorf("update card: %w", err)
	}
	c.shows(ref, card)
	return nil
}

func (c *Chat) reply(ctx context.Context, ref bot.Ref, line bot.Line) error {
	chat, message := room.Split(ref)
	if err := c.asked.closed(ctx, chat); err != nil {
		return err
	}
	tenant, err := c.asked.tenant(ctx)
	if err != nil {
		return err
	}
	line.Mention = slices.DeleteFunc(slices.Clone(line.Mention), func(a bot.Account) bool { return a.Tenant != tenant })
	err = c.api.thread(ctx, message, said(line).content(c.config.Language), once(string(ref), line.Key))
	if err != nil {
		return fmt.Errorf("add line: %w", err)
	}
	return nil
}

// thread replies in a message's thread, or below it where the group has no threads.
func (a *api) thread(ctx context.Context, message, content, uuid string) error {
	body := node{"msg_type": kindRich, "content": content, "reply_in_thread": true, "uuid": uuid}
	path := pathMessages + "/" + url.PathEscape(message) + "/reply"
	_, err := post[sent](ctx, a, methodReply, path, body)
	if says(err, codeNoThread, codeNoThreadNow) {
		body["reply_in_thread"] = false
		_, err = post[sent](ctx, a, methodReply, path, body)
	}
	return err
}

// shows remembers which incident a message is the card of.
func (c *Chat) shows(ref bot.Ref, card bot.Card) {
	_, message := room.Split(ref)
	if card.Incident != incident.System {
		c.asked.about.Hold(message, string(card.Incident))
	}
}

// cardAt asks which incident a message of the bot's is the card of: its title says so.
func (c *Chat) cardAt(ctx context.Context, message string) (string, error) {
	got, err := get[struct {
		Items []struct {
			Sender struct {
				ID string `json:"id"`
			} `json:"sender"`
			Kind string `json:"msg_type"`
			Body struct {
				Content string `json:"content"`
			} `json:"body"`
		} `json:"items"`
	}](ctx, c.api, "im.messages.get", pathMessages+"/"+url.PathEscape(message))
	if err != nil || len(got.Items) == 0 {
		return "", err
	}
	m := got.Items[0]
	if m.Sender.ID != c.config.AppID || m.Kind != kindCard {
		return "", nil
	}
	var card struct{ Title string } // a card comes back as its texts
	if json.Unmarshal([]byte(m.Body.Content), &card) != nil {
		return "", nil
	}
	if found := titled.FindStringSubmatch(card.Title); found != nil {
		return found[1], nil
	}
	return "", nil
}

// titled finds the incident in the title of a card.
var titled = regexp.MustCompile(`^(?:\S{1,12} ){0,2}(inc-[1-9][0-9]{0,9}) · `)
