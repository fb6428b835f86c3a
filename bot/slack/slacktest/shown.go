package slacktest

import (
	"encoding/json"
	"slices"
	"strings"
)

// Way is how somebody was shown something privately.
type Way string

// The ways.
const (
	ByAck       Way = "ack"       // in the answer to what they did
	ByResponse  Way = "response"  // over its response URL
	ByEphemeral Way = "ephemeral" // chat.postEphemeral
	ByView      Way = "view"      // a modal opened or changed
	ByErrors    Way = "errors"    // a modal that was sent back with errors
	ByDirect    Way = "direct"    // a message in the direct conversation
	BySlack     Way = "slack"     // Slack's own words when the bot did not answer
)

// Shown is something that one person alone was shown, in the order in which it
// came.
type Shown struct {
	Kind    Way
	Text    string // as they read it
	Channel string // of a message
	TS      string // of a message
	View    string // id of a modal

	seq int
}

// Told is everything that a person was ever shown privately, oldest first.
func (w *Workspace) Told(user string) []Shown {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.shown[user])
}

func (w *Workspace) show(user string, s Shown) {
	w.seq++
	s.seq = w.seq
	w.shown[user] = append(w.shown[user], s)
	w.touch()
}

// since is what a person was shown after a moment. The lock is held.
func (w *Workspace) since(user string, seq int) []Shown {
	var out []Shown
	for _, s := range w.shown[user] {
		if s.seq > seq {
			out = append(out, s)
		}
	}
	return out
}

func joined(shown []Shown) string {
	var parts []string
	for _, s := range shown {
		parts = append(parts, s.Text)
	}
	return strings.Join(parts, "\n")
}

// Drawn is a message or a modal as the bot sent it.
type Drawn struct {
	Kind Kind
	JSON json.RawMessage // a message's text, blocks and attachments, or the modal
}

// Drawn are all messages and modals that the bot has sent by any way, refused ones
// too, for checks of another kind.
func (w *Workspace) Drawn() []Drawn {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.drawn)
}
