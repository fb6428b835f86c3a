package slack

import (
	"encoding/json"
	"time"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
	"twokey/bot/room"
)

// IsButton reports whether a button's value on the wire is that of b.
func IsButton(value string, b bot.Button) bool {
	w, ok := decode(value)
	return ok && w.Wire == room.Wired(b)
}

// Waits sets how long Slack is kept waiting for an answer.
func Waits(c *Chat, d time.Duration) { c.waits = d }

// OfSlack is what the room thinks of an address to answer at.
func (c *Chat) OfSlack(address string) bool { return c.ofSlack(address) }

// Encode is a button's value on the wire.
func Encode(b bot.Button) string { return encode("en", b) }

// Draw is a card as it is sent: its blocks, and its text for notifications.
func Draw(c *Chat, card bot.Card, whole bool) (blocks []byte, text string) {
	return encoded(c.draw(card, whole)), sent(room.Title(card))
}

// DrawAnswer is an answer as it is sent.
func DrawAnswer(c *Chat, a bot.Answer) []byte {
	blocks, text := c.answered(a)
	return encoded(private(blocks, text))
}

// DrawDialogs are the dialogs that a button opens, empty and filled.
func DrawDialogs(c *Chat, b bot.Button, a bot.Answer) [][]byte {
	w, _ := decode(Encode(b))
	p := pressing{Wire: w, On: room.Ref("C0123456789", "1700000000.000001"), from: from{channel: "C0123456789", thread: "1700000000.000001"}}
	blocks, _ := c.answered(a)
	out := [][]byte{encoded(c.planDialog(p, nil)), encoded(c.planDialog(p, blocks))}
	if w.Ask != nil {
		out = append(out, encoded(c.reasonDialog(p)))
	}
	return out
}

// sent is a text as chat.postMessage gets it.
func sent(text string) string {
	_, values, err := slackgo.UnsafeApplyMsgOptions("", "", "", shown(text, nil)...)
	if err != nil {
		return ""
	}
	return values.Get("text")
}

func encoded(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return body
}
