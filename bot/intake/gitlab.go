package intake

import (
	"encoding/json"
	"strings"
)

// gitlabHook is GitLab's Vulnerability Hook (GitLab docs: webhook events). It has
// a link and no id. What it does not concern us with gets 200 too: GitLab stops
// calling a hook that refuses four times.
var gitlabHook = shape{
	inside:   []string{"objectattributes", "location", "commit"},
	ours:     []string{"title"},
	external: []string{"url"}, url: []string{"url"}, title: []string{"title"},
	path: []string{"file"}, line: []string{"startline"}, commit: []string{"sha"},
	severity: []string{"severity"}, detected: []string{"createdat"},
	status: []string{"state"}, over: []string{"dismissed", "resolved"},
}

// gitlab reads the hook, and the report that a secret detection job leaves.
func gitlab(in input) ([]*finding, error) {
	var head struct {
		Kind       string `json:"object_kind"`
		Attributes struct {
			Type string `json:"report_type"`
		} `json:"object_attributes"`
		Vulnerabilities []json.RawMessage
		Scan            struct {
			End string `json:"end_time"`
		}
	}
	if err := decode(in.body, &head); err != nil {
		return nil, err
	}
	switch {
	case head.Vulnerabilities != nil:
		return gitlabReport(in, head.Vulnerabilities, head.Scan.End)
	case head.Kind == "":
		return nil, errShape
	case head.Kind != "vulnerability":
		return []*finding{ignored(NotAnAlert)}, nil
	case head.Attributes.Type != "secret_detection":
		return []*finding{ignored(NotAlibaba)}, nil
	}
	return gitlabHook.read(in)
}

func gitlabReport(in input, raw []json.RawMessage, ended string) ([]*finding, error) {
	return report(in, len(raw), func(i int) (hit, Reason) {
		var v struct {
			ID, Name, Severity string
			Extract            string `json:"raw_source_code_extract"`
			Location           struct {
				File      string
				StartLine int `json:"start_line"`
				Commit    struct{ Author, Date, SHA string }
			}
			Identifiers []struct{ Value string }
		}
		wrong := entry(raw[i], &v, func() bool { return v.ID != "" || v.Name != "" })
		h := hit{
			rule: v.Name, title: v.Name, rank: v.Severity, value: strings.TrimSpace(v.Extract), lines: []string{v.Extract}, name: v.ID,
			file: v.Location.File, line: v.Location.StartLine, commit: v.Location.Commit.SHA, author: v.Location.Commit.Author,
			date: or(ended, v.Location.Commit.Date), untold: v.Extract == "",
		}
		for _, id := range v.Identifiers {
			h.rule += " " + id.Value
		}
		return h, wrong
	})
}
