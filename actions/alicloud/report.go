package alicloud

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"twokey/actions"
)

// credential is one row of the account's credential report (RAM docs: Get a user
// credential report).
type credential struct {
	user      string // name; "<root>" for the account itself
	console   bool
	mfa       bool
	lastLogon time.Time // zero: never, or not told
	created   time.Time
	keys      []reportedKey
}

// reportedKey is a key in the report, which has no ids.
type reportedKey struct {
	active        bool
	rotated, used time.Time // used is zero if it never was, or nobody knows
}

// rootRow is how the report calls the account itself.
const rootRow = "<root>"

// Bounds of reading a report: RAM makes none for more than 3,500 users.
const (
	reportRounds = 5
	reportPause  = 2 * time.Second
	reportPage   = 1000
	maxReport    = 3501
)

var errReport = errors.New("the credential report is not ready")

// credentialReport has RAM make the report, waits for it, and reads it whole. One
// that was made less than four hours ago is the answer again: made says when (IMS
// docs: GenerateCredentialReport, GetCredentialReport).
func (a *Account) credentialReport(ctx context.Context) (rows []credential, made time.Time, err error) {
	if err := a.makeReport(ctx); err != nil {
		return nil, made, err
	}
	asked, header := params{"MaxItems": strconv.Itoa(reportPage)}, []string(nil)
	for range maxPages {
		var out struct {
			Content, GeneratedTime, NextToken string
			IsTruncated                       any // "true" or true
		}
		if err := a.ims(ctx, look("ims:GetCredentialReport"), "GetCredentialReport", asked, &out); err != nil {
			return nil, made, err
		}
		page, columns, err := parseReport(out.Content, header)
		if header = columns; err != nil {
			return nil, made, inconsistent("ims:GetCredentialReport")
		}
		rows, made = append(rows, page...), date(out.GeneratedTime)
		if out.NextToken == "" || out.IsTruncated == "false" || out.IsTruncated == false {
			return rows, made, nil
		}
		asked["NextToken"] = out.NextToken
	}
	return rows, made, &actions.Error{Op: "ims:GetCredentialReport", Code: codeAnswer, Err: errTooMany}
}

// makeReport is a call that changes nothing but what the report says, and by its
// name a read of the account.
func (a *Account) makeReport(ctx context.Context) error {
	for round := range reportRounds {
		if round > 0 {
			if err := a.sleep(ctx, reportPause); err != nil {
				return translate(ctx, "ims:GenerateCredentialReport", err)
			}
		}
		var out struct{ State string }
		if err := a.ims(ctx, look("ims:GenerateCredentialReport"), "GenerateCredentialReport", nil, &out); err != nil {
			return err
		}
		if out.State == "COMPLETED" {
			return nil
		}
	}
	return &actions.Error{Op: "ims:GenerateCredentialReport", Code: codeTimeout, Again: true, Err: errReport}
}

// parseReport reads one page. The document shows a content that is Base32, and says
// that it is Base64; both are read. Columns are found by name, those of an earlier
// page where this one names none; a page without a column of users is an error.
func parseReport(content string, header []string) (rows []credential, columns []string, err error) {
	text, err := reportText(content)
	if err != nil {
		return nil, header, err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		return nil, header, errAnswer
	}
	if len(lines) > 0 && len(lines[0]) > 0 && strings.TrimPrefix(lines[0][0], "\ufeff") == userColumn {
		lines[0][0] = userColumn
		header, lines = lines[0], lines[1:]
	}
	at := map[string]int{}
	for i, name := range header {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	if _, ok := at[userColumn]; !ok {
		return nil, header, errAnswer
	}
	for _, fields := range lines[:min(len(lines), maxReport)] {
		row := reportRow{fields, at}
		if c := row.credential(); c.user != "" {
			rows = append(rows, c)
		}
	}
	return rows, header, nil
}

const userColumn = "user"

func reportText(content string) ([]byte, error) {
	for _, decode := range []func(string) ([]byte, error){base64.StdEncoding.DecodeString, base32.StdEncoding.DecodeString} {
		if text, err := decode(content); err == nil && readable(text) {
			return text, nil
		}
	}
	return nil, errAnswer
}

// readable reports whether bytes are a text: those decoded the wrong way are not.
func readable(text []byte) bool {
	return utf8.Valid(text) && !bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' })
}

// reportRow is a row whose fields are called by name.
type reportRow struct {
	fields []string
	at     map[string]int
}

func (r reportRow) text(name string) string {
	if i, ok := r.at[name]; ok && i < len(r.fields) {
		return strings.TrimSpace(r.fields[i])
	}
	return ""
}

func (r reportRow) yes(name string) bool { return strings.EqualFold(r.text(name), "true") }

func (r reportRow) credential() credential {
	c := credential{
		user: nameOf(r.text("user")), mfa: r.yes("mfa_active"),
		console:   r.yes("password_exist") && !strings.EqualFold(r.text("password_active"), "false"),
		lastLogon: date(r.text("user_last_logon")), created: date(r.text("user_creation_time")),
	}
	for _, key := range []string{"access_key_1", "access_key_2", "additional_access_key_1", "additional_access_key_2", "additional_access_key_3"} {
		if r.yes(key + "_exist") {
			c.keys = append(c.keys, reportedKey{
				active: r.yes(key + "_active"), rotated: date(r.text(key + "_last_rotated")), used: date(r.text(key + "_last_used")),
			})
		}
	}
	return c
}
