package view

import (
	"slices"
	"strings"
)

// Codes are those that have words, in the catalogs as "code.<Code>": what Alibaba
// Cloud or a step refused with, where a person can do something about it. Others
// are shown as they are.
var Codes = []string{
	// Alibaba Cloud's own.
	"NoPermission", "LimitExceeded.User.Policy", "LimitExceeded.User.AccessKey", "EntityNotExist.User", "EntityNotExist.User.AccessKey",
	"Rejected.ResourceInDeleteWindow",
	// This program's.
	"OtherOwner", "QuarantineEdited", "UserInRecycleBin", "KeyStillActive", "Credentials", "Timeout", "RateLimit",
	"Orphan", "SeveralNewKeys", "NoReceiver", "KeySlotsFull", "Seal",
	"NotYet", "NotMade", "NotConfigured", "RecordBroken",
}

// lacking is the code that needs the name of what is missing.
const lacking = "NoPermission"

// code is a code with its words, if it has any. What is missing may follow it
// after a blank: "NoPermission ram:UpdateAccessKey".
func (p page) code(text string) string {
	name, what, _ := strings.Cut(text, " ")
	shown := clean(text, maxPlace)
	words := name
	switch {
	case what != "":
		words = lacking // products call it differently
	case slices.Contains(Codes, name) && name != lacking:
	default:
		return shown
	}
	return p.say("code.is", "code", clean(name, maxName), "words", p.say("code."+words, "what", clean(what, maxName)))
}
