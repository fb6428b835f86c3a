// Package consoletest reads and presses a console as a browser without scripts
// would: it finds the forms of the page and posts them. It is for tests that drive
// the whole program; it is not a browser and knows nothing of scripts or styles.
package consoletest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"

	"twokey/bot"
)

// Reader is somebody who has the page open. It keeps cookies; use one for each
// person. It is for one goroutine.
type Reader struct {
	base   string // "http://127.0.0.1:8080"
	client *http.Client
}

// ErrNoButton says that the page does not offer such a button.
var ErrNoButton = errors.New("no such button on the page")

// StatusError is an answer other than 200, in the page's own words.
type StatusError struct {
	Status  int
	Problem string
}

// Error gives the status and the words.
func (e *StatusError) Error() string { return fmt.Sprintf("status %d: %s", e.Status, e.Problem) }

// Open makes a reader of the console at a base URL, without a path.
func Open(base string) *Reader {
	jar, _ := cookiejar.New(nil) // without options there is nothing to refuse
	return &Reader{base: base, client: &http.Client{Jar: jar}}
}

// Inside makes a reader of a console without a network between them.
func Inside(h http.Handler) *Reader {
	r := Open("http://localhost:80")
	r.client.Transport = inside{h}
	return r
}

// Be chooses who the reader is.
func (r *Reader) Be(ctx context.Context, user string) error {
	page, err := r.Page(ctx)
	if err != nil {
		return err
	}
	for _, f := range forms(page, "/console/identity") {
		f.Fields.Set("user", user)
		_, err := r.Send(ctx, f)
		return err
	}
	return ErrNoButton
}

// Page is the whole page as it is now.
func (r *Reader) Page(ctx context.Context) (string, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+"/console/", nil)
	if err != nil {
		return "", fmt.Errorf("open page: %w", err)
	}
	return r.do(q)
}

// Press presses the first button that does what b does, confirmed and with a
// reason, and gives what the page shows then.
func (r *Reader) Press(ctx context.Context, b bot.Button, reason string) (string, error) {
	f, err := r.Form(ctx, b)
	if err != nil {
		return "", err
	}
	f.Fields.Set("confirmed", "1")
	f.Fields.Set("reason", reason)
	return r.Send(ctx, f)
}

// Form is the form of the first button that does what b does, as it is drawn now.
// Sending it twice is a double click. It returns [ErrNoButton] if there is none.
func (r *Reader) Form(ctx context.Context, b bot.Button) (Form, error) {
	page, err := r.Page(ctx)
	if err != nil {
		return Form{}, err
	}
	for _, f := range forms(page, "/console/press") {
		if f.does(b) {
			return f, nil
		}
	}
	return Form{}, fmt.Errorf("%s %s %s %d: %w", b.Act, b.Value, b.Incident, b.Number, ErrNoButton)
}

// Say types a command and gives what the page shows then.
func (r *Reader) Say(ctx context.Context, text string) (string, error) {
	f, err := r.Line(ctx)
	if err != nil {
		return "", err
	}
	f.Fields.Set("text", text)
	return r.Send(ctx, f)
}

// Line is the command line as it is drawn now; set its field "text".
func (r *Reader) Line(ctx context.Context) (Form, error) {
	page, err := r.Page(ctx)
	if err != nil {
		return Form{}, err
	}
	for _, f := range forms(page, "/console/say") {
		return f, nil
	}
	return Form{}, ErrNoButton
}

// Send posts a form and gives the parts of the page that the console drew anew,
// one after another. Anything but success is a [*StatusError].
func (r *Reader) Send(ctx context.Context, f Form) (string, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base+f.Action, strings.NewReader(f.Fields.Encode()))
	if err != nil {
		return "", fmt.Errorf("send form: %w", err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Accept", "application/json")
	body, err := r.do(q)
	if err != nil || !strings.HasPrefix(body, "{") {
		return body, err
	}
	var news struct{ Parts map[string]string }
	if err := json.Unmarshal([]byte(body), &news); err != nil {
		return "", fmt.Errorf("read update: %w", err)
	}
	var parts strings.Builder
	for _, name := range []string{"bar", "room", "answers", "say", "account"} {
		parts.WriteString(news.Parts[name])
	}
	return parts.String(), nil
}

func (r *Reader) do(q *http.Request) (string, error) {
	answer, err := r.client.Do(q)
	if err != nil {
		return "", fmt.Errorf("ask console: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to the end
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", fmt.Errorf("read console: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		var news struct{ Problem string }
		if json.Unmarshal(body, &news) != nil {
			news.Problem = Text(string(body))
		}
		return "", &StatusError{answer.StatusCode, news.Problem}
	}
	return string(body), nil
}

// Form is one form of a page with what it would post.
type Form struct {
	Action string
	Fields url.Values
}

func (f Form) does(b bot.Button) bool {
	return f.Fields.Get("act") == string(b.Act) && f.Fields.Get("incident") == string(b.Incident) &&
		f.Fields.Get("number") == fmt.Sprint(b.Number) && f.Fields.Get("digest") == string(b.Digest) && f.Fields.Get("value") == b.Value
}

var (
	formTag   = regexp.MustCompile(`(?s)<form [^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	hiddenTag = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	inlineTag = regexp.MustCompile(`</?(?:code|b|small)>`)
	anyTag    = regexp.MustCompile(`(?s)<(?:script|style|head)(?: [^>]*)?>.*?</(?:script|style|head)>|<[^>]*>`)
	space     = regexp.MustCompile(`\s+`)
)

func forms(page, action string) []Form {
	var out []Form
	for _, m := range formTag.FindAllStringSubmatch(page, -1) {
		if m[1] != action {
			continue
		}
		f := Form{Action: action, Fields: url.Values{}}
		for _, h := range hiddenTag.FindAllStringSubmatch(m[2], -1) {
			f.Fields.Set(html.UnescapeString(h[1]), html.UnescapeString(h[2]))
		}
		out = append(out, f)
	}
	return out
}

// Text is what a reader sees of a page, in one line: no tags, single spaces.
func Text(page string) string {
	return strings.TrimSpace(space.ReplaceAllString(html.UnescapeString(anyTag.ReplaceAllString(inlineTag.ReplaceAllString(page, ""), " ")), " "))
}
