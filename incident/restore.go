package incident

import "time"

// Restore says that the store came from a backup. What was said after the backup
// is not in it, be it a withdrawn vote, a no, or that a step was carried out: so
// no vote from before counts any more, and nobody knows what became of what was
// under way. Said again it changes nothing.
type Restore struct{}

func (Restore) botOnly() {}

// Restored is the code of a step that a backup shows as under way. What became
// of it is read back like any other.
const Restored = "Restored"

func (Restore) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	var events []Event
	for _, p := range s.Proposals {
		switch {
		case p.Status == StatusReady, p.Status == StatusWaiting && len(p.Votes) > 0:
			events = append(events, Lapsed{p.Number})
		case p.Status == StatusRunning:
			events = append(events, Finished{Number: p.Number, Outcome: NotSeen, Code: Restored})
		}
	}
	return events, nil
}
