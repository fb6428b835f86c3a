package main

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"twokey/bot/dingtalk/dingtalktest"
	"twokey/bot/lark/larktest"
	"twokey/incident"
)

// outage is one way for a platform to be down for as long as a whole incident takes.
type outage struct {
	room, name string // "lark", "Lark"
	why        string
	down       func(*across) (up func())
	voters     func(a *across, digest string) // two people in two other rooms
	others     func(a *across, text string)   // waits for a text in the three other rooms
}

// TestAPlatformThatIsDownHoldsUpNobody runs the real program while one platform refuses
// connections, answers nothing but 503, or nothing at all. The others go on as if it were
// not there and say so; when it is back, it has everything once, in order.
func TestAPlatformThatIsDownHoldsUpNobody(t *testing.T) {
	t.Parallel()
	for how, o := range map[string]outage{
		"refused": {
			room: "slack", name: "Slack", why: "Network",
			down: func(a *across) func() {
				g := newGate(a.t, strings.TrimSuffix(strings.TrimPrefix(a.slack.URL(), "http://"), "/api/"))
				a.reconfigured(strings.TrimSuffix(a.slack.URL(), "/api/"), "http://"+g.address)
				return g.open
			},
			voters: func(a *across, digest string) {
				a.pressesInLark("ana", digest)
				approve(a.t, a.ding, a.ids["bo"].ding, digest)
			},
			others: func(a *across, text string) { a.inLark(text); a.inDingTalk(text); a.sees(a.as("bo"), text) },
		},
		"503": {
			room: "lark", name: "Lark", why: "HTTP.503",
			down: func(a *across) func() { return a.lark.Inject(larktest.Fault{Kind: larktest.Unavailable}) },
			voters: func(a *across, digest string) {
				a.pressesInSlack("ana", digest)
				approve(a.t, a.ding, a.ids["bo"].ding, digest)
			},
			others: func(a *across, text string) { a.inSlack(text); a.inDingTalk(text); a.sees(a.as("bo"), text) },
		},
		"silent": {
			room: "dingtalk", name: "DingTalk", why: "Timeout",
			down: func(a *across) func() {
				back := make(chan struct{})
				remove := a.ding.Inject(dingtalktest.Fault{Kind: dingtalktest.Hang, Release: back})
				return func() { remove(); close(back) }
			},
			voters: func(a *across, digest string) { a.pressesInSlack("ana", digest); a.pressesInLark("bo", digest) },
			others: func(a *across, text string) { a.inSlack(text); a.inLark(text); a.sees(a.as("bo"), text) },
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			a := newAcross(t, "")
			a.program, a.env = "twokey-later", append(a.env, "FORWARD=0s", "FASTER=1")
			up := o.down(a)
			a.alerted()
			o.others(a, a.leaked)
			o.voters(a, string(a.waiting(incident.StepKeyDisable).Digest))
			o.others(a, "— CONTAINED")
			o.others(a, "Key state: Inactive")
			behind := "Not up to date: " + o.name + " (since "
			a.sees(a.as("ana"), behind)
			o.others(a, behind)
			o.others(a, o.why)
			if n := a.shows(o.room); n != 0 {
				t.Fatalf("%s was not down: it shows %d lines", o.name, n)
			}
			a.reaches(o.room, false)

			up()
			a.shownOnce()
			a.everywhere("— CONTAINED")
			for name, text := range map[string]func() string{
				"Slack": func() string { return a.slack.Text(a.channel) }, "Lark": func() string { return a.lark.Text(a.group) },
				"DingTalk": func() string { return a.ding.Text(a.circle) },
			} {
				a.eventually(name+" to say that all is told", func() bool { return !strings.Contains(text(), "Not up to date") })
			}
			a.reaches(o.room, true)
		})
	}
}

// shows is how many lines a platform has below the card.
func (a *across) shows(room string) int { return len(a.said()[room]) }

// reaches waits until metrics and status say that all rooms are reached, or all but one.
func (a *across) reaches(room string, all bool) {
	a.t.Helper()
	for _, other := range []string{"slack", "lark", "dingtalk", "console"} {
		fine := "twokey_room_failing_seconds{room=\"" + other + "\"} 0\n"
		a.eventually("metrics to tell of "+other, func() bool { return strings.Contains(a.ask("/metrics"), fine) == (all || other != room) })
	}
	if failing := strings.Contains(a.ask("/api/status"), `"failing_since"`); failing == all {
		a.t.Errorf("status says: %s", a.ask("/api/status"))
	}
}

// gate is an address at which nobody listens until it is opened.
type gate struct {
	t           *testing.T
	address, to string
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	address, err := freeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &gate{t: t, address: address, to: to}
}

// open lets everybody through until the test ends.
func (g *gate) open() {
	g.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(g.t.Context(), "tcp", g.address)
	if err != nil {
		g.t.Fatal(err)
	}
	var busy sync.WaitGroup
	g.t.Cleanup(func() { _ = l.Close(); busy.Wait() })
	busy.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			busy.Go(func() { g.pass(in) })
		}
	})
}

// pass carries one connection until either side ends it, or the test does.
func (g *gate) pass(in net.Conn) {
	defer in.Close()
	var d net.Dialer
	out, err := d.DialContext(g.t.Context(), "tcp", g.to)
	if err != nil {
		return
	}
	defer out.Close()
	defer context.AfterFunc(g.t.Context(), func() { _, _ = in.Close(), out.Close() })()
	done := make(chan struct{}, 2)
	carry := func(to io.Writer, from io.Reader) { _, _ = io.Copy(to, from); done <- struct{}{} }
	go carry(out, in)
	go carry(in, out)
	<-done
}
