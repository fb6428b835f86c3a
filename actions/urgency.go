package actions

import "context"

// Urgency says what calls to the cloud are for. An account shares its rate out by
// it, so that containing never waits for looking, and a look that people wait for
// never waits for one that they don't.
type Urgency int

// The urgencies. A context without one is Looking.
const (
	Looking    Urgency = iota // into an incident that nobody has contained yet
	Containing                // a step that was decided on
	Following                 // once more into what is known
	Sifting                   // for the first time at what may be nothing
	Screening                 // the same, reported by a source that may automate
)

type urgencyKey struct{}

// With marks the calls under a context.
func With(ctx context.Context, u Urgency) context.Context {
	return context.WithValue(ctx, urgencyKey{}, u)
}

// UrgencyOf is what the calls under a context are for.
func UrgencyOf(ctx context.Context) Urgency {
	u, _ := ctx.Value(urgencyKey{}).(Urgency)
	return u
}
