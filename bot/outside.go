package bot

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"twokey/actions"
)

// callTimeout bounds every call to the outside: cloud, chat, webhook.
const callTimeout = 20 * time.Second

// outside makes one call to the outside. The call can't outlive its time, and a
// panic in it is an error like any other: one broken account or room must not
// take the others down.
func outside[T any](ctx context.Context, call func(context.Context) (T, error)) (got T, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	defer caught(&err)
	return call(ctx)
}

// outside0 is [outside] for calls that bring nothing back.
func outside0(ctx context.Context, call func(context.Context) error) error {
	_, err := outside(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
	return err
}

// panicError is a panic that was caught. Its text names places in the program and
// never the value, which can hold anything.
type panicError struct{ kind, where string }

func (e *panicError) Error() string { return "panic: " + e.kind + " in " + e.where }

// caught turns a panic into an error. It must be deferred itself.
func caught(err *error) {
	v := recover()
	if v == nil {
		return
	}
	kind := fmt.Sprintf("%T", v)
	if e, ok := v.(runtime.Error); ok {
		kind = e.Error()
	}
	*err = &panicError{kind, callers()}
}

// callers names the innermost functions below a panic.
func callers() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var names []string
	for f, more := frames.Next(); more && len(names) < 6; f, more = frames.Next() {
		if !strings.HasPrefix(f.Function, "runtime.") {
			names = append(names, fmt.Sprintf("%s:%d", f.Function, f.Line))
		}
	}
	return strings.Join(names, ", called by ")
}

const codeTimeout = "Timeout"

// Coded is an error of a chat platform with the platform's own word for it:
// "channel_not_found". The word is one, and nothing foreign is in it.
type Coded interface{ Code() string }

// code is an error as a record may hold it: the cloud's code, or a word for what
// went wrong. Never a text: texts can hold anything.
func code(err error) string {
	c, lacks := actions.Code(err), actions.Lacking(err)
	switch {
	case lacks != "":
		return c + " " + lacks
	case c != "":
		return c
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, errSilent):
		return codeTimeout
	case errors.Is(err, actions.ErrOwnIdentity):
		return "OwnIdentity"
	case errors.Is(err, actions.ErrNoTarget):
		return "NoTarget"
	case errors.Is(err, ErrGone):
		return "Gone"
	}
	if e := Coded(nil); errors.As(err, &e) {
		return e.Code()
	}
	if _, ok := errors.AsType[*panicError](err); ok {
		return "Panic"
	}
	return "Internal"
}
