package lark

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
	"strings"

	"twokey/bot"
	"twokey/bot/room"
)

// Names of what is in the bot's forms.
const (
	formReason  = "reason"
	inputReason = "text"
	buttonSend  = "send"
)

// pressing is a pressed button, as Lark tells it.
type pressing struct {
	Operator struct {
		Tenant string `json:"tenant_key"`
		Union  string `json:"union_id"`
	} `json:"operator"`
	Action struct {
		Value json.RawMessage `json:"value"`
		Name  string          `json:"name"`
		Form  map[string]any  `json:"form_value"`
	} `json:"action"`
	Context struct {
		Message string `json:"open_message_id"`
		Chat    string `json:"open_chat_id"`
	} `json:"context"`
}

// pressed hands over a button, or asks why first.
func (c *Chat) pressed(e event) (*response, error) {
	var p pressing
	if json.Unmarshal(e.Event, &p) != nil {
		c.config.Refused(refusedOdd)
		return nil, nil
	}
	b, ok := decode(p.Action.Value)
	if !ok {
		c.config.Refused(room.UnknownButton)
		return nil, nil
	}
	defer c.still.hold(p.Context.Message)()
	w := work{
		from:  from{tenant: p.Operator.Tenant, user: p.Operator.Union, chat: p.Context.Chat, message: p.Context.Message},
		press: true, lang: b.Lang,
	}
	if err := c.locate(&w, b); err != nil {
		c.config.Log.Warn("ask Lark where a button stands", slog.Any("error", err))
		return toast(toastError, c.config.Say(c.config.Spoken(b.Lang), "lark.who")), nil
	}
	if b.Ask != nil {
		return c.askReason(w, b)
	}
	reason, _ := p.Action.Form[inputReason].(string)
	w.in.ID, w.in.Button = "press|"+e.Header.ID, b.Press(strings.TrimSpace(reason))
	return c.take(w)
}

// locate says which card a button belongs to: the one that it stands on, or the one that
// a form was asked for on.
func (c *Chat) locate(w *work, b wire) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	at, err := c.asked.chat(ctx, w.chat)
	if err != nil {
		return err
	}
	if w.alone = at.Mode == "p2p"; w.alone {
		w.in.On = b.On
		return nil
	}
	w.in.On = room.Ref(w.chat, w.message)
	return nil
}

// askReason sends a form to whoever pressed, alone: on the card of the room it would be
// emptied with each update.
func (c *Chat) askReason(w work, b wire) (*response, error) {
	parent, _, ok := c.heard.Enter()
	if !ok {
		return nil, errDeaf
	}
	defer c.heard.Leave()
	ctx, cancel := context.WithTimeout(parent, patience)
	defer cancel()
	lang := c.config.Spoken(b.Lang)
	if _, err := c.asked.account(ctx, w.tenant, w.user); err == nil {
		_, err = c.api.send(ctx, kindCard, w.user, c.reasonForm(lang, w.in.On, b), toUser, "")
		if err == nil {
			return toast(toastInfo, c.config.Say(lang, "lark.asked")), nil
		}
		c.config.Log.Warn("send a form", slog.Any("error", err))
		return toast(toastError, c.config.Say(lang, "lark.no_window", "command", b.Command)), nil
	}
	w.in.Button = b.Press("") // the bot says why not
	return c.take(w)
}

// reasonForm asks why, below what the button does.
func (c *Chat) reasonForm(lang string, on bot.Ref, b wire) string {
	asked := b.Ask
	b.Ask, b.On = nil, on
	send := pushed(c.config.Say(lang, "lark.send"), "primary", b)
	send["name"], send["form_action_type"] = buttonSend, "submit"
	form := node{"tag": "form", "name": formReason, "elements": []node{
		{
			"tag": "input", "name": inputReason, "required": asked.Must, "input_type": "multiline_text", "rows": 3, "max_length": maxReason,
			"width": "fill", "label": plainText(asked.Label, maxTitle), "placeholder": plainText(asked.Label, maxButton),
		},
		send,
	}}
	return packed(frame(cmp.Or(string(b.Incident), "twokey"), bot.Plain, append(heading(asked.Title), form)))
}

