package main

import (
	"fmt"
	"strings"
	"testing"

	"twokey/bot/lark/larktest"
)

func TestCheckLooksAtLark(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*larktest.Tenant, string, string) // room, ana
		says   string
		fails  bool
	}{
		"all well":      {func(*larktest.Tenant, string, string) {}, "ok    lark: a long connection can be opened", false},
		"not in room":   {func(x *larktest.Tenant, room, _ string) { x.Expel(room) }, "put the bot into the group", true},
		"room is open":  {func(x *larktest.Tenant, room, _ string) { x.Open(room) }, "choose an internal group", true},
		"no permission": {func(x *larktest.Tenant, _, _ string) { x.Withhold(larktest.UserStatus) }, "contact:user.employee:readonly", true},
		"frozen":        {func(x *larktest.Tenant, _, ana string) { x.Change(ana, func(u *larktest.User) { u.Frozen = true }) }, "(frozen)", true},
		"other tenant":  {func(x *larktest.Tenant, _, _ string) { x.App.Tenant = "elsewhere" }, "not elsewhere", true},
		"no secret": {func(x *larktest.Tenant, _, _ string) {
			x.Inject(larktest.Fault{Kind: larktest.Refuse, Code: 10014, Call: "token"})
		}, "does not sign in (10014)", true},
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
			p.write("twokey.yaml", strings.Replace(config, "{id: ana,", fmt.Sprintf("{id: ana, lark: {tenant: %s, user: %s},", x.App.Tenant, ana), 1))
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
