package alicloud_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

func TestThrottledCallsAreMadeAgain(t *testing.T) {
	for _, action := range []string{"UpdateAccessKey", "ListAccessKeys", "GetUser"} {
		t.Run(action, func(t *testing.T) {
			s := newStage(t)
			must(t, s.account.Check(t.Context()))
			s.cloud.Inject(sandbox.Fault{Kind: sandbox.Throttle, Action: action, Next: 2})
			s.do(incident.StepKeyDisable)
			if s.waits.count() < 2 {
				t.Fatalf("waited %d times", s.waits.count())
			}
		})
	}
}

func TestPassingFailuresAreMadeAgainAndThenTold(t *testing.T) {
	for kind, code := range map[sandbox.FaultKind]string{
		sandbox.ServerError: "HTTP.500", sandbox.HTML: "HTTP.503", sandbox.Unavailable: "ServiceUnavailable", sandbox.Throttle: "Throttling.User",
	} {
		t.Run(code, func(t *testing.T) {
			s := newStage(t)
			p := s.plan(incident.StepKeyDisable)
			remove := s.cloud.Inject(sandbox.Fault{Kind: kind, Action: "UpdateAccessKey"})
			_, err := s.step(p.Step).Run(t.Context(), p)
			s.wantError(err, code)
			want := 1 // it may have had its effect: whoever asked reads before asking again
			if kind == sandbox.Throttle {
				want = 3 // turned away at the door
			}
			if n := s.cloud.Calls("UpdateAccessKey"); !actions.Transient(err) || n != want {
				t.Fatalf("%v after %d calls", err, n)
			}
			s.verify(p, false)
			remove()
			_ = got(s.step(p.Step).Run(t.Context(), p))(t)
			s.verify(p, true)
		})
	}
}

func TestAnAnswerThatIsLostIsNotTheTruth(t *testing.T) {
	for _, row := range []struct {
		step, action string
		before       []string
		done         bool // with that one call
	}{
		{incident.StepKeyDisable, "UpdateAccessKey", nil, true},
		{incident.StepKeyEnable, "UpdateAccessKey", []string{incident.StepKeyDisable}, true},
		{incident.StepKeyDelete, "DeleteAccessKey", []string{incident.StepKeyDisable}, true},
		{incident.StepKeyRestore, "RestoreAccessKeyFromRecycleBin", []string{incident.StepKeyDisable, incident.StepKeyDelete}, true},
		{incident.StepPolicyQuarantine, "CreatePolicy", nil, false},
		{incident.StepPolicyQuarantine, "AttachPolicyToUser", nil, true},
		{incident.StepPolicyDetach, "DetachPolicyFromUser", []string{incident.StepPolicyQuarantine}, true},
	} {
		t.Run(row.step+" "+row.action, func(t *testing.T) {
			s := newStage(t)
			s.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true, RestoreActive: true})
			for _, name := range row.before {
				s.do(name)
			}
			p := s.plan(row.step)
			had := s.cloud.Applied(row.action)
			s.cloud.Inject(sandbox.Fault{Kind: sandbox.Drop, Action: row.action, Next: 1})
			_, err := s.step(p.Step).Run(t.Context(), p)
			if err != nil {
				s.wantError(err, "Network")
			}
			s.verify(p, row.done)
			if !row.done {
				_ = got(s.step(p.Step).Run(t.Context(), p))(t)
				s.verify(p, true)
			}
			if n := s.cloud.Applied(row.action) - had; n != 1 {
				t.Fatalf("%s took effect %d times", row.action, n)
			}
		})
	}
}

func TestAKeyRestoredWithoutAnAnswerIsStillMadeInactive(t *testing.T) {
	s := newStage(t)
	s.cloud.SetBehaviour(sandbox.Behaviour{RestoreActive: true})
	s.do(incident.StepKeyDisable)
	s.do(incident.StepKeyDelete)
	p := s.plan(incident.StepKeyRestore)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Drop, Action: "RestoreAccessKeyFromRecycleBin"})
	_ = got(s.step(p.Step).Run(t.Context(), p))(t)
	if s.status() != incident.KeyInactive {
		t.Fatalf("the key is %s", s.status())
	}
}

func TestAfterAnUncertainDeleteNothingElseIsDeleted(t *testing.T) {
	s := newStage(t)
	_ = got(s.cloud.AddKey(userName))(t)
	s.do(incident.StepKeyDisable)
	p := s.plan(incident.StepKeyDelete)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.HTML, Action: "DeleteAccessKey"})
	_, err := s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "HTTP.503")
	s.verify(p, false)
	if n := s.cloud.Calls("DeleteAccessKey"); n != 1 {
		t.Fatalf("%d deletes", n)
	}
}

func TestCancelingReturnsWhileTheCloudIsSilent(t *testing.T) {
	s := newStage(t)
	p := s.plan(incident.StepKeyDisable)
	held := make(chan struct{}, 1)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Slow, Held: held})
	for name, call := range map[string]func(context.Context) error{
		"Plan":     func(ctx context.Context) error { _, err := s.step(p.Step).Plan(ctx, s.target, nil); return err },
		"Run":      func(ctx context.Context) error { _, err := s.step(p.Step).Run(ctx, p); return err },
		"Verify":   func(ctx context.Context) error { _, err := s.step(p.Step).Verify(ctx, p); return err },
		"Owner":    func(ctx context.Context) error { _, err := s.account.Owner(ctx, s.target.Key); return err },
		"Evidence": func(ctx context.Context) error { _, err := s.account.Evidence(ctx, s.target, time.Now()); return err },
		"Undoer":   func(ctx context.Context) error { _, err := s.account.Undoer(ctx, p, time.Now()); return err },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		back := make(chan error, 1)
		go func() { back <- call(ctx) }()
		<-held
		cancel()
		err := <-back // the sandbox would hold it for ever
		s.wantError(err, "Canceled")
		if !errors.Is(err, context.Canceled) || !actions.Transient(err) {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

func TestADeadlineIsATimeout(t *testing.T) {
	s := newStage(t)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Slow})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := s.account.Owner(ctx, s.target.Key)
	s.wantError(err, "Timeout")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestNobodyListeningIsANetworkError(t *testing.T) {
	s := newStage(t)
	p := s.plan(incident.StepKeyDisable)
	must(t, s.cloud.Close())
	_, err := s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "Network")
	if ok, err := s.step(p.Step).Verify(t.Context(), p); ok || !actions.Transient(err) {
		t.Fatalf("verified against nobody: %v %v", ok, err)
	}
}

