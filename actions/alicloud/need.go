package alicloud

import (
	"context"
	"maps"
	"slices"
	"time"

	"twokey/actions/rampolicy"
	"twokey/incident"
)

// known is what a user's keys are known to be used for.
type known struct {
	operations []string  // as policies name them
	since      time.Time // from when on nothing is missing; zero: not known
}

// rests reports whether there is something to go by: keys that nobody has seen used
// tell nothing about what is needed.
func (k known) rests() bool { return len(k.operations) > 0 && !k.since.IsZero() }

// remembers is how far back ActionTrail knows the last use of every operation
// (ActionTrail docs: AccessKey pair audit).
const remembers = 400 * 24 * time.Hour

// known asks for all keys of the user: policies bind the user, not the leaked key.
// It goes by the last use of every operation, which costs none of the few searches
// that containing needs. The trail being down leaves since zero.
func (s step) known(ctx context.Context, u user, q question) (known, error) {
	keys, err := s.listKeys(ctx, u.name)
	if err != nil {
		return known{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*soon)
	defer cancel()
	out := known{since: s.now().Add(-remembers).UTC().Truncate(24 * time.Hour)} // the same all day long
	for _, k := range keys {
		one, err := s.knownOf(ctx, question{key: incident.KeyID(k.id), until: q.until})
		if err != nil || one.since.IsZero() {
			return known{}, nil //nolint:nilerr // nothing to rest on is an answer
		}
		out.operations = append(out.operations, one.operations...)
		if one.since.After(out.since) {
			out.since = one.since
		}
	}
	slices.Sort(out.operations)
	out.operations = slices.Compact(out.operations)
	return out, nil
}

// knownOf asks for one key. An operation last used after the leak counts only if
// its owner used it before too, which only the trail's events tell.
func (s step) knownOf(ctx context.Context, q question) (known, error) {
	services, err := s.services(ctx, q.key)
	if err != nil {
		return known{}, err
	}
	lists := make([][]dated, len(services))
	looks := make([]func() error, len(services))
	for i, service := range services {
		looks[i] = func() (err error) { lists[i], err = s.operations(ctx, q.key, service.name); return err }
	}
	if err := together(looks...); err != nil {
		return known{}, err
	}
	out := known{since: s.now().Add(-remembers)}
	var late []use
	for i, service := range services {
		for _, o := range lists[i] {
			if u := (use{service.name, o.name}); q.counts(o.at) {
				out.operations = append(out.operations, u.action())
			} else {
				late = append(late, u)
			}
		}
	}
	if len(late) == 0 {
		return out, nil
	}
	before := s.history(ctx, q)
	out.since = before.since
	for _, u := range late {
		if slices.Contains(before.uses, u) {
			out.operations = append(out.operations, u.action())
		}
	}
	return out, nil
}

// holdings are a user's powers, what they say, and what is known to be done with
// them.
type holdings struct {
	known
	has    powers
	of     map[string][]policyRef // by group
	docs   map[policyRef]rampolicy.Document
	denies map[policyRef]bool // only takes power away, or can't be read: never unneeded
	closed bool               // nobody can log on to the console: its use would not be seen
}

// holdings reads them.
func (s step) holdings(ctx context.Context, u user, used known) (holdings, error) {
	h := holdings{known: used, of: map[string][]policyRef{}, docs: map[policyRef]rampolicy.Document{}, denies: map[policyRef]bool{}}
	err := together(
		func() (err error) { h.has, err = s.powersOf(ctx, u); return err },
		func() error { l, err := s.logonOf(ctx, u); h.closed = !l.open; return err },
	)
	if err != nil {
		return holdings{}, err
	}
	for _, g := range h.has.groups {
		if h.of[g], err = s.groupPolicies(ctx, g); err != nil {
			return holdings{}, err
		}
	}
	all := slices.Concat(slices.Collect(maps.Values(h.of))...)
	all = append(all, h.has.policies...)
	slices.Sort(all)
	all = slices.Compact(all)
	docs, strictly := make([]rampolicy.Document, len(all)), make([]bool, len(all))
	looks := make([]func() error, len(all))
	for i, p := range all {
		looks[i] = func() (err error) { docs[i], strictly[i], err = s.document(ctx, p); return err }
	}
	if err := together(looks...); err != nil {
		return holdings{}, err
	}
	for i, p := range all {
		h.docs[p] = docs[i]
		h.denies[p] = !strictly[i] || !slices.ContainsFunc(docs[i].Statements, func(st rampolicy.Statement) bool { return st.Effect == rampolicy.Allow })
	}
	return h, nil
}

// through are the policies that come with groups.
func (h holdings) through() []policyRef {
	all := slices.Concat(slices.Collect(maps.Values(h.of))...)
	slices.Sort(all)
	return slices.Compact(all)
}

// refs are all policies that apply to whoever has the powers.
func (h holdings) refs(p powers) []policyRef {
	refs := slices.Clone(p.policies)
	for _, g := range p.groups {
		refs = append(refs, h.of[g]...)
	}
	return refs
}

func (h holdings) policies(p powers) []rampolicy.Document {
	refs := h.refs(p)
	docs := make([]rampolicy.Document, len(refs))
	for i, r := range refs {
		docs[i] = h.docs[r]
	}
	return docs
}

// breaks are those of the operations that something in take allows and that nothing
// of the rest surely does: a policy for some resources only may be for the others.
func (h holdings) breaks(take powers, operations []string) []string {
	return breaks(h.policies(take), h.policies(h.has.but(take)), operations)
}

func breaks(gone, rest []rampolicy.Document, operations []string) []string {
	var out []string
	for _, o := range operations {
		if mayAllow(gone, o) && rampolicy.Evaluate(rest, o, "*").Decision != rampolicy.Allowed {
			out = append(out, o)
		}
	}
	return out
}

// mayAllow reports whether some statement allows the action, on whatever resource.
func mayAllow(docs []rampolicy.Document, action string) bool {
	return slices.ContainsFunc(docs, func(d rampolicy.Document) bool {
		return slices.ContainsFunc(d.Statements, func(s rampolicy.Statement) bool {
			return s.Effect == rampolicy.Allow && s.MatchesAction(action)
		})
	})
}

// unseen are operations that leave no trace in ActionTrail unless data events are
// delivered (Solutions to AccessKey pair leaks, step 3): what allows them is never
// called unneeded.
var unseen = []string{
	"oss:GetObject", "oss:PutObject", "oss:DeleteObject", "oss:ListObjects", "oss:GetBucketInfo",
	"log:GetLogStoreLogs", "log:PostLogStoreLogs", "log:PullLogs", "log:ConsumerGroupUpdateCheckPoint",
}

// unneeded are the powers that can go, all of them together, without any known
// operation losing its permission. Without a history there are none. The widest
// policies come first: what a narrow one also allows is best done with that.
func (h holdings) unneeded() powers {
	var out powers
	if !h.rests() {
		return out
	}
	needs := slices.Concat(h.operations, unseen)
	candidates := slices.SortedStableFunc(slices.Values(h.has.policies), func(x, y policyRef) int { return h.width(y) - h.width(x) })
	for _, p := range candidates {
		if one := (powers{policies: []policyRef{p}}); !h.denies[p] && h.spares(out, one, needs) {
			out = out.and(one)
		}
	}
	for _, g := range h.has.groups {
		restricts := slices.ContainsFunc(h.of[g], func(p policyRef) bool { return h.denies[p] })
		if one := (powers{groups: []string{g}}); !restricts && h.spares(out, one, needs) {
			out = out.and(one)
		}
	}
	return out
}

// spares reports whether one more can go beside those that go already. What only a
// wider power would still allow counts as needed: keeping the wider one for it would
// be no gain.
func (h holdings) spares(gone, one powers, needs []string) bool {
	widest := 0
	for _, p := range h.refs(one) {
		widest = max(widest, h.width(p))
	}
	more := gone.and(one)
	left := h.has.but(more)
	left.policies = slices.DeleteFunc(left.policies, func(p policyRef) bool { return h.width(p) > widest })
	left.groups = slices.DeleteFunc(left.groups, func(g string) bool {
		return slices.ContainsFunc(h.of[g], func(p policyRef) bool { return h.width(p) > widest })
	})
	return len(breaks(h.policies(one), h.policies(left), needs)) == 0
}

// width is how much a policy allows, roughly: everything, whole services, or less.
func (h holdings) width(p policyRef) int {
	width := 0
	for _, s := range h.docs[p].Statements {
		switch {
		case s.Effect != rampolicy.Allow:
		case len(s.NotActions) > 0 || slices.Contains(s.Actions, "*"):
			return 2
		case slices.ContainsFunc(s.Actions, func(a string) bool { return len(a) > 2 && a[len(a)-2:] == ":*" }):
			width = 1
		}
	}
	return width
}

// impact is what would stop without the powers.
func (h holdings) impact(take powers) incident.Impact {
	blind := []string{"oss data events", "sls data events"} // not in ActionTrail
	if !h.closed {
		blind = append([]string{"console sessions"}, blind...)
	}
	return incident.Impact{Breaks: h.breaks(take, h.operations), Since: h.since, Blind: blind}
}
