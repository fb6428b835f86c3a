package e2e_test

import (
	"encoding/json"
	"testing"

	"twokey/bot/chattest/node"
	"twokey/bot/dingtalk/dingtalktest"
)

// noder is the vendor's client for Node.
type noder struct {
	t      *testing.T
	script *node.Script
}

func newNoder(t *testing.T, o *dingtalktest.Org) *noder {
	t.Helper()
	who, err := json.Marshal(map[string]string{"ClientID": o.App.ClientID, "ClientSecret": o.App.ClientSecret, "URL": o.URL()})
	if err != nil {
		t.Fatal(err)
	}
	return &noder{t, node.Start(t, folder, "client.mjs", string(who))}
}

func (n *noder) connect(topics ...string) {
	n.t.Helper()
	n.script.Call(n.t, "connect", topics, nil)
}

func (*noder) again() {} // it does by itself

func (n *noder) refused(secret string) (out string) {
	n.t.Helper()
	n.script.Call(n.t, "refused", secret, &out)
	return out
}

func (n *noder) heard() (out []string) {
	n.t.Helper()
	n.script.Heard(n.t, &out)
	return out
}
