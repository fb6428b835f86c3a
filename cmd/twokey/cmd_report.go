package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/unicode"

	"twokey/bot/intake"
)

type reportCmd struct {
	File      string `arg:"" optional:"" default:"-" help:"A scanner's report, or any text; - is standard input."`
	Source    string `placeholder:"NAME" help:"Alert source of the configuration; its only one when not given."`
	URL       string `name:"url" placeholder:"URL" help:"Where the bot runs, such as http://127.0.0.1:8080, or the whole address of the hook."`
	TokenFile string `placeholder:"FILE" help:"File with the source's token."`
	As        string `placeholder:"TYPE" help:"What to read it as, such as trufflehog; guessed when not given."`
}

// Help is shown below the flags.
func (reportCmd) Help() string {
	return `Takes the report of any scanner that docs/alerts.md names, saved alerts, and any text, and says what it took it for.
Prints what became of each finding: verdict, incident, reason. Ends with 0 when the bot took the report, also when it knew all of
it already or it holds nothing; with 1 when a finding was rejected or the bot could not be reached; with 2 when used wrongly.
In CI:  gitleaks git --report-format json --report-path - | twokey report --source scans --url https://… --token-file …`
}

// Run posts the report.
func (c *reportCmd) Run(e *env, g *globals) error {
	target, token, err := c.target(e, g)
	if err != nil {
		return err
	}
	body, err := c.body(e)
	if err != nil {
		return err
	}
	kind, err := c.kind(e, body)
	if err != nil {
		return err
	}
	results, err := post(e.ctx, target, token, kind, body)
	if err != nil {
		return fmt.Errorf("report to %s: %w", target.Redacted(), err)
	}
	rejected := false
	for _, r := range results {
		e.printf("%s\n", strings.TrimSpace(fmt.Sprintf("%-9s %-8s %s", printable(r.Verdict), printable(or(r.Incident, "-")), printable(strings.TrimSpace(r.Reason+" "+r.Shown)))))
		rejected = rejected || r.Verdict == "reject"
	}
	if len(results) == 0 {
		e.printf("nothing found in the report\n")
	}
	if rejected {
		return errSaid
	}
	return nil
}

// kind is what the body is to be read as. A guess is said.
func (c *reportCmd) kind(e *env, body []byte) (string, error) {
	if c.As == "" {
		kind := intake.Guess(body)
		_, _ = fmt.Fprintf(e.stderr, "twokey: reading it as %s (a guess: --as says otherwise)\n", kind)
		return kind, nil
	}
	if !slices.Contains(intake.Types(), c.As) {
		return "", usageError("--as: want one of " + strings.Join(intake.Types(), ", "))
	}
	return c.As, nil
}

// target is the hook and its token, from flags first and from the configuration
// for what they leave out.
func (c *reportCmd) target(e *env, g *globals) (*url.URL, secret, error) {
	var token secret
	address, name := c.URL, c.Source
	if c.TokenFile != "" {
		body, err := readOwn(c.TokenFile, maxSecret)
		if err != nil {
			return nil, token, fmt.Errorf("--token-file: %s: %w", c.TokenFile, err)
		}
		if token.text = strings.TrimRight(string(body), "\r\n"); !token.given() {
			return nil, token, usageError("--token-file: " + c.TokenFile + " is empty")
		}
	}
	whole := strings.Contains(address, "/hooks/")
	if address == "" || !token.given() || name == "" && !whole {
		config, _, err := readConfig(g.file(), true, e.getenv)
		if err != nil {
			return nil, token, err
		}
		s, err := config.source(name)
		if err != nil {
			return nil, token, err
		}
		name, address = s.Name, or(address, "http://"+config.Listen)
		if !token.given() && len(s.Token) > 0 {
			token = s.Token[0]
		}
	}
	if !token.given() || token.reveal() == unsetText {
		return nil, token, usageError("the source's token is not set: give --token-file")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https":
		return nil, token, usageError("--url: want an address such as http://127.0.0.1:8080")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, token, usageError("--url: the token would travel in the clear: use https://")
	case !whole:
		u = u.JoinPath("hooks", name)
	}
	return u, token, nil
}

func (c *config) source(name string) (sourceConfig, error) {
	if name == "" && len(c.Alerts.Sources) == 1 {
		return c.Alerts.Sources[0], nil
	}
	names := make([]string, len(c.Alerts.Sources))
	for i, s := range c.Alerts.Sources {
		if s.Name == name {
			return s, nil
		}
		names[i] = s.Name
	}
	return sourceConfig{}, usageError("--source: want one of " + strings.Join(names, ", "))
}

// maxReport is what a bot takes unless it is configured otherwise.
const maxReport = 10 << 20

var errLongReport = errors.New("the report is longer than 10 MiB: send it in parts")

func (c *reportCmd) body(e *env) ([]byte, error) {
	in, name := e.stdin, "standard input"
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.File, withoutPath(err))
		}
		defer func() { _ = f.Close() }() // only read
		in, name = f, c.File
	}
	body, err := io.ReadAll(io.LimitReader(in, maxReport+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, withoutPath(err))
	case len(body) > maxReport:
		return nil, fmt.Errorf("%s: %w", name, errLongReport)
	case len(bytes.TrimSpace(body)) == 0 && c.As == "":
		return nil, usageError(name + " is empty: nothing to report")
	}
	return asUTF8(body), nil
}

// asUTF8 is a report in the encoding that all tools write but the > of an old
// PowerShell, which leaves its mark.
func asUTF8(body []byte) []byte {
	if bytes.HasPrefix(body, []byte("\xff\xfe")) || bytes.HasPrefix(body, []byte("\xfe\xff")) {
		if text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(body); err == nil {
			return text
		}
	}
	return body
}

// result is what became of one finding.
type result struct {
	Verdict  string `json:"verdict"`
	Incident string `json:"incident"`
	Reason   string `json:"reason"`
	Shown    string `json:"shown"` // what only looks like a key id, with what is wrong with it escaped
}

const reportTimeout = time.Minute

func post(ctx context.Context, target *url.URL, token secret, kind string, body []byte) ([]result, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token.reveal())
	r.Header.Set(intake.FormatHeader, kind)
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	if json.Valid(body) {
		r.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{Timeout: reportTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err
		}
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // read as far as needed
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the bot answered %s: %s", answer.Status, means(answer.StatusCode))
	}
	var told struct {
		Results []result `json:"results"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxReport)).Decode(&told); err != nil {
		return nil, errors.New("the answer is not a bot's: is that the right address?")
	}
	return told.Results, nil
}

// means says what to do about a status of the hook.
func means(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "that is not what such a report looks like: --as says what it is"
	case http.StatusUnauthorized:
		return "the token is wrong, or there is no such source"
	case http.StatusNotFound:
		return "there is no hook at that address"
	case http.StatusRequestEntityTooLarge:
		return "the report is too long: send it in parts"
	case http.StatusTooManyRequests:
		return "too many at once: wait and send it again"
	case http.StatusServiceUnavailable:
		return "the bot can't store anything now: send it again"
	}
	return "see the bot's log"
}
