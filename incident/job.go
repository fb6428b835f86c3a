package incident

import (
	"fmt"
	"slices"
	"time"
)

// Task is a kind of work.
type Task string

// All the work there is.
const (
	Announce    Task = "announce"    // bring one room up to date
	Admit       Task = "admit"       // let a card into a room, or hold it back
	Summarize   Task = "summarize"   // show in one message what was held back
	Investigate Task = "investigate" // ask the cloud, then offer the next steps
	Execute     Task = "execute"     // carry out an authorized plan
	LookAgain   Task = "look"        // read back what confirmed steps promised
	Remind      Task = "remind"      // mention those who can still vote
	Escalate    Task = "escalate"    // tell the webhook outside of chat
	Expire      Task = "expire"      // end a plan whose votes aged out
	Forget      Task = "forget"      // erase a sealed secret that nobody came for
)

// Job is work that records ask for. Its key follows from what is asked, so that
// asking twice is asking once.
type Job struct {
	Key      string    `json:"key"`
	Lane     string    `json:"lane"` // jobs of different lanes never wait for each other
	Task     Task      `json:"task"`
	Incident ID        `json:"incident"`
	Seq      uint64    `json:"seq"`              // up to this record
	Number   int       `json:"number,omitempty"` // plan
	Round    int       `json:"round,omitempty"`  // of a reminder
	Room     string    `json:"room,omitempty"`
	Due      time.Time `json:"due"`
	Attempt  int       `json:"attempt,omitempty"` // how often it was claimed before
}

// Jobs says what work new records ask for; they are stored in the same
// transaction. After is the state with the records applied. Rooms are the names
// of all rooms that show incidents.
func (r Rules) Jobs(after State, records []Record, rooms []string) []Job {
	if len(records) == 0 {
		return nil
	}
	last := records[len(records)-1]
	if _, ends := last.Event.(Retired); ends {
		return nil // nobody is told of it, and nothing follows
	}
	var jobs []Job
	due := last.At
	if after.repeats(records) {
		due = due.Add(cardPace)
	}
	for _, room := range rooms {
		if !onlyGaveUp(records, room) {
			jobs = append(jobs, r.tell(after, last, room, due))
		}
	}
	if after.ID == System {
		return jobs // rooms are told; nothing else follows
	}
	for _, rec := range records {
		jobs = append(jobs, r.jobsOf(after, rec)...)
	}
	return jobs
}

// onlyGaveUp reports whether records say nothing but that a room could not be
// told. Telling it that would go round in circles; it hears with the next news.
func onlyGaveUp(records []Record, room string) bool {
	return !slices.ContainsFunc(records, func(r Record) bool {
		e, ok := r.Event.(GaveUp)
		return !ok || e.Task != Announce || e.Room != room
	})
}

func (r Rules) jobsOf(after State, rec Record) []Job {
	switch e := rec.Event.(type) {
	case Opened:
		return append(r.reminders(after, rec, 0), r.investigate(after, rec)...)
	case KeyEntered, Heard, Answered, Absorbed, Breached, FalseAlarmed, Drifted, Lapsed, Declined, Uncollected:
		return r.investigate(after, rec)
	case Looked:
		if e.Result == "" {
			return nil
		}
		return r.investigate(after, rec) // it left something behind
	case Proposed:
		if rec.By == Bot || !after.waits(e.Number) {
			return nil // an offer ages only once somebody has voted
		}
		return append(r.reminders(after, rec, e.Number), expire(after, rec, e.Number, rec.At.Add(r.window())))
	case Approved:
		if !after.waits(e.Number) {
			return nil
		}
		return append(r.reminders(after, rec, e.Number), expire(after, rec, e.Number, e.Until))
	case Authorized:
		p, _ := after.Proposal(e.Number)
		if p.Status != StatusReady {
			return nil // decided here, touches no cloud
		}
		return []Job{{
			Key: fmt.Sprintf("execute/%s/%06d", after.ID, e.Number), Lane: LaneContain,
			Task: Execute, Incident: after.ID, Seq: rec.Seq, Number: e.Number, Due: rec.At,
		}}
	case Finished:
		jobs := append(r.investigate(after, rec), look(after, rec)...)
		if e.Sealed != "" {
			jobs = append(jobs, forget(after, rec, e.Number))
		}
		return jobs
	case Reopened:
		return append(r.investigate(after, rec), look(after, rec)...)
	case Closed:
		return look(after, rec)
	}
	return nil
}

func look(s State, rec Record) []Job {
	due := s.NextLook(rec.At)
	if due.IsZero() {
		return nil
	}
	return []Job{{
		Key: "look/" + string(s.ID), Lane: LaneLook,
		Task: LookAgain, Incident: s.ID, Seq: rec.Seq, Due: due,
	}}
}

func (s State) waits(number int) bool {
	p, ok := s.Proposal(number)
	return ok && p.Status == StatusWaiting
}

func expire(s State, rec Record, number int, due time.Time) Job {
	return Job{
		Key: fmt.Sprintf("expire/%s/%06d/%d", s.ID, number, rec.Seq), Lane: LaneClock,
		Task: Expire, Incident: s.ID, Seq: rec.Seq, Number: number, Due: due,
	}
}

// forget asks to erase a sealed secret that nobody came for.
func forget(s State, rec Record, number int) Job {
	return Job{
		Key: fmt.Sprintf("forget/%s/%06d", s.ID, number), Lane: LaneClock,
		Task: Forget, Incident: s.ID, Seq: rec.Seq, Number: number, Due: rec.At.Add(HandOverFor),
	}
}

// reminders asks to mention people and to tell the webhook, once for each
// configured time. Number 0 is the incident itself, before anybody acted.
func (r Rules) reminders(s State, rec Record, number int) []Job {
	lane := LaneClock
	if !s.Matters() {
		lane = LaneLater
	}
	var jobs []Job
	for i, after := range r.Remind {
		j := Job{Incident: s.ID, Seq: rec.Seq, Number: number, Round: i + 1, Due: rec.At.Add(after)}
		j.Task, j.Lane, j.Key = Remind, lane, fmt.Sprintf("remind/%s/%06d/%d", s.ID, number, i+1)
		jobs = append(jobs, j)
		if r.Webhook {
			j.Task, j.Lane, j.Key = Escalate, LaneEscalate, fmt.Sprintf("escalate/%s/%06d/%d", s.ID, number, i+1)
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// looks is when a finished step is read back: soon, because changes take
// seconds to spread, and later, because people and thieves undo things.
var looks = []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute}

const (
	lookLive   = 5 * time.Minute  // while the key can act
	lookOpen   = 15 * time.Minute // while the incident is open
	lookClosed = time.Hour        // after closing
	lookUntil  = 24 * time.Hour   // after closing, and then no more
)

// NextLook is when the incident is to be read back next, after now; zero when
// never again.
func (s State) NextLook(now time.Time) time.Time {
	if s.MergedInto != "" || s.Archive != "" {
		return time.Time{}
	}
	if !s.Closed.IsZero() {
		next := now.Add(lookClosed)
		if next.Sub(s.Closed) > lookUntil {
			return time.Time{}
		}
		return next
	}
	next := now.Add(lookOpen)
	soon := func(from time.Time) {
		for _, d := range looks {
			if t := from.Add(d); t.After(now) && t.Before(next) {
				next = t
			}
		}
	}
	if !s.Lookup() && !s.Contained() {
		next = now.Add(lookLive)
		soon(s.Opened) // what a thief does comes to light minutes later
	}
	for _, p := range s.Proposals {
		if p.Status == StatusDone {
			soon(p.Finished)
		}
	}
	return next
}
