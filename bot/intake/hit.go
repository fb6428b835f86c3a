package intake

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"twokey/bot/redact"
	"twokey/incident"
)

// hit is one finding of a scanner, whatever the scanner calls its parts. What it
// quotes is looked at and never kept.
type hit struct {
	rule  string   // what the scanner looked for, in its words
	value string   // what it found: an id, a secret, or what it left of one
	sk    string   // the secret of value, if that is an id
	lines []string // source text beside it; ids in there are findings too

	title, author, date        string
	link, repo, file, commit   string
	line                       int
	name                       string // at its scanner; the same finding has the same one
	confidence, validity, rank string
	public, untold             bool // untold: the scanner never says what it found

	over   string // why its scanner says that it is over; empty: it is not
	ignore Reason // why it is none; empty: it is one

	told *finding // what is kept of it, once that is known
}

// maxField is longer than any name, path, time or address. What is longer is none:
// many entries may share one, and each would take its time.
const maxField = 4 << 10

// short is text that may be what it stands for; nothing if it is too long for that.
func short(text string) string {
	if len(text) > maxField {
		return ""
	}
	return text
}

// trim drops what is too long in an entry.
func (h *hit) trim() {
	for _, field := range []*string{&h.rule, &h.title, &h.author, &h.date, &h.link, &h.repo, &h.file, &h.commit, &h.name, &h.validity, &h.rank} {
		*field = short(*field)
	}
}

// Words in the name of a rule.
var (
	ourNames  = regexp.MustCompile(`(?i)alibaba|aliyun|alicloud|阿里云`)
	idRule    = regexp.MustCompile(`(?i)(access|client|[^a-z]ak)[ _-]?(key)?[ _-]?id\b`)
	ourSecret = regexp.MustCompile(`^[A-Za-z0-9]{30}$`)
)

// ruleAny is how gitleaks and its kin call what only looks like a secret.
const ruleAny = "generic-api-key"

// report makes findings of n entries of a scanner's report. The id and the secret
// of one key are entries of their own, often under different rules, so those that
// stand close together in one file of one commit are one.
func report(in input, n int, read func(i int) (hit, Reason)) ([]*finding, error) {
	switch {
	case n == 0:
		return []*finding{ignored(NoFindings)}, nil
	case n > maxEntries:
		return nil, errTooMany
	}
	hits, all := make([]*hit, 0, n), make([]*finding, 0, n)
	for i := range n {
		h, wrong := read(i)
		if wrong != "" {
			hits, all = append(hits, &hit{}), append(all, rejected(wrong))
			continue
		}
		h.trim()
		if h.ignore != "" {
			hits, all = append(hits, &h), append(all, ignored(h.ignore))
			continue
		}
		for _, f := range h.keys() {
			hits, all = append(hits, &h), append(all, f)
		}
		if len(all) > maxEntries {
			return nil, errTooMany
		}
	}
	for i, f := range all {
		if f != nil {
			hits[i].tell(f, in)
		}
	}
	pair(hits, all, in)
	return all, nil
}

// keys are the findings of key ids in an entry; a nil one if it is about a
// secret, whose key is found by the ids around it. An id may stand under any
// rule: gitleaks knows only those of 24 characters as what they are.
func (h hit) keys() []*finding {
	f := identify(h.value)
	switch {
	case f.verdict == "" && f.reason == "", f.reason == Placeholder, f.reason == Masked:
		return []*finding{f}
	}
	var all []*finding
	for _, line := range h.lines {
		line, _ = withoutTrail(line)
		search(line, func(f *finding) {
			if f.verdict == "" && f.reason == "" && len(all) < maxPlaces && !same(all, f) {
				all = append(all, f)
			}
		})
	}
	switch {
	case len(all) > 0:
		return all
	case h.untold && h.ours() && !h.secretOnly():
		return []*finding{lookup(NotTold, "", likely)}
	case idRule.MatchString(h.rule) && h.ours():
		return []*finding{lookup(Redacted, "", likely)}
	}
	return []*finding{nil}
}

func same(all []*finding, f *finding) bool {
	return slices.ContainsFunc(all, func(other *finding) bool { return other.alert.KeyID == f.alert.KeyID })
}

// ours reports whether a secret without an id is one of Alibaba Cloud's.
func (h hit) ours() bool {
	return ourNames.MatchString(h.rule) || ourNames.MatchString(h.title) || slices.ContainsFunc(h.lines, ourNames.MatchString)
}

