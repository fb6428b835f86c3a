package main

import (
	"strings"
	"testing"

	"twokey/bot/dingtalk/dingtalktest"
)

// TestCheckSaysWhatDingTalkRefuses runs `twokey check` before an organisation that knows
// one person of two, and takes no cards.
func TestCheckSaysWhatDingTalkRefuses(t *testing.T) {
	org := dingtalktest.New(t)
	ana := org.AddUser(dingtalktest.User{})
	org.Inject(dingtalktest.Fault{Kind: dingtalktest.Refuse, Path: dingtalktest.PathUpdate, Code: "Forbidden.AccessDenied.AccessTokenPermissionDenied"})
	c := parsedConfig(t, oneAccount+`people:
  - {id: ana, roles: [approver], dingtalk: {corp: c, user: `+ana+`}}
  - {id: bo, roles: [approver], dingtalk: {corp: c, user: manager0}}
  - {id: zoe, dingtalk: {corp: c, user: manager1}}
chat: {dingtalk: {client_id: `+org.App.ClientID+`, client_secret: ${S}, room: cidx, api_url: "`+org.URL()+`"}}
`, map[string]string{"S": org.App.ClientSecret})
	var out strings.Builder
	f := &findings{env: &env{ctx: t.Context(), stdout: &out}}
	f.dingtalk(c)
	for _, want := range []string{
		"ok    dingtalk: the app's id and secret work\n", "FAIL  dingtalk: cards can't be written: updateCard: Forbidden.AccessDenied.AccessTokenPermissionDenied: give",
		"ok    dingtalk: user " + ana + " is there\n", "FAIL  dingtalk: user manager0: stranger: unknown: ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "manager1") || !f.failed || len(org.InGroup("cidx")) > 0 {
		t.Errorf("failed: %v\n%s", f.failed, out.String())
	}
	c.Chat.DingTalk.ClientID = "another"
	out.Reset()
	if f.dingtalk(c); !strings.Contains(out.String(), "FAIL  dingtalk: the app's id and secret: accessToken: invalidClientIdOrSecret: look at") {
		t.Errorf("a wrong secret:\n%s", out.String())
	}
}
