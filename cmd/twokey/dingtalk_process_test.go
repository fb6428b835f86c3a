package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/api"
	"twokey/bot/dingtalk/dingtalktest"
	"twokey/incident"
)

const dingtalkProcessConfig = processConfig + `chat: {dingtalk: {client_id: "%s", client_secret: "${DINGTALK_SECRET}", room: "%s", api_url: "%s"}}
`

// TestABotThatIsKilledGoesOnInDingTalk runs the real program before a pretend
// organisation. It is killed again and again while it posts; in the end two people have
// disabled the key, and everything stands in the group once.
func TestABotThatIsKilledGoesOnInDingTalk(t *testing.T) {
	t.Parallel()
	org := dingtalktest.New(t)
	ana, bo := org.AddUser(dingtalktest.User{Name: "Ana"}), org.AddUser(dingtalktest.User{Name: "Bo"})
	group := org.Group(ana, bo)
	p := newProcess(t)
	p.env = []string{"DINGTALK_SECRET=" + org.App.ClientSecret}
	config := fmt.Sprintf(dingtalkProcessConfig, p.address, org.App.ClientID, group, org.URL())
	for name, user := range map[string]string{"ana": ana, "bo": bo} {
		config = strings.Replace(config, "{id: "+name+",", fmt.Sprintf("{id: %s, dingtalk: {corp: %s, user: %s},", name, org.App.Corp, user), 1)
	}
	p.write("twokey.yaml", config)
	if said := p.must("check"); !strings.Contains(said, "dingtalk: cards can be written") || !strings.Contains(said, "dingtalk: user "+ana+" is there") {
		t.Errorf("check says:\n%s", said)
	}
	p.serve()
	leaked := leakedIn(t, filepath.Join(p.dir, "twokey.db.prod.json"))
	if id, err := p.alert(t.Context(), leaked); id != "inc-1" || err != nil {
		t.Fatal(id, err)
	}
	for n := 1; n <= 4; n++ { // with its first posts on the way
		org.Await(t, "posts", func() bool { return org.Calls(dingtalktest.PathDeliver) >= n })
		p.kill()
		p.serve()
	}
	org.Await(t, "the card", func() bool { return strings.Contains(org.Text(group), leaked) })
	offered := func(q api.Proposal) bool {
		return q.Step == incident.StepKeyDisable && q.Status == incident.StatusWaiting
	}
	i := p.until(func(i api.Incident) bool { return slices.ContainsFunc(i.Proposals, offered) })
	digest := string(i.Proposals[slices.IndexFunc(i.Proposals, offered)].Digest)
	approve(t, org, ana, digest)
	p.kill()
	p.serve()
	approve(t, org, bo, digest)
	org.Await(t, "containment", func() bool {
		text := org.Text(group)
		return strings.Contains(text, "— CONTAINED") && strings.Contains(text, "Key state: Inactive")
	})
	var shown []string
	for _, m := range org.InGroup(group) {
		shown = append(shown, org.Said(m))
	}
	slices.Sort(shown)
	if once := slices.Compact(slices.Clone(shown)); len(once) != len(shown) {
		t.Errorf("shown more than once: %q", shown)
	}
	p.kill()
	if got := keyIn(t, filepath.Join(p.dir, "twokey.db.prod.json"), leaked); got != incident.KeyInactive {
		t.Errorf("the key is %s", got)
	}
}

// approve presses the button for a plan, then the one where the plan is shown in full.
func approve(t *testing.T, org *dingtalktest.Org, user, digest string) {
	t.Helper()
	who := org.As(t, user)
	fits := func(b dingtalktest.Button) bool {
		return strings.Contains(b.ID, "|"+string(bot.ActApprove)+"|") && strings.Contains(b.ID, digest)
	}
	for _, where := range []string{"group", "private"} {
		org.Await(t, "the plan's button", func() bool { return slices.ContainsFunc(who.Buttons(), fits) })
		seen := who.Buttons()
		i := slices.IndexFunc(seen, fits)
		if private := seen[i].Group == ""; private != (where == "private") {
			t.Fatalf("%s: the newest button is %+v", where, seen[i])
		}
		who.Press(seen[i], "").Await()
	}
}
