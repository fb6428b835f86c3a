package sandbox_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

// signed makes the SDK sign a call to the sandbox and returns the request it sent.
func (s *stage) signed(t *testing.T, k sandbox.Key, version, action string, params map[string]any) *http.Request {
	t.Helper()
	var sent *http.Request
	_, _ = s.send(t.Context(), t, wire{keep: func(r *http.Request) { sent = r.Clone(t.Context()) }}, k, version, action, params)
	return sent
}

// again sends a request as it is and returns status and code.
func again(t *testing.T, r *http.Request) (int, string, http.Header) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got, err := client.Do(r)
	ok(t, err)
	defer got.Body.Close()
	body := must[[]byte](t)(io.ReadAll(got.Body))
	var out struct{ Code, RequestId, HostId, Message, Recommend string }
	ok(t, json.Unmarshal(body, &out))
	if out.RequestId == "" || got.StatusCode >= 400 && (out.HostId == "" || out.Message == "" || out.Recommend == "") {
		t.Errorf("statement 3: an answer lacks its fields: %s", body)
	}
	return got.StatusCode, out.Code, got.Header
}

func TestStatement1UnknownActionIsNotFound(t *testing.T) {
	s := start(t)
	_, err := s.call(t, s.bot, ram, "PurgeEverything", nil)
	refused(t, err, 404, "InvalidAction.NotFound")
	_, err = s.call(t, s.bot, ims, "CreatePolicy", nil) // policies are RAM's alone
	refused(t, err, 404, "InvalidAction.NotFound")
}

func TestStatement1ParametersComeFromQueryOrForm(t *testing.T) {
	s := start(t)
	client := must[*openapi.Client](t)(openapi.NewClient(s.config(t, s.bot, wire{})))
	name := "*~+/=& 中" // every character that an encoding could spoil
	for _, r := range []*openapiutil.OpenApiRequest{
		{Query: openapiutil.Query(map[string]any{"UserName": "carol", "DisplayName": name})},
		{Body: map[string]any{"UserName": "dave", "DisplayName": name}},
	} {
		got, err := client.CallApiWithCtx(t.Context(), &openapiutil.Params{
			Action: new("CreateUser"), Version: new(ram), Protocol: new("HTTP"), Method: new("POST"),
			AuthType: new("AK"), Style: new("RPC"), Pathname: new("/"),
			ReqBodyType: new("formData"), BodyType: new("json"),
		}, r, &dara.RuntimeOptions{})
		ok(t, err)
		user := got["body"].(map[string]any)["User"].(map[string]any)
		if user["DisplayName"] != name {
			t.Errorf("%v", user)
		}
	}
}

func TestStatement2TheSignatureCoversEverything(t *testing.T) {
	s := start(t)
	for name, spoil := range map[string]func(*http.Request){
		"parameter": func(r *http.Request) { r.URL.RawQuery = "UserName=bot" },
		"extra":     func(r *http.Request) { r.URL.RawQuery += "&X=1" },
		"action":    func(r *http.Request) { r.Header["X-Acs-Action"] = []string{"GetLoginProfile"} },
		"version":   func(r *http.Request) { r.Header["X-Acs-Version"] = []string{ims} },
		"date": func(r *http.Request) {
			r.Header["X-Acs-Date"] = []string{time.Now().UTC().Add(time.Second).Format("2006-01-02T15:04:05Z")}
		},
		"nonce":        func(r *http.Request) { r.Header["X-Acs-Signature-Nonce"] = []string{"other"} },
		"host":         func(r *http.Request) { r.Host = "ram.aliyuncs.com" },
		"method":       func(r *http.Request) { r.Method = http.MethodGet },
		"path":         func(r *http.Request) { r.URL.Path = "/x" },
		"body":         func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("a=b")); r.ContentLength = 3 },
		"no signature": func(r *http.Request) { delete(r.Header, "Authorization") },
	} {
		t.Run(name, func(t *testing.T) {
			var r *http.Request
			_, err := s.send(t.Context(), t, wire{keep: func(sent *http.Request) {
				canonicalHeader(sent)
				spoil(sent)
				r = sent
			}}, s.bot, ram, "GetUser", map[string]any{"UserName": "alice"})
			refused(t, err, 400, "SignatureDoesNotMatch")
			if r == nil || s.Applied("GetUser") != 0 {
				t.Error("it took effect")
			}
		})
	}
}

