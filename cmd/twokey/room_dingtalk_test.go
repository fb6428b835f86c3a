package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twokey/bot/dingtalk/dingtalktest"
)

func TestDingTalkTakesWhatItNeeds(t *testing.T) {
	for text, want := range map[string]string{
		`{client_id: a, client_secret: ${S}, room: cidx}`:                                     "",
		`{client_id: a, client_secret: ${S}, room: cidx, api_url: "https://api.dingtalk.io"}`: "",
		`{client_secret: ${S}, room: cidx}`:                                                   "give the app's client_id and client_secret",
		`{client_id: a, room: cidx}`:                                                          "give the app's client_id and client_secret",
		`{client_id: a, client_secret: ${S}}`:                                                 "name the group by its openConversationId",
		`{client_id: a, client_secret: ${S}, room: ops}`:                                      "name the group by its openConversationId",
		`{client_id: a, client_secret: ${S}, room: cidx, api_url: "http://api.example"}`:      "chat.dingtalk.api_url: http:// is for this machine only",
		`{client_id: a, client_secret: ${S}, room: cidx, oapi_url: "http://api.example"}`:     "chat.dingtalk.oapi_url: http:// is for this machine only",
	} {
		file := filepath.Join(t.TempDir(), "twokey.yaml")
		if err := os.WriteFile(file, []byte(oneAccount+"chat: {dingtalk: "+text+"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, _, err := readConfig(file, false, func(name string) (string, bool) { return "secret", name == "S" })
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v", text, err)
		case want == "" && !c.hasRoom():
			t.Errorf("%s is no room", text)
		}
	}
}

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
