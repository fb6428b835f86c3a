package intake

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// trivy reads Trivy's JSON (aquasecurity/trivy v0.67, pkg/types). It masks what
// it found; the lines around it stand there in clear, so only ids are looked for
// in them.
func trivy(in input) ([]*finding, error) {
	type secret struct {
		RuleID, Title, Severity, Match, Target string
		StartLine                              int
		Code                                   struct{ Lines []struct{ Content string } }
	}
	var doc trivyReport
	if err := decode(in.body, &doc); err != nil {
		return nil, err
	}
	results, ok := doc.results()
	if !ok {
		return nil, errShape
	}
	type found struct {
		target string
		raw    json.RawMessage
	}
	var all []found
	for _, r := range results {
		for _, raw := range r.Secrets {
			all = append(all, found{r.Target, raw})
		}
	}
	return report(in, len(all), func(i int) (hit, Reason) {
		var s secret
		wrong := entry(all[i].raw, &s, func() bool { return s.RuleID != "" })
		h := hit{
			rule: s.RuleID, title: s.Title, rank: s.Severity, file: or(all[i].target, s.Target), line: s.StartLine, date: doc.CreatedAt,
			value: "REDACTED", lines: []string{s.Match},
		}
		for _, line := range s.Code.Lines {
			h.lines = append(h.lines, line.Content)
		}
		return h, wrong
	})
}

// trivyReport is a report about one thing, about those in a cluster (trivy k8s), or
// Trivy Operator's ExposedSecretReport, alone or as its webhook sends it.
type trivyReport struct {
	SchemaVersion                              *int
	ArtifactName, ClusterName, Kind, CreatedAt string
	Results                                    []trivyResult
	Resources                                  []struct{ Results []trivyResult }
	Report                                     trivyResult
	Object                                     *trivyReport `json:"operatorObject"`
}

type trivyResult struct {
	Target  string
	Secrets []json.RawMessage
}

// results lists what was looked into; false if it is no such report.
func (r *trivyReport) results() (all []trivyResult, ok bool) {
	if r.Object != nil {
		return r.Object.results()
	}
	all = append(r.Results, r.Report)
	for _, of := range r.Resources {
		all = append(all, of.Results...)
	}
	return all, r.SchemaVersion != nil || r.Results != nil || r.ArtifactName+r.ClusterName+r.Kind != ""
}

// twoms reads the JSON of Checkmarx 2ms (lib/reporting, lib/secrets).
func twoms(in input) ([]*finding, error) {
	type secret struct {
		ID, Source, RuleID, Value, LineContent, RuleDescription, ValidationStatus string
		StartLine                                                                 int
	}
	var doc struct {
		Total   *int `json:"totalSecretsFound"`
		Results map[string][]json.RawMessage
	}
	if err := decode(in.body, &doc); err != nil {
		return nil, err
	}
	if doc.Total == nil && doc.Results == nil {
		return nil, errShape
	}
	var all []json.RawMessage
	for _, id := range slices.Sorted(maps.Keys(doc.Results)) {
		all = append(all, doc.Results[id]...)
	}
	return report(in, len(all), func(i int) (hit, Reason) {
		var s secret
		wrong := entry(all[i], &s, func() bool { return s.RuleID != "" })
		h := hit{
			rule: s.RuleID, title: s.RuleDescription, value: s.Value, lines: []string{s.LineContent}, line: s.StartLine, name: s.ID,
		}
		h.commit, h.file = fromShow(s.Source)
		if s.ValidationStatus == "Valid" {
			h.confidence, h.validity = confirmed, "active"
		}
		return h, wrong
	})
}

// fromShow takes "git show <commit>:<path>" apart; anything else is a path.
func fromShow(source string) (commit, path string) {
	if rest, ok := strings.CutPrefix(source, "git show "); ok {
		commit, path, _ = strings.Cut(rest, ":")
		return commit, path
	}
	return "", source
}