// message is one that somebody wrote, as Lark tells it.
type message struct {
	Sender struct {
		ID struct {
			Union string `json:"union_id"`
		} `json:"sender_id"`
		Kind   string `json:"sender_type"`
		Tenant string `json:"tenant_key"`
	} `json:"sender"`
	Message struct {
		ID       string    `json:"message_id"`
		Root     string    `json:"root_id"`
		Chat     string    `json:"chat_id"`
		ChatKind string    `json:"chat_type"`
		Kind     string    `json:"message_type"`
		Content  string    `json:"content"`
		Created  string    `json:"create_time"` // milliseconds
		Mentions []mention `json:"mentions"`
	} `json:"message"`
}

type mention struct {
	Key string `json:"key"`
	ID  struct {
		Open string `json:"open_id"`
	} `json:"id"`
	Name string `json:"name"`
}

// written hands over what somebody wrote to the bot. Lark sends a message again under
// the id of the message, not that of the event.
func (c *Chat) written(e event) error {
	var m message
	if json.Unmarshal(e.Event, &m) != nil {
		c.config.Refused(refusedOdd)
		return nil
	}
	alone := m.Message.ChatKind == "p2p"
	text, ok := read(m.Message.Kind, m.Message.Content)
	if !ok || m.Sender.Kind != "user" {
		return nil
	}
	own, err := c.self()
	if err != nil {
		c.config.Log.Warn("ask Lark who the bot is", slog.Any("error", err))
		return err // Lark sends it again
	}
	text, called := unmentioned(text, m.Message.Mentions, own)
	if !alone && !called {
		return nil
	}
	_, err = c.take(work{
		from: from{
			tenant: m.Sender.Tenant, user: m.Sender.ID.Union, chat: m.Message.Chat, message: m.Message.ID, root: m.Message.Root, alone: alone,
		},
		in: bot.Input{ID: "message|" + m.Message.ID, Text: text},
	})
	return err
}

func (c *Chat) self() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.asked.self(ctx)
}

// read is what a message says: a text, or the texts of a rich one.
func read(kind, content string) (string, bool) {
	var m struct {
		Text    string `json:"text"`
		Title   string `json:"title"`
		Content [][]struct {
			Tag  string `json:"tag"`
			Text string `json:"text"`
			User string `json:"user_id"` // of a mention: its key
		} `json:"content"`
	}
	if json.Unmarshal([]byte(content), &m) != nil {
		return "", false
	}
	switch kind {
	case "text":
		return m.Text, true
	case "post":
		lines := []string{}
		if m.Title != "" {
			lines = append(lines, m.Title)
		}
		for _, line := range m.Content {
			var words strings.Builder
			for _, part := range line {
				if part.Tag == "at" {
					part.Text = part.User
				}
				words.WriteString(part.Text)
			}
			lines = append(lines, words.String())
		}
		return strings.Join(lines, "\n"), true
	}
	return "", false
}

// mentioned finds the keys that stand for mentions in a text.
var mentioned = regexp.MustCompile(`@_user_[0-9]+`)

// unmentioned is a text without the mention of the bot, others under their names, and
// whether the bot was mentioned. People type /leak from habit; a full-width stroke is
// one, too.
func unmentioned(text string, all []mention, own string) (string, bool) {
	called := false
	text = mentioned.ReplaceAllStringFunc(text, func(key string) string {
		for _, m := range all {
			switch {
			case m.Key != key:
			case m.ID.Open == own:
				called = true
				return ""
			default:
				return "@" + m.Name
			}
		}
		return key
	})
	return withoutSlash(text), called
}

var slash = regexp.MustCompile(`^[\s\x{3000}]*[/／][\s\x{3000}]*(?:(?i:leak)(?:[\s\x{3000}]+|$))?`)

func withoutSlash(text string) string {
	return strings.TrimSpace(slash.ReplaceAllString(text, ""))
}

// chosen hands over an entry of the bot's menu: its key is a command.
func (c *Chat) chosen(e event) error {
	var m struct {
		Operator struct {
			ID struct {
				Union string `json:"union_id"`
			} `json:"operator_id"`
		} `json:"operator"`
		Key string `json:"event_key"`
	}
	if json.Unmarshal(e.Event, &m) != nil {
		c.config.Refused(refusedOdd)
		return nil
	}
	_, err := c.take(work{
		from: from{tenant: e.Header.Tenant, user: m.Operator.ID.Union, alone: true},
		in:   bot.Input{ID: "menu|" + e.Header.ID, Text: withoutSlash(m.Key)},
	})
	return err
}
