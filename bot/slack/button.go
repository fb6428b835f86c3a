package slack

import (
	"encoding/json"
	"strconv"

	"twokey/bot"
	"twokey/incident"
)

// wire is a button as it travels to Slack and back. Slack signs what comes back, and
// package bot checks it against the plan: nothing is decided by it alone.
type wire struct {
	Act      bot.Act         `json:"a"`
	Incident incident.ID     `json:"i,omitempty"`
	Number   int             `json:"n,omitempty"`
	Digest   incident.Digest `json:"d,omitempty"`
	Value    string          `json:"v,omitempty"`
	Command  string          `json:"c,omitempty"`
	Lang     string          `json:"l,omitempty"`
	Ask      *question       `json:"q,omitempty"`
}

// question is the text that is asked for before the button counts.
type question struct {
	Title string `json:"t"`
	Label string `json:"l"`
	Must  bool   `json:"m,omitempty"`
}

// encode is a button's value. One that Slack would not take is sent without what is
// asked before it: the bot then says in words what it needs.
func encode(lang string, b bot.Button) string {
	w := wire{Act: b.Act, Incident: b.Incident, Number: b.Number, Digest: b.Digest, Value: b.Value, Command: b.Command, Lang: lang}
	if b.Reason != nil {
		w.Ask = &question{Title: cut(asked(b), maxButton), Label: cut(b.Reason.Label, maxButton), Must: b.Reason.Required}
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

func (w wire) press(reason string) *bot.Press {
	return &bot.Press{Act: w.Act, Incident: w.Incident, Number: w.Number, Digest: w.Digest, Value: w.Value, Reason: reason}
}

// actionID is unique within a row: Slack refuses two alike.
func actionID(at int, b bot.Button) string {
	return cut(string(b.Act)+":"+strconv.Itoa(b.Number)+":"+strconv.Itoa(at)+":"+b.Value, maxActionID)
}