// noseyparker reads Nosey Parker's findings, as JSON Lines or a list. It knows no
// rule about us; the id of a secret that it found stands around it.
func noseyparker(in input) ([]*finding, error) {
	raw, err := lines(in.body)
	if err != nil {
		return nil, err
	}
	type found struct {
		hit
		wrong Reason
	}
	var all []found
	for _, one := range raw {
		var f noseyFinding
		if wrong := entry(one, &f, func() bool { return f.Rule != "" }); wrong != "" {
			all = append(all, found{wrong: wrong})
		} else if len(f.Matches) == 0 {
			f.Matches = make([]noseyMatch, 1)
		}
		for _, m := range f.Matches {
			all = append(all, found{hit: f.hit(m)})
		}
	}
	return report(in, len(all), func(i int) (hit, Reason) { return all[i].hit, all[i].wrong })
}

// noseyFinding is one value and the places that it was found in.
type noseyFinding struct {
	ID      string   `json:"finding_id"`
	Rule    string   `json:"rule_name"`
	Content string   `json:"match_content"`
	Labels  []string `json:"statuses"`
	Matches []noseyMatch
}

type noseyMatch struct {
	Provenance []struct {
		Path   string
		Commit noseyCommit `json:"commit_provenance"` // until version 0.23
		First  noseyCommit `json:"first_commit"`
	}
	Labels   []string `json:"statuses"`
	Location struct {
		Span struct{ Start struct{ Line int } } `json:"source_span"`
	}
	Snippet struct{ Before, Matching, After string }
}

type noseyCommit struct {
	Metadata struct {
		ID     string `json:"commit_id"`
		Author string `json:"author_name"`
	} `json:"commit_metadata"`
	Path string `json:"blob_path"`
}

func (f noseyFinding) hit(m noseyMatch) hit {
	h := hit{
		rule: f.Rule, title: f.Rule, value: short(f.Content), name: f.ID, line: m.Location.Span.Start.Line,
		lines: []string{m.Snippet.Before, m.Snippet.Matching, m.Snippet.After},
	}
	for _, p := range m.Provenance {
		h.file = or(p.Path, h.file)
		for _, c := range []noseyCommit{p.Commit, p.First} {
			h.file, h.commit, h.author = or(c.Path, h.file), or(c.Metadata.ID, h.commit), or(c.Metadata.Author, h.author)
		}
	}
	if slices.Equal(f.Labels, []string{"reject"}) || slices.Equal(m.Labels, []string{"reject"}) {
		h.ignore = Dismissed
	}
	return h
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

// detectsecrets reads a baseline of Yelp's detect-secrets. It has hashes only, and
// knows us only by a plugin of somebody's own.
func detectsecrets(in input) ([]*finding, error) {
	type secret struct {
		Type, Filename string
		Hash           string `json:"hashed_secret"`
		Line           int    `json:"line_number"`
		Verified       bool   `json:"is_verified"`
		Real           *bool  `json:"is_secret"` // what somebody said who audited it
	}
	var doc struct {
		Results map[string][]json.RawMessage
		At      string `json:"generated_at"`
	}
	if err := decode(in.body, &doc); err != nil {
		return nil, err
	}
	if doc.Results == nil {
		return nil, errShape
	}
	var all []json.RawMessage
	for _, file := range slices.Sorted(maps.Keys(doc.Results)) {
		all = append(all, doc.Results[file]...)
	}
	return report(in, len(all), func(i int) (hit, Reason) {
		var s secret
		wrong := entry(all[i], &s, func() bool { return s.Type != "" })
		h := hit{rule: s.Type, title: s.Type, file: s.Filename, line: s.Line, date: doc.At, untold: true}
		if s.Verified {
			h.confidence, h.validity = confirmed, "active"
		}
		if s.Real != nil && !*s.Real {
			h.ignore = Dismissed
		}
		return h, wrong
	})
}
