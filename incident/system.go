package incident

import (
	"slices"
	"time"
)

type (
	// Configure writes down a changed configuration. System log only.
	Configure struct {
		Digest  string
		Changes []Change
	}
	// Hold stops every start. System log only.
	Hold struct{ Why string }
	// Release ends a hold: a person looked and says go. System log only.
	Release struct{}
	// ReportDamage tells of a history that does not hold together, once. System
	// log only.
	ReportDamage Damaged
)

// Why the bot holds.
const (
	HoldRestored       = "restored"        // the store came from a backup
	HoldBehind         = "behind"          // a newer head is known outside of the store
	HoldRestoredBehind = "restored_behind" // both
	HoldClock          = "clock"           // the clock jumped by more than two minutes
	HoldForeign        = "foreign"         // the system log holds a record of a newer version
	HoldBroken         = "broken"          // the system log itself does not hold together
)

func (Configure) botOnly()    {}
func (Hold) botOnly()         {}
func (ReportDamage) botOnly() {}

func (Configure) systemOnly()    {}
func (Hold) systemOnly()         {}
func (Release) systemOnly()      {}
func (ReportDamage) systemOnly() {}

func (c Configure) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if c.Digest == s.Config {
		return nil, nil
	}
	return []Event{Configured(c)}, nil
}

func (c Hold) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if s.Held == c.Why {
		return nil, nil
	}
	return []Event{Held(c)}, nil
}

func (Release) decide(r Rules, s State, by Person, _ time.Time) ([]Event, error) {
	switch {
	case !r.Has(by, Approver):
		return nil, NotAllowed
	case s.Held == "":
		return nil, AlreadySaid
	}
	return []Event{Released{}}, nil
}

// maxDamaged bounds what rooms are told: when a whole disk is gone, one history
// after the other says nothing new. All of them are in the metric and the log.
const maxDamaged = 10

func (c ReportDamage) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if slices.Contains(s.Damaged, Damaged(c)) || len(s.Damaged) >= maxDamaged {
		return nil, nil
	}
	return []Event{Damaged(c)}, nil
}