// A stranger in the middle must neither become a code on a card nor lead the
// signature elsewhere.
func TestStrangeAnswersAreContained(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	for name, row := range map[string]struct {
		status int
		header string
		body   string
		code   string
	}{
		"a page":              {200, "", "<html>log in</html>", "HTTP.200"},
		"a redirect":          {302, elsewhere.URL, "", "HTTP.302"},
		"a code with markup":  {400, "", `{"Code":"<a href='http://evil'>x</a>"}`, "HTTP.400"},
		"no code":             {403, "", `{}`, "HTTP.403"},
		"a list":              {200, "", `[1]`, "HTTP.200"},
		"wrong types":         {200, "", `{"AccountId":[{}]}`, "BadAnswer"},
		"nothing that we ask": {200, "", `{}`, "OtherAccount"},
		"too much":            {200, "", `{"AccountId":"` + string(make([]byte, 5<<20)) + `"}`, "HTTP.200"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if row.header != "" {
					w.Header().Set("Location", row.header)
				}
				w.WriteHeader(row.status)
				_, _ = w.Write([]byte(row.body))
			}))
			defer stranger.Close()
			a := s.as(s.bot, func(c *alicloud.Config) { c.Endpoints["sts"] = stranger.URL })
			s.wantError(a.Check(t.Context()), row.code)
		})
	}
}

func TestSilenceIsNotAnEmptyList(t *testing.T) {
	s := newStage(t)
	empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }))
	defer empty.Close()
	s.account = s.as(s.bot, func(c *alicloud.Config) { c.Endpoints["ram"] = empty.URL })
	sights, err := s.account.Evidence(t.Context(), s.target, time.Now())
	s.wantError(err, "BadAnswer")
	for _, name := range []incident.FactName{incident.FactKeys, incident.FactPolicies, incident.FactGroups} {
		if v, ok := seen(sights, incident.OfUser(s.userID))[name]; ok {
			t.Fatalf("%s is %q", name, v)
		}
	}
}

func TestManyUseOneAccountAtOnce(t *testing.T) {
	s := newStage(t)
	var all sync.WaitGroup
	failed := make(chan error, 64)
	for i := range 8 {
		name := fmt.Sprintf("user-%d", i)
		target := incident.Target{Account: "prod", AccountID: s.cloud.Account(), User: name, UserID: s.cloud.AddUser(name)}
		target.Key = incident.KeyID(got(s.cloud.AddKey(name))(t).ID)
		all.Go(func() {
			ctx := t.Context()
			_, err := s.account.Owner(ctx, target.Key)
			failed <- err
			_, err = s.account.Evidence(ctx, target, time.Now())
			failed <- err
			for _, step := range []string{incident.StepPolicyQuarantine, incident.StepKeyDisable} {
				a := s.account.Actions()[step]
				p, err := a.Plan(ctx, target, nil)
				failed <- err
				_, err = a.Run(ctx, p)
				failed <- err
				if ok, err := a.Verify(ctx, p); err != nil || !ok {
					failed <- fmt.Errorf("verify %s: %v %w", step, ok, err)
				}
			}
		})
	}
	all.Wait()
	close(failed)
	for err := range failed {
		must(t, err)
	}
}

func TestLookupsKeepToTheRate(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at, func(c *alicloud.Config) {
		c.Sleep = func(ctx context.Context, d time.Duration) error { at.advance(d); return ctx.Err() }
	})
	s.cloud.SetBehaviour(sandbox.Behaviour{}) // two a second
	for i := range 180 {
		must(t, s.cloud.RecordUse(s.key.ID, sandbox.Use{At: at.now().Add(-time.Duration(i) * time.Hour), Service: "Ecs", Event: "DescribeInstances"}))
	}
	p := s.plan(incident.StepPolicyQuarantine)
	if !p.Impact.Since.Before(at.now().AddDate(0, 0, -89)) || s.cloud.Applied("LookupEvents") != 4 {
		t.Fatalf("%d lookups got through: %+v", s.cloud.Applied("LookupEvents"), p.Impact)
	}
}

func TestWhoCannotWaitForTheRateIsToldAtOnce(t *testing.T) {
	s := newStage(t)
	p := s.do(incident.StepKeyDisable)
	ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
	defer cancel()
	var err error
	for range 3 { // two lookups at once, then one in more than a second
		_, err = s.account.Undoer(ctx, p, time.Now())
	}
	s.wantError(err, "RateLimit")
	if !actions.Transient(err) {
		t.Fatal("a full rate looks final")
	}
}

func TestErrorsOfTheTransportHoldNoURL(t *testing.T) {
	s := newStage(t)
	for _, broken := range []error{&net.OpError{Op: "dial", Err: errors.New("refused")}, fmt.Errorf("http://evil?%s", s.key.ID)} {
		a := s.as(s.bot, func(c *alicloud.Config) { c.HTTPTransport = failing{broken} })
		s.wantError(a.Check(t.Context()), "Network")
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }
