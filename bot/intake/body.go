package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// input is an authentic body and what its reader must know.
type input struct {
	body   []byte // without a byte order mark
	head   http.Header
	media  string // media type without parameters, in lower case; may be empty
	at     time.Time
	pepper []byte
	sha256 string // of the body as it came, in hex
	sent   string // names the delivery; a replay has the same
}

// input reads the body, within the source's limit, unless that was done to know
// the sender.
func (h *hooks) input(w http.ResponseWriter, r *http.Request, a admission) (input, error) {
	limit := h.Body
	if a.row.report {
		limit = h.Report
	}
	body := a.body
	if !a.signed {
		var err error
		if body, err = h.body(w, r, limit); err != nil {
			return input{}, err
		}
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	in := input{
		body: bytes.TrimPrefix(body, []byte("\ufeff")), head: r.Header, media: media, at: h.Now().UTC(), pepper: h.Pepper, sha256: hash(string(body)),
	}
	in.sent = delivery(r.Header, a.row.delivery, in.sha256)
	return in, nil
}

// body reads a body of limited length. One that inflates has no limit.
func (h *hooks) body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, errEncoded
	}
	if r.ContentLength > limit {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, errCutShort
	}
	return body, nil
}

// delivery names what a sender calls one delivery, or the body itself. It is
// hashed: it goes into a name of the store, and senders choose it freely.
func delivery(h http.Header, names []string, body string) string {
	for _, name := range names {
		if v := h.Get(name); v != "" {
			return hash(name, v)
		}
	}
	return body
}

// hash ties parts together to a name of bounded length that tells nothing.
func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// Bounds of a JSON body. encoding/json alone would go 10,000 deep, and make
// fifty times its size of a body of commas.
const (
	maxDepth  = 64
	maxValues = 400_000
)

// measure refuses a JSON body that is too deep or has too many values, before
// anything is made of it.
func measure(body []byte) error {
	depth, values, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return errTooDeep
			}
		case c == '}' || c == ']':
			depth--
		case c == ',':
			if values++; values > maxValues {
				return errTooMany
			}
		}
	}
	return nil
}

// document is the one JSON value that a body holds. Numbers stay as written.
func document(body []byte) (any, error) {
	var v any
	return v, decode(body, &v)
}

// decode reads exactly one JSON value: a Decoder alone would leave what follows
// it unread.
func decode(body []byte, into any) error {
	if err := measure(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
			return errShape
		}
		return errNotJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errNotJSON
	}
	return nil
}
