package slack

import (
	"encoding/json"
	"strconv"

	"twokey/bot"
	"twokey/bot/room"
)

// wire is a button as it travels to Slack and back. Slack signs what comes back.
type wire struct {
	room.Wire

	Command string         `json:"c,omitempty"`
	Lang    string         `json:"l,omitempty"`
	Ask     *room.Question `json:"q,omitempty"`
}

// encode is a button's value. One that Slack would not take is sent without what is
// asked before it: the bot then says in words what it needs.
func encode(lang string, b bot.Button) string {
	w := wire{Wire: room.Wired(b), Command: b.Command, Lang: lang}
	if b.Reason != nil {
		w.Ask = &room.Question{Title: room.Cut(asked(b), maxButton), Label: room.Cut(b.Reason.Label, maxButton), Must: b.Reason.Required}
	}
	if body := w.json(); len(body) <= maxValue {
		return body
	}
	w.Ask, w.Command = nil, ""
	if body := w.json(); len(body) <= maxValue {
		return body
	}
	return "{}"
}

// asked is what the dialog is about: the step, where the button asks about one.
func asked(b bot.Button) string {
	if b.Confirm != nil && b.Confirm.Title != "" {
		return b.Confirm.Title
	}
	return b.Label
}

func (w wire) json() string {
	body, err := json.Marshal(w)
	if err != nil {
		return "{}"
	}
	return string(body)
}

// decode reads a button's value; false: it is none of ours.
func decode(value string) (wire, bool) {
	var w wire
	if json.Unmarshal([]byte(value), &w) != nil || w.Act == "" {
		return wire{}, false
	}
	return w, true
}

// actionID is unique within a row: Slack refuses two alike.
func actionID(at int, b bot.Button) string {
	return room.Cut(string(b.Act)+":"+strconv.Itoa(b.Number)+":"+strconv.Itoa(at)+":"+b.Value, maxActionID)
}
