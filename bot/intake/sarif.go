package intake

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// sarifResult is what is read of one result (OASIS SARIF 2.1.0, section 3.27). Of
// the message only ids are taken: some tools quote the source in it.
type sarifResult struct {
	RuleID    string
	RuleIndex *int
	Rule      struct {
		ID    string
		Index *int
		Of    struct{ Index *int } `json:"toolComponent"`
	}
	Kind, BaselineState string
	Message             struct{ Text, Markdown string }
	Suppressions        []struct{ Status string }
	Locations           []sarifLocation
	Partial             map[string]any `json:"partialFingerprints"`
	Fingerprints        map[string]any
	Properties          struct{ Author, Email, Date string }
}

type sarifLocation struct {
	Physical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion
		Context  sarifRegion `json:"contextRegion"`
	} `json:"physicalLocation"`
}

type sarifArtifact struct {
	URI   string
	Index *int
}

type sarifRegion struct {
	StartLine int
	Snippet   struct {
		Text     string
		Rendered struct{ Text string }
	}
}

func (r sarifRegion) text() string { return or(r.Snippet.Text, r.Snippet.Rendered.Text) }

// sarifRun is one run of a tool.
type sarifRun struct {
	Tool struct {
		Driver     sarifRules
		Extensions []sarifRules
	}
	Versions  []struct{ RepositoryURI, RevisionID string } `json:"versionControlProvenance"`
	Artifacts []struct{ Location sarifArtifact }
	Results   []json.RawMessage

	titles map[string]string // what the rules are about
}

type sarifRules struct {
	Rules []struct {
		ID, Name string
		Short    struct{ Text string } `json:"shortDescription"`
		Full     struct{ Text string } `json:"fullDescription"`
	}
}

// sarif reads a report of any tool. What was found stands in the snippet or the
// message, if the tool tells it at all: TruffleHog and Trivy do not.
func sarif(in input) ([]*finding, error) {
	var doc struct{ Runs []sarifRun }
	if err := decode(in.body, &doc); err != nil {
		return nil, err
	}
	if doc.Runs == nil {
		return nil, errShape
	}
	type found struct {
		hit
		wrong Reason
	}
	var all []found
	for _, run := range doc.Runs {
		run.name()
		for _, raw := range run.Results {
			var r sarifResult
			if wrong := entry(raw, &r, r.told); wrong != "" {
				all = append(all, found{wrong: wrong})
				continue
			}
			for _, h := range run.hits(r) {
				all = append(all, found{hit: h})
			}
			if len(all) > maxEntries {
				return nil, errTooMany
			}
		}
	}
	return report(in, len(all), func(i int) (hit, Reason) { return all[i].hit, all[i].wrong })
}

// told reports whether there is a result at all: its rule need not be named.
func (r *sarifResult) told() bool {
	return r.RuleID+r.Rule.ID+r.Message.Text != "" || r.RuleIndex != nil || r.Rule.Index != nil || len(r.Locations) > 0
}

// name finds out what the rules of a run are about.
func (run *sarifRun) name() {
	run.titles = make(map[string]string)
	for _, of := range append(run.Tool.Extensions, run.Tool.Driver) {
		for _, r := range of.Rules {
			run.titles[r.ID] = short(or(r.Short.Text, or(r.Full.Text, r.Name)))
		}
	}
}

// rule is the id of a result's rule, wherever it says which one that is.
func (run sarifRun) rule(r sarifResult) string {
	if id := or(r.RuleID, r.Rule.ID); id != "" {
		return id
	}
	of, index := run.Tool.Driver, r.Rule.Index
	if extension := at(run.Tool.Extensions, r.Rule.Of.Index); extension != nil {
		of = *extension
	}
	if index == nil {
		index = r.RuleIndex
	}
	if rule := at(of.Rules, index); rule != nil {
		return rule.ID
	}
	return ""
}

// at is the element that an index names; nil if there is none.
func at[T any](list []T, index *int) *T {
	if index == nil || *index < 0 || *index >= len(list) {
		return nil
	}
	return &list[*index]
}

// hits are the places of a result, with what the run says about all of them.
func (run sarifRun) hits(r sarifResult) []hit {
	h := hit{rule: run.rule(r), author: r.Properties.Author, date: r.Properties.Date, ignore: r.ignored()}
	h.title = run.titles[h.rule]
	if r.BaselineState == "absent" {
		h.over = r.BaselineState
	}
	for _, said := range []string{r.Message.Text, r.Message.Markdown} {
		if ids := idsIn(said); ids != "" {
			h.lines = append(h.lines, ids)
		}
	}
	if len(run.Versions) == 1 {
		h.repo, h.commit = run.Versions[0].RepositoryURI, run.Versions[0].RevisionID
	}
	if len(r.Locations) == 0 {
		r.Locations = make([]sarifLocation, 1)
	}
	var all []hit
	for _, l := range r.Locations {
		all = append(all, run.place(h, r, l))
	}
	for i := range all {
		all[i].name = or(all[i].name, all[0].file+h.rule+fingerprint(r.Fingerprints)+fingerprint(r.Partial))
	}
	return all
}

// idsIn are the key ids of a message, which stands for all places of its result: it
// may be long, and they many.
func idsIn(said string) string {
	var ids []string
	rest, _ := withoutTrail(said)
	search(rest, func(f *finding) {
		if id := string(f.alert.KeyID); len(ids) < maxPlaces && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	})
	return strings.Join(ids, " ")
}

// ignored is why a result is none: the check passed, or somebody decided that it
// need not be looked at (SARIF 2.1.0, section 3.27.23).
func (r sarifResult) ignored() Reason {
	for _, s := range r.Suppressions {
		if s.Status != "" && s.Status != "accepted" {
			return ""
		}
	}
	switch {
	case r.Kind == "pass" || r.Kind == "notApplicable":
		return NoFindings
	case len(r.Suppressions) > 0:
		return Dismissed
	}
	return ""
}

// place is a result at one of its locations.
func (run sarifRun) place(h hit, r sarifResult, l sarifLocation) hit {
	p := l.Physical
	h.file, h.line = filePath(p.Artifact.URI), p.Region.StartLine
	if artifact := at(run.Artifacts, p.Artifact.Index); artifact != nil && h.file == "" {
		h.file = filePath(short(artifact.Location.URI))
	}
	h.value = strings.TrimSpace(p.Region.text())
	h.lines = append(slices.Clone(h.lines), p.Region.text(), p.Context.text())
	h.untold = h.value == ""
	word := func(name string) string { s, _ := r.Partial[name].(string); return s }
	if sha, ok := r.Partial["commitSha"].(string); ok { // gitleaks; named as in its JSON
		h.commit, h.author, h.date = sha, word("author"), word("date")
		h.name = h.byPlace()
	}
	return h
}

// fingerprint is what a tool calls a result: the first name in byte order is as
// good as any, if it is always the same.
func fingerprint(all map[string]any) string {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if s, ok := all[name].(string); ok {
			return ":" + s + ":"
		}
	}
	return ""
}

// filePath is the path in a URI of SARIF.
func filePath(uri string) string {
	if path, err := url.PathUnescape(strings.TrimPrefix(uri, "file://")); err == nil {
		return path
	}
	return uri
}
