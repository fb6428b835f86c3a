package sandbox

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	algorithm  = "ACS3-HMAC-SHA256"
	wireDate   = "2006-01-02T15:04:05Z"
	dateSkew   = 15 * time.Minute
	maxBody    = 1 << 20
	maxNonces  = 100_000
	sourceName = "X-Sandbox-Source"
)

// request is one HTTP request as read from the wire, before anyone believes it.
type request struct {
	id              string
	product         string // X-Acs-Version
	action          string
	params          url.Values
	body            []byte
	keyID           string
	signedHeaders   []string
	signature       string
	date, nonce     string
	token           string // X-Acs-Security-Token, of a role's session
	source, vpc     string
	agent           string
	method, rawPath string
	query           url.Values
	header          http.Header
	host            string
}

// readRequest takes parameters from the query and from a form body.
func readRequest(r *http.Request) (*request, *Error) {
	q := &request{
		id: requestID(), product: r.Header.Get("X-Acs-Version"), action: r.Header.Get("X-Acs-Action"),
		date: r.Header.Get("X-Acs-Date"), nonce: r.Header.Get("X-Acs-Signature-Nonce"), token: r.Header.Get("X-Acs-Security-Token"),
		agent: r.UserAgent(), method: r.Method, rawPath: r.URL.EscapedPath(),
		header: r.Header, host: r.Host,
	}
	q.source, q.vpc = source(r)
	var err error
	if q.body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1)); err != nil || len(q.body) > maxBody {
		return q, errBody
	}
	if q.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return q, errSignature
	}
	q.params = url.Values{}
	maps.Copy(q.params, q.query)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(q.body))
		if err != nil {
			return q, errBody
		}
		for name, values := range form {
			q.params[name] = append(q.params[name], values...)
		}
	}
	return q, q.readAuthorization(r.Header.Get("Authorization"))
}

// mustSign are the headers whose change would change the meaning of the request.
func mustSign() []string {
	return []string{"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}
}

func (q *request) readAuthorization(text string) *Error {
	rest, ok := strings.CutPrefix(text, algorithm+" ")
	if !ok {
		return errSignature
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			q.keyID = value
		case "SignedHeaders":
			q.signedHeaders = strings.Split(value, ";")
		case "Signature":
			q.signature = value
		}
	}
	for _, name := range mustSign() {
		if !slices.Contains(q.signedHeaders, name) {
			return errSignature
		}
	}
	return nil
}

// signedBy reports whether the secret made the signature (OpenAPI docs: signature V3
// of the OpenAPI documents).
func (q *request) signedBy(secret Secret) bool {
	sum := sha256.Sum256(q.body)
	hash := hex.EncodeToString(sum[:])
	digest := sha256.Sum256([]byte(q.canonical(hash)))
	mac := hmac.New(sha256.New, []byte(string(secret)))
	mac.Write([]byte(algorithm + "\n" + hex.EncodeToString(digest[:])))
	given, err := hex.DecodeString(q.signature)
	return err == nil && hmac.Equal(given, mac.Sum(nil))
}

func (q *request) canonical(bodyHash string) string {
	var b strings.Builder
	b.WriteString(q.method + "\n" + or(q.rawPath, "/") + "\n")
	var pairs []string
	for name, values := range q.query {
		for _, v := range values {
			pairs = append(pairs, percent(name)+"="+percent(v))
		}
	}
	slices.Sort(pairs)
	b.WriteString(strings.Join(pairs, "&") + "\n")
	for _, name := range q.signedHeaders {
		value := q.host
		if name != "host" {
			value = strings.Join(q.header.Values(name), ",")
		}
		b.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	b.WriteString("\n" + strings.Join(q.signedHeaders, ";") + "\n" + bodyHash)
	return b.String()
}

// percent encodes as RFC 3986 has it, which differs from Go's query form in the
// space, and not in the tilde.
func percent(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// fresh checks the date and uses up the nonce. The caller holds the lock.
func (c *Cloud) fresh(q *request) *Error {
	now := c.wireNow()
	at, err := time.Parse(wireDate, q.date)
	if err != nil || at.Sub(now).Abs() > dateSkew {
		return errTimestamp
	}
	if _, used := c.nonces[q.nonce]; used || q.nonce == "" {
		return errNonce
	}
	if len(c.nonces) >= maxNonces {
		for nonce, seen := range c.nonces {
			if now.Sub(seen) > 2*dateSkew {
				delete(c.nonces, nonce)
			}
		}
	}
	c.nonces[q.nonce] = now
	return nil
}

// source is where the call claims to come from: a demo may pretend an address, and
// the VPC that it is in, as "172.16.0.9@vpc-1".
func source(r *http.Request) (address, vpc string) {
	claimed, vpc, _ := strings.Cut(r.Header.Get(sourceName), "@")
	if ip, err := netip.ParseAddr(claimed); err == nil {
		return ip.String(), clip(vpc)
	}
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return at.Addr().Unmap().String(), ""
	}
	return "127.0.0.1", ""
}

func write(w http.ResponseWriter, id string, status int, body map[string]any) {
	body["RequestId"] = id
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(body) // made of texts, numbers, maps and lists: always encodes
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.Header().Set("X-Acs-Request-Id", id)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that left gets nothing
}
