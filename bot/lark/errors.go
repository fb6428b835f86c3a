package lark

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"twokey/bot"
)

// Error is what Lark answered, or why it did not. It never holds an address, a token or
// foreign text.
type Error struct {
	Method string        // "im.messages.create"
	Word   string        // Lark's own code: "230002"; else "HTTP.503", "Network", "Timeout"
	After  time.Duration // how long Lark asks to wait

	err error
}

// Words of this package for what Lark did not say itself.
const (
	wordLimited = "RateLimited"
	wordNetwork = "Network"
	wordTimeout = "Timeout"
	wordOdd     = "OddAnswer"
	wordShared  = "shared_with_others" // a group that people of another tenant see
)

// Codes of Lark's that mean something to the bot (Feishu docs: the error codes of each
// API, and the generic ones).
const (
	codeNotInChat   = 230002
	codeRecalled    = 230011
	codeNoReach     = 230013 // the person is outside of what the app may write to, or left
	codeNoTopic     = 230019
	codeTooOld      = 230031 // a card can be updated for 14 days
	codeNoThread    = 230071 // the group has no threads
	codeNoThreadNow = 230072
	codeDeleted     = 230110
	codeInvisible   = 230050
	codeNoChat      = 232006
	codeDissolved   = 232009
	codeOutside     = 232011
	codeNoUser      = 41050
	codeUserID      = 41012
)

// gone are Lark's codes for a message that is no longer there, or can't be changed any
// more.
var gone = []int{codeRecalled, codeNoTopic, codeTooOld, codeDeleted, codeInvisible}

// limited are Lark's codes for too much at a time.
var limited = map[int]bool{99991400: true, 230020: true, 232019: true, 11232: true}

// badTokens are Lark's codes for a token that does not count any more.
var badTokens = []int{99991663, 99991661, 99991664, 99991668}

func (e *Error) Error() string { return e.Method + ": " + e.Word }

func (e *Error) Unwrap() error { return e.err }

// Code implements [bot.Coded].
func (e *Error) Code() string { return e.Word }

// Wait implements [bot.Waiter].
func (e *Error) Wait() time.Duration { return e.After }

var (
	_ bot.Coded  = (*Error)(nil)
	_ bot.Waiter = (*Error)(nil)
)

func coded(method string, code int) *Error {
	e := &Error{Method: method, Word: strconv.Itoa(code)}
	if slices.Contains(gone, code) {
		e.err = bot.ErrGone
	}
	return e
}

// failed is any error of a call as an [Error].
func failed(ctx context.Context, method string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Method: method, Word: wordNetwork}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		e.Word, e.err = wordTimeout, context.DeadlineExceeded
	case errors.Is(err, context.Canceled), ctx.Err() != nil:
		e.Word, e.err = wordTimeout, context.Canceled
	}
	return e
}

// says reports whether Lark answered with one of these codes.
func says(err error, codes ...int) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.ContainsFunc(codes, func(code int) bool { return e.Word == strconv.Itoa(code) })
}

func shared(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Word == wordShared
}
