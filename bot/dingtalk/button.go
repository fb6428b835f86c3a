package dingtalk

import (
	"strconv"
	"strings"

	"twokey/bot"
	"twokey/bot/room"
	"twokey/incident"
)

// wire is a button as it travels to DingTalk and back, in the button's id.
type wire struct {
	room.Wire

	Must  bool // it counts only with a reason
	Twice bool // it counts when it was pressed on a card that only this person sees
	Lang  string
}

// form is the first part of every id, and what separates the parts.
const (
	form  = "t1"
	parts = "|"
)

// wired is a button of a card that everybody sees, or one person.
func wired(lang string, b bot.Button, private bool) wire {
	w := wire{Wire: room.Wired(b), Lang: lang}
	w.Must = b.Reason != nil && b.Reason.Required
	w.Twice = !private && !w.Must && (b.Confirm != nil || b.Reason != nil)
	return w
}

func (w wire) String() string {
	asks := ""
	if w.Must {
		asks += "m"
	}
	if w.Twice {
		asks += "t"
	}
	return strings.Join([]string{form, string(w.Act), string(w.Incident), strconv.Itoa(w.Number), string(w.Digest), asks, w.Lang, w.Value}, parts)
}

// decode reads a button's id; false: it is none of ours.
func decode(id string) (wire, bool) {
	p := strings.SplitN(id, parts, 8)
	if len(p) != 8 || p[0] != form || p[1] == "" {
		return wire{}, false
	}
	number, err := strconv.Atoi(p[3])
	if err != nil || number < 0 {
		return wire{}, false
	}
	return wire{
		Wire: room.Wire{Act: bot.Act(p[1]), Incident: incident.ID(p[2]), Number: number, Digest: incident.Digest(p[4]), Value: p[7]},
		Must: strings.Contains(p[5], "m"), Twice: strings.Contains(p[5], "t"), Lang: p[6],
	}, true
}

// command is what to type instead, with a reason where one is needed.
func (w wire) command() string {
	about := string(w.Incident)
	if w.Number > 0 {
		about += "/" + strconv.Itoa(w.Number)
	}
	if w.Must {
		about += " because …"
	}
	return string(w.Act) + " " + about
}

// command is a button's command with the incident in it: there is no thread that would
// say which one is meant.
func command(b bot.Button) string {
	id := string(b.Incident)
	switch number := " " + strconv.Itoa(b.Number); {
	case b.Command == "", id == "", strings.Contains(b.Command, id), b.Act == bot.ActReport:
		return b.Command
	case b.Number > 0 && strings.Contains(b.Command, number):
		return strings.Replace(b.Command, number, " "+id+"/"+number[1:], 1)
	}
	if what, why, ok := strings.Cut(b.Command, " because"); ok {
		return what + " " + id + " because" + why
	}
	return b.Command + " " + id
}
