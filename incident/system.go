package incident

import "time"

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
)

// Why the bot holds.
const (
	HoldRestored       = "restored"        // the store came from a backup
	HoldBehind         = "behind"          // a newer head is known outside of the store
	HoldRestoredBehind = "restored_behind" // both
	HoldClock          = "clock"           // the clock jumped by more than two minutes
	HoldForeign        = "foreign"         // the system log holds a record of a newer version
)

func (Configure) botOnly() {}
func (Hold) botOnly()      {}

func (Configure) systemOnly() {}
func (Hold) systemOnly()      {}
func (Release) systemOnly()   {}

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
