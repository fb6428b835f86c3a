package intake

import (
	"encoding/json"
	"regexp"
	"strings"

	"twokey/bot/redact"
)

// leak is what is read of one finding of gitleaks (8.30.1, report/finding.go).
// Message and Email are left where they are. Match and Secret are looked at and
// never kept.
type leak struct {
	RuleID, Description, Match, Secret string
	File, Commit, Link, Author, Date   string
	StartLine                          int
	Fingerprint                        string
}

// Rules of gitleaks that are about us. The others' findings matter only if what
// they found looks like a secret of Alibaba Cloud.
const (
	ruleID  = "alibaba-access-key-id"
	ruleOur = "alibaba"
	ruleAny = "generic-api-key"
)

// near is how many lines may lie between a key id and its secret.
const near = 20

var (
	ourNames  = regexp.MustCompile(`(?i)alibaba|aliyun|alicloud`)
	ourSecret = regexp.MustCompile(`^[A-Za-z0-9]{30}$`)
)

// gitleaks reads a JSON report: a list of findings, where the id and the secret
// of one key are findings of their own, often under different rules. So those
// that stand close together in one file of one commit are one.
func gitleaks(in input) ([]*finding, error) {
	var raw []json.RawMessage
	if err := decode(in.body, &raw); err != nil {
		return nil, err
	}
	switch {
	case len(raw) == 0:
		return []*finding{ignored(NoFindings)}, nil
	case len(raw) > maxEntries:
		return nil, errTooMany
	}
	leaks, all := make([]leak, len(raw)), make([]*finding, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &leaks[i]); err != nil {
			all[i] = rejected(WrongType)
			continue
		}
		all[i] = leaks[i].key(in)
	}
	pair(leaks, all, in)
	return all, nil
}

// pair finds out what the findings without an id belong to.
func pair(leaks []leak, all []*finding, in input) {
	type file struct{ commit, path string }
	keys, orphans := make(map[file][]int), make(map[file]*finding)
	for i, f := range all {
		if f != nil && f.verdict == "" {
			at := file{leaks[i].Commit, leaks[i].File}
			keys[at] = append(keys[at], i)
		}
	}
	for i, l := range leaks {
		if all[i] != nil {
			continue
		}
		at := file{l.Commit, l.File}
		head := l.nearest(leaks, keys[at])
		switch {
		case head >= 0 && l.maybeOurs():
			all[i] = l.finding(lookup(SecretOnly, "", weak), in)
			all[i].join(all[head], SecretOfKey)
		case !l.ours():
			all[i] = ignored(NotAlibaba)
		case orphans[at] != nil:
			all[i] = l.finding(lookup(SecretOnly, "", weak), in)
			all[i].join(orphans[at], SecretOnly)
		default:
			all[i] = l.finding(lookup(SecretOnly, "", weak), in)
			orphans[at] = all[i]
		}
	}
}

// nearest is the key id that stands closest, in the same file; -1 if none is
// near enough.
func (l leak) nearest(leaks []leak, keys []int) int {
	best, least := -1, near+1
	for _, k := range keys {
		if d := max(l.StartLine-leaks[k].StartLine, leaks[k].StartLine-l.StartLine); d < least {
			best, least = k, d
		}
	}
	return best
}

// key is the finding of a key id; nil if it is about a secret, whose place is
// found by the ids around it. An id may stand under any rule: gitleaks knows
// only those of 24 characters as what they are.
func (l leak) key(in input) *finding {
	if l.RuleID == "" && l.Fingerprint == "" {
		return rejected(NotAFinding)
	}
	f := identify(l.Secret)
	switch {
	case f.verdict == "" && f.reason == "", f.reason == Placeholder, f.reason == Masked:
		return l.finding(f, in)
	case l.RuleID == ruleID:
		return l.finding(lookup(Redacted, "", likely), in)
	}
	if ids := redact.IDs(l.Match); len(ids.Keys)+len(ids.Temporary) == 1 {
		return l.finding(identify(append(ids.Keys, ids.Temporary...)[0]), in)
	}
	return nil
}

// ours reports whether a secret without an id is one of Alibaba Cloud's.
func (l leak) ours() bool {
	return strings.HasPrefix(l.RuleID, ruleOur) || ourNames.MatchString(l.Match)
}

// maybeOurs reports whether a secret beside a key id may be that key's.
func (l leak) maybeOurs() bool {
	return l.ours() || l.RuleID == ruleAny || ourSecret.MatchString(l.Secret)
}

// hidden reports whether gitleaks ran with --redact: then there is no secret in
// the report, or only the beginning of one.
func (l leak) hidden() bool {
	return l.Secret == "" || l.Secret == "REDACTED" || strings.HasSuffix(l.Secret, "...")
}

// finding adds to f what is kept of a leak.
func (l leak) finding(f *finding, in input) *finding {
	if f.verdict != "" {
		return f
	}
	s := &sieve{}
	if f.alert.KeyID == "" || string(f.alert.KeyID) != l.Secret {
		s.secret(l, f, in)
	}
	f.text.Title = s.line(l.Description, maxTitle)
	f.text.Author = s.line(l.Author, maxAuthor)
	p := s.place(l.Link, "", l.File, l.StartLine, l.Commit)
	p.Repo = s.repoOf(p.URL)
	f.found(p)
	f.alert.DetectedAt = moment(l.Date, in.at)
	f.alert.SecretSeen = s.seen
	name := l.Fingerprint
	if name == "" {
		name = strings.Join([]string{l.Commit, l.File, l.RuleID}, ":")
	}
	f.external = map[string]bool{name: true}
	return f
}

// secret takes note of a leak's secret, and lets go of it.
func (s *sieve) secret(l leak, f *finding, in input) {
	switch {
	case l.hidden():
		s.knows(l.Secret)
		s.seen = false // at most its beginning was there
	case redact.KeyType(l.Secret) == "unknown":
		s.knows(l.Secret)
		f.alert.SecretPrint = redact.Fingerprint(in.pepper, l.Secret)
	}
}
