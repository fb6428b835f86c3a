package alicloud

import (
	"context"
	"maps"
	"slices"
	"time"

	"twokey/actions/rampolicy"
	"twokey/incident"
)

// holdings are a user's powers, what they say, and what is known to be done with
// them.
type holdings struct {
	has    powers
	of     map[string][]policyRef // by group
	docs   map[policyRef]rampolicy.Document
	denies map[policyRef]bool // only takes power away, or can't be read: never unneeded
	known  []string           // operations of all the user's keys, as policies name them
	since  time.Time          // from when on nothing of that is missing; zero: not known
	closed bool               // nobody can log on to the console: its use would not be seen
}

// holdings reads them. The audit trail being down leaves the known operations
// empty and since zero.
func (s step) holdings(ctx context.Context, u user, q question) (holdings, error) {
	h := holdings{of: map[string][]policyRef{}, docs: map[policyRef]rampolicy.Document{}, denies: map[policyRef]bool{}}
	err := together(
		func() (err error) { h.has, err = s.powersOf(ctx, u); return err },
		func() error { l, err := s.logonOf(ctx, u); h.closed = !l.open; return err },
		func() error { return s.addKnown(ctx, &h, u, q) },
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

// addKnown reads what all keys of the user were used for: policies bind the user,
// not the leaked key.
func (s step) addKnown(ctx context.Context, h *holdings, u user, q question) error {
	keys, err := s.listKeys(ctx, u.name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*soon)
	defer cancel()
	since, whole := time.Time{}, len(keys) > 0
	for _, k := range keys {
		past := s.history(ctx, question{incident.KeyID(k.id), q.until})
		h.known = append(h.known, past.actions()...)
		whole = whole && !past.since.IsZero()
		if past.since.After(since) {
			since = past.since
		}
	}
	slices.Sort(h.known)
	h.known = slices.Compact(h.known)
	if whole {
		h.since = since
	}
	return nil
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
	if h.since.IsZero() {
		return out
	}
	needs := slices.Concat(h.known, unseen)
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
	return incident.Impact{Breaks: h.breaks(take, h.known), Since: h.since, Blind: blind}
}
