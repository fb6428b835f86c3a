package dingtalk

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"twokey/bot"
	"twokey/bot/room"
)

// Error is what DingTalk answered, or why it did not. Its Word is DingTalk's own:
// "param.templateNotExist", "errcode.60121".
type Error = room.Error

// Words of this package for what DingTalk did not say itself.
const (
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

var word = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,79}$`)

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
		e.Word, e.After = room.Limited, later(header)
		return e
	}
	e.Maybe = status >= http.StatusInternalServerError
	if len(a.Denied.Scopes) > 0 && word.MatchString(a.Denied.Scopes[0]) {
		e.Needs = a.Denied.Scopes[0]
	}
	if e.Word == wordGone {
		e.Err = bot.ErrGone
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

// definite reports whether DingTalk understood and said no in its own words: asking
// again would change nothing. A bare status can be a proxy's.
func definite(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && !e.Maybe && !strings.HasPrefix(e.Word, "HTTP.") && !slices.Contains([]string{room.Limited, room.Odd, wordToken}, e.Word)
}
