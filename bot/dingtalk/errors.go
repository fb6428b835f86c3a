package dingtalk

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"twokey/bot"
)

// Error is what DingTalk answered, or why it did not. It never holds an address, a
// token or foreign text.
type Error struct {
	Method string        // "createAndDeliver"
	Word   string        // DingTalk's own: "param.templateNotExist", "errcode.60121"; else "HTTP.503", "Network", "Timeout"
	Needs  string        // the permission that is missing
	After  time.Duration // how long to wait

	maybe bool // it may have been done all the same
	err   error
}

// Words of this package for what DingTalk did not say itself.
const (
	wordLimited   = "RateLimited"
	wordNetwork   = "Network"
	wordTimeout   = "Timeout"
	wordOdd       = "OddAnswer"
	wordUndeliver = "NotDelivered" // a card was made and reached nobody
	wordNoReceive = "NotReceived"  // a message reached nobody
)

// DingTalk's words for what the bot goes by (DingTalk docs: 创建并投放卡片, 更新卡片).
const (
	wordThere   = "param.cardAlreadyExist"
	wordGone    = "param.cardNotExist"
	wordToken   = "InvalidAuthentication"
	wordOldTok  = "errcode.40014"
	wordOldLate = "errcode.42001"
	wordNobody  = "errcode.60121"

	wordDisbanded = "group.disbanded"                             // DingTalk docs: 机器人发送群聊消息
	wordNoGroup   = "invalidParameter.openConversationId.invalid" // the same page
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

var word = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,79}$`)

// unreached is why a call got no answer.
func unreached(method string, err error) *Error {
	e := &Error{Method: method, Word: wordNetwork, maybe: true}
	switch {
	case errors.Is(err, context.Canceled):
		e.Word, e.err = wordTimeout, context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		e.Word, e.err = wordTimeout, context.DeadlineExceeded
	}
	return e
}

// answer is what every answer can hold besides what was asked for.
type answer struct {
	Code    string `json:"code"`
	ErrCode int    `json:"errcode"`
	Denied  struct {
		Scopes []string `json:"requiredScopes"`
	} `json:"accessdenieddetail"`
}

// refused is an answer that is no yes; nil: it is one.
func refused(method string, status int, header http.Header, a answer) error {
	e := &Error{Method: method, Word: "HTTP." + strconv.Itoa(status)}
	switch {
	case a.ErrCode != 0:
		e.Word = "errcode." + strconv.Itoa(a.ErrCode)
	case word.MatchString(a.Code):
		e.Word = a.Code
	case status < http.StatusMultipleChoices:
		return nil
	}
	if limited(status, e.Word) {
		e.Word, e.After = wordLimited, later(header)
		return e
	}
	e.maybe = status >= http.StatusInternalServerError
	if len(a.Denied.Scopes) > 0 && word.MatchString(a.Denied.Scopes[0]) {
		e.Needs = a.Denied.Scopes[0]
	}
	if e.Word == wordGone {
		e.err = bot.ErrGone
	}
	return e
}

// limited reports whether DingTalk was called too often. The older interface says so
// with errcode 90018 or 90002 to 90005.
func limited(status int, said string) bool {
	old := []string{"errcode.90002", "errcode.90003", "errcode.90004", "errcode.90005", "errcode.90018"}
	return status == http.StatusTooManyRequests || strings.Contains(said, "QpsLimit") || strings.Contains(said, "Throttling") || slices.Contains(old, said)
}

// later is how long to wait: what DingTalk says, else a second, as its limits are per
// second.
func later(header http.Header) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 && seconds <= 600 {
		return time.Duration(seconds) * time.Second
	}
	return time.Second
}

// unsure reports whether a call may have been made although it failed.
func unsure(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.maybe
}

// says reports whether DingTalk answered with one of these words.
func says(err error, words ...string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(words, e.Word)
}

// definite reports whether DingTalk understood and said no in its own words: asking
// again would change nothing. A bare status can be a proxy's.
func definite(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && !e.maybe && !strings.HasPrefix(e.Word, "HTTP.") && !slices.Contains([]string{wordLimited, wordOdd, wordToken}, e.Word)
}
