package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/bot/api"
	"twokey/incident"
)

const centerOnly = `alerts:
  sources:
    - {name: center, type: sas, account: prod}
`

// VULNERABILITY: Security Center quotes the file that it found a key in, with the
// secret.
// ATTACK: whoever can read the database, the log, a backup or an export looks for
// it.
// THIS STORY VERIFIES: the key that Security Center lists opens an incident once,
// with the place, and its secret is nowhere.
func TestALeakOfSecurityCenterOpensAnIncidentWithoutItsSecret(t *testing.T) {
	var key sandbox.Key
	r := start(t, centerOnly, func(a *app) {
		d := a.drills[0]
		key = d.scene.Leaked
		for range 2 { // the same key in two places
			if _, err := d.cloud.AddLeak(sandbox.FoundLeak{
				Key: key, URL: "https://github.com/acme/deploy/blob/main/.env", Repo: "deploy", File: ".env", GithubUser: "intern",
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
	all := r.settled(func(i api.Incident) bool { return i.Owner.Kind != "" })
	if len(all) != 1 || all[0].Key != incident.KeyID(key.ID) {
		t.Fatalf("incidents %+v", all)
	}
	if r.drills[0].cloud.Calls("DescribeAccessKeyLeakDetail") == 0 {
		t.Fatal("nobody read the detail: there is nothing to look for")
	}
	everything := r.everywhere()
	wantKey(t, everything, key.ID)
	if !strings.Contains(string(everything["page of ana"]), "acme/deploy") {
		t.Error("the place is not on the card")
	}
	wantNone(t, everything, []planted{{"the leak's detail", string(key.Secret)}})
}

func TestSourcesThatAreAskedTakeNoToken(t *testing.T) {
	for text, want := range map[string]string{
		"{name: a, type: sas, token: ${T}}":                    "takes no token",
		"{name: a, type: sas, account: other}":                 `no account is called "other"`,
		"{name: a, type: generic, token: ${T}, account: prod}": "only sources that the bot asks",
		"{name: a, type: sas}":                                 "",
	} {
		body := "accounts: [{name: prod, id: \"1234567890123456\", mode: sandbox}]\nalerts: {sources: [" + text + "]}\n"
		_, _, err := parseConfig("twokey.yaml", []byte(body), false, func(string) (string, bool) { return "x", true })
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// Check says whether Security Center may be asked, and what is missing.
func TestCheckAsksSecurityCenter(t *testing.T) {
	cloud := sandbox.New(sandbox.Options{})
	if err := cloud.Start(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cloud.Close() })
	cloud.AddUser("twokey")
	key, err := cloud.AddKey("twokey")
	if err != nil {
		t.Fatal(err)
	}
	account, err := alicloud.New(alicloud.Config{
		Name: "prod", ID: cloud.Account(), Endpoints: map[string]string{"sas": cloud.URL(), "sts": cloud.URL(), "ims": cloud.URL()},
		Credentials: alicloud.Credentials{Type: alicloud.FromAccessKey, AccessKeyID: key.ID, AccessKeySecret: alicloud.Secret(string(key.Secret))},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &config{Alerts: alertsConfig{Sources: []sourceConfig{{Name: "center", Type: "sas"}}}}
	look := func() (string, bool) {
		var out strings.Builder
		f := &findings{env: &env{ctx: context.Background(), stdout: &out, now: time.Now}}
		f.polled(c, account)
		return out.String(), f.failed
	}
	if said, failed := look(); !failed || !strings.Contains(said, "lacks yundun-aegis:DescribeAccesskeyLeakList") {
		t.Errorf("failed %v: %s", failed, said)
	}
	if err := cloud.SetPolicies("twokey", sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}); err != nil {
		t.Fatal(err)
	}
	if said, failed := look(); failed || !strings.HasPrefix(said, "ok ") {
		t.Errorf("failed %v: %s", failed, said)
	}
}
