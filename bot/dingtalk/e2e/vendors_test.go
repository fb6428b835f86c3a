// Package e2e_test visits the organisation of dingtalktest with clients that nobody here
// wrote: those of DingTalk's vendor for Stream, for Go and for Node. What works for them
// there is what works for them on DingTalk, so what the bot meets in dingtalktest is what
// it meets on DingTalk.
//
// Node's is installed by npm ci in this folder.
package e2e_test

import (
	"testing"

	"twokey/bot/chattest/node"
	"twokey/bot/dingtalk/dingtalktest"
)

const folder = "."

// vendor is a client of the vendor's, for one organisation.
type vendor interface {
	// connect opens the stream for these topics. Presses are answered with a change of the
	// card: its status is "approved".
	connect(topics ...string)
	// again opens the stream anew, after its end was seen.
	again()
	// refused is how another secret is answered; empty: it opens the stream.
	refused(secret string) string
	// heard is the next that came: "message", content, who, kind of chat, chat, robot; or
	// "press", card, who, kind of id, organisation, chat, button, reason.
	heard() []string
}

// needNode skips on a bare machine; CI installs what is missing.
func needNode(t *testing.T) {
	t.Helper()
	if what := node.Missing(folder, "dingtalk-stream"); what != "" {
		t.Skip(what)
	}
}

// onEach runs a test with each of the vendor's clients, on an organisation of its own.
func onEach(t *testing.T, test func(t *testing.T, o *dingtalktest.Org, v vendor)) {
	t.Run("dingtalk-stream-sdk-go", func(t *testing.T) {
		o := dingtalktest.New(t)
		test(t, o, newGopher(t, o))
	})
	t.Run("dingtalk-stream", func(t *testing.T) {
		needNode(t)
		o := dingtalktest.New(t)
		test(t, o, newNoder(t, o))
	})
}
