package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twokey/bot/api"
	"twokey/bot/lark/larktest"
	"twokey/incident"
)

const larkProcessConfig = processConfig + `chat: {lark: {app_id: %s, app_secret: "${APP_SECRET}", room: %s, api_url: "%s"}}
`

// TestABotThatIsKilledGoesOnInLark runs the real program before a pretend tenant that the
// vendor's own client takes for real. It is killed again and again while it posts; in the
// end two people have disabled the key, and everything stands in the room once.
func TestABotThatIsKilledGoesOnInLark(t *testing.T) {
	t.Parallel()
	x := larktest.New(t, larktest.Options{})
	people := map[string]string{}
	for _, name := range []string{"ana", "bo", "chen"} {
		people[name] = x.AddUser(larktest.User{Name: name}).Union
	}
	room := x.Group("leaks", people["ana"], people["bo"], people["chen"])
	p := newProcess(t)
	p.env = []string{"APP_SECRET=" + x.App.Secret}
	config := fmt.Sprintf(larkProcessConfig, p.address, x.App.ID, room, x.URL())
	for _, name := range []string{"ana", "bo"} {
		config = strings.Replace(config, "{id: "+name+",", fmt.Sprintf("{id: %s, lark: {tenant: %s, user: %s},", name, x.App.Tenant, people[name]), 1)
	}
	p.write("twokey.yaml", config)
	p.serve()
	leaked := leakedIn(t, filepath.Join(p.dir, "twokey.db.prod.json"))
	if id, err := p.alert(t.Context(), leaked); id != "inc-1" || err != nil {
		t.Fatal(id, err)
	}
	said := func() int { return x.Calls("POST messages") + x.Calls("POST reply") }
	for n := 1; n <= 4; n++ { // with its first posts on the way
		x.Await(t, "a post", func() bool { return said() >= n })
		p.kill()
		p.serve()
	}
	shows := func(text string) {
		t.Helper()
		x.Await(t, text, func() bool { return strings.Contains(x.Text(room), text) })
	}
	shows(leaked)
	disable := p.larkButton(incident.StepKeyDisable)
	press := func(name string) {
		t.Helper()
		who := x.As(t, people[name])
		x.Await(t, "the button", func() bool { return slices.ContainsFunc(who.Buttons(), disable) })
		who.Press(who.Find(disable)).Await()
	}
	press("ana")
	p.kill()
	p.serve()
	press("bo")
	shows("— CONTAINED")
	shows("Key state: Inactive")

	var texts []string
	for _, m := range x.Messages(room) {
		texts = append(texts, m.Text())
	}
	slices.Sort(texts)
	if once := slices.Compact(slices.Clone(texts)); len(once) != len(texts) {
		t.Errorf("posted more than once:\n%s", strings.Join(texts, "\n"))
	}
	p.kill()
	if got := keyIn(t, filepath.Join(p.dir, "twokey.db.prod.json"), leaked); got != incident.KeyInactive {
		t.Errorf("the key is %s", got)
	}
}

// larkButton is the button for a plan, once it waits for votes.
func (p *process) larkButton(step string) func(larktest.Button) bool {
	p.t.Helper()
	offered := func(q api.Proposal) bool { return q.Step == step && q.Status == incident.StatusWaiting }
	i := p.until(func(i api.Incident) bool { return slices.ContainsFunc(i.Proposals, offered) })
	digest := i.Proposals[slices.IndexFunc(i.Proposals, offered)].Digest
	return func(b larktest.Button) bool {
		return strings.Contains(string(b.Value), `"a":"approve"`) && strings.Contains(string(b.Value), string(digest))
	}
}
