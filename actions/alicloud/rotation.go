package alicloud

import (
	"context"
	"slices"

	"twokey/actions"
	"twokey/incident"
)

var _ actions.Rotator = (*Account)(nil)

// Rotation asks whether a new key is used, and from where: what it takes to say that
// it has taken the old one's place. The audit trail is an hour behind, and a key that
// it does not know yet was not seen, which is not the same as unused (ActionTrail
// docs: AccessKey pair audit).
func (a *Account) Rotation(ctx context.Context, t incident.Target, fresh incident.KeyID) ([]actions.Sight, error) {
	if blank(t.User) || blank(string(fresh)) {
		return nil, noTarget("rotation")
	}
	var status, use []actions.Sight
	err := together(
		func() (err error) { status, err = a.seeStatus(ctx, t, fresh); return err },
		func() (err error) { use, err = a.seeNewUse(ctx, fresh); return err },
	)
	return slices.Concat(status, use), err
}

func (a *Account) seeStatus(ctx context.Context, t incident.Target, key incident.KeyID) ([]actions.Sight, error) {
	at := a.now()
	keys, err := a.listKeys(ctx, t.User)
	if err != nil {
		return nil, err
	}
	status, ok := statusIn(keys, key)
	if !ok {
		status = incident.KeyGone // in the bin or out of it: it can't act
	}
	return []actions.Sight{{Of: incident.OfKey(key), AsOf: at, Source: "ram:ListAccessKeys", Facts: facts{incident.FactStatus: status}}}, nil
}

// seeNewUse is the last use of a key that came after the leak: all its addresses are
// where its owner uses it.
func (a *Account) seeNewUse(ctx context.Context, key incident.KeyID) ([]actions.Sight, error) {
	at := a.now().Add(-trailLag)
	use, err := a.lastUse(ctx, key)
	if err != nil || !use.known {
		return nil, err
	}
	f := facts{}
	addUse(f, use)
	sights := []actions.Sight{{Of: incident.OfKey(key), Facts: f, AsOf: at, Source: "actiontrail:GetAccessKeyLastUsedInfo"}}
	names, ips, err := a.usedFrom(ctx, key)
	if err != nil {
		return sights, err
	}
	from := make([]string, len(ips))
	for i, ip := range ips {
		from[i] = ip.name
	}
	slices.Sort(from)
	return append(sights, actions.Sight{
		Of: incident.OfKey(key), AsOf: at, Source: "actiontrail:GetAccessKeyLastUsedIps",
		Facts: facts{incident.FactKnownIPs: list(slices.Compact(from)), incident.FactServices: list(names)},
	}), nil
}
