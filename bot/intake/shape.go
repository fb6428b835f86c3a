package intake

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"twokey/incident"
)

// shape says where things stand in alerts that are plain JSON objects. Each list
// holds the names that a field goes by, the best one first. What no list names
// is dropped.
type shape struct {
	batch                                        []string // members that hold several alerts
	key                                          []string
	secret                                       []string // dropped; that they were there is told
	external                                     []string
	title, url, repo, path, line, commit, author []string
	severity, validity, public, detected, owner  []string
	places                                       []string // lists of objects with url, repo, path, line, commit
	anywhere                                     bool     // an id may stand in any other text too

	inside []string // members that hold a part of the alert: their members count as its own, the innermost first
	drop   []string // members that are not looked into
	part   []string // belongs to what the finding is called, beside external

	status []string // what became of the alert, the outermost first
	over   []string // values of status, in plain form: it is over
	opens  []string // the only values of status that open something; none: all but those that end it

	// ours says whose key it is, in alerts that need not be about us, or that never
	// tell an id. Without an id they are about us if these are.
	ours       []string
	confidence string // of a finding with an id; empty: likely
}

// object is a JSON object by the plain form of its members' names. Of several
// that differ in case or dashes only, the first in byte order counts.
type object map[string]any

func plain(name string) string {
	if isPlain(name) {
		return name
	}
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// isPlain reports whether a name is in its plain form already, for names in ASCII.
func isPlain(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func newObject(m map[string]any) object {
	o := make(object, len(m))
	for name, value := range m {
		o[plain(name)] = value
	}
	if len(o) == len(m) {
		return o // nearly always: no two names are one
	}
	clear(o)
	for _, name := range sortedNames(m) {
		if p := plain(name); !o.has([]string{p}) {
			o[p] = m[name]
		}
	}
	return o
}

// member is what newObject has under a plain name, for whoever needs one or two.
func member(m map[string]any, name string) (value any, ok bool) {
	first := ""
	for n, v := range m {
		if (!ok || n < first) && plain(n) == name {
			value, first, ok = v, n, true
		}
	}
	return value, ok
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// get is the first of the named members that is there.
func (o object) get(names []string) any {
	for _, n := range names {
		if v, ok := o[n]; ok {
			return v
		}
	}
	return nil
}

// text is the first of the named members that is text or a number.
func (o object) text(names []string) string {
	for _, n := range names {
		switch v := o[n].(type) {
		case string:
			return v
		case json.Number:
			return v.String()
		}
	}
	return ""
}

func (o object) has(names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { _, ok := o[n]; return ok })
}

// entries lists the alerts of a body.
func (s shape) entries(doc any) ([]any, bool, error) {
	switch d := doc.(type) {
	case []any:
		return d, true, nil
	case map[string]any:
		if slices.ContainsFunc(s.key, func(name string) bool { _, ok := member(d, name); return ok }) {
			return []any{d}, false, nil
		}
		for _, name := range s.batch {
			value, _ := member(d, name)
			switch list := value.(type) {
			case nil:
			case []any:
				return list, true, nil
			default:
				return nil, false, errShape
			}
		}
		return []any{d}, false, nil
	}
	return nil, false, errShape
}

// findings reads one entry. An id in its own field is what the entry is about;
// without such a field ids are looked for in all of its text.
func (s shape) findings(entry any, in input) []*finding {
	switch e := entry.(type) {
	case string:
		return []*finding{s.name(identify(e), in)}
	case map[string]any:
		layers := s.layers(e)
		top := &around{object: merged(layers)}
		f := s.explicit(layers)
		if f != nil && (trail(top.object) || f.verdict != "" && s.foreign()) {
			f = nil
		}
		r := reading{shape: s, in: in, sieve: &sieve{}, seen: make(map[string]*finding)}
		r.anywhere = s.anywhere && f == nil
		r.members(e, top)
		all := []*finding{f}
		if f == nil {
			all = r.all(top)
		} else {
			r.finish(f, top, top)
		}
		s.turn(all, layers, in)
		return all
	}
	return []*finding{rejected(WrongType)}
}

// foreign reports whether alerts need not be about us.
func (s shape) foreign() bool { return len(s.ours) > 0 }

// layers are the objects that an entry is made of, the outermost first.
func (s shape) layers(e map[string]any) []map[string]any {
	all := []map[string]any{e}
	for i := 0; i < len(all) && len(s.inside) > 0; i++ {
		for _, name := range s.inside {
			value, _ := member(all[i], name)
			if m, ok := value.(map[string]any); ok && len(all) < maxDepth {
				all = append(all, m)
			}
		}
	}
	return all
}

// merged is one object of all layers; the innermost counts.
func merged(layers []map[string]any) object {
	top := newObject(layers[0])
	for _, m := range layers[1:] {
		maps.Copy(top, newObject(m))
	}
	return top
}

// turn makes news of findings that open nothing.
func (s shape) turn(all []*finding, layers []map[string]any, in input) {
	state := ""
	for _, m := range layers {
		if state = plain(newObject(m).text(s.status)); state != "" {
			break
		}
	}
	for _, f := range all {
		switch {
		case f.verdict != "" || len(s.status) == 0:
		case slices.Contains(s.over, state):
			f.alert.Kind, f.news = incident.KindResolve, state
		case len(s.opens) > 0 && !slices.Contains(s.opens, state):
			f.alert.Kind, f.news = incident.KindEnrich, state
		case len(s.opens) > 0 && state != s.opens[0]:
			f.news = state + in.sha256 // opened before, and again for a reason of its own
		}
	}
}

// explicit is what the fields for the key id say; nil if there are none. They
// must agree.
func (s shape) explicit(layers []map[string]any) *finding {
	id, given := "", false
	for _, e := range layers {
		for _, name := range sortedNames(e) {
			if !slices.Contains(s.key, plain(name)) {
				continue
			}
			value, ok := e[name].(string)
			switch {
			case !ok:
				return rejected(WrongType)
			case given && value != id:
				return rejected(TwoKeys)
			}
			id, given = value, true
		}
	}
	if !given {
		return nil
	}
	return identify(id)
}
