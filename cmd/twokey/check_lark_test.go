package main

import (
	"fmt"
	"strings"
	"testing"

	"twokey/bot/lark/larktest"
)

func TestCheckLooksAtLark(t *testing.T) {
	t.Parallel()
	well := func(*larktest.Tenant, string, string) {}
	for name, c := range map[string]struct {
		change func(*larktest.Tenant, string, string) // room, ana
		says   string
		fails  bool
		tenant string // of ana, as configured; empty: the right one
	}{
		"other tenant":  {change: well, says: "not elsewhere", fails: true, tenant: "elsewhere"},
		"all well":      {change: well, says: "ok    lark: a long connection can be opened"},
		"not in room":   {change: func(x *larktest.Tenant, room, _ string) { x.Expel(room) }, says: "put the bot into the group", fails: true},
		"room is open":  {change: func(x *larktest.Tenant, room, _ string) { x.Open(room) }, says: "choose an internal group", fails: true},
		"no permission": {change: func(x *larktest.Tenant, _, _ string) { x.Withhold(larktest.UserStatus) }, says: "contact:user.employee:readonly", fails: true},
		"frozen":        {change: func(x *larktest.Tenant, _, ana string) { x.Change(ana, func(u *larktest.User) { u.Frozen = true }) }, says: "(frozen)", fails: true},
		"no secret": {change: func(x *larktest.Tenant, _, _ string) {
			x.Inject(larktest.Fault{Kind: larktest.Refuse, Code: 10014, Call: "token"})
		}, says: "does not sign in (10014)", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := larktest.New(t, larktest.Options{})
			ana := x.AddUser(larktest.User{Name: "Ana"}).Union
			room := x.Group("leaks", ana)
			c.change(x, room, ana)
			p := newProcess(t)
			p.env = []string{"APP_SECRET=" + x.App.Secret}
			config := fmt.Sprintf(larkProcessConfig, p.address, x.App.ID, room, x.URL())
			p.write("twokey.yaml", strings.Replace(config, "{id: ana,", fmt.Sprintf("{id: ana, lark: {tenant: %s, user: %s},", or(c.tenant, x.App.Tenant), ana), 1))
			out, err := p.command("check").CombinedOutput()
			if (err != nil) != c.fails || !strings.Contains(string(out), c.says) {
				t.Errorf("%v\n%s", err, out)
			}
			if strings.Contains(string(out), x.App.Secret) {
				t.Error("the secret is printed")
			}
		})
	}
}
