package slacktest_test

import (
	"testing"

	"twokey/bot/slack/slacktest"
)

// A test makes a workspace, lets a bot connect to it, acts for people, and reads what
// the room and each of them is shown.
func Example() {
	var t *testing.T // the test's own
	w := slacktest.New(t, slacktest.Options{})
	ana := w.AddUser(slacktest.User{Name: "ana", Locale: "zh-CN"}).ID
	room := w.Room("sec-leaks", ana).ID

	// Start the bot with w.URL(), w.App.BotToken and w.App.AppToken here, or call
	// w.PostTo to reach it by signed requests.

	person := w.As(t, ana)
	person.Command(room, "list").Await()
	reply := person.Click("Approve").AwaitModal().Submit(map[string]string{"Why": "not needed"})
	reply.AwaitText("thank you")

	w.Inject(slacktest.Fault{Kind: slacktest.Lose, Method: "chat.postMessage", Next: 1})
	w.Disconnect("refresh_requested")
	w.Await(t, "the next line", func() bool { return len(w.Messages(room)) == 2 })
}
