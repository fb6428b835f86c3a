package intake

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// leak is what is read of one finding of gitleaks (8.30.1, report/finding.go).
// Message and Email are left where they are. Match and Secret are looked at and
// never kept. The second part is what versions 4 to 7 called them.
type leak struct {
	RuleID, Description, Match, Secret string
	File, Commit, Link, Author, Date   string
	StartLine                          int
	Fingerprint                        string

	Rule, Offender, Line, Repo, LeakURL string
	LineNumber                          int
}

// gitleaks reads a report in any of the formats that gitleaks writes.
func gitleaks(in input) ([]*finding, error) {
	start := bytes.TrimLeft(in.body, " \t\r\n")
	switch {
	case bytes.HasPrefix(start, []byte("{")):
		return sarif(in)
	case bytes.HasPrefix(start, []byte("<")):
		return gitleaksJUnit(in)
	case bytes.HasPrefix(start, []byte("RuleID,")):
		return gitleaksCSV(in)
	}
	var raw []json.RawMessage
	if err := decode(in.body, &raw); err != nil {
		return nil, err
	}
	return leaks(in, raw)
}

// leaks makes findings of JSON objects.
func leaks(in input, raw []json.RawMessage) ([]*finding, error) {
	return report(in, len(raw), func(i int) (hit, Reason) {
		var l leak
		wrong := entry(raw[i], &l, l.told)
		return l.hit(), wrong
	})
}

// told reports whether there is a finding at all.
func (l *leak) told() bool {
	return l.RuleID != "" || l.Fingerprint != "" || l.Rule != "" && l.Offender != ""
}

func (l leak) hit() hit {
	h := hit{
		rule: l.RuleID, value: l.Secret, lines: []string{l.Match}, title: l.Description, author: l.Author, date: l.Date,
		link: l.Link, file: l.File, commit: l.Commit, line: l.StartLine, name: l.Fingerprint,
	}
	if l.RuleID == "" && l.Rule != "" {
		h.rule, h.title, h.value, h.lines = l.Rule, l.Rule, l.Offender, []string{l.Line}
		h.line, h.repo, h.link = l.LineNumber, l.Repo, l.LeakURL
	}
	return h
}

// gitleaksCSV reads a report with a line of names and a line for each finding.
func gitleaksCSV(in input) ([]*finding, error) {
	if bytes.Count(in.body, []byte(",")) > maxValues {
		return nil, errTooMany
	}
	r := csv.NewReader(bytes.NewReader(in.body))
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	names, err := r.Read()
	if err != nil || !slices.Contains(names, "Secret") {
		return nil, errShape
	}
	names = slices.Clone(names)
	var rows []leak
	for {
		row, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return report(in, len(rows), func(i int) (hit, Reason) { return rows[i].hit(), "" })
		case err != nil:
			return nil, errShape
		case len(rows) == maxEntries:
			return nil, errTooMany
		}
		rows = append(rows, leakOf(names, row))
	}
}

// leakOf is a line of a CSV report.
func leakOf(names, row []string) leak {
	var l leak
	into := map[string]*string{
		"RuleID": &l.RuleID, "Commit": &l.Commit, "File": &l.File, "Secret": &l.Secret, "Match": &l.Match,
		"Author": &l.Author, "Date": &l.Date, "Fingerprint": &l.Fingerprint, "Link": &l.Link,
	}
	for i, value := range row[:min(len(row), len(names))] {
		if at := into[names[i]]; at != nil {
			*at = strings.Clone(value)
		}
		if names[i] == "StartLine" {
			l.StartLine, _ = strconv.Atoi(value)
		}
	}
	return l
}

// maxTags bounds the tags of an XML body.
const maxTags = 100_000

// gitleaksJUnit reads a report as test cases that failed: the text of each
// failure is the finding as JSON. Entities that the body declares by itself are
// errors.
func gitleaksJUnit(in input) ([]*finding, error) {
	if bytes.Count(in.body, []byte("<")) > maxTags || bytes.Count(in.body, []byte("=")) > maxValues { // "=" as of attributes
		return nil, errTooMany
	}
	var suites struct {
		Failures []string `xml:"testsuite>testcase>failure"`
	}
	d := xml.NewDecoder(bytes.NewReader(in.body))
	if err := d.Decode(&suites); err != nil {
		return nil, errNotXML
	}
	raw := make([]json.RawMessage, len(suites.Failures))
	for i, text := range suites.Failures {
		raw[i] = json.RawMessage(text)
		if measure(raw[i]) != nil {
			raw[i] = nil
		}
	}
	return leaks(in, raw)
}
