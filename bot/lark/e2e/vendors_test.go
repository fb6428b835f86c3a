// Package e2e_test visits the tenant of larktest with clients that nobody here wrote:
// those of Lark's vendor, for Go and for Node. What works for them there is what works
// for them on Lark, so what the bot meets in larktest is what it meets on Lark.
//
// Node's is installed by npm ci in this folder.
package e2e_test

import (
	"net/http"
	"testing"

	"twokey/bot/chattest/node"
	"twokey/bot/lark/larktest"
)

const folder = "."

// card asks for a yes.
const card = `{"schema":"2.0","config":{"update_multi":true},"header":{"title":{"tag":"plain_text","content":"leaked"}},
"body":{"elements":[{"tag":"button","text":{"tag":"plain_text","content":"Yes"},"behaviors":[{"type":"callback","value":{"a":"yes"}}]}]}}`

// answer is one of the Open API's, as far as a visit looks at it.
type answer struct {
	Status int    // of HTTP
	Reset  string // x-ogw-ratelimit-reset
	Code   int
	Data   struct {
		MessageID string `json:"message_id"`
		RootID    string `json:"root_id"`
		ChatID    string `json:"chat_id"`
		Name      string
		Tenant    string   `json:"tenant_key"`
		Invalid   []string `json:"invalid_id_list"`
		Items     []struct {
			MemberID string `json:"member_id"`
			Sender   struct{ ID string }
			Body     struct{ Content string }
		}
		Pin struct {
			MessageID string `json:"message_id"`
		}
		User struct {
			Name   string
			Status struct {
				Frozen bool `json:"is_frozen"`
			}
		}
	}
}

// vendor is a client of the vendor's, on one tenant.
type vendor interface {
	create(group, kind, content, uuid string) answer
	reply(message, content, uuid string) answer // in a thread
	patch(message, content string) answer
	read(message string) answer
	open(name, uuid string, members ...string) answer // a group
	invite(group string, members ...string) answer
	members(group string) answer
	chat(group string) answer
	pin(message string) answer
	user(union string) answer

	// listen opens a long connection. Presses are answered with a toast, "seen".
	listen()
	// receivers take what is posted, and answer the same: one for events, and what else
	// the vendor wrote for that.
	receivers() map[string]http.Handler
	// heard is the next that came, by either way: "press", message, who, value; or
	// "message", content, who, who is mentioned.
	heard() []string
	// complaints are what the client wrote into its log, as warnings or errors.
	complaints() []string
}

// onEach runs a test with each of the vendor's clients, on a tenant of its own.
func onEach(t *testing.T, test func(t *testing.T, x *larktest.Tenant, v vendor)) {
	t.Run("oapi-sdk-go", func(t *testing.T) {
		x := larktest.New(t, larktest.Options{})
		test(t, x, newGopher(t, x))
	})
	t.Run("node-sdk", func(t *testing.T) {
		if what := node.Missing(folder, "@larksuiteoapi/node-sdk"); what != "" {
			t.Skip(what)
		}
		x := larktest.New(t, larktest.Options{})
		test(t, x, newNoder(t, x))
	})
}
