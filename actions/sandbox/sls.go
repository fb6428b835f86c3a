package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// LogRow is one row of a logstore.
type LogRow struct {
	At     time.Time
	Fields map[string]string
}

// AddLogs puts rows into a logstore, which exists from then on; a query of any
// project finds it, because an address on loopback names none.
func (c *Cloud) AddLogs(store string, rows ...LogRow) error {
	return c.seed(func(*world, time.Time) error {
		c.logs[store] = append(slices.Clone(c.logs[store]), rows...)
		return nil
	})
}

// errorOfLogs is how SLS refuses (SLS docs: Common error codes).
type errorOfLogs struct {
	status        int
	code, message string
}

var (
	errLogSignature = &errorOfLogs{http.StatusUnauthorized, "SignatureNotMatch", "The signature does not match."}
	errLogKey       = &errorOfLogs{http.StatusUnauthorized, "Unauthorized", "The AccessKeyId is not found or inactive."}
	errLogDenied    = &errorOfLogs{http.StatusUnauthorized, "Unauthorized", "Denied by RAM."}
	errLogTime      = &errorOfLogs{http.StatusBadRequest, "RequestTimeExpired", "The request time is expired."}
	errLogStore     = &errorOfLogs{http.StatusNotFound, "LogStoreNotExist", "The logstore does not exist."}
	errLogQuery     = &errorOfLogs{http.StatusBadRequest, "ParameterInvalid", "The query is not valid."}
	errLogBusy      = &errorOfLogs{http.StatusForbidden, "ReadQuotaExceed", "The read quota is exceeded."}
)

// getLogStoreLogs is how RAM and the trail call GetLogs.
var getLogStoreLogs = operation{action: "log:GetLogStoreLogs", service: "Sls"}

// storeParam is where the logstore of a request stands beside its parameters.
const storeParam = "LogStore"

func resourceOfLogs(c *call) []string {
	return []string{"acs:log:" + c.cloud.region + ":" + c.cloud.account + ":project/*/logstore/" + c.param(storeParam)}
}

// isLogs tells a request of SLS, which has a path and a signature of its own.
func isLogs(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/logstores/") }

// serveLogs answers GetLogs (SLS docs: GetLogs). The first answer to a query is
// incomplete, unless [Behaviour.LogsAtOnce].
func (c *Cloud) serveLogs(w http.ResponseWriter, r *http.Request) {
	q := &request{id: requestID(), product: "0.6.0", action: "GetLogStoreLogs", agent: r.UserAgent(), params: r.URL.Query()}
	q.source, q.vpc = source(r)
	hit := c.fault(getLogStoreLogs, q)
	if hit != nil && hit.stands(w, r) {
		return
	}
	rows, all, refused := c.logsFor(q, r, hit)
	w.Header().Set("X-Log-Requestid", q.id)
	w.Header().Set("Content-Type", "application/json")
	if refused != nil {
		w.WriteHeader(refused.status)
		_ = json.NewEncoder(w).Encode(map[string]string{"errorCode": refused.code, "errorMessage": refused.message})
		return
	}
	progress := "Incomplete"
	if all {
		progress = "Complete"
	}
	w.Header().Set("X-Log-Progress", progress)
	w.Header().Set("X-Log-Count", strconv.Itoa(len(rows)))
	_ = json.NewEncoder(w).Encode(rows) // a client that left gets nothing
}

func (c *Cloud) logsFor(q *request, r *http.Request, hit *injected) (rows []map[string]string, all bool, refused *errorOfLogs) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	store := strings.TrimPrefix(r.URL.Path, "/logstores/")
	q.params.Set(storeParam, store)
	call := &call{cloud: c, world: c.seen(now), request: q, now: now}
	if refused := call.signedLogs(r, c.wireNow()); refused != nil {
		return nil, false, refused
	}
	c.received[q.action]++
	op := getLogStoreLogs
	op.resources = resourceOfLogs
	switch {
	case hit.refusal() != nil:
		return nil, false, errLogBusy
	case call.authorize(op) != nil:
		return nil, false, errLogDenied
	}
	if _, there := c.logs[store]; !there {
		return nil, false, errLogStore
	}
	asked, ok := parseLogQuery(q.params.Get("query"))
	from, err1 := strconv.ParseInt(q.params.Get("from"), 10, 64)
	to, err2 := strconv.ParseInt(q.params.Get("to"), 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return nil, false, errLogQuery
	}
	c.applied[q.action]++
	c.record(call.event(op, nil))
	if !c.behaviour.LogsAtOnce && !c.again(store+q.params.Encode()) {
		return []map[string]string{}, false, nil
	}
	return asked.answer(c.logs[store], from, to), true, nil
}

// again reports whether the question was asked before, and forgets that.
func (c *Cloud) again(question string) bool {
	if c.asked[question] {
		delete(c.asked, question)
		return true
	}
	c.asked[question] = true
	return false
}

// signedLogs checks the "LOG" signature (SLS docs: Request signatures).
func (c *call) signedLogs(r *http.Request, now time.Time) *errorOfLogs {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "LOG ")
	id, given, found := strings.Cut(rest, ":")
	if !ok || !found {
		return errLogSignature
	}
	c.request.keyID = id
	var secret Secret
	if !c.identify() {
		return errLogKey
	}
	if c.session != nil {
		secret = c.session.secret
		if r.Header.Get("X-Acs-Security-Token") != string(c.session.token) || !c.now.Before(c.session.expires) {
			return errLogKey
		}
	} else {
		k := c.caller.key(id)
		if secret = k.secret; !k.active {
			return errLogKey
		}
	}
	mac := hmac.New(sha256.New, []byte(string(secret)))
	mac.Write([]byte(logText(r)))
	sum, err := base64.StdEncoding.DecodeString(given)
	if err != nil || !hmac.Equal(sum, mac.Sum(nil)) {
		return errLogSignature
	}
	if at, err := http.ParseTime(r.Header.Get("Date")); err != nil || at.Sub(now).Abs() > dateSkew {
		return errLogTime
	}
	return nil
}

// logText is what the signature must be of: method, hash and type of the body, date,
// the x-log and x-acs headers, and the path with its parameters in order, plain.
func logText(r *http.Request) string {
	var headers []string
	for name, values := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-log-") || strings.HasPrefix(name, "x-acs-") {
			headers = append(headers, name+":"+strings.Join(values, ",")+"\n")
		}
	}
	slices.Sort(headers)
	query := r.URL.Query()
	var params []string
	for _, name := range sortedKeys(query) {
		params = append(params, name+"="+query.Get(name))
	}
	text := r.Method + "\n" + r.Header.Get("Content-MD5") + "\n" + r.Header.Get("Content-Type") + "\n" + r.Header.Get("Date") + "\n" +
		strings.Join(headers, "") + r.URL.Path
	if len(params) > 0 {
		text += "?" + strings.Join(params, "&")
	}
	return text
}
