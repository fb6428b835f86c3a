package alicloud

import (
	"context"
	"maps"
	"strings"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// facts are what one look showed.
type facts = map[incident.FactName]string

// Owner asks whose key it is: one call for a RAM user's key, one more for its
// status. A key that IMS does not know may be in the recycle bin, root's, or
// purged; if nothing here knows it, it is not of this account as far as an answer
// is honest, and there is no [incident.FactOwner].
func (a *Account) Owner(ctx context.Context, key incident.KeyID) ([]actions.Sight, error) {
	of := incident.OfKey(key)
	if temporary(key) {
		return []actions.Sight{{Of: of, AsOf: a.now(), Source: "key id", Facts: facts{incident.FactOwner: incident.OwnerSTS}}}, nil
	}
	if blank(string(key)) {
		return nil, noTarget("ims:GetUser")
	}
	at := a.now()
	u, err := a.userOfKey(ctx, key)
	switch {
	case err == nil:
		return a.owned(ctx, key, u, at)
	case !absent(err):
		return nil, err
	}
	at = a.now()
	b, err := a.keyInBin(ctx, key)
	switch {
	case err == nil:
		return a.sightInBin(of, b, at), nil
	case !absent(err):
		return nil, err
	}
	return a.remembered(ctx, key)
}

// temporary reports whether the id is of a key that a role session was given. It
// expires by itself, and no look-up knows it.
func temporary(key incident.KeyID) bool {
	return strings.HasPrefix(string(key), "STS.") || strings.HasPrefix(string(key), "TMP.")
}

// owned are the sights of a key that a RAM user has. What is known of the owner
// is returned even if the status could not be read.
func (a *Account) owned(ctx context.Context, key incident.KeyID, u user, at time.Time) ([]actions.Sight, error) {
	who := facts{
		incident.FactAccount: a.name, incident.FactAccountID: a.id,
		incident.FactUser: u.name, incident.FactUserID: u.id,
	}
	ofKey := clone(who)
	ofKey[incident.FactOwner] = incident.OwnerRAM
	sights := []actions.Sight{
		{Of: incident.OfKey(key), Facts: ofKey, AsOf: at, Source: "ims:GetUser"},
		{Of: incident.OfUser(u.id), Facts: who, AsOf: at, Source: "ims:GetUser"},
	}
	at = a.now()
	keys, err := a.listKeys(ctx, u.name)
	if err != nil {
		return sights, err
	}
	if s, ok := statusIn(keys, key); ok {
		sights = append(sights, actions.Sight{
			Of: incident.OfKey(key), Facts: facts{incident.FactStatus: s}, AsOf: at, Source: "ram:ListAccessKeys",
		})
	}
	return sights, nil
}

// sightInBin is what the recycle bin tells: the owner is still there, unless the
// key went with its user.
func (a *Account) sightInBin(of incident.Identity, b binned, at time.Time) []actions.Sight {
	f := facts{
		incident.FactOwner: incident.OwnerRAM, incident.FactStatus: incident.KeyInBin,
		incident.FactAccount: a.name, incident.FactAccountID: a.id,
	}
	if b.userDeleted {
		f[incident.FactOwner] = incident.OwnerDeleted
	}
	put(f, incident.FactUser, b.userName)
	put(f, incident.FactUserID, b.userID)
	put(f, incident.FactPurgeAt, moment(b.purge))
	return []actions.Sight{{Of: of, Facts: f, AsOf: at, Source: "ims:GetAccessKeyInfoInRecycleBin"}}
}

// remembered asks the audit trail, which knows root's keys by their use, and keys
// that are gone for good.
func (a *Account) remembered(ctx context.Context, key incident.KeyID) ([]actions.Sight, error) {
	at := a.now()
	use, err := a.lastUse(ctx, key)
	if err != nil {
		return nil, err
	}
	if !use.known || use.accountID != a.id {
		return nil, nil
	}
	f := facts{incident.FactAccount: a.name, incident.FactAccountID: a.id}
	if use.root {
		f[incident.FactOwner] = incident.OwnerRoot
	} else {
		f[incident.FactOwner], f[incident.FactStatus] = incident.OwnerDeleted, incident.KeyGone
		put(f, incident.FactUser, use.userName)
		put(f, incident.FactUserID, use.ownerID)
	}
	addUse(f, use)
	return []actions.Sight{{
		Of: incident.OfKey(key), Facts: f, AsOf: at.Add(-trailLag), Source: "actiontrail:GetAccessKeyLastUsedInfo",
	}}, nil
}

func addUse(f facts, u lastUse) {
	put(f, incident.FactLastUsed, moment(u.at))
	put(f, incident.FactLastService, u.service)
	put(f, incident.FactLastIP, u.ip)
}

// put leaves a fact out when its value is not known.
func put(f facts, name incident.FactName, value string) {
	if value != "" {
		f[name] = value
	}
}

func clone(f facts) facts {
	out := make(facts, len(f)+1)
	maps.Copy(out, f)
	return out
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// statusIn is the key's status among a user's keys, and whether it is there.
func statusIn(keys []listedKey, key incident.KeyID) (string, bool) {
	for _, k := range keys {
		if k.id == string(key) {
			if k.status == incident.KeyActive || k.status == incident.KeyInactive {
				return k.status, true
			}
			return incident.KeyUnknown, true
		}
	}
	return "", false
}
