package alicloud

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"twokey/actions"
	"twokey/incident"
)

// Below the steps there is a second lock on what must never happen.
func TestTheLastDoorIsShutToo(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		_, _ = w.Write([]byte(`{}`))
	}))
	defer server.Close()
	a, err := New(Config{
		Name: "prod", ID: strings.Repeat("1", 16), Observe: true,
		Credentials: Credentials{Type: FromAccessKey, AccessKeyID: "id", AccessKeySecret: "secret"},
		Endpoints:   map[string]string{"ram": server.URL, "ims": server.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for name, err := range map[string]error{
		"update":  a.updateKey(ctx, "ana", "key", incident.KeyInactive),
		"delete":  a.deleteKey(ctx, "ana", "key"),
		"restore": a.restoreKey(ctx, "id", "key"),
		"create":  a.createPolicy(ctx, "p", "{}"),
		"attach":  a.attach(ctx, "ana", "p"),
		"detach":  a.detach(ctx, "ana", "p"),
	} {
		if !errors.Is(err, incident.Observing) {
			t.Errorf("an observer may %s: %v", name, err)
		}
	}
	a.observe = false
	_, keys := a.listKeys(ctx, "")
	_, policies := a.directPolicies(ctx, "")
	_, groups := a.groups(ctx, "")
	_, open := a.logonOf(ctx, user{})
	_, owner := a.userOfKey(ctx, "")
	for name, err := range map[string]error{
		"list keys": keys, "list policies": policies, "list groups": groups, "console": open, "owner": owner,
		"update": a.updateKey(ctx, "", "key", incident.KeyInactive), "delete": a.deleteKey(ctx, "", "key"),
		"attach": a.attach(ctx, "", "p"), "detach": a.detach(ctx, "", "p"), "restore": a.restoreKey(ctx, "", "key"),
	} {
		if !errors.Is(err, actions.ErrNoTarget) {
			t.Errorf("%s without a name: %v", name, err)
		}
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestTheSDKNeverSeesAURLInAnError(t *testing.T) {
	broken := errors.New("broken")
	d := newDoer(failing{broken})
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://127.0.0.1:1/?Password=x", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := d.Call(r, nil)
	if answer != nil {
		_ = answer.Body.Close()
	}
	if !errors.Is(err, broken) || strings.Contains(err.Error(), "Password") {
		t.Fatal(err)
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }
