package intake

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"twokey/bot/redact"
	"twokey/incident"
)

// sieve is what every kept string passes: the secrets that stand in the fields
// of the same finding are taken out by name, others by their form.
type sieve struct {
	secrets []string
	seen    bool // a secret was there
}

// Longest kept strings, in runes.
const (
	maxTitle  = 200
	maxAuthor = 100
	maxPath   = 300
	maxURL    = 1000
)

// minSecret is shorter than anything worth hiding; shorter values would take
// out parts of words. With more than maxSecrets of them no text is kept: looking
// for each would take the sender's time squared.
const (
	minSecret  = 6
	maxSecrets = 100
)

// knows remembers a secret of the finding.
func (s *sieve) knows(secret string) {
	s.seen = true
	secret = strings.TrimSuffix(strings.TrimSpace(secret), "...") // cut by the scanner
	if len(secret) >= minSecret && len(s.secrets) <= maxSecrets {
		s.secrets = append(s.secrets, secret)
	}
}

// likeOurs is the form of a secret that ties findings together: any other may be a
// word that many use.
var likeOurs = regexp.MustCompile(`^[A-Za-z0-9]{30,64}$`)

// fingerprint ties the findings of a secret together; empty for what may be no
// secret of ours.
func (in input) fingerprint(secret string) string {
	secret = strings.TrimSpace(secret)
	if !likeOurs.MatchString(secret) {
		return ""
	}
	return redact.Fingerprint(in.pepper, secret)
}

// line is text without secrets and fit for one line. Redaction comes before the
// cut, which could leave half a secret.
func (s *sieve) line(text string, limit int) string {
	clean, _ := s.scrub(text)
	return redact.Clean(clean, limit)
}

// scrub takes the secrets out of text and reports whether there were any.
func (s *sieve) scrub(text string) (clean string, changed bool) {
	if len(s.secrets) > maxSecrets {
		return "", text != ""
	}
	clean = text
	for _, secret := range s.secrets {
		clean = strings.ReplaceAll(clean, secret, gone)
		if likeOurs.MatchString(secret) {
			clean = withoutEnds(clean, secret)
		}
	}
	clean, found := redact.Text(clean)
	s.seen = s.seen || found
	return clean, clean != text
}

// gone stands where a secret stood.
const gone = "[redacted]"

// edge is how much of a secret gives it away: so many letters are no accident.
const edge = 8

// withoutEnds takes out what somebody left of a secret that stands whole elsewhere in
// the finding: its beginning, or its end.
func withoutEnds(text, secret string) string {
	start, end := secret[:edge], secret[len(secret)-edge:]
	text = without(text, start, func(at int) (from, to int) {
		n := edge
		for n < len(secret) && at+n < len(text) && text[at+n] == secret[n] {
			n++
		}
		return at, at + n
	})
	return without(text, end, func(at int) (from, to int) {
		from = at
		for n := len(secret) - edge; n > 0 && from > 0 && text[from-1] == secret[n-1]; n-- {
			from--
		}
		return from, at + edge
	})
}

// without takes a sign out of a text, each with what around it says what it is a part
// of. What stands in its place is not looked at again.
func without(text, sign string, around func(at int) (from, to int)) string {
	var clean strings.Builder
	done := 0
	for {
		at := strings.Index(text[done:], sign)
		if at < 0 {
			return clean.String() + text[done:]
		}
		from, to := around(done + at)
		clean.WriteString(text[done:max(from, done)] + gone)
		done = to
	}
}

