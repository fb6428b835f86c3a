package main

// notYet names what is configured and this version does not do. The keys are part
// of the contract; what they stand for comes in later versions, and until then
// nobody should believe that it is there.
func notYet(c *config) []string {
	var all []string
	add := func(yes bool, what string) {
		if yes {
			all = append(all, what)
		}
	}
	add(len(c.Escalation.Mention) > 0, "escalation.mention: reminders mention everybody who can still vote")
	return all
}
