package alicloud

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"

	"twokey/actions"
	"twokey/incident"
)

// getLogsOp is the permission that reading logs takes (SLS docs: GetLogs).
const getLogsOp = "log:GetLogStoreLogs"

// logRounds is how often a query is repeated while its answer is incomplete, and
// logPause the wait in between.
const (
	logRounds = 6
	logPause  = 500 * time.Millisecond
)

// keyIDShape is what may stand in a query for an AccessKey id: nothing that ends a
// text.
var keyIDShape = regexp.MustCompile(`^[A-Za-z0-9]{12,40}$`)

// quotedKey is a key id as a text of SQL. Anything that does not look like one is
// refused: it would be somebody's query.
func quotedKey(key incident.KeyID) (string, error) {
	if !keyIDShape.MatchString(string(key)) {
		return "", &actions.Error{Op: getLogsOp, Code: CodeParameter}
	}
	return "'" + string(key) + "'", nil
}

// getLogs asks a logstore one query for a time, and says whether the answer is the
// whole of it (SLS docs: GetLogs). The SDKs of SLS are not used: the two clash with
// each other, and the signature is a dozen lines.
func (a *Account) getLogs(ctx context.Context, s logstore, from, to time.Time, query string) (rows []map[string]string, all bool, err error) {
	for round := range logRounds {
		if round > 0 {
			if err := a.sleep(ctx, logPause); err != nil {
				return nil, false, translate(ctx, getLogsOp, err)
			}
		}
		rows, all, err = a.getLogsOnce(ctx, s, from, to, query)
		if err != nil || all {
			return rows, all, err
		}
	}
	return rows, false, nil
}

func (a *Account) getLogsOnce(ctx context.Context, s logstore, from, to time.Time, query string) (rows []map[string]string, all bool, err error) {
	e := a.endpoints.sls[s.region]
	if strings.HasSuffix(e.host, slsDomain) {
		e.host = s.project + "." + e.host // any other host was configured, and stands for the project
	}
	err = a.do(ctx, look(getLogsOp), e, func(ctx context.Context, c *openapiutil.Config) error {
		model, err := c.Credential.GetCredential()
		if err != nil {
			return errCredentials
		}
		asked := map[string]string{
			"type": "log", "query": query, "from": strconv.FormatInt(from.Unix(), 10), "to": strconv.FormatInt(to.Unix(), 10),
			"line": "100", "offset": "0",
		}
		r, err := logRequest(ctx, e, "/logstores/"+s.store, asked, model)
		if err != nil {
			return err
		}
		rows, all, err = a.answerOfLogs(r)
		return err
	})
	return rows, all, err
}

// slsDomain is where projects have hosts of their own (SLS docs: Endpoints).
const slsDomain = ".log.aliyuncs.com"

// logRequest is a signed request. It is stamped with the machine's clock, as the
// SDKs stamp theirs.
func logRequest(ctx context.Context, e endpoint, path string, asked map[string]string, c *credentials.CredentialModel) (*http.Request, error) {
	query := url.Values{}
	for name, value := range asked {
		query.Set(name, value)
	}
	u := url.URL{Scheme: e.protocol, Host: e.host, Path: path, RawQuery: query.Encode()}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errAnswer // never the error: it quotes the URL
	}
	signed := map[string]string{"x-log-apiversion": "0.6.0", "x-log-bodyrawsize": "0", "x-log-signaturemethod": "hmac-sha256"}
	if token := tea.StringValue(c.SecurityToken); token != "" {
		signed["x-acs-security-token"] = token
	}
	for name, value := range signed {
		r.Header.Set(name, value)
	}
	r.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	r.Header.Set("User-Agent", "twokey")
	mac := hmac.New(sha256.New, []byte(tea.StringValue(c.AccessKeySecret)))
	mac.Write([]byte(logCanonical(r.Header.Get("Date"), signed, path, asked)))
	r.Header.Set("Authorization", "LOG "+tea.StringValue(c.AccessKeyId)+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return r, nil
}

// logCanonical is what the signature is of: parameters sorted and not encoded (SLS
// docs: Request signatures).
func logCanonical(date string, signed map[string]string, path string, asked map[string]string) string {
	var b strings.Builder
	b.WriteString("GET\n\n\n" + date + "\n")
	for _, name := range slices.Sorted(maps.Keys(signed)) {
		b.WriteString(name + ":" + signed[name] + "\n")
	}
	b.WriteString(path)
	for i, name := range slices.Sorted(maps.Keys(asked)) {
		b.WriteString(map[bool]string{true: "?", false: "&"}[i == 0] + name + "=" + asked[name])
	}
	return b.String()
}

func (a *Account) answerOfLogs(r *http.Request) (rows []map[string]string, all bool, err error) {
	answer, err := a.http.client.Do(r) //nolint:gosec // the endpoint is the operator's
	if err != nil {
		return nil, false, withoutURL(err)
	}
	defer func() { _ = answer.Body.Close() }() // read to the end or given up
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, false, withoutURL(err)
	case answer.StatusCode != http.StatusOK:
		return nil, false, logRefusal(answer.StatusCode, body)
	case len(body) > maxAnswer:
		return nil, false, errAnswer
	}
	rows, err = parseLogs(body)
	return rows, answer.Header.Get("X-Log-Progress") == "Complete", err
}

// logRefusal reads an error of SLS (SLS docs: Common error codes).
func logRefusal(status int, body []byte) error {
	var told struct{ ErrorCode string }
	if json.Unmarshal(body, &told) != nil || !codeShape.MatchString(told.ErrorCode) {
		told.ErrorCode = "HTTP." + strconv.Itoa(status)
	}
	passing := status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || told.ErrorCode == "ReadQuotaExceed"
	lacks := ""
	if told.ErrorCode == "Unauthorized" { // also an unknown key; but with that nothing else would have worked
		lacks = getLogsOp
	}
	return &actions.Error{Op: getLogsOp, Code: told.ErrorCode, Again: passing, Lacks: lacks}
}

// parseLogs reads an answer: a list of rows, each a set of named texts. Numbers
// come as texts too; what is neither is left out.
func parseLogs(body []byte) ([]map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var raw []map[string]any
	if err := d.Decode(&raw); err != nil {
		return nil, errAnswer
	}
	rows := make([]map[string]string, 0, len(raw))
	for _, r := range raw {
		row := map[string]string{}
		for name, value := range r {
			switch v := value.(type) {
			case string:
				row[name] = v
			case json.Number:
				row[name] = v.String()
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}