// A signature that leaves the action out could be moved to another action; the SDK
// never makes one, so the test does.
func TestStatement2WhatMattersMustBeSigned(t *testing.T) {
	s := start(t)
	all := []string{"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}
	if status, code, _ := again(t, s.sign(t, s.bot, all)); status != 200 {
		t.Fatalf("%d %s", status, code)
	}
	for n, name := range all {
		if _, code, _ := again(t, s.sign(t, s.bot, slices.Delete(slices.Clone(all), n, n+1))); code != "SignatureDoesNotMatch" {
			t.Errorf("without %s: %q", name, code)
		}
	}
}

// sign is the signature of the OpenAPI documents, V3, for GetCallerIdentity.
func (s *stage) sign(t *testing.T, k sandbox.Key, names []string) *http.Request {
	t.Helper()
	empty := sha256.Sum256(nil)
	hash := hex.EncodeToString(empty[:])
	r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/", nil))
	for name, value := range map[string]string{
		"x-acs-action": "GetCallerIdentity", "x-acs-version": sts, "x-acs-content-sha256": hash,
		"x-acs-date": time.Now().UTC().Format("2006-01-02T15:04:05Z"), "x-acs-signature-nonce": rand.Text(),
	} {
		r.Header.Set(name, value)
	}
	lines := ""
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		lines += name + ":" + value + "\n"
	}
	list := strings.Join(names, ";")
	digest := sha256.Sum256([]byte("POST\n/\n\n" + lines + "\n" + list + "\n" + hash))
	mac := hmac.New(sha256.New, []byte(string(k.Secret)))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hex.EncodeToString(digest[:])))
	r.Header.Set("Authorization", "ACS3-HMAC-SHA256 Credential="+k.ID+",SignedHeaders="+list+",Signature="+hex.EncodeToString(mac.Sum(nil)))
	return r
}

func TestAStrangersWordsDoNotEnterTheLog(t *testing.T) {
	s := start(t)
	_, err := s.call(t, sandbox.Key{ID: s.bot.ID, Secret: "guess"}, ram, "GetUser", map[string]any{"UserName": "planted"})
	refused(t, err, 400, "SignatureDoesNotMatch")
	if got := s.Snapshot().Calls[0]; got.Detail != "" || got.Allowed || got.Code != "SignatureDoesNotMatch" {
		t.Errorf("%+v", got)
	}
}

// canonicalHeader undoes the SDK's lower-case map keys.
func canonicalHeader(r *http.Request) {
	out := http.Header{}
	for name, values := range r.Header {
		out[http.CanonicalHeaderKey(name)] = values
	}
	r.Header = out
}

func TestStatement2UnknownAndDisabledKeys(t *testing.T) {
	s := start(t)
	_, err := s.call(t, sandbox.Key{ID: "LTAI" + "nobody", Secret: s.bot.Secret}, ram, "ListUsers", nil)
	refused(t, err, 404, "InvalidAccessKeyId.NotFound")
	_, err = s.call(t, sandbox.Key{ID: s.bot.ID, Secret: s.alice.Secret}, ram, "ListUsers", nil)
	refused(t, err, 400, "SignatureDoesNotMatch")
	_, err = s.call(t, s.alice, sts, "GetCallerIdentity", nil)
	ok(t, err)
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
	_, err = s.call(t, s.alice, sts, "GetCallerIdentity", nil)
	refused(t, err, 400, "InvalidAccessKeyId.Inactive")
}

func TestStatement2ANonceWorksOnce(t *testing.T) {
	s := start(t)
	r := s.signed(t, s.bot, ram, "CreateUser", map[string]any{"UserName": "carol"})
	status, code, _ := again(t, r)
	if status != 400 || code != "SignatureNonceUsed" || s.Applied("CreateUser") != 1 {
		t.Errorf("%d %s, applied %d times", status, code, s.Applied("CreateUser"))
	}
}

func TestStatement2TheDateMayBeFifteenMinutesOff(t *testing.T) {
	for _, row := range []struct {
		off  time.Duration
		code string
	}{
		{14 * time.Minute, ""},
		{-14 * time.Minute, ""},
		{16 * time.Minute, "InvalidTimeStamp.Expired"},
		{-16 * time.Minute, "InvalidTimeStamp.Expired"},
	} {
		s := start(t, func(o *sandbox.Options) { o.WireNow = func() time.Time { return time.Now().Add(row.off) } })
		_, err := s.call(t, s.bot, sts, "GetCallerIdentity", nil)
		if row.code == "" {
			ok(t, err)
			continue
		}
		refused(t, err, 400, row.code)
	}
}

