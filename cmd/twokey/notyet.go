package main

// hasRoom reports whether people have a chat to vote in. No platform is built yet:
// the console is all there is, and only where everything is pretend.
func (c *config) hasRoom() bool { return c.drill() }

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
	add(c.Chat.Slack != nil, "chat.slack: there is no Slack room yet")
	add(c.Chat.Lark != nil, "chat.lark: there is no Lark room yet")
	add(c.Chat.DingTalk != nil, "chat.dingtalk: there is no DingTalk room yet")
	add(len(c.Escalation.Mention) > 0, "escalation.mention: reminders mention everybody who can still vote")
	return all
}
