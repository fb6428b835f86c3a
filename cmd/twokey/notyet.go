package main

import "slices"

// builtSources are the types of alert sources that this version reads.
func builtSources() []string { return []string{"generic", "gitleaks"} }

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
	for _, s := range c.Alerts.Sources {
		add(!slices.Contains(builtSources(), s.Type) && !slices.Contains(polledSources(), s.Type), "alerts.sources "+s.Name+": nothing here reads the type "+s.Type+" yet; its hook answers 401")
	}
	add(c.Chat.DingTalk != nil, "chat.dingtalk: there is no DingTalk room yet")
	add(len(c.Escalation.Mention) > 0, "escalation.mention: reminders mention everybody who can still vote")
	return all
}