func TestStatement3EveryAnswerHasItsOwnRequestID(t *testing.T) {
	s := start(t)
	seen := map[string]bool{}
	for range 5 {
		got, err := s.call(t, s.bot, sts, "GetCallerIdentity", nil)
		ok(t, err)
		seen[read[struct{ RequestId string }](t, got).RequestId] = true
	}
	if len(seen) != 5 || seen[""] {
		t.Errorf("%v", seen)
	}
}

func TestStatement4MissingParameterIsNamed(t *testing.T) {
	s := start(t)
	_, err := s.call(t, s.bot, ram, "AttachPolicyToUser", map[string]any{"UserName": "alice", "PolicyType": "Custom"})
	refused(t, err, 400, "MissingParameter")
	if !strings.Contains(err.Error(), "PolicyName") {
		t.Error(err)
	}
}

func TestStatement27EveryAnswerSaysWhatItIs(t *testing.T) {
	s := start(t)
	for _, r := range []*http.Request{
		s.signed(t, s.bot, sts, "GetCallerIdentity", nil),
		must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL(), nil)),
	} {
		if _, _, header := again(t, r); header.Get("X-Sandbox") != sandbox.Banner {
			t.Errorf("%q", header)
		}
	}
}

func TestStatement27ItListensOnLoopbackOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "[::]:0", "example.org:0"} {
		c := sandbox.New(sandbox.Options{})
		if err := c.Start(t.Context(), addr); !errors.Is(err, sandbox.ErrNotLoopback) {
			t.Errorf("%s: %v", addr, err)
		}
		ok(t, c.Close())
	}
}

func TestStatement27OneAnswerHoldsOneSecretAndNothingElseAny(t *testing.T) {
	s := start(t)
	var answers bytes.Buffer
	made, err := s.call(t, s.bot, ram, "CreateAccessKey", map[string]any{"UserName": "alice"})
	ok(t, err)
	key := read[struct {
		AccessKey struct{ AccessKeyId, AccessKeySecret string }
	}](t, made).AccessKey
	for _, c := range []struct {
		version, action string
		params          map[string]any
	}{
		{ram, "ListAccessKeys", map[string]any{"UserName": "alice"}},
		{ims, "ListAccessKeys", map[string]any{"UserPrincipalName": "alice@acme.onaliyun.com"}},
		{ims, "GetUser", map[string]any{"UserAccessKeyId": key.AccessKeyId}},
		{trail, "LookupEvents", nil},
		{trail, "GetAccessKeyLastUsedInfo", map[string]any{"AccessKey": s.bot.ID}},
	} {
		got, err := s.call(t, s.bot, c.version, c.action, c.params)
		ok(t, err)
		answers.Write(got)
	}
	page := must[[]byte](t)(json.Marshal(s.Snapshot()))
	answers.Write(page)
	_, err = s.call(t, sandbox.Key{ID: s.bot.ID, Secret: "wrong"}, ram, "ListUsers", nil)
	answers.WriteString(err.Error())
	for _, secret := range []string{key.AccessKeySecret, string(s.bot.Secret), string(s.alice.Secret)} {
		if len(secret) != 30 || bytes.Contains(answers.Bytes(), []byte(secret)) {
			t.Error("a secret came out")
		}
	}
	shown := must[[]byte](t)(json.Marshal(s.bot))
	if strings.Contains(string(shown), string(s.bot.Secret)) || !strings.Contains(string(shown), "redacted") {
		t.Error("a Key prints its secret")
	}
	if diff := cmp.Diff("[redacted]", s.bot.Secret.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAPretendedSourceIsAnAddressOrNothing(t *testing.T) {
	s := start(t)
	r := s.signed(t, s.bot, sts, "GetCallerIdentity", nil)
	r.URL = must[*url.URL](t)(url.Parse(s.URL() + "/"))
	r.Header["X-Sandbox-Source"] = []string{"<script>"}
	again(t, r)
	if got := s.Snapshot().Calls[0].Source; got != "127.0.0.1" {
		t.Errorf("%q", got)
	}
}
