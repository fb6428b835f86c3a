package lark

import (
	"encoding/json"

	"twokey/bot"
	"twokey/bot/room"
)

// wire is a button as it travels to Lark and back. What comes back is genuine.
type wire struct {
	room.Wire

	Command string         `json:"c,omitempty"`
	Lang    string         `json:"l,omitempty"`
	Ask     *room.Question `json:"q,omitempty"`
	On      bot.Ref        `json:"o,omitempty"` // card that a form was asked for on
}

// encode is a button's value.
func encode(lang string, b bot.Button) wire {
	w := wire{Wire: room.Wired(b), Command: b.Command, Lang: lang}
	if b.Reason != nil {
		w.Ask = &room.Question{Title: room.Cut(b.Reason.Title, maxButton), Label: room.Cut(b.Reason.Label, maxButton), Must: b.Reason.Required}
	}
	return w
}

// decode reads a button's value; false: it is none of ours.
func decode(value []byte) (wire, bool) {
	var w wire
	if json.Unmarshal(value, &w) != nil || w.Act == "" {
		return wire{}, false
	}
	return w, true
}
