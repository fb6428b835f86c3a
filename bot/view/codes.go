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
	"LimitExceeded.User.Group", "LimitExceeded.Role.Policy", "EntityNotExist.Role", "EntityAlreadyExists.User", userLeftovers,
	"InvalidRamRole.NotEcsRole", "InvalidInstanceId.NotFound", "Rejected.ResourceInDeleteWindow",
	// This program's.
	"OtherOwner", "QuarantineEdited", "QuarantineMissing", "QuarantineGroupMissing", "QuarantineGroupEdited", "QuarantineTooLong",
	"NoKnownSource", "TrailSilent", "UserInRecycleBin", "KeyStillActive", "NoInstance", "NoRole", hasRole,
	"Credentials", "Timeout", "RateLimit",
	"NothingNamed", "NotAttached", "QuarantineStays", "UndoOnly", "NoRoleNamed", "ProtectedRole", "NameTaken", "PreferencesChanged",
	"Orphan", "SeveralNewKeys", "NoReceiver", "KeySlotsFull", "Seal",
	"NotYet", "NotMade", "NotConfigured", "RecordBroken",
}

// userLeftovers begins the codes for what keeps a user from being deleted
// (DeleteConflict.User.AccessKey and others): there is one answer to all of them.
const userLeftovers = "DeleteConflict.User"

// lacking is the code that needs the name of what is missing.
const lacking = "NoPermission"

// hasRole is followed by the role that is in the way.
const hasRole = "InstanceHasRole"

// code is a code with its words, if it has any. What is missing, or in the way, may
// follow it after a blank: "NoPermission ram:UpdateAccessKey".
func (p page) code(text string) string {
	name, what, _ := strings.Cut(text, " ")
	shown := clean(text, maxPlace)
	words := name
	if strings.HasPrefix(name, userLeftovers+".") {
		words = userLeftovers
	}
	switch {
	case what != "" && name != hasRole:
		words = lacking // products call it differently
	case slices.Contains(Codes, words) && words != lacking:
	default:
		return shown
	}
	return p.say("code.is", "code", clean(name, maxName), "words", p.say("code."+words, "what", clean(what, maxName)))
}
