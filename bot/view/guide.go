package view

import (
	"net/url"
	"strings"

	"twokey/bot"
	"twokey/incident"
)

// guides say where in Alibaba Cloud's console a person does by hand what a step
// does, by the beginning of the step's name; the first that fits counts. The
// paths are from the RAM, ActionTrail and Security Center documents; the
// addresses could not be tried and are the consoles' front doors where no page
// is documented.
var guides = []struct{ prefix, words, address string }{
	{"root.mfa", "guide.account", "https://account.console.aliyun.com/#/secure"},
	{"root.password", "guide.account", "https://account.console.aliyun.com/#/secure"},
	{"root.", "guide.root", "https://ram.console.aliyun.com/manage/ak"},
	{"manual.find_owner", "guide.users", "https://ram.console.aliyun.com/users"},
	{"manual.report_foreign", "guide.report", "https://report.aliyun.com/"},
	{"manual.bind_mfa", "guide.user", "https://ram.console.aliyun.com/users/{user}"},
	{"manual.reset_password", "guide.user", "https://ram.console.aliyun.com/users/{user}"},
	{"manual.", "guide.key", "https://ram.console.aliyun.com/users/{user}"},
	{"mfa.enforce", "guide.settings", "https://ram.console.aliyun.com/settings"},
	{"role.", "guide.role", "https://ram.console.aliyun.com/roles"},
	{"audit.", "guide.audit", "https://actiontrail.console.aliyun.com/"},
	{"fees.", "guide.fees", "https://billing-cost.console.aliyun.com/"},
	{"ecs.", "guide.ecs", "https://ecs.console.aliyun.com/"},
	{"leak.", "guide.leak", "https://yundun.console.aliyun.com/?p=sas#/ak-leakage"},
	{"key.", "guide.key", "https://ram.console.aliyun.com/users/{user}"},
	{"user.", "guide.user", "https://ram.console.aliyun.com/users/{user}"},
	{"login.", "guide.user", "https://ram.console.aliyun.com/users/{user}"},
	{"mfa.", "guide.user", "https://ram.console.aliyun.com/users/{user}"},
	{"policy.", "guide.user", "https://ram.console.aliyun.com/users/{user}"},
	{"permissions.", "guide.user", "https://ram.console.aliyun.com/users/{user}"},
}

// guide is the way through the console for a step; nil if there is none.
func (p page) guide(step string) []bot.Field {
	for _, g := range guides {
		if !strings.HasPrefix(step, g.prefix) {
			continue
		}
		address := strings.ReplaceAll(g.address, "{user}", url.PathEscape(p.st.KeyFact(incident.FactUser)))
		if p.Site == "international" {
			address = strings.Replace(address, "console.aliyun.com", "console.alibabacloud.com", 1)
		}
		return []bot.Field{{Label: p.say("label.console"), Text: p.say(g.words, "user", p.user()) + " " + address}}
	}
	return nil
}
