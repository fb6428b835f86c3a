package slack

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
	"twokey/bot/room"
)

// Error is what Slack answered, or why it did not.
type Error = room.Error

// gone are Slack's words for a message that is no longer there.
var gone = []string{"message_not_found", "thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"}

var word = regexp.MustCompile(`^[a-z][a-z0-9_:.]{0,63}$`)

// failed is an error of the SDK as an [Error].
func failed(method string, err error) error {
	if err == nil {
		return nil
	}
	e := room.Unreached(method, err)
	var limited *slackgo.RateLimitedError
	var said slackgo.SlackErrorResponse
	var status slackgo.StatusCodeError
	switch {
	case errors.As(err, &limited):
		e.Word, e.After, e.Maybe = room.Limited, limited.RetryAfter, false
	case errors.As(err, &said):
		e.Word, e.Maybe = room.Odd, false
		if word.MatchString(said.Err) {
			e.Word = said.Err
		}
		if word.MatchString(said.Needed) {
			e.Needs = said.Needed
		}
		if slices.Contains(gone, e.Word) {
			e.Err = bot.ErrGone
		}
	case errors.As(err, &status):
		e.Word = "HTTP." + strconv.Itoa(status.Code)
		e.Maybe = status.Code >= http.StatusInternalServerError
	}
	return e
}
