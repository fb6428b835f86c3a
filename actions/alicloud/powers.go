package alicloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"twokey/incident"
)

// powers are what gives a user its permissions.
type powers struct {
	policies []policyRef // attached directly
	groups   []string
}

// named reads the parameters. A policy may be named without its type if only one
// of that name is among those given.
func named(given map[string]string, among []policyRef) powers {
	out := powers{groups: items(given[paramGroups])}
	for _, item := range items(given[paramPolicies]) {
		ref := policyRef(item)
		for _, p := range among {
			if _, name := p.split(); name == item && !slices.Contains(among, ref) {
				ref = p
			}
		}
		out.policies = append(out.policies, ref)
	}
	return out.sorted()
}

// items are the parts of a comma-separated list.
func items(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func (p powers) sorted() powers {
	p.policies, p.groups = slices.Clone(p.policies), slices.Clone(p.groups)
	slices.Sort(p.policies)
	slices.Sort(p.groups)
	return powers{slices.Compact(p.policies), slices.Compact(p.groups)}
}

func (p powers) none() bool { return len(p.policies)+len(p.groups) == 0 }

func (p powers) and(o powers) powers {
	return powers{slices.Concat(p.policies, o.policies), slices.Concat(p.groups, o.groups)}.sorted()
}

// but is p without o.
func (p powers) but(o powers) powers {
	p = p.sorted()
	return powers{
		slices.DeleteFunc(p.policies, func(x policyRef) bool { return slices.Contains(o.policies, x) }),
		slices.DeleteFunc(p.groups, func(x string) bool { return slices.Contains(o.groups, x) }),
	}
}

func (p powers) hash() string {
	sum := sha256.Sum256([]byte(list(p.policies) + "\n" + list(p.groups)))
	return hex.EncodeToString(sum[:8])
}

func (p powers) params() map[string]string {
	out := map[string]string{}
	for name, value := range map[string]string{paramPolicies: list(p.policies), paramGroups: list(p.groups)} {
		if value != "" {
			out[name] = value
		}
	}
	return out
}

func (p powers) facts(userID string) []incident.Fact {
	of := incident.OfUser(userID)
	return []incident.Fact{
		{Of: of, Name: incident.FactPolicies, Value: list(p.policies)},
		{Of: of, Name: incident.FactGroups, Value: list(p.groups)},
	}
}

// powersOf reads what the user has.
func (a *Account) powersOf(ctx context.Context, u user) (powers, error) {
	var p powers
	err := together(
		func() (err error) { p.policies, err = a.directPolicies(ctx, u.name); return err },
		func() (err error) { p.groups, err = a.groups(ctx, u.name); return err },
	)
	return p.sorted(), err
}

func (p powers) equal(o powers) bool {
	return slices.Equal(p.policies, o.policies) && slices.Equal(p.groups, o.groups)
}

func texts[S ~string](values []S) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
