package main

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"twokey/actions/alicloud"
	"twokey/bot/view"
	"twokey/incident"
)

// check finds what is wrong with the values; the keys were checked when they
// were read.
func (r *reader) check(c *config) {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		r.at("listen", "want host:port, such as 127.0.0.1:8080")
	}
	r.oneOf("language", c.Language, languages()...)
	r.checkStore(c)
	r.checkAccounts(c)
	r.checkPeople(c)
	r.checkApproval(c)
	r.checkAutomation(c)
	r.checkEscalation(c)
	r.checkSources(c)
	r.checkChats(c.Chat)
	r.checkLinks(c)
	if err := alicloud.Fence(c.Fence).Check(); err != nil {
		r.at("fence", "%s", why(err))
	}
	if _, _, err := playbookOf(c); err != nil {
		for line := range strings.Lines(err.Error()) {
			r.at("playbook", "%s", strings.TrimSpace(line))
		}
	}
}

// checkLinks: a link on a card is pressed at night; it goes to a web page.
func (r *reader) checkLinks(c *config) {
	for site, links := range c.Links {
		r.oneOf("links."+site, site, alicloud.SiteChina, alicloud.SiteInternational)
		for page, address := range links {
			at := "links." + site + "." + page
			r.oneOf(at, page, view.Pages()...)
			if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
				r.at(at, "want the address of a page, https://…; {user} stands for the user's name")
			}
		}
	}
}

func languages() []string { return []string{"en", "zh", "ja", "id"} }

func (r *reader) oneOf(path, given string, allowed ...string) {
	if !slices.Contains(allowed, given) {
		r.at(path, "want one of %s", strings.Join(allowed, ", "))
	}
}

func (r *reader) checkStore(c *config) {
	if c.Store.Postgres.DSN.given() {
		r.at("store.postgres", "this version keeps incidents in one file only: use bolt")
	}
	if c.Store.Bolt.Path == "" {
		r.at("store.bolt.path", "name the file that incidents are kept in")
	}
	if key := c.Audit.Key; key.given() && len(key.reveal()) < 32 && key.reveal() != unsetText {
		r.at("audit.key", "a key under 32 characters can be guessed: use  head -c 32 /dev/urandom | base64")
	}
}

var (
	plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	accountID = regexp.MustCompile(`^[0-9]{16}$`)
)

func (r *reader) checkAccounts(c *config) {
	if len(c.Accounts) == 0 {
		r.at("accounts", "name at least one account")
		return
	}
	names, ids := r.unique("the account"), r.unique("the account's id")
	for i, a := range c.Accounts {
		at := index("accounts", i)
		if !plainName.MatchString(a.Name) {
			r.at(at+".name", "want a short name of a-z, 0-9, - and _")
		}
		names(at+".name", a.Name)
		if !accountID.MatchString(a.ID) {
			r.at(at+".id", "want the account's number: sixteen digits, in quotes")
		}
		ids(at+".id", a.ID)
		r.oneOf(at+".mode", a.mode(), modeAct, modeObserve, modeSandbox)
		r.oneOf(at+".site", or(a.Site, alicloud.SiteChina), alicloud.SiteChina, alicloud.SiteInternational)
		if (a.mode() == modeSandbox) != c.drill() {
			r.at(at+".mode", "pretend and real accounts can't stand in one bot: start a second one for drills")
		}
		r.checkAccount(at, c, a)
	}
}

// mode is what the bot may do in an account; whoever does not say gets a bot
// that only looks.
func (a accountConfig) mode() string { return or(a.Mode, modeObserve) }

// checkAccount asks the account's own room what it makes of it.
func (r *reader) checkAccount(at string, c *config, a accountConfig) {
	if a.mode() == modeSandbox {
		return
	}
	settings := c.account(a)
	settings.Fence = alicloud.Fence{} // said once, above
	_, err := alicloud.New(settings)
	if err == nil || !accountID.MatchString(a.ID) || a.Name == "" {
		return
	}
	if errors.Is(err, alicloud.ErrConfig) {
		r.at(at, "%s", why(err))
		return
	}
	r.at(at, "%s", err)
}

// why is what the account's room says of a configuration, without its name.
func why(err error) string {
	_, why, _ := strings.Cut(err.Error(), alicloud.ErrConfig.Error()+": ")
	return why
}

