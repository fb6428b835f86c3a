package incident

import (
	"slices"
	"strings"
)

// OfRole is the identity of a RAM role, by name: a role's name is what other
// calls take.
func OfRole(name string) Identity { return Identity("role " + name) }

// RoleOf is the name in [OfRole].
func RoleOf(of Identity) (string, bool) { return strings.CutPrefix(string(of), "role ") }

// OfInstance is the identity of an ECS instance, by region and id:
// "cn-hangzhou/i-…".
func OfInstance(at string) Identity { return Identity("instance " + at) }

// InstanceOf is the region and id in [OfInstance].
func InstanceOf(of Identity) (string, bool) { return strings.CutPrefix(string(of), "instance ") }

// UserOf is the id in [OfUser].
func UserOf(of Identity) (string, bool) { return strings.CutPrefix(string(of), "user ") }

// Lead is an identity that the leaked key made or became: whoever has it goes on
// after the key is dead. Steps of its own are offered for it.
type Lead struct {
	Of   Identity
	User string // its name, if it is a user
}

// Leads are those seen, in order.
func (s State) Leads() []Lead {
	var leads []Lead
	for of, facts := range s.Seen {
		if facts[FactMadeBy].Value == string(s.Key) || facts[FactAssumedBy].Value == string(s.Key) {
			leads = append(leads, Lead{of, facts[FactUser].Value})
		}
	}
	slices.SortFunc(leads, func(a, b Lead) int { return strings.Compare(string(a.Of), string(b.Of)) })
	return leads
}

// leadsTo reports whether a user is one that the leaked key made.
func (s State) leadsTo(userID string) bool {
	return s.Key != "" && userID != "" && s.Seen[OfUser(userID)][FactMadeBy].Value == string(s.Key)
}