var (
	host     = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]{1,5})?$`)
	lineMark = regexp.MustCompile(`^(L[0-9]+(C[0-9]+)?(-L[0-9]+(C[0-9]+)?)?|lines-[0-9]+(:[0-9]+)?)$`)
	digits   = regexp.MustCompile(`^[0-9]{1,20}$`)
	slug     = regexp.MustCompile(`^[A-Za-z0-9._~/-]{1,200}$`)
	hexSum   = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)
)

// link is a URL that may be shown: http or https, a host that reads as it is
// written, nobody's name in front of it. Of a query only numbers stay, since
// others may be signatures or sessions; of a fragment only line marks. A URL
// with a secret in it goes as a whole.
func (s *sieve) link(raw string) string {
	raw = strings.TrimSpace(raw)
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxURL || u.Opaque != "" || u.User != nil || !host.MatchString(u.Host) ||
		u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	u.RawQuery, u.ForceQuery = numbers(u), false
	if !lineMark.MatchString(u.Fragment) {
		u.Fragment, u.RawFragment = "", ""
	}
	u.RawPath = "" // escape anew, in one way
	clean := u.String()
	_, shown := s.scrub(clean)
	_, escaped := s.scrub(u.Path)
	if shown || escaped {
		return ""
	}
	return clean
}

// numbers is what may stay of a query.
func numbers(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	query := u.Query()
	for name, values := range query {
		if len(values) != 1 || !digits.MatchString(values[0]) || !slug.MatchString(name) {
			query.Del(name)
		}
	}
	return query.Encode()
}

// repo is the name of a repository: what is no path of plain names is dropped.
func (s *sieve) repo(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Host != "" {
		raw = u.Host + u.Path
	}
	raw = strings.TrimSuffix(strings.Trim(raw, "/"), ".git")
	if _, secret := s.scrub(raw); secret || !slug.MatchString(raw) {
		return ""
	}
	return raw
}

// repoOf is the repository that a link to a file points into, on GitHub, GitLab,
// Gitea and Bitbucket.
func (s *sieve) repoOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	for _, mark := range []string{"/-/blob/", "/blob/", "/src/", "/commit/"} {
		if repo, _, ok := strings.Cut(u.Path, mark); ok {
			return s.repo(repo)
		}
	}
	return ""
}

func commit(raw string) string {
	if !hexSum.MatchString(raw) {
		return ""
	}
	return strings.ToLower(raw)
}

// place is where a key was found.
func (s *sieve) place(link, repo, path string, line int, sha string) incident.Place {
	if line < 1 || line > 100_000_000 {
		line = 0
	}
	return incident.Place{URL: s.link(link), Repo: s.repo(repo), Path: s.line(path, maxPath), Line: line, Commit: commit(sha)}
}

// china is where times without a zone are from: Security Center writes them so.
var china = time.FixedZone("UTC+8", 8*60*60)

// layouts are the ways to write a time beside RFC 3339: TruffleHog's two, Jira's,
// CloudMonitor's, the date of a commit, Security Center's, and GitLab's, which means
// UTC.
var layouts = []string{
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -0700 -0700", "2006-01-02T15:04:05-0700", "20060102T150405-0700", "Mon Jan 2 15:04:05 2006 -0700", "2006-01-02 15:04:05", "2006-01-02T15:04:05",
}

// written is a time as somebody wrote it; false if it is none.
func written(raw string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, raw); err == nil {
		return t, true
	}
	for _, layout := range layouts {
		zone := time.UTC
		if layout == "2006-01-02 15:04:05" {
			zone = china
		}
		if t, err := time.ParseInLocation(layout, raw, zone); err == nil {
			return t, true
		}
	}
	whole, _, _ := strings.Cut(raw, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	switch {
	case err != nil:
		return time.Time{}, false
	case n < 100_000_000_000:
		return time.Unix(n, 0), true
	}
	return time.UnixMilli(n), true
}

// moment is a time that a sender claims. Senders' clocks may run ahead a little;
// more than that is a lie or a mistake, and the alert's arrival is the truth.
// Nothing leaked before there was Alibaba Cloud.
func moment(raw string, received time.Time) time.Time {
	const ahead = 5 * time.Minute
	t, ok := written(raw)
	if !ok {
		return time.Time{}
	}
	switch t = t.UTC(); {
	case t.After(received.Add(ahead)):
		return received
	case t.Year() < 2009:
		return time.Time{}
	}
	return t
}

// oneOf is value if it is among the words, in lower case; else nothing.
func oneOf(value string, words ...string) string {
	value = strings.ToLower(strings.TrimSpace(value))
	for _, w := range words {
		if value == w {
			return w
		}
	}
	return ""
}
