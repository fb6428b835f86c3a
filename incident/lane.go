package incident

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// Lanes of work. Containing comes before looking comes before telling, because
// each has workers of its own.
const (
	LaneContain  = "contain"
	LaneLook     = "look"  // into incidents that matter
	LaneClock    = "clock" // votes that age
	LaneLater    = "later" // reminders about incidents that may be nothing
	LaneEscalate = "escalate"
)

// LaneRoom is the lane of one chat room: a dead platform holds up nobody else.
func LaneRoom(room string) string { return "room/" + room }

// LaneDoor is where cards wait to be let into a room that may be nothing. Those of
// trusted sources have a door of their own.
func LaneDoor(room string, trusted bool) string {
	if trusted {
		return "door/trusted/" + room
	}
	return "door/" + room
}

// siftLanes is how many lanes the other sources share: few enough to have workers
// each, many enough that a source which floods hardly ever shares with another.
const siftLanes = 8

// LaneSift is the lane of the first looks at what a source reports, which a flood
// from it can fill. Trusted ones have lanes of their own: a stolen token of one of
// them is no reason for the others to wait.
func LaneSift(source string, trusted bool) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(source))
	return siftLane(h.Sum32()%siftLanes, trusted)
}

func siftLane(n uint32, trusted bool) string {
	if trusted {
		return fmt.Sprintf("sift/trusted/%d", n)
	}
	return fmt.Sprintf("sift/%d", n)
}

// SiftLanes lists every lane of first looks: those of trusted sources, and those of
// all others.
func SiftLanes() (trusted, others []string) {
	for n := range uint32(siftLanes) {
		trusted, others = append(trusted, siftLane(n, true)), append(others, siftLane(n, false))
	}
	return trusted, others
}

// Matters reports whether an incident need not wait behind others: its key was
// found in one of our accounts, or is the only one there that it can be, is the bot's
// own, or a person has acted. Whoever can post alerts can make any number of all others.
func (s State) Matters() bool {
	fit, _ := s.Fit()
	return s.KeyFact(FactAccount) != "" || s.KeyFact(FactOwn) != "" || s.Touched || fit.Only != ""
}

// Trusted reports whether an incident came from a source that may automate. Its
// alerts are looked at before those of others, and never wait behind them.
func (r Rules) Trusted(s State) bool { return slices.ContainsFunc(s.Alerts, r.trusted) }

func (r Rules) trusted(a Alert) bool { return slices.Contains(r.Automation.Sources, a.Source) }

// trustedSource is the one in whose lane a record is followed: whoever has just
// spoken, or else was the first to.
func (r Rules) trustedSource(s State, rec Record) string {
	if e, ok := rec.Event.(Heard); ok && r.trusted(e.Alert) {
		return e.Alert.Source
	}
	return s.Alerts[slices.IndexFunc(s.Alerts, r.trusted)].Source
}

// How long repeats of an alert wait for each other. They say nothing new; what
// does, does not wait.
const (
	cardPace = time.Second     // between two edits of a card
	lookPace = 5 * time.Second // between two looks into the account
)

// repeats reports whether records say nothing but what was said before.
func (s State) repeats(records []Record) bool {
	return s.Repeats > 1 && !slices.ContainsFunc(records, func(r Record) bool { return !s.repeat(r) })
}

// repeat reports whether the last record is one more alert of a source that was
// heard before.
func (s State) repeat(last Record) bool {
	_, ok := last.Event.(Heard)
	return ok && s.Again
}

// tell brings a room up to date. What may be nothing comes to its door first.
func (r Rules) tell(s State, last Record, room string, due time.Time) Job {
	j := Job{Incident: s.ID, Seq: last.Seq, Room: room, Due: due}
	if s.ID == System || s.Matters() {
		j.Task, j.Lane, j.Key = Announce, LaneRoom(room), fmt.Sprintf("announce/%s/%s", s.ID, room)
		return j
	}
	j.Task, j.Lane, j.Key = Admit, LaneDoor(room, r.Trusted(s)), fmt.Sprintf("admit/%s/%s", s.ID, room)
	if r.Trusted(s) {
		j.Key = fmt.Sprintf("admit/%s/trusted/%s", s.ID, room)
	}
	return j
}

// investigate asks the cloud and offers the next steps, while there is anybody
// to offer them to. What may be nothing is sifted: it stands in another lane,
// under a name of its own for each, so that whoever knew of a key before us can't keep
// the look that matters waiting.
func (r Rules) investigate(s State, rec Record) []Job {
	if !s.Open() {
		return nil
	}
	j := Job{
		Key: "investigate/" + string(s.ID), Lane: LaneLook,
		Task: Investigate, Incident: s.ID, Seq: rec.Seq, Due: rec.At,
	}
	if s.repeat(rec) {
		j.Due = j.Due.Add(lookPace)
	}
	switch {
	case s.Matters():
	case r.Trusted(s):
		j.Lane = LaneSift(r.trustedSource(s, rec), true)
		j.Key = fmt.Sprintf("%s/%s", j.Lane, s.ID)
	default:
		j.Key, j.Lane = "sift/"+string(s.ID), LaneSift(s.source(), false)
	}
	return []Job{j}
}

func (s State) source() string {
	if len(s.Alerts) == 0 {
		return ""
	}
	return s.Alerts[0].Source
}
