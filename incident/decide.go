package incident

import (
	"slices"
	"time"
)

// Command is something that someone wants. A command type without a rule for
// deciding it does not compile.
type Command interface {
	decide(r Rules, s State, by Person, at time.Time) ([]Event, error)
}

type (
	// Open starts an incident.
	Open struct {
		Alert Alert
		Links []ID
	}
	// Hear adds another alert to an incident.
	Hear struct{ Alert Alert }
	// EnterKey gives a look-up its key id.
	EnterKey struct{ Key KeyID }
	// Observe writes down what a look showed. What is known already is left out.
	Observe struct {
		Of     Identity
		Facts  map[FactName]string
		AsOf   time.Time
		Source string
	}
	// Reply answers a question.
	Reply struct {
		Question Question
		Value    string
	}
	// Note adds a note.
	Note struct{ Text Words }
	// Take makes one commander.
	Take struct{}
	// MarkReminded writes down who was mentioned.
	MarkReminded struct {
		Number, Round int
		Who           []Person
	}
	// MarkEscalated writes down that the webhook was told.
	MarkEscalated struct{ Number, Round int }
	// GiveUp ends a job that failed too often.
	GiveUp struct {
		Task Task
		Room string
		Code string
	}
	// Merge ends a look-up in favour of the incident of its key.
	Merge struct{ Into ID }
	// Absorb is the other side of Merge; both are appended as one.
	Absorb struct {
		From ID
		Head Hash
	}
	// Close ends an incident whose key is seen contained.
	Close struct{ Reason Words }
	// Reopen is a look that saw the key live again.
	Reopen struct{ Why string }
)

// Decide says what happens if by asks for c at that time: a list of events, or
// a [Refusal], or both when the refusal itself is worth recording. It changes
// nothing. A time before the last record counts as that record's.
func (r Rules) Decide(s State, by Person, at time.Time, c Command) ([]Event, error) {
	at = s.instant(at)
	if by == "" {
		return nil, Stranger
	}
	if _, only := c.(botCommand); only && by != Bot {
		return nil, OnlyBot
	}
	if by != Bot && !r.Has(by, Responder) && !s.owns(by, c) {
		return nil, NotAllowed
	}
	if s.ReadOnly {
		return nil, ReadOnly
	}
	if s.Archive != "" {
		return nil, InArchive
	}
	if _, of := c.(systemCommand); s.Seq > 0 && of != (s.ID == System) {
		return nil, NotOpen
	}
	return c.decide(r, s, by, at)
}

// botCommand marks what only the program itself may say: it reports facts about
// the cloud and the clock, which no person can vouch for.
type botCommand interface{ botOnly() }

// systemCommand marks what is only said of the whole bot, in the system log.
type systemCommand interface{ systemOnly() }

// instant is the moment of a decision: never before the last record, so that a
// clock going back revives nothing, and in a form that a record keeps unchanged.
func (s State) instant(at time.Time) time.Time {
	if at = at.UTC().Truncate(time.Microsecond); at.Before(s.At) {
		return s.At
	}
	return at
}

func (Hear) botOnly()          {}
func (Observe) botOnly()       {}
func (MarkReminded) botOnly()  {}
func (MarkEscalated) botOnly() {}
func (GiveUp) botOnly()        {}
func (Reopen) botOnly()        {}

func (c Open) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if s.Seq != 0 {
		return nil, AlreadyOpen
	}
	c.Alert = c.Alert.sane()
	return []Event{Opened(c)}, nil
}

func (c Hear) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if !s.Open() {
		return nil, NotOpen
	}
	return []Event{Heard{c.Alert.sane()}}, nil
}

func (c EnterKey) decide(_ Rules, s State, by Person, _ time.Time) ([]Event, error) {
	switch {
	case !s.Open():
		return nil, NotOpen
	case by == Bot:
		return nil, NotAllowed // whatever fits a mask, a person says which key it is
	case !s.Lookup():
		return nil, HasKey
	case c.Key == "":
		return nil, BadAnswer
	}
	return []Event{KeyEntered(c)}, nil
}

func (c Observe) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if s.Seq == 0 || s.MergedInto != "" {
		return nil, NotOpen
	}
	news := make(map[FactName]string)
	for name, value := range c.Facts {
		if old, ok := s.Seen[c.Of][name]; !ok || old.Value != value {
			news[name] = value
		}
	}
	if len(news) == 0 {
		return nil, nil
	}
	return []Event{Observed{Of: c.Of, Facts: news, AsOf: sane(c.AsOf), Source: c.Source}}, nil
}

func (c Reply) decide(_ Rules, s State, by Person, _ time.Time) ([]Event, error) {
	switch {
	case !s.Open():
		return nil, NotOpen
	case by == Bot:
		return nil, NotAllowed // evidence is observed, not answered
	}
	if err := c.mayAnswer(s, by); err != nil {
		return nil, err
	}
	if s.Answers[c.Question].Value == c.Value {
		return nil, AlreadySaid
	}
	return []Event{Answered(c)}, nil
}

func (c Note) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	switch {
	case s.Seq == 0 || s.MergedInto != "":
		return nil, NotOpen
	case c.Text == "":
		return nil, BadAnswer
	}
	return []Event{Noted(c)}, nil
}

func (Take) decide(_ Rules, s State, by Person, _ time.Time) ([]Event, error) {
	switch {
	case !s.Open():
		return nil, NotOpen
	case by == Bot:
		return nil, NotAllowed
	case s.Commander == by:
		return nil, AlreadySaid
	}
	return []Event{Took{}}, nil
}

func (c MarkReminded) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if !s.Open() {
		return nil, NotOpen
	}
	return []Event{Reminded(c)}, nil
}

func (c MarkEscalated) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if !s.Open() {
		return nil, NotOpen
	}
	return []Event{Escalated(c)}, nil
}

func (c GiveUp) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if s.Seq == 0 {
		return nil, NotOpen
	}
	return []Event{GaveUp(c)}, nil
}

func (c Merge) decide(_ Rules, s State, by Person, _ time.Time) ([]Event, error) {
	switch {
	case !s.Open():
		return nil, NotOpen
	case !s.Lookup():
		return nil, HasKey
	case by == Bot && s.Touched:
		return nil, NotAllowed // whoever has it in hand says which key it is
	case s.Running():
		return nil, InProgress
	case c.Into == "" || c.Into == s.ID || c.Into == System:
		return nil, BadAnswer
	}
	return []Event{Merged(c)}, nil
}

func (c Absorb) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	switch {
	case !s.Open() || s.Lookup():
		return nil, NotOpen
	case c.From == "" || c.From == s.ID || c.From == System:
		return nil, BadAnswer
	case slices.Contains(s.Absorbed, c.From):
		return nil, AlreadySaid
	}
	return []Event{Absorbed(c)}, nil
}

func (c Close) decide(_ Rules, s State, by Person, _ time.Time) ([]Event, error) {
	switch {
	case !s.Open():
		return nil, NotOpen
	case by == Bot:
		return nil, NotAllowed
	case s.Running():
		return nil, InProgress
	case !s.Contained():
		return nil, NotContained
	}
	return []Event{Closed(c)}, nil
}

func (c Reopen) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	status := s.Seen[OfKey(s.Key)][FactStatus]
	switch {
	case s.Closed.IsZero() || s.MergedInto != "":
		return nil, AlreadyOpen
	case status.Value == KeyActive && !status.Since.After(s.Closed):
		return nil, AlreadySaid // people knew that it is live when they closed
	}
	return []Event{Reopened(c)}, nil
}
