package bot

import (
	"slices"

	"twokey/incident"
)

// People maps chat accounts to persons. It fails closed: an account that is
// nobody's, or several people's, is a stranger.
type People struct {
	Entries []Entry
	Owners  map[incident.RAMUser]incident.Person // who answers for a RAM user
}

// Entry is one person and the accounts that are theirs.
type Entry struct {
	ID       incident.Person
	Name     string
	Lang     string
	Accounts []Account // Lang is ignored
}

// Person returns whose account it is, or [incident.Stranger].
func (p People) Person(a Account) (Entry, error) {
	var found []Entry
	for _, e := range p.Entries {
		if slices.ContainsFunc(e.Accounts, a.is) {
			found = append(found, e)
		}
	}
	if len(found) != 1 || a.User == "" || found[0].ID == "" || found[0].ID == incident.Bot {
		return Entry{}, incident.Stranger // no account speaks for nobody, or for the program itself
	}
	return found[0], nil
}

// is compares what the platform vouches for: never names, never addresses.
func (a Account) is(o Account) bool {
	return a.Platform == o.Platform && a.Tenant == o.Tenant && a.User == o.User
}

// Names are the display names of everybody.
func (p People) Names() map[incident.Person]string {
	names := make(map[incident.Person]string, len(p.Entries))
	for _, e := range p.Entries {
		names[e.ID] = e.Name
	}
	return names
}

// On lists the accounts of people on one platform, to mention them there.
func (p People) On(platform string, who []incident.Person) []Account {
	var accounts []Account
	for _, e := range p.Entries {
		if !slices.Contains(who, e.ID) {
			continue
		}
		for _, a := range e.Accounts {
			if a.Platform == platform {
				accounts = append(accounts, a)
			}
		}
	}
	return accounts
}
