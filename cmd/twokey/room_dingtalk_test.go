package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDingTalkTakesWhatItNeeds(t *testing.T) {
	for text, want := range map[string]string{
		`{client_id: a, client_secret: ${S}, room: cidx}`:                                     "",
		`{client_id: a, client_secret: ${S}, room: cidx, api_url: "https://api.dingtalk.io"}`: "",
		`{client_id: a, client_secret: ${S}, room: cidx, group_template: t, group_owner: u}`:  "",
		`{client_id: a, client_secret: ${S}, room: cidx, group_owner: u}`:                     "need a group_template and a group_owner",
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
