package intake

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"twokey/bot/redact"
	"twokey/incident"
)

// reading is one entry as it is read.
type reading struct {
	shape
	in    input
	sieve *sieve
	print string
	ids   []sighting
	seen  map[string]*finding // of ids, by id
	trail bool                // part of it is an ActionTrail event
}

// sighting is an id with what it stands in.
type sighting struct {
	*finding
	in *around
}

// around is an object that ids stand in, with what is kept of it: that is made
// once, however many ids there are.
type around struct {
	object
	made          bool
	title, author string
	places        finding // has them only
}

// told is what is kept of the object around an id.
func (r *reading) told(a *around) *around {
	if !a.made {
		a.made = true
		a.title, a.author = r.sieve.line(a.text(r.title), maxTitle), r.sieve.line(a.text(r.author), maxAuthor)
		r.spots(&a.places, a.object)
	}
	return a
}

// visit looks at every text of an entry: for secrets, and for ids where they may
// stand anywhere. The depth of the body is bounded. ActionTrail events are
// passed over.
func (r *reading) visit(v any, name string, in *around) {
	switch v := v.(type) {
	case map[string]any:
		r.members(v, &around{object: newObject(v)})
	case []any:
		for _, each := range v {
			r.visit(each, name, in)
		}
	case string:
		r.text(v, name, in)
	}
}

func (r *reading) members(m map[string]any, in *around) {
	if trail(in.object) {
		r.trail = true
		return
	}
	for _, name := range sortedNames(m) {
		if p := plain(name); !slices.Contains(r.drop, p) {
			r.visit(m[name], p, in)
		}
	}
}

func (r *reading) text(text, name string, in *around) {
	if slices.Contains(r.secret, name) && strings.TrimSpace(text) != "" && !template(text) {
		r.sieve.knows(text)
		if r.print == "" {
			r.print = r.in.fingerprint(text)
		}
	} else if _, found := redact.Text(text); found {
		r.sieve.seen = true
	}
	switch {
	case !r.anywhere:
	default:
		rest, trail := withoutTrail(text)
		r.trail = r.trail || trail
		search(rest, func(f *finding) { r.sight(f, in) })
	}
}

// sight takes note of an id, once per entry. Seen elsewhere too, it is no mere
// signer's.
func (r *reading) sight(f *finding, in *around) {
	id := string(f.alert.KeyID) + f.alert.KeyMask
	if old := r.seen[id]; old == nil {
		r.seen[id] = f
		r.ids = append(r.ids, sighting{f, in})
	} else if f.alert.Confidence == likely {
		old.alert.Confidence = likely
	}
}

// trail reports whether an object is an ActionTrail event (ActionTrail docs:
// event structure).
func trail(o object) bool {
	for name := range o {
		if strings.Contains(name, "useridentity") {
			return true
		}
	}
	return o.has([]string{"eventversion"}) && o.has([]string{"eventname", "eventsource", "eventtype", "eventid"})
}

// all makes findings of the ids that stand anywhere in an entry. If there are
// none, it says why.
func (r *reading) all(top *around) []*finding {
	var all []*finding
	for _, s := range r.ids {
		all = append(all, r.finish(s.finding, s.in, top))
	}
	switch {
	case len(all) > 0:
		return all
	case r.trail:
		return []*finding{ignored(CallersKey)}
	case r.foreign():
		return []*finding{r.finish(r.untold(top.object), top, top)}
	case r.sieve.seen:
		return []*finding{r.finish(lookup(SecretOnly, "", weak), top, top)}
	}
	return []*finding{rejected(NoKey)}
}

var (
	keyWord    = regexp.MustCompile(`(?i)access.?key|secret|credential|\bkeys?\b|\bak\b|leak|密钥|泄[露漏]`)
	secretWord = regexp.MustCompile(`(?i)secret|密钥`)
)

// untold is what an alert without an id is about, by what its source calls it.
func (r *reading) untold(top object) *finding {
	for _, name := range r.ours {
		words := top.text([]string{name})
		if !ourNames.MatchString(words) || !keyWord.MatchString(words) {
			continue
		}
		if secretWord.MatchString(words) && !idRule.MatchString(words) {
			return lookup(SecretOnly, "", weak)
		}
		return lookup(NotTold, "", likely)
	}
	return ignored(NotAlibaba)
}

// finish adds to a finding what the object around it says; what is not there is
// taken from the whole entry.
func (r *reading) finish(f *finding, near, top *around) *finding {
	if f.verdict != "" {
		return f
	}
	text := func(names []string) string {
		if v := near.text(names); v != "" {
			return v
		}
		return top.text(names)
	}
	f.text.Title = or(r.told(near).title, r.told(top).title)
	f.text.Author = or(near.author, top.author)
	for _, o := range []*around{near, top} {
		if len(f.text.Places) == 0 {
			f.text.Places, f.text.More = slices.Clone(o.places.text.Places), o.places.text.More
		}
	}
	a := &f.alert
	a.Severity = oneOf(text(r.severity), "critical", "high", "medium", "low", "info")
	a.Validity = oneOf(text(r.validity), "active", "inactive", "unknown", "valid")
	if a.Validity == "valid" {
		a.Validity = "active"
	}
	a.OwnerHint = owners[text(r.owner)]
	if r.confidence != "" && a.Confidence == likely {
		a.Confidence = r.confidence
	}
	if public, ok := top.get(r.public).(bool); ok {
		a.Public = map[bool]string{true: incident.Yes, false: incident.No}[public]
	}
	a.DetectedAt = moment(text(r.detected), r.in.at)
	a.SecretSeen, a.SecretPrint = r.sieve.seen, r.print
	if name := text(r.external); name != "" && redact.KeyType(name) == "unknown" {
		if part := text(r.part); part != "" {
			name += " " + part
		}
		f.external = map[string]bool{hash(string(a.KeyID), a.KeyMask, name): true}
	}
	return r.name(f, r.in)
}

// spot is the place that an object names: the first of its URLs that may be
// shown, and the file.
func (r *reading) spot(o object) incident.Place {
	line, _ := strconv.Atoi(o.text(r.line))
	p := r.sieve.place("", o.text(r.repo), o.text(r.path), line, o.text(r.commit))
	for _, name := range r.url {
		if raw, ok := o[name].(string); ok && p.URL == "" {
			p.URL = r.sieve.link(raw)
		}
	}
	return p
}

// spots adds the places that an object names and lists.
func (r *reading) spots(f *finding, o object) {
	f.found(r.spot(o))
	for _, name := range r.places {
		list, _ := o[name].([]any)
		for _, each := range list {
			if m, ok := each.(map[string]any); ok {
				f.found(r.spot(newObject(m)))
			}
		}
	}
}

// name gives a finding that its source calls nothing a name by what it says, so
// that the same words another day are the same finding. One that says nothing is
// as unique as its request.
func (s shape) name(f *finding, in input) *finding {
	if f.verdict != "" || f.external != nil {
		return f
	}
	a, t := f.alert, f.text
	parts := []string{string(a.KeyID), a.KeyMask, a.SecretPrint, t.Title}
	for _, p := range t.Places {
		parts = append(parts, p.URL, p.Repo, p.Path, strconv.Itoa(p.Line), p.Commit)
	}
	if strings.Join(parts, "") == "" {
		parts = []string{in.sha256}
	}
	f.external = map[string]bool{hash(parts...): true}
	return f
}
