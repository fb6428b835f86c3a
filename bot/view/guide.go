package view

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"twokey/bot"
	"twokey/incident"
)

// pages are the pages of Alibaba Cloud's console, by name. Their paths are from the
// RAM, ActionTrail and Security Center documents; the addresses could not be tried,
// and are the consoles' front doors where no page is documented. A deployment can
// name others.
var pages = map[string]string{
	"root_security": "https://account.console.aliyun.com/#/secure",
	"root_keys":     "https://ram.console.aliyun.com/manage/ak",
	"users":         "https://ram.console.aliyun.com/users",
	"user":          "https://ram.console.aliyun.com/users/{user}",
	"settings":      "https://ram.console.aliyun.com/settings",
	"roles":         "https://ram.console.aliyun.com/roles",
	"audit":         "https://actiontrail.console.aliyun.com/",
	"fees":          "https://billing-cost.console.aliyun.com/",
	"ecs":           "https://ecs.console.aliyun.com/",
	"leaks":         "https://yundun.console.aliyun.com/?p=sas#/ak-leakage",
	"report":        "https://report.aliyun.com/",
}

// Pages names the pages of the console that steps link to, sorted.
func Pages() []string { return slices.Sorted(maps.Keys(pages)) }

// guides say where in the console a person does by hand what a step does, by the
// beginning of the step's name; the first that fits counts.
var guides = []struct{ prefix, words, page string }{
	{"root.mfa", "guide.account", "root_security"},
	{"root.password", "guide.account", "root_security"},
	{"root.", "guide.root", "root_keys"},
	{"manual.find_owner", "guide.users", "users"},
	{"manual.report_foreign", "guide.report", "report"},
	{"manual.bind_mfa", "guide.user", "user"},
	{"manual.reset_password", "guide.user", "user"},
	{"manual.", "guide.key", "user"},
	{"mfa.enforce", "guide.settings", "settings"},
	{"mfa.relax", "guide.settings", "settings"},
	{"role.", "guide.role", "roles"},
	{"audit.", "guide.audit", "audit"},
	{"fees.", "guide.fees", "fees"},
	{"ecs.", "guide.ecs", "ecs"},
	{"leak.", "guide.leak", "leaks"},
	{"key.", "guide.key", "user"},
	{"user.", "guide.user", "user"},
	{"login.", "guide.user", "user"},
	{"mfa.", "guide.user", "user"},
	{"policy.", "guide.user", "user"},
	{"permissions.", "guide.user", "user"},
}

// guide is the way through the console for a step; nil if there is none.
func (p page) guide(step string) []bot.Field {
	for _, g := range guides {
		if strings.HasPrefix(step, g.prefix) {
			return []bot.Field{{Label: p.say("label.console"), Text: p.say(g.words, "user", p.user()) + " " + p.address(g.page)}}
		}
	}
	return nil
}

// address is a page of the account's site, with the user's name in it.
func (p page) address(name string) string {
	address, own := p.Links[name]
	if !own {
		address = pages[name]
		if p.Site == "international" {
			address = strings.Replace(address, "console.aliyun.com", "console.alibabacloud.com", 1)
		}
	}
	return strings.ReplaceAll(address, "{user}", url.PathEscape(p.st.KeyFact(incident.FactUser)))
}
