package view

import (
	"strconv"
	"strings"

	"twokey/incident"
)

// fenced says whom a fence keeps out, of those who were seen.
func (p page) fenced(plan incident.Plan) string {
	of := incident.OfKey(plan.Target.Key)
	shown := func(name incident.FactName) int {
		for _, f := range plan.Shown {
			if f.Of == of && f.Name == name && f.Value != "" && f.Value != incident.Absent {
				return strings.Count(f.Value, ",") + 1
			}
		}
		return 0
	}
	return p.say(
		"impact.fence", "cut", strconv.Itoa(len(plan.Impact.Breaks)),
		"known", strconv.Itoa(shown(incident.FactKnownIPs)), "new", strconv.Itoa(shown(incident.FactNewIPs)),
	)
}
