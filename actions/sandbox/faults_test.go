package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/alibabacloud-go/tea/tea"
	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

func (s *stage) whoami(t *testing.T) error {
	t.Helper()
	_, err := s.call(t, s.bot, sts, "GetCallerIdentity", nil)
	return err
}

func TestStatement19EveryKthCallIsThrottled(t *testing.T) {
	s := start(t)
	remove := s.Inject(sandbox.Fault{Kind: sandbox.Throttle, Every: 3})
	for n := 1; n <= 6; n++ {
		if err := s.whoami(t); n%3 == 0 {
			refused(t, err, 400, "Throttling.User")
		} else {
			ok(t, err)
		}
	}
	remove()
	for range 3 {
		ok(t, s.whoami(t))
	}
}

func TestStatement19TheNextCallsFailAndThenNoMore(t *testing.T) {
	s := start(t)
	for _, row := range []struct {
		kind  sandbox.FaultKind
		check func(*testing.T, error)
	}{
		{sandbox.Throttle, func(t *testing.T, err error) { refused(t, err, 400, "Throttling.User") }},
		{sandbox.Unavailable, func(t *testing.T, err error) { refused(t, err, 503, "ServiceUnavailable") }},
		{sandbox.ServerError, func(t *testing.T, err error) {
			var e *tea.SDKError
			if !errors.As(err, &e) || tea.IntValue(e.StatusCode) != 500 {
				t.Errorf("%v", err)
			}
		}},
		{sandbox.HTML, func(t *testing.T, err error) {
			if _, ok := errors.AsType[*json.SyntaxError](err); !ok {
				t.Errorf("%T %v", err, err)
			}
		}},
	} {
		before := s.Applied("CreateUser")
		s.Inject(sandbox.Fault{Kind: row.kind, Next: 2})
		for range 2 {
			_, err := s.call(t, s.bot, ram, "CreateUser", map[string]any{"UserName": "x"})
			row.check(t, err)
		}
		if s.Applied("CreateUser") != before {
			t.Errorf("fault %d: the call took effect", row.kind)
		}
		ok(t, s.whoami(t))
	}
}

func TestStatement19AFaultHitsOnlyTheCallsItNames(t *testing.T) {
	s := start(t)
	for _, f := range []sandbox.Fault{{Action: "ListAccessKeys"}, {Product: "ims"}, {Key: s.alice.ID}} {
		s.ClearFaults()
		s.Inject(f)
		hit := map[string]bool{}
		for name, call := range map[string]func() error{
			"sts": func() error { return s.whoami(t) },
			"ims": func() error {
				_, err := s.call(t, s.bot, ims, "ListAccessKeys", map[string]any{"UserPrincipalName": upn})
				return err
			},
			"ram":   func() error { _, err := s.call(t, s.bot, ram, "ListAccessKeys", nil); return err },
			"alice": func() error { _, err := s.call(t, s.alice, sts, "GetCallerIdentity", nil); return err },
		} {
			if err := call(); err != nil {
				refused(t, err, 400, "Throttling.User")
				hit[name] = true
			}
		}
		var want map[string]bool
		switch {
		case f.Action != "":
			want = map[string]bool{"ims": true, "ram": true}
		case f.Product != "":
			want = map[string]bool{"ims": true}
		default:
			want = map[string]bool{"alice": true}
		}
		if diff := cmp.Diff(want, hit); diff != "" {
			t.Errorf("%+v: %s", f, diff)
		}
	}
}

func TestStatement19ADroppedWriteTookEffect(t *testing.T) {
	s := start(t)
	s.Inject(sandbox.Fault{Kind: sandbox.Drop, Action: "CreateAccessKey", Next: 1})
	_, err := s.call(t, s.bot, ram, "CreateAccessKey", map[string]any{"UserName": "alice"})
	var answered *tea.SDKError
	if err == nil || errors.As(err, &answered) {
		t.Fatalf("an answer came: %v", err)
	}
	if n := len(s.keyStatus(t, "alice")); n != 2 || s.Applied("CreateAccessKey") != 1 || s.Calls("CreateAccessKey") != 1 {
		t.Errorf("%d keys, applied %d", n, s.Applied("CreateAccessKey"))
	}
}

func TestStatement19ASlowCallWaitsForItsRelease(t *testing.T) {
	s := start(t)
	release, held := make(chan struct{}), make(chan struct{}, 1)
	s.Inject(sandbox.Fault{Kind: sandbox.Slow, Next: 1, Release: release, Held: held})
	done := make(chan error)
	go func() {
		_, err := s.call(t, s.bot, ram, "CreateUser", map[string]any{"UserName": "x"})
		done <- err
	}()
	<-held
	ok(t, s.whoami(t)) // others are not held up
	select {
	case err := <-done:
		t.Fatalf("answered while held: %v", err)
	default:
	}
	if s.Applied("CreateUser") != 0 {
		t.Error("it took effect while held")
	}
	close(release)
	ok(t, <-done)
	if s.Applied("CreateUser") != 1 {
		t.Error("released, yet without effect")
	}
}

