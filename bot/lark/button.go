package lark

import (
	"encoding/json"

	"twokey/bot"
	"twokey/incident"
)

// wire is a button as it travels to Lark and back. What comes back is genuine, and
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
	On       bot.Ref         `json:"o,omitempty"` // card that a form was asked for on
}

// question is the text that is asked for before the button counts.
type question struct {
	Title string `json:"t"`
	Label string `json:"l"`
	Must  bool   `json:"m,omitempty"`
}

// encode is a button's value.
func encode(lang string, b bot.Button) wire {
	w := wire{Act: b.Act, Incident: b.Incident, Number: b.Number, Digest: b.Digest, Value: b.Value, Command: b.Command, Lang: lang}
	if b.Reason != nil {
		w.Ask = &question{Title: cut(b.Reason.Title, maxButton), Label: cut(b.Reason.Label, maxButton), Must: b.Reason.Required}
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

func (w wire) press(reason string) *bot.Press {
	return &bot.Press{Act: w.Act, Incident: w.Incident, Number: w.Number, Digest: w.Digest, Value: w.Value, Reason: reason}
}
