package room

import (
	"twokey/bot"
	"twokey/incident"
)

// Wire is a button as it travels to a platform and back. Package bot checks what comes
// back against the plan: nothing is decided by it alone.
type Wire struct {
	Act      bot.Act         `json:"a"`
	Incident incident.ID     `json:"i,omitempty"`
	Number   int             `json:"n,omitempty"`
	Digest   incident.Digest `json:"d,omitempty"`
	Value    string          `json:"v,omitempty"`
}

// Wired is a button as it travels.
func Wired(b bot.Button) Wire {
	return Wire{Act: b.Act, Incident: b.Incident, Number: b.Number, Digest: b.Digest, Value: b.Value}
}

// Press is the button, pressed, with the reason that was typed.
func (w Wire) Press(reason string) *bot.Press {
	return &bot.Press{Act: w.Act, Incident: w.Incident, Number: w.Number, Digest: w.Digest, Value: w.Value, Reason: reason}
}

// Question is the text that is asked for before a button counts, as it travels with it.
type Question struct {
	Title string `json:"t"`
	Label string `json:"l"`
	Must  bool   `json:"m,omitempty"`
}
