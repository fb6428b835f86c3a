package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"twokey/bot/api"
	"twokey/incident"
)

// supervised is the real program as systemd and Docker run it: whenever it ends, it is
// started again.
type supervised struct {
	a *across

	mu    sync.Mutex
	ended []int // exit codes
	said  bytes.Buffer
	now   *exec.Cmd
	over  bool
	done  chan struct{}
}

func (a *across) supervise() *supervised {
	s := &supervised{a: a, done: make(chan struct{})}
	go s.run()
	a.t.Cleanup(s.stop)
	return s
}

func (s *supervised) run() {
	defer close(s.done)
	for {
		c := s.a.command("serve")
		var log safeBuffer
		c.Stderr = &log
		s.mu.Lock()
		if s.over || c.Start() != nil {
			s.mu.Unlock()
			return
		}
		s.now = c
		s.mu.Unlock()
		_ = c.Wait() // the code says it
		s.mu.Lock()
		s.ended = append(s.ended, c.ProcessState.ExitCode())
		s.said.WriteString(log.String())
		s.mu.Unlock()
	}
}

// stop ends it for good.
func (s *supervised) stop() {
	s.mu.Lock()
	s.over = true
	if s.now != nil {
		_ = s.now.Process.Kill()
	}
	s.mu.Unlock()
	<-s.done
}

// deaths are the exit codes so far.
func (s *supervised) deaths() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int(nil), s.ended...)
}

// TestADeathInAVendorsClientLosesNothing has Lark's own client end the process, in a
// goroutine that is none of ours and past every recover: between two votes, and while the
// rooms are being told. Started again, nothing is lost and nothing is told twice.
func TestADeathInAVendorsClientLosesNothing(t *testing.T) {
	t.Parallel()
	a := newAcross(t, "")
	s := a.supervise()
	died := func(n int) {
		t.Helper()
		a.eventually("the process to die", func() bool { return len(s.deaths()) == n })
		a.awaitReady()
	}
	a.awaitReady()
	a.lark.Kill(t) // idle
	died(1)
	a.hears()
	a.lark.Kill(t) // with its first posts on the way
	died(2)
	a.everywhere(a.leaked)
	digest := string(a.waiting(incident.StepKeyDisable).Digest)
	a.pressesInSlack("ana", digest)
	a.lark.Kill(t) // between the votes, perhaps before the first is on every card
	died(3)
	a.everywhere("Ana approved")
	a.pressesInLark("bo", digest)
	a.lark.Kill(t) // perhaps while the key is being disabled
	died(4)
	a.everywhere("— CONTAINED", "Key state: Inactive")
	i := a.until(func(i api.Incident) bool { return planned(i, incident.StepKeyDisable).Outcome != "" })
	if got := planned(i, incident.StepKeyDisable).Outcome; got != incident.Confirmed {
		t.Errorf("disabling ended as %q", got)
	}
	a.shownOnce()
	if cards := strings.Count(a.slack.Text(a.channel), "times in UTC") + strings.Count(a.lark.Text(a.group), "times in UTC") + strings.Count(a.ding.Text(a.circle), "times in UTC"); cards != 3 {
		t.Errorf("%d cards in three groups", cards)
	}

	s.stop()
	if got := keyIn(t, filepath.Join(a.dir, "twokey.db.prod.json"), a.leaked); got != incident.KeyInactive {
		t.Errorf("the key is %s", got)
	}
	for n, code := range s.deaths()[:4] {
		if code != 2 {
			t.Errorf("death %d: exit code %d, want 2: the Go runtime's own", n+1, code)
		}
	}
	trace := s.said.String()
	if n, there := strings.Count(trace, "fatal error: "), strings.Count(trace, "oapi-sdk-go/v3/ws.(*Client).combine"); n != 4 || there < n {
		t.Errorf("it died %d times, %d times there:\n%s", n, there, trace)
	}
	for _, secret := range append(a.env, "SCANS=token-of-the-scans", "API=token-of-the-api", "KEY=key-of-the-record-of-a-drill-0001") {
		if _, value, _ := strings.Cut(secret, "="); strings.Contains(trace, value) {
			t.Errorf("what it wrote while dying holds %s", secret)
		}
	}
	if said := a.must("verify"); !strings.Contains(said, "ok") {
		t.Errorf("verify says:\n%s", said)
	}
}
