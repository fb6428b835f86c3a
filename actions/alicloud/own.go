package alicloud

import (
	"slices"

	"twokey/actions"
	"twokey/incident"
)

var _ actions.Insider = (*Account)(nil)

// Keys are those that the bot works with: the one it was given, be it to take a
// role on with, and the one that it signed with last.
func (a *Account) Keys() []incident.KeyID {
	var keys []incident.KeyID
	for _, id := range []string{a.given, a.ring.last()} {
		if id != "" && !slices.Contains(keys, incident.KeyID(id)) {
			keys = append(keys, incident.KeyID(id))
		}
	}
	return keys
}

// Own says what a key is to the bot. Whose user it is, is known once the cloud has
// said who the bot is.
func (a *Account) Own(t incident.Target) string {
	if slices.Contains(a.Keys(), t.Key) {
		return incident.Yes
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.own != nil && t.AccountID == a.id && a.own.users[t.UserID] {
		return incident.OwnSibling
	}
	return incident.No
}
