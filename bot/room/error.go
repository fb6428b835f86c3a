package room

import (
	"context"
	"errors"
	"slices"
	"time"

	"twokey/bot"
)

// Error is what a platform answered, or why it did not. It never holds an address, a
// token or foreign text.
type Error struct {
	Method string        // as the platform calls it: "chat.postMessage"
	Word   string        // the platform's own: "channel_not_found"; else one of these: "HTTP.503", "Network", "Timeout"
	Needs  string        // the permission that is missing
	After  time.Duration // how long to wait
	Maybe  bool          // it may have been done all the same
	Err    error         // what it is besides, such as [bot.ErrGone]
}

// Words for what a platform did not say itself.
const (
	Limited = "RateLimited"
	Network = "Network"
	Timeout = "Timeout"
	Odd     = "OddAnswer"
	Shared  = "shared_with_others" // people of another organisation see what would stand there
)

func (e *Error) Error() string {
	if e.Needs != "" {
		return e.Method + ": " + e.Word + " (" + e.Needs + ")"
	}
	return e.Method + ": " + e.Word
}

func (e *Error) Unwrap() error { return e.Err }

// Code implements [bot.Coded].
func (e *Error) Code() string { return e.Word }

// Wait implements [bot.Waiter].
func (e *Error) Wait() time.Duration { return e.After }

var (
	_ bot.Coded  = (*Error)(nil)
	_ bot.Waiter = (*Error)(nil)
)

// Unreached is why a call got no answer. It may have been done all the same.
func Unreached(method string, err error) *Error {
	e := &Error{Method: method, Word: Network, Maybe: true}
	for _, ended := range []error{context.DeadlineExceeded, context.Canceled} {
		if e.Err == nil && errors.Is(err, ended) {
			e.Word, e.Err = Timeout, ended
		}
	}
	return e
}

// Unsure reports whether a call may have been made although it failed.
func Unsure(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Maybe
}

// Says reports whether a platform answered with one of these words.
func Says(err error, words ...string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(words, e.Word)
}
