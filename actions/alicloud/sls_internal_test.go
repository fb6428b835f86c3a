package alicloud

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"twokey/actions"
	"twokey/actions/sandbox"
	"twokey/incident"
)

const leakedKey = "LTAI" + "5tLeaked0000"

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// nap waits for nothing.
func nap(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// refuse is a network without anybody.
type refuse struct{}

func (refuse) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("connection refused")}
}

// withLogs is an account at a sandbox that has OSS logs of one key.
func withLogs(t *testing.T, change ...func(*Config)) (*Account, *sandbox.Cloud, time.Time) {
	t.Helper()
	cloud := sandbox.New(sandbox.Options{})
	ok(t, cloud.Start(t.Context(), ""))
	t.Cleanup(func() { _ = cloud.Close() })
	cloud.AddUser("twokey")
	key, err := cloud.AddKey("twokey")
	ok(t, err)
	ok(t, cloud.SetPolicies("twokey", sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}))
	now := time.Now().UTC().Truncate(time.Second)
	for n, ip := range []string{"203.0.113.7", "203.0.113.7", "198.51.100.66"} {
		ok(t, cloud.AddLogs("oss-log-store", sandbox.LogRow{At: now.Add(time.Duration(n-3) * time.Minute), Fields: map[string]string{
			"access_id": leakedKey, "client_ip": ip, "operation": "GetObject", "bucket": "acme",
		}}))
	}
	c := Config{
		Name: "prod", ID: cloud.Account(), Logs: Logs{OSS: "oss-logs"}, Endpoints: map[string]string{"sls": cloud.URL(), "ims": cloud.URL()},
		Credentials: Credentials{Type: FromAccessKey, AccessKeyID: key.ID, AccessKeySecret: Secret(string(key.Secret))},
	}
	for _, f := range change {
		f(&c)
	}
	a, err := New(c)
	ok(t, err)
	a.sleep = nap
	return a, cloud, now
}

func TestLogsAreAskedUntilTheAnswerIsComplete(t *testing.T) {
	a, cloud, now := withLogs(t)
	query := `* | SELECT "client_ip" AS ip, count(1) AS n FROM log WHERE "access_id" = '` + leakedKey + `' GROUP BY "client_ip" LIMIT 100`
	rows, all, err := a.getLogs(t.Context(), a.logs.stores[0], now.Add(-time.Hour), now, query)
	ok(t, err)
	if !all || len(rows) != 2 || rows[0]["ip"] != "203.0.113.7" || rows[0]["n"] != "2" {
		t.Errorf("%v %v", rows, all)
	}
	if n := cloud.Calls("GetLogStoreLogs"); n != 2 {
		t.Errorf("%d calls: the first answer is incomplete", n)
	}
}

func TestWhatLogsAnswerWhenTheyDoNot(t *testing.T) {
	a, cloud, now := withLogs(t)
	for store, code := range map[string]string{"oss-log-store": "ParameterInvalid", "none": "LogStoreNotExist"} {
		_, _, err := a.getLogs(t.Context(), logstore{region: a.regions[0], project: "oss-logs", store: store}, now, now, "DROP")
		if actions.Code(err) != code {
			t.Errorf("%s: %v", store, err)
		}
	}
	ok(t, cloud.SetPolicies("twokey"))
	_, _, err := a.getLogs(t.Context(), a.logs.stores[0], now, now, "*")
	if actions.Code(err) != "Unauthorized" {
		t.Error(err)
	}
	a.endpoints.sls[a.regions[0]] = endpoint{"https", "cn-hangzhou.log.aliyuncs.com"}
	a.http.client.Transport = refuse{}
	_, _, err = a.getLogs(t.Context(), a.logs.stores[0], now, now, "*")
	if actions.Code(err) != "Network" {
		t.Error(err)
	}
}

func TestAKeyIdIsNoQuery(t *testing.T) {
	for _, bad := range []incident.KeyID{"", "short", leakedKey + "' OR '1'='1", leakedKey + `"`, leakedKey + "\n"} {
		if text, err := quotedKey(bad); err == nil {
			t.Errorf("%q became %s", bad, text)
		}
	}
	text, err := quotedKey(leakedKey)
	if err != nil || text != "'"+leakedKey+"'" {
		t.Error(text, err)
	}
}

func TestWhereLogsLie(t *testing.T) {
	c := Config{Regions: []string{"cn-hangzhou", "cn-shanghai"}}
	c.Logs = Logs{OSS: "one, cn-shanghai:two/other", SLS: "three", Columns: map[string]string{"sls.key": "AccessKey"}}
	got, err := c.logs()
	ok(t, err)
	want := []logstore{
		{"oss", "cn-hangzhou", "one", "oss-log-store"}, {"oss", "cn-shanghai", "two", "other"}, {"sls", "cn-hangzhou", "three", "internal-operation_log"},
	}
	if len(got.stores) != 3 || got.stores[0] != want[0] || got.stores[1] != want[1] || got.stores[2] != want[2] || got.columns["sls.key"] != "AccessKey" {
		t.Errorf("%+v", got)
	}
	for _, bad := range []Logs{{OSS: "us-west-1:one"}, {OSS: "ONE"}, {OSS: "one/a/b"}, {Columns: map[string]string{"oss.key": `a"b`}}, {Columns: map[string]string{"x": "y"}}} {
		c.Logs = bad
		if _, err := c.logs(); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func FuzzAnswersOfLogs(f *testing.F) {
	f.Add([]byte(`[{"ip":"203.0.113.7","n":"2","t":5,"x":null}]`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := parseLogs(body)
		if err != nil && rows != nil {
			t.Error("rows beside an error")
		}
	})
}
