package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ramsdk "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"

	"twokey/actions/sandbox"
)

const (
	ram   = "2015-05-01"
	ims   = "2019-08-15"
	sts   = "2015-04-01"
	trail = "2020-07-06"
	ecs   = "2014-05-26"
)

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// stage is a running account with a user "bot" who may do everything and a user
// "alice" who may do what the test gives her.
type stage struct {
	*sandbox.Cloud
	clock *clock
	bot   sandbox.Key
	alice sandbox.Key
	id    string // alice's user id
}

func start(t *testing.T, change ...func(*sandbox.Options)) *stage {
	t.Helper()
	s := &stage{clock: &clock{at: time.Date(2026, 11, 21, 2, 50, 0, 0, time.UTC)}}
	o := sandbox.Options{Alias: "acme", Now: s.clock.now, WireNow: time.Now}
	for _, f := range change {
		f(&o)
	}
	s.Cloud = must[*sandbox.Cloud](t)(sandbox.Open(o))
	if err := s.Start(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ok(t, s.Close()) })
	s.AddUser("bot")
	s.id = s.AddUser("alice")
	var err error
	s.bot, err = s.AddKey("bot")
	ok(t, err)
	s.alice, err = s.AddKey("alice")
	ok(t, err)
	ok(t, s.SetPolicies("bot", admin))
	return s
}

var admin = sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must is ok for calls that return a value.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

// wire is an HTTP client that the SDKs take; it may keep the request it sends.
type wire struct {
	keep func(*http.Request)
}

func (w wire) Call(r *http.Request, _ *http.Transport) (*http.Response, error) {
	if w.keep != nil {
		w.keep(r)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return client.Do(r)
}

func (s *stage) config(t *testing.T, k sandbox.Key, w wire) *openapiutil.Config {
	t.Helper()
	credential, err := credentials.NewCredential(&credentials.Config{
		Type: new("access_key"), AccessKeyId: new(k.ID), AccessKeySecret: new(string(k.Secret)),
	})
	ok(t, err)
	return &openapiutil.Config{
		Credential: credential, Endpoint: new(s.Address()), Protocol: new("http"), HttpClient: w,
	}
}

// ram is the official RAM client for a key.
func (s *stage) ram(t *testing.T, k sandbox.Key) *ramsdk.Client {
	t.Helper()
	return must[*ramsdk.Client](t)(ramsdk.NewClient(s.config(t, k, wire{})))
}

// call makes one call through the official generic client and reads its answer.
func (s *stage) call(t *testing.T, k sandbox.Key, version, action string, params map[string]any) (answer, error) {
	t.Helper()
	return s.send(t.Context(), t, wire{}, k, version, action, params)
}

func (s *stage) send(ctx context.Context, t *testing.T, w wire, k sandbox.Key, version, action string, params map[string]any) (answer, error) {
	t.Helper()
	client := must[*openapi.Client](t)(openapi.NewClient(s.config(t, k, w)))
	got, err := client.CallApiWithCtx(ctx, &openapiutil.Params{
		Action: new(action), Version: new(version), Protocol: new("HTTP"), Method: new("POST"),
		AuthType: new("AK"), Style: new("RPC"), Pathname: new("/"),
		ReqBodyType: new("formData"), BodyType: new("json"),
	}, &openapiutil.OpenApiRequest{Query: openapiutil.Query(params)}, &dara.RuntimeOptions{})
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(got["body"])
	ok(t, err)
	return answer(text), nil
}

// answer is a body; read takes it into a Go value.
type answer []byte

func read[T any](t *testing.T, a answer) T {
	t.Helper()
	var out T
	ok(t, json.Unmarshal(a, &out))
	return out
}

// refused checks that the error is this code of the cloud.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var e *tea.SDKError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %d %s", err, status, code)
	}
	if tea.StringValue(e.Code) != code || tea.IntValue(e.StatusCode) != status {
		t.Fatalf("got %d %s, want %d %s", tea.IntValue(e.StatusCode), tea.StringValue(e.Code), status, code)
	}
}

func (s *stage) keyStatus(t *testing.T, user string) map[string]string {
	t.Helper()
	got, err := s.ram(t, s.bot).ListAccessKeys(&ramsdk.ListAccessKeysRequest{UserName: new(user)})
	ok(t, err)
	out := map[string]string{}
	for _, k := range got.Body.AccessKeys.AccessKey {
		out[*k.AccessKeyId] = *k.Status
	}
	return out
}

func (s *stage) setStatus(t *testing.T, user, id, status string) {
	t.Helper()
	_, err := s.ram(t, s.bot).UpdateAccessKey(&ramsdk.UpdateAccessKeyRequest{
		UserName: new(user), UserAccessKeyId: new(id), Status: new(status),
	})
	ok(t, err)
}
