package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/bot/dingtalk/dingtalktest"
)

func hears(t *testing.T, v vendor, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, v.heard()); diff != "" {
		t.Errorf("want (-), heard (+):\n%s", diff)
	}
}

func TestTheVendorsClientsHearPeople(t *testing.T) {
	onEach(t, func(t *testing.T, o *dingtalktest.Org, v vendor) {
		ana := o.AddUser(dingtalktest.User{Name: "Ana"})
		group := o.Group(ana)
		v.connect(dingtalktest.TopicMessage, dingtalktest.TopicCard)
		o.Await(t, "the answer to a ping", func() bool { return o.Pongs() == 1 })
		p := o.As(t, ana)

		p.Mention(group, "list")
		hears(t, v, "message", " list", ana, "2", group, o.App.RobotCode)
		said := p.Direct("help").Frame
		hears(t, v, "message", "help", ana, "1", "", o.App.RobotCode)
		if got := o.Answer(said); got == "" || o.Refused(said) > 0 { // DingTalk reads nothing of it
			t.Errorf("the answer to a message is %q", got)
		}

		pressed := p.Press(dingtalktest.Button{ID: "yes", Track: "inc-1", Group: group}, "why").Frame
		hears(t, v, "press", "inc-1", ana, "1", o.App.Corp, group, "yes", "why")
		var answer struct {
			Response struct {
				CardUpdateOptions struct{ UpdateCardDataByKey bool }
				CardData          struct{ CardParamMap map[string]string }
			}
		}
		if err := json.Unmarshal([]byte(o.Answer(pressed)), &answer); err != nil {
			t.Fatal(err)
		}
		if r := answer.Response; !r.CardUpdateOptions.UpdateCardDataByKey || r.CardData.CardParamMap["status"] != "approved" {
			t.Errorf("the answer to a press is %s", o.Answer(pressed))
		}
		o.Again(t, pressed)
		hears(t, v, "press", "inc-1", ana, "1", o.App.Corp, group, "yes", "why")
	})
}

// TestTheVendorsClientsConnectAnew ends their connections in both ways that DingTalk
// does. Node's client waits for the end that it was told of.
func TestTheVendorsClientsConnectAnew(t *testing.T) {
	onEach(t, func(t *testing.T, o *dingtalktest.Org, v vendor) {
		o.Grace = time.Millisecond
		ana := o.AddUser(dingtalktest.User{})
		v.connect(dingtalktest.TopicMessage)
		for _, end := range []func(){o.Drop, o.Disconnect} {
			o.Await(t, "the client", func() bool { return o.Sockets() == 1 })
			before := o.Calls(dingtalktest.PathOpen)
			end()
			o.Await(t, "the end", func() bool { return o.Sockets() == 0 })
			v.again()
			o.Await(t, "the client again", func() bool { return o.Calls(dingtalktest.PathOpen) > before && o.Sockets() == 1 })
			o.As(t, ana).Direct("help")
			hears(t, v, "message", "help", ana, "1", "", o.App.RobotCode)
		}
	})
}

// Node's client keeps a connection that it was told the end of until it ends.
func TestNothingComesOverAConnectionThatIsToEnd(t *testing.T) {
	needNode(t)
	o := dingtalktest.New(t)
	p := o.As(t, o.AddUser(dingtalktest.User{}))
	newNoder(t, o).connect(dingtalktest.TopicMessage)
	o.Await(t, "the first client", func() bool { return o.Pongs() == 1 })
	o.Disconnect()
	second := newGopher(t, o)
	second.connect(dingtalktest.TopicMessage)
	for range 2 { // robots take turns
		p.Direct("help")
		hears(t, second, "message", "help", p.ID, "1", "", o.App.RobotCode)
	}
	if n := o.Sockets(); n != 2 {
		t.Errorf("%d connections, want the one that is to end and the new one", n)
	}
}

func TestOnlyTheAppGetsIn(t *testing.T) {
	onEach(t, func(t *testing.T, o *dingtalktest.Org, v vendor) {
		if got := v.refused("another"); !strings.Contains(got, "authFailed") {
			t.Errorf("another secret is answered %q", got)
		}
		if n := o.Sockets(); n > 0 {
			t.Errorf("another secret has %d connections", n)
		}
	})
}

func TestAnErrorOfTheRobotIsNoAnswer(t *testing.T) {
	o := dingtalktest.New(t)
	v := newGopher(t, o) // Node's client can only say yes
	v.connect(dingtalktest.TopicMessage)
	if f := o.As(t, o.AddUser(dingtalktest.User{})).Direct("fail").Frame; o.Refused(f) != 1 {
		t.Error("an error counts as an answer")
	}
}
