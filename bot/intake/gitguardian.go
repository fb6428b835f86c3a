package intake

import (
	"encoding/json"
	"strings"
)

// guardian is an incident of GitGuardian's custom webhook (GitGuardian docs:
// custom webhooks). It has a link and no id.
var guardian = shape{
	inside: []string{"occurrence", "incident", "detector"},
	ours:   []string{"displayname", "name", "detectorgroupdisplayname", "detectorgroupname"},
	title:  []string{"displayname"}, external: []string{"id"}, url: []string{"gitguardianurl", "shareurl"},
	path: []string{"filepath"}, commit: []string{"sha"}, author: []string{"authorname"},
	severity: []string{"severity"}, detected: []string{"date"}, validity: []string{"validity"},
	status: []string{"action"}, over: []string{"incidentresolved", "incidentignored"},
	opens: []string{"incidenttriggered", "incidentreopened", "incidentregression", "newoccurrence", "occurrencecreated"},
}

// gitguardian reads the webhook, and the JSON of ggshield.
func gitguardian(in input) ([]*finding, error) {
	var scan ggScan
	if err := decode(in.body, &scan); err != nil {
		return nil, err
	}
	switch {
	case scan.Scans != nil || scan.Entities != nil || scan.Total != nil:
		hits := scan.hits(nil, 0)
		return report(in, len(hits), func(i int) (hit, Reason) { return hits[i], "" })
	case scan.Incident == nil:
		return []*finding{ignored(NotAnAlert)}, nil
	}
	return guardian.read(in)
}

// ggScan is a scan of ggshield, with the scans that it is made of (ggshield,
// doc/schemas/secret.json).
type ggScan struct {
	ID, Type string
	Scans    []ggScan
	Extra    struct{ Author, Date string } `json:"extra_info"`
	Entities []struct {
		File      string `json:"filename"`
		Incidents []struct {
			Type, Detector, Validity string
			Ignore                   string `json:"ignore_sha"`
			Occurrences              []struct {
				Match, Type string
				Line        int `json:"line_start"`
			}
		}
	} `json:"entities_with_incidents"`
	Total    *int            `json:"total_incidents"`
	Incident json.RawMessage // of the webhook
}

// hits are the occurrences in a scan: the id and the secret of a key are one
// each, masked unless ggshield ran with --show-secrets.
func (s ggScan) hits(all []hit, depth int) []hit {
	for _, e := range s.Entities {
		for _, i := range e.Incidents {
			for _, o := range i.Occurrences {
				h := hit{
					rule: strings.TrimSpace(short(i.Type) + " " + short(i.Detector) + " " + o.Type), title: i.Type, value: o.Match,
					file: e.File, line: o.Line, author: s.Extra.Author, date: s.Extra.Date, name: i.Ignore,
				}
				if s.Type == "commit" {
					h.commit = s.ID
				}
				if i.Validity == "valid" {
					h.confidence, h.validity = confirmed, "active"
				}
				all = append(all, h)
			}
		}
	}
	for _, inner := range s.Scans {
		if depth < maxDepth && len(all) <= maxEntries {
			all = inner.hits(all, depth+1)
		}
	}
	return all
}
