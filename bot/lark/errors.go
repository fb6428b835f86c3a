package lark

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"twokey/bot"
	"twokey/bot/room"
)

// Error is what Lark answered, or why it did not. Its Word is Lark's own code: "230002".
type Error = room.Error

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

func coded(method string, code int) *Error {
	e := &Error{Method: method, Word: strconv.Itoa(code)}
	if slices.Contains(gone, code) {
		e.Err = bot.ErrGone
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
	return room.Unreached(method, errors.Join(err, ctx.Err()))
}

// says reports whether Lark answered with one of these codes.
func says(err error, codes ...int) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.ContainsFunc(codes, func(code int) bool { return e.Word == strconv.Itoa(code) })
}
