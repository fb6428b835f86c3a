package incident

import "strings"

// Guided reports whether people do a step by hand, in the console or outside the
// cloud, and then say that it is done. A person's word is the vote; what an API
// can see of it is read back all the same.
func Guided(step string) bool {
	return strings.HasPrefix(step, "root.") || byHand(step)
}

// byHand steps are the ones of people and playbooks: no API sees them.
func byHand(step string) bool { return strings.HasPrefix(step, "manual.") }
