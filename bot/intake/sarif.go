package intake

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// sarifResult is what is read of one result (OASIS SARIF 2.1.0, section 3.27).
// The message is left where it is: some tools quote the source in it.
type sarifResult struct {
	RuleID       string
	Rule         struct{ ID string }
	Locations    []sarifLocation
	Partial      map[string]any `json:"partialFingerprints"`
	Fingerprints map[string]any
	Properties   struct{ Author, Email, Date string }
}

type sarifLocation struct {
	Physical struct {
		Artifact struct{ URI string } `json:"artifactLocation"`
		Region   sarifRegion
		Context  sarifRegion `json:"contextRegion"`
	} `json:"physicalLocation"`
}

type sarifRegion struct {
	StartLine int
	Snippet   struct{ Text string }
}

// sarif reads a report of any tool. What was found stands in the snippet, if the
// tool tells it at all: TruffleHog and Trivy do not.
func sarif(in input) ([]*finding, error) {
	var doc struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID    string
						Short struct{ Text string } `json:"shortDescription"`
					}
				}
			}
			Versions []struct{ RepositoryURI, RevisionID string } `json:"versionControlProvenance"`
			Results  []json.RawMessage
		}
	}
	if err := decode(in.body, &doc); err != nil {
		return nil, err
	}
	if doc.Runs == nil {
		return nil, errShape
	}
	var hits []func() (hit, Reason)
	for _, run := range doc.Runs {
		titles := make(map[string]string)
		for _, r := range run.Tool.Driver.Rules {
			titles[r.ID] = r.Short.Text
		}
		for _, raw := range run.Results {
			hits = append(hits, func() (hit, Reason) {
				var r sarifResult
				wrong := entry(raw, &r, func() bool { return r.RuleID+r.Rule.ID != "" })
				h := r.hit()
				h.title = titles[h.rule]
				if len(run.Versions) == 1 {
					h.repo = run.Versions[0].RepositoryURI
					if h.commit == "" {
						h.commit = run.Versions[0].RevisionID
					}
				}
				return h, wrong
			})
		}
	}
	return report(in, len(hits), func(i int) (hit, Reason) { return hits[i]() })
}

func (r sarifResult) hit() hit {
	h := hit{rule: r.RuleID, author: r.Properties.Author, date: r.Properties.Date}
	if h.rule == "" {
		h.rule = r.Rule.ID
	}
	if len(r.Locations) > 0 {
		p := r.Locations[0].Physical
		h.file, h.line = filePath(p.Artifact.URI), p.Region.StartLine
		h.value = strings.TrimSpace(p.Region.Snippet.Text)
		h.lines = []string{p.Region.Snippet.Text, p.Context.Snippet.Text}
	}
	h.untold = h.value == ""
	word := func(name string) string { s, _ := r.Partial[name].(string); return s }
	if sha, ok := r.Partial["commitSha"].(string); ok { // gitleaks; named as in its JSON
		h.commit, h.author, h.date = sha, word("author"), word("date")
		h.name = h.byPlace()
		return h
	}
	h.name = h.rule + fingerprint(r.Fingerprints) + fingerprint(r.Partial) + h.file
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
