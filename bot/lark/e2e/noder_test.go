package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"

	"twokey/bot/chattest/node"
	"twokey/bot/lark/larktest"
)

// noder is the vendor's client for Node.
type noder struct {
	t      *testing.T
	script *node.Script
}

func newNoder(t *testing.T, x *larktest.Tenant) *noder {
	t.Helper()
	who, err := json.Marshal(map[string]string{"ID": x.App.ID, "Secret": x.App.Secret, "EncryptKey": x.App.EncryptKey, "URL": x.URL()})
	if err != nil {
		t.Fatal(err)
	}
	return &noder{t, node.Start(t, folder, "client.mjs", string(who))}
}

type object = map[string]any

func (n *noder) api(path string, payload object) (out answer) {
	n.t.Helper()
	var got struct {
		Status int
		Reset  string
		Body   json.RawMessage
	}
	n.script.Call(n.t, "api", object{"path": path, "payload": payload}, &got)
	if err := json.Unmarshal(got.Body, &out); err != nil {
		n.t.Fatalf("%s: %v in %s", path, err, got.Body)
	}
	out.Status, out.Reset = got.Status, got.Reset
	return out
}

func (n *noder) create(group, kind, content, uuid string) answer {
	return n.api("im.message.create", object{
		"params": object{"receive_id_type": "chat_id"}, "data": object{"receive_id": group, "msg_type": kind, "content": content, "uuid": uuid},
	})
}

func (n *noder) reply(message, content, uuid string) answer {
	return n.api("im.message.reply", object{
		"path": object{"message_id": message}, "data": object{"msg_type": "text", "content": content, "reply_in_thread": true, "uuid": uuid},
	})
}

func (n *noder) patch(message, content string) answer {
	return n.api("im.message.patch", object{"path": object{"message_id": message}, "data": object{"content": content}})
}

func (n *noder) read(message string) answer {
	return n.api("im.message.get", object{"path": object{"message_id": message}})
}

func (n *noder) open(name, uuid string, members ...string) answer {
	return n.api("im.chat.create", object{
		"params": object{"user_id_type": "union_id", "uuid": uuid}, "data": object{"name": name, "user_id_list": members},
	})
}

func (n *noder) invite(group string, members ...string) answer {
	return n.api("im.chatMembers.create", object{
		"path": object{"chat_id": group}, "params": object{"member_id_type": "union_id", "succeed_type": 1}, "data": object{"id_list": members},
	})
}

func (n *noder) members(group string) answer {
	return n.api("im.chatMembers.get", object{"path": object{"chat_id": group}, "params": object{"member_id_type": "union_id"}})
}

func (n *noder) chat(group string) answer {
	return n.api("im.chat.get", object{"path": object{"chat_id": group}})
}

func (n *noder) pin(message string) answer {
	return n.api("im.pin.create", object{"data": object{"message_id": message}})
}

func (n *noder) user(union string) answer {
	return n.api("contact.user.get", object{"path": object{"user_id": union}, "params": object{"user_id_type": "union_id"}})
}

func (n *noder) listen() { n.script.Call(n.t, "listen", nil, nil) }

func (n *noder) receivers() map[string]http.Handler {
	n.t.Helper()
	var at string
	n.script.Call(n.t, "receive", nil, &at)
	out := map[string]http.Handler{}
	for _, path := range []string{"/events", "/cards"} {
		to, err := url.Parse(at + path)
		if err != nil {
			n.t.Fatal(err)
		}
		out[path] = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL, r.Out.Host = to, to.Host }}
	}
	return out
}

func (n *noder) heard() (out []string) {
	n.t.Helper()
	n.script.Heard(n.t, &out)
	return out
}

func (n *noder) complaints() (out []string) {
	n.t.Helper()
	n.script.Call(n.t, "complaints", nil, &out)
	return out
}