func TestStatement19ASlowCallWhoseClientLeftHasNoEffect(t *testing.T) {
	s := start(t)
	held := make(chan struct{}, 1)
	s.Inject(sandbox.Fault{Kind: sandbox.Slow, Held: held})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.send(ctx, t, wire{}, s.bot, ram, "CreateUser", map[string]any{"UserName": "x"})
		done <- err
	}()
	<-held
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	ok(t, s.Close()) // waits until the held call ended
	if s.Applied("CreateUser") != 0 {
		t.Error("it took effect")
	}
}

func TestStatement19ReadsLagBehindWrites(t *testing.T) {
	s := start(t)
	lag := 10 * time.Second
	s.SetBehaviour(sandbox.Behaviour{ReadLag: lag})
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
	seen := func(want string) {
		t.Helper()
		if diff := cmp.Diff(map[string]string{s.alice.ID: want}, s.keyStatus(t, "alice")); diff != "" {
			t.Error(diff)
		}
	}
	seen("Active")
	_, err := s.call(t, s.alice, sts, "GetCallerIdentity", nil)
	ok(t, err) // the gateway has not heard of it either
	s.clock.advance(lag - time.Second)
	s.setStatus(t, "alice", s.alice.ID, sandbox.Active) // a second write in between
	seen("Active")
	s.clock.advance(time.Second)
	seen("Inactive")
	_, err = s.call(t, s.alice, sts, "GetCallerIdentity", nil)
	refused(t, err, 400, "InvalidAccessKeyId.Inactive")
	s.clock.advance(lag)
	seen("Active")
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
	s.SetBehaviour(sandbox.Behaviour{})
	seen("Inactive") // without the lag, the present
}

func TestStatement19AttachmentsLagToo(t *testing.T) {
	s := start(t)
	ok(t, s.SetPolicies("alice", admin))
	ok(t, s.AddPolicy("q", deny))
	s.SetBehaviour(sandbox.Behaviour{ReadLag: time.Second})
	ok(t, s.attach(t, "Custom", "q"))
	refused(t, s.attach(t, "Custom", "q"), 409, "EntityAlreadyExists.User.Policy") // writes see the present
	s.decided(t, s.alice, ram, "CreateUser", map[string]any{"UserName": "early"}, "")
	s.clock.advance(time.Second)
	s.decided(t, s.alice, ram, "CreateUser", map[string]any{"UserName": "late"}, "ExplicitDeny")
}

func TestHooksStandAroundTheEffect(t *testing.T) {
	var s *stage
	var mu sync.Mutex
	var told []string
	look := func(when string) func(string) {
		return func(action string) {
			mu.Lock()
			defer mu.Unlock()
			if action == "CreateUser" { // a hook may look at the account
				told = append(told, when, itoa(len(s.Snapshot().Users)))
			}
		}
	}
	s = start(t, func(o *sandbox.Options) { o.Before, o.After = look("before"), look("after") })
	_, err := s.call(t, s.bot, ram, "CreateUser", map[string]any{"UserName": "x"})
	ok(t, err)
	_, err = s.call(t, s.bot, ram, "CreateUser", map[string]any{"UserName": "x"})
	refused(t, err, 409, "EntityAlreadyExists.User")
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]string{"before", "2", "after", "3", "before", "3"}, told); diff != "" {
		t.Error(diff)
	}
	if s.Calls("CreateUser") != 2 || s.Applied("CreateUser") != 1 {
		t.Errorf("%d calls, %d applied", s.Calls("CreateUser"), s.Applied("CreateUser"))
	}
}

func itoa(n int) string { return string(rune('0' + n)) }

func TestManyCallersAtOnce(t *testing.T) {
	s := start(t)
	s.Inject(sandbox.Fault{Kind: sandbox.Throttle, Every: 5})
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 5 {
				_, _ = s.call(t, s.bot, ram, "UpdateAccessKey", map[string]any{
					"UserName": "alice", "UserAccessKeyId": s.alice.ID, "Status": []string{"Active", "Inactive"}[n%2],
				})
				s.Snapshot()
				s.SetBehaviour(sandbox.Behaviour{ReadLag: time.Duration(n) * time.Second})
			}
		})
	}
	wg.Wait()
	if s.Calls("UpdateAccessKey") != 40 || s.Applied("UpdateAccessKey") != 32 {
		t.Errorf("%d calls, %d applied", s.Calls("UpdateAccessKey"), s.Applied("UpdateAccessKey"))
	}
}
