package alicloud

import (
	"context"
	"slices"
	"sync"
	"time"

	"twokey/actions"
	"twokey/actions/rampolicy"
	"twokey/incident"
)

// keysPerUser is how many keys RAM allows a user, Inactive ones included (RAM
// docs: Limits). Keys in the recycle bin are not counted.
const keysPerUser = 2

// Evidence asks what is known of a key whose owner is known. Looks that fail do
// not stop the others; the first error is returned beside what was learned.
func (a *Account) Evidence(ctx context.Context, t incident.Target, _ time.Time) ([]actions.Sight, error) {
	if t.User == "" && t.UserID == "" && t.AccountID == a.id && !blank(string(t.Key)) {
		return a.seeRoot(ctx) // a key of this account without a user
	}
	if blank(t.User) || blank(t.UserID) || blank(string(t.Key)) {
		return nil, noTarget("evidence")
	}
	var mu sync.Mutex
	var sights []actions.Sight
	see := func(look func() ([]actions.Sight, error)) func() error {
		return func() error {
			seen, err := look()
			mu.Lock()
			defer mu.Unlock()
			sights = append(sights, seen...)
			return err
		}
	}
	err := together(
		see(func() ([]actions.Sight, error) { return a.seeKeys(ctx, t) }),
		see(func() ([]actions.Sight, error) { return a.seeUse(ctx, t) }),
		see(func() ([]actions.Sight, error) { return a.seePolicies(ctx, t) }),
		see(func() ([]actions.Sight, error) { return a.seeUser(ctx, t) }),
		see(func() ([]actions.Sight, error) { return a.seeReported(ctx, t) }),
	)
	slices.SortStableFunc(sights, func(x, y actions.Sight) int { // the same answer looks the same
		return slices.Compare([]string{string(x.Of), x.Source}, []string{string(y.Of), y.Source})
	})
	return sights, err
}

// seeKeys looks at all keys of the user, and at the leaked one among them.
func (a *Account) seeKeys(ctx context.Context, t incident.Target) ([]actions.Sight, error) {
	at := a.now()
	keys, err := a.listKeys(ctx, t.User)
	if err != nil {
		return nil, err
	}
	slot := incident.Free
	if len(keys) >= keysPerUser {
		slot = incident.Full
	}
	sights := []actions.Sight{{
		Of: incident.OfUser(t.UserID), AsOf: at, Source: "ram:ListAccessKeys",
		Facts: facts{incident.FactKeys: keyIDs(keys), incident.FactSlot: slot},
	}}
	if s, ok := statusIn(keys, t.Key); ok {
		sights = append(sights, actions.Sight{
			Of: incident.OfKey(t.Key), AsOf: at, Source: "ram:ListAccessKeys", Facts: facts{incident.FactStatus: s},
		})
	}
	at = a.now()
	kept, err := a.bin(ctx, t.UserID)
	if err != nil {
		return sights, err
	}
	sights = append(sights, actions.Sight{
		Of: incident.OfUser(t.UserID), AsOf: at, Source: "ims:ListAccessKeysInRecycleBin", Facts: facts{incident.FactBin: binIDs(kept)},
	})
	if _, listed := statusIn(keys, t.Key); !listed {
		sights = append(sights, seeGone(t.Key, kept, at))
	}
	return sights, nil
}

// seeGone is the status of a key that its user no longer has.
func seeGone(key incident.KeyID, kept []binned, at time.Time) actions.Sight {
	f := facts{incident.FactStatus: incident.KeyGone}
	for _, k := range kept {
		if k.id == string(key) {
			f[incident.FactStatus] = incident.KeyInBin
			put(f, incident.FactPurgeAt, moment(k.purge))
		}
	}
	return actions.Sight{Of: incident.OfKey(key), AsOf: at, Source: "ims:ListAccessKeysInRecycleBin", Facts: f}
}

// seeUse looks at the key's last use. No record means unknown, never unused: the
// trail lags and forgets.
func (a *Account) seeUse(ctx context.Context, t incident.Target) ([]actions.Sight, error) {
	at := a.now()
	use, err := a.lastUse(ctx, t.Key)
	if err != nil || !use.known {
		return nil, err
	}
	f := facts{}
	addUse(f, use)
	if use.restricted {
		f[incident.FactGuarded] = incident.Yes
	}
	return []actions.Sight{{
		Of: incident.OfKey(t.Key), Facts: f, AsOf: at.Add(-trailLag), Source: "actiontrail:GetAccessKeyLastUsedInfo",
	}}, nil
}

// documentHash is the hash of a policy as it is now. One that cannot be read
// strictly has a hash of its own, equal to nothing else.
func (a *Account) documentHash(ctx context.Context, name string) (string, error) {
	text, err := a.policyText(ctx, name)
	if err != nil {
		return "", err
	}
	doc, err := rampolicy.Parse([]byte(text))
	if err != nil {
		return "unreadable", nil //nolint:nilerr // it is what was seen
	}
	return doc.Hash(), nil
}