// unique returns a check that sees the same text a second time.
func (r *reader) unique(what string) func(path, text string) {
	first := make(map[string]string)
	return func(path, text string) {
		if other, taken := first[text]; taken && text != "" {
			r.at(path, "%s %q stands at %s already", what, text, other)
			return
		}
		first[text] = path
	}
}

func (r *reader) checkApproval(c *config) {
	for tier, n := range c.Approval.People {
		at := "approval.people." + tier
		switch t := incident.Tier(tier); {
		case t != incident.Reversible && t != incident.Disruptive && t != incident.Destructive:
			r.at(at, "want one of reversible, disruptive, destructive")
		case n < floor(t):
			r.at(at, "the floor is %d: that many people it takes at the least, whatever the configuration says", floor(t))
		}
	}
	if c.Approval.Window <= 0 {
		r.at("approval.window", "votes must count for some time: 30m")
	}
	if c.Approval.AloneAfter < 0 {
		r.at("approval.alone_after", "want a time, or 0s for never")
	}
	r.oneOf("approval.reason", c.Approval.Reason, "none", "reversible", "disruptive", "destructive")
}

// floor is how many people a tier takes at the least: the rules never go lower,
// so they are asked for less than anything.
func floor(t incident.Tier) int {
	return incident.Rules{People: map[incident.Tier]int{t: -1}}.Need(t)
}

// mayRunAlone are the steps that a rule of automation may name; package incident
// lets no others through, whatever stands here.
func mayRunAlone() []string { return []string{incident.StepKeyFence, incident.StepPolicyQuarantine} }

func (r *reader) checkAutomation(c *config) {
	if c.Automation.Cap < 0 {
		r.at("automation.cap", "want 0 or more")
	}
	if c.Automation.History < 0 {
		r.at("automation.history", "want a time such as 336h")
	}
	for i, rule := range c.Automation.Rules {
		at := index("automation.rules", i)
		for fact, wants := range rule.When {
			values, known := incident.ConditionValues(fact)
			if !known {
				r.at(at+".when."+fact, "no condition can ask for %q", fact)
				continue
			}
			for _, want := range wants {
				r.oneOf(at+".when."+fact, want, append(values, incident.Any)...)
			}
		}
		for _, step := range rule.Do {
			r.oneOf(at+".do", step, mayRunAlone()...)
		}
		if len(rule.Do) == 0 {
			r.at(at+".do", "name what may run: %s", strings.Join(mayRunAlone(), ", "))
		}
	}
}

func (r *reader) checkEscalation(c *config) {
	e := c.Escalation
	for i, after := range e.Remind {
		if after <= 0 || i > 0 && after <= e.Remind[i-1] {
			r.at(index("escalation.remind", i), "want times that grow: [5m, 15m]")
		}
	}
	r.url("escalation.webhook.url", e.Webhook.URL)
	if e.Webhook.URL != "" && !e.Webhook.Secret.given() {
		r.at("escalation.webhook.secret", "the receiver's routing key is missing: secret: ${NAME}")
	}
	if c.Retention.Closed < incident.Rest {
		r.at("retention.closed", "want at least 168h: looks go on after closing, and senders deliver again")
	}
	for _, l := range []struct {
		key   string
		value int64
	}{{"per_source", int64(c.Limits.PerSource)}, {"body", int64(c.Limits.Body)}, {"report", int64(c.Limits.Report)}} {
		if l.value <= 0 {
			r.at("limits."+l.key, "want more than nothing")
		}
	}
}

func (r *reader) checkChats(c chatConfig) {
	if c.Slack != nil {
		r.checkSlack(*c.Slack)
	}
	if c.Lark != nil {
		r.checkLark(*c.Lark)
	}
	if c.DingTalk != nil {
		r.checkDingTalk(*c.DingTalk)
	}
}

// url refuses addresses over which secrets would travel in the clear.
func (r *reader) url(path, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https":
		r.at(path, "want a URL without user and password: https://…")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		r.at(path, "http:// is for this machine only: use https://")
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// hostOf is the host:port of a URL, or of a bare host.
func hostOf(text string) string {
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		return u.Host
	}
	return text
}
