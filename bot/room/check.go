package room

import "fmt"

// Level is how a [Finding] is meant.
type Level int

// Levels of findings.
const (
	OK   Level = iota
	Warn       // it works, but not as well as it could
	Fail       // something does not work until somebody does what the text says
)

// Finding is one thing that was looked at, in one line without a secret in it.
type Finding struct {
	Level Level
	Text  string
}

// Member is an account as somebody configured it.
type Member struct{ Person, Tenant, User string }

// Report gathers findings. The zero value has none.
type Report []Finding

// OK reports that something is as it must be.
func (r *Report) OK(format string, args ...any) { r.add(OK, format, args) }

// Warn reports what works, but not as well as it could.
func (r *Report) Warn(format string, args ...any) { r.add(Warn, format, args) }

// Fail reports what does not work, and what to do about it.
func (r *Report) Fail(format string, args ...any) { r.add(Fail, format, args) }

func (r *Report) add(l Level, format string, args []any) {
	*r = append(*r, Finding{l, fmt.Sprintf(format, args...)})
}