// maybeOurs reports whether a secret beside a key id may be that key's.
func (h hit) maybeOurs() bool {
	return h.ours() || h.rule == ruleAny || ourSecret.MatchString(bare(h.value))
}

// secretOnly reports whether the rule is about secrets, and not about ids.
func (h hit) secretOnly() bool {
	return strings.Contains(strings.ToLower(h.rule+h.title), "secret") && !idRule.MatchString(h.rule)
}

// hidden reports whether a scanner took the secret out, or left its edges only.
func (h hit) hidden() bool {
	return h.value == "" || h.value == "REDACTED" || strings.HasSuffix(h.value, "...") || strings.Contains(h.value, "**")
}

// tell adds to f what is kept of a hit. All ids of one hit are told the same.
func (h *hit) tell(f *finding, in input) *finding {
	switch {
	case f.verdict != "":
		return f
	case h.told != nil:
		return h.told.again(f)
	}
	h.told = f
	s := &sieve{}
	h.secret(s, f, in)
	f.text.Title = s.line(h.title, maxTitle)
	f.text.Author = s.line(h.author, maxAuthor)
	p := s.place(h.link, h.repo, h.file, h.line, h.commit)
	if strings.HasPrefix(h.file, "https://") || strings.HasPrefix(h.file, "http://") {
		p = s.place(or(h.link, h.file), h.repo, "", h.line, h.commit) // as 2ms and GitHub name pages
	}
	if p.Repo == "" {
		p.Repo = s.repoOf(p.URL)
	}
	f.found(p)
	a := &f.alert
	a.DetectedAt = moment(h.date, in.at)
	a.SecretSeen = s.seen
	if h.confidence != "" && a.Confidence != weak {
		a.Confidence = h.confidence
	}
	a.Validity = oneOf(h.validity, "active", "inactive", "unknown")
	a.Severity = oneOf(h.rank, "critical", "high", "medium", "low", "info")
	if h.public {
		a.Public = incident.Yes
	}
	name := h.name
	if name == "" {
		name = h.byPlace()
	}
	f.external = map[string]bool{name: true}
	if h.over != "" {
		a.Kind, f.news = incident.KindResolve, h.over
	}
	return f
}

// again gives to another id what is kept of the same hit.
func (f *finding) again(other *finding) *finding {
	a := f.alert
	a.KeyID, a.KeyMask, a.KeyType = other.alert.KeyID, other.alert.KeyMask, other.alert.KeyType
	other.alert, other.text, other.external, other.news = a, f.text, maps.Clone(f.external), f.news
	other.text.Places = slices.Clone(f.text.Places)
	return other
}

// secret takes note of a hit's secret, and lets go of it.
func (h hit) secret(s *sieve, f *finding, in input) {
	for _, line := range h.lines {
		if _, found := redact.Text(line); found {
			s.seen = true
		}
	}
	if h.sk != "" {
		s.knows(h.sk)
		f.alert.SecretPrint = in.fingerprint(h.sk)
	}
	switch {
	case string(f.alert.KeyID) == h.value && h.value != "" || h.untold:
	case f.reason == Masked || redact.KeyType(h.value) != "unknown":
	case h.hidden():
		seen := s.seen
		s.knows(h.value)
		s.seen = seen // at most its beginning was there
	default:
		s.knows(h.value)
		secret := bare(h.value)
		s.knows(secret)
		f.alert.SecretPrint = in.fingerprint(secret)
	}
}

// bare is the secret in a value that has more than it, as "sk: …".
func bare(value string) string {
	for word := range strings.FieldsFuncSeq(value, func(r rune) bool { return !letterOrDigit(r) }) {
		if len(word) == secretLength {
			return word
		}
	}
	return value
}

func letterOrDigit(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// byPlace names a hit by where it stands, as gitleaks does.
func (h hit) byPlace() string {
	name := strings.Join([]string{h.file, h.rule, strconv.Itoa(h.line)}, ":")
	if h.commit != "" {
		name = h.commit + ":" + name
	}
	return name
}

// entry reads one entry of a report into what it should be, and says what is wrong
// with it; complete is asked afterwards.
func entry(raw json.RawMessage, into any, complete func() bool) Reason {
	switch {
	case json.Unmarshal(raw, into) != nil:
		return WrongType
	case !complete():
		return NotAFinding
	}
	return ""
}
