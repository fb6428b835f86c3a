package slack

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
)

// Error is what Slack answered, or why it did not. It never holds an address, a token
// or foreign text.
type Error struct {
	Method string        // "chat.postMessage"
	Word   string        // Slack's own: "channel_not_found"; else "HTTP.503", "Network", "Timeout"
	Needs  string        // the scope that is missing
	After  time.Duration // how long Slack asks to wait

	maybe bool // it may have been done all the same
	err   error
}

// Words of this package for what Slack did not say itself.
const (
	wordLimited = "RateLimited"
	wordNetwork = "Network"
	wordTimeout = "Timeout"
	wordOdd     = "OddAnswer"
	wordShared  = "shared_with_others" // a channel that another organisation sees
)

func (e *Error) Error() string {
	if e.Needs != "" {
		return e.Method + ": " + e.Word + " (" + e.Needs + ")"
	}
	return e.Method + ": " + e.Word
}

func (e *Error) Unwrap() error { return e.err }

// Code implements [bot.Coded].
func (e *Error) Code() string { return e.Word }

// Wait implements [bot.Waiter].
func (e *Error) Wait() time.Duration { return e.After }

var (
	_ bot.Coded  = (*Error)(nil)
	_ bot.Waiter = (*Error)(nil)
)

// gone are Slack's words for a message that is no longer there.
var gone = []string{"message_not_found", "thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"}

var word = regexp.MustCompile(`^[a-z][a-z0-9_:.]{0,63}$`)

// failed is an error of the SDK as an [Error].
func failed(method string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Method: method, Word: wordNetwork, maybe: true, err: nil}
	var limited *slackgo.RateLimitedError
	var said slackgo.SlackErrorResponse
	var status slackgo.StatusCodeError
	switch {
	case errors.As(err, &limited):
		e.Word, e.After, e.maybe = wordLimited, limited.RetryAfter, false
	case errors.As(err, &said):
		e.Word, e.maybe = wordOdd, false
		if word.MatchString(said.Err) {
			e.Word = said.Err
		}
		if word.MatchString(said.Needed) {
			e.Needs = said.Needed
		}
		if slices.Contains(gone, e.Word) {
			e.err = bot.ErrGone
		}
	case errors.As(err, &status):
		e.Word = "HTTP." + strconv.Itoa(status.Code)
		e.maybe = status.Code >= http.StatusInternalServerError
	case errors.Is(err, context.DeadlineExceeded):
		e.Word, e.err = wordTimeout, context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		e.Word, e.err = wordTimeout, context.Canceled
	}
	return e
}

// unsure reports whether a call may have been made although it failed.
func unsure(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.maybe
}

// says reports whether Slack answered with one of these words.
func says(err error, words ...string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(words, e.Word)
}
