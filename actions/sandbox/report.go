package sandbox

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/csv"
	"strconv"
	"time"
)

var imsReport = map[string]operation{
	"GenerateCredentialReport": {write: true, handle: generateReport},
	"GetCredentialReport":      {params: []string{"MaxItems", "NextToken"}, handle: getReport},
}

// report is the credential report that was made last.
type report struct {
	asked, made time.Time
	rows        [][]string
}

// reportLasts is how long a report is not made anew (RAM docs: Get a user credential
// report).
const reportLasts = 4 * time.Hour

// reportColumns are those of the report, in order (RAM docs: Get a user credential
// report).
var reportColumns = []string{
	"user", "user_creation_time", "user_last_logon", "password_exist", "password_active", "password_last_changed",
	"password_next_rotation", "mfa_active",
	"access_key_1_exist", "access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used",
	"access_key_2_exist", "access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used",
}

// generateReport starts a report; asked once more it is there (IMS docs:
// GenerateCredentialReport).
func generateReport(c *call) (map[string]any, *Error) {
	r := &c.cloud.report
	switch {
	case !r.made.IsZero() && c.now.Sub(r.made) < reportLasts:
		return map[string]any{"State": "COMPLETED"}, nil
	case r.asked.IsZero():
		r.asked = c.now
		return map[string]any{"State": "STARTED"}, nil
	}
	*r = report{made: c.now}
	for _, u := range c.world.holders() {
		r.rows = append(r.rows, c.reportRow(u))
	}
	return map[string]any{"State": "COMPLETED"}, nil
}

// getReport pages through the report that was made last (IMS docs:
// GetCredentialReport). That IsTruncated is a text is so in the document.
func getReport(c *call) (map[string]any, *Error) {
	r := c.cloud.report
	if r.made.IsZero() {
		return nil, absent("CredentialReport") // code not documented
	}
	from := clamp(c.param("NextToken"), 0, 0, len(r.rows))
	to := min(len(r.rows), from+clamp(c.param("MaxItems"), 3501, 1, 3501))
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if from == 0 || !c.cloud.behaviour.ReportHeaderOnce {
		_ = w.Write(reportColumns) // into memory: never fails
	}
	_ = w.WriteAll(r.rows[from:to])
	encode := base64.StdEncoding.EncodeToString
	if c.cloud.behaviour.ReportBase32 {
		encode = base32.StdEncoding.EncodeToString
	}
	out := map[string]any{"Content": encode(b.Bytes()), "GeneratedTime": stamp(r.made), "IsTruncated": strconv.FormatBool(to < len(r.rows))}
	if to < len(r.rows) {
		out["NextToken"] = strconv.Itoa(to)
	}
	return out, nil
}

func (c *call) reportRow(u *user) []string {
	name := "<root>"
	if u != c.world.root {
		name = c.cloud.principal(u)
	}
	logon, exists, active := "-", u.login != nil || u == c.world.root, "N/A"
	if u.login != nil {
		active = upper(!u.login.Disabled)
		logon = or(stamp(u.login.LastLogin), "-")
	}
	row := []string{name, stamp(u.created), logon, upper(exists), active, "N/A", "N/A", upper(u.mfa)}
	for n := range 2 {
		if n >= len(u.keys) {
			row = append(row, "FALSE", "N/A", "N/A", "N/A")
			continue
		}
		k, used := u.keys[n], "N/A"
		if e, ok := c.cloud.lastUse(k.id, c.now); ok {
			used = stamp(e.at)
		}
		row = append(row, "TRUE", upper(k.active), stamp(k.created), used)
	}
	return row
}

func upper(yes bool) string {
	if yes {
		return "TRUE"
	}
	return "FALSE"
}
