package alicloud

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const reportSample = "user,user_creation_time,user_last_logon,password_exist,password_active,mfa_active,access_key_1_exist,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used,additional_access_key_1_exist\n" +
	"<root>,2019-11-11T12:33:18Z,-,TRUE,N/A,FALSE,FALSE,N/A,N/A,N/A,FALSE\n" +
	"ana@acme.onaliyun.com,2019-11-11T12:33:18Z,2020-01-02T03:04:05Z,TRUE,TRUE,FALSE,TRUE,TRUE,2019-11-11T12:33:18Z,2020-02-03T04:05:06Z,FALSE\n"

func TestAReportIsReadHoweverItIsEncoded(t *testing.T) {
	at := func(text string) time.Time { return date(text) }
	want := []credential{
		{user: "<root>", console: true, created: at("2019-11-11T12:33:18Z")},
		{
			user: "ana", console: true, created: at("2019-11-11T12:33:18Z"), lastLogon: at("2020-01-02T03:04:05Z"),
			keys: []reportedKey{{true, at("2019-11-11T12:33:18Z"), at("2020-02-03T04:05:06Z")}},
		},
	}
	for name, content := range map[string]string{
		"base64":                 base64.StdEncoding.EncodeToString([]byte(reportSample)),
		"base32":                 base32.StdEncoding.EncodeToString([]byte(reportSample)),
		"with a byte order mark": base64.StdEncoding.EncodeToString([]byte("\ufeff" + reportSample)),
	} {
		rows, _, err := parseReport(content, nil)
		if diff := cmp.Diff(want, rows, cmp.AllowUnexported(credential{}, reportedKey{})); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	for _, bad := range []string{"", "%%%", base64.StdEncoding.EncodeToString([]byte("a,b\n1,2\n")), base64.StdEncoding.EncodeToString([]byte{0, 1, 2})} {
		if rows, _, err := parseReport(bad, nil); err == nil {
			t.Errorf("%q became %v", bad, rows)
		}
	}
}

func FuzzReports(f *testing.F) {
	f.Add(base64.StdEncoding.EncodeToString([]byte(reportSample)), "")
	f.Add(base32.StdEncoding.EncodeToString([]byte(reportSample)), "")
	f.Add(base64.StdEncoding.EncodeToString([]byte("x,\"y\n")), "user")
	f.Fuzz(func(t *testing.T, content, column string) {
		rows, columns, err := parseReport(content, []string{column})
		if err != nil && rows != nil || len(rows) > maxReport {
			t.Errorf("%d rows, %v, %v", len(rows), columns, err)
		}
		for _, r := range rows {
			if r.user == "" || len(r.keys) > 5 {
				t.Errorf("%+v", r)
			}
		}
	})
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"eventName":"AssumeRole","requestParameters":"x","responseElements":{"credentials":{"accessKeyId":5}},"userIdentity":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var e event
		if json.Unmarshal(body, &e) != nil {
			return
		}
		_, _, _ = e.deed(), e.id(), e.makes()
		if a := e.ResponseElements.text("Credentials", "AccessKeyId"); a != "" && len(e.ResponseElements) == 0 {
			t.Error("a text out of nothing")
		}
	})
}
