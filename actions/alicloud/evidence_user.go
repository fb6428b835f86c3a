package alicloud

import (
	"context"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// seePolicies looks at what the user may do, whether there is room to take it away,
// and whether that was done.
func (a *Account) seePolicies(ctx context.Context, t incident.Target) ([]actions.Sight, error) {
	at := a.now()
	of := incident.OfUser(t.UserID)
	var see sighting
	var sights []actions.Sight
	var direct, groups, most error
	var known limits
	_ = together(
		func() error { see.direct, direct = a.directPolicies(ctx, t.User); return nil },
		func() error { see.groups, see.through, groups = a.memberships(ctx, t.User); return nil },
		func() error { known, most = a.readLimits(ctx); return nil },
	)
	if direct == nil {
		sights = append(sights, sight(of, at, "ram:ListPoliciesForUser", facts{incident.FactPolicies: list(see.direct)}))
	}
	if groups == nil {
		sights = append(sights, sight(of, at, "ram:ListGroupsForUser", facts{
			incident.FactGroups: list(see.groups), incident.FactGroupPolicy: list(see.through),
		}))
	}
	if value := room(see.direct, known); direct == nil && most == nil && value != "" {
		sights = append(sights, sight(of, at, "ims:GetAccountSummary", facts{incident.FactRoom: value}))
	}
	if err := first(direct, groups); err != nil {
		return sights, err // half of it is no proof of freedom
	}
	hash, err := a.quarantined(ctx, see)
	if err == nil {
		sights = append(sights, sight(of, at, "ram:GetPolicy", facts{incident.FactQuarantine: hash}))
	}
	return sights, first(err, most)
}

func sight(of incident.Identity, at time.Time, source string, f facts) actions.Sight {
	return actions.Sight{Of: of, AsOf: at, Source: source, Facts: f}
}

// first is the first error that is one.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// quarantined is the hash of the quarantine policy that holds the user, itself or
// through the quarantine group; else absent.
func (a *Account) quarantined(ctx context.Context, see sighting) (string, error) {
	for _, c := range []cell{a.quarantine.cell(nil), a.quarantine.cell(map[string]string{paramVia: viaGroup})} {
		if !c.held(see) {
			continue
		}
		hash, err := a.storedHash(ctx, c.policy) // deleted just now is absent
		if err != nil || hash != incident.Absent {
			return hash, err
		}
	}
	return incident.Absent, nil
}

// seeUser looks at what is asked for by the user's principal, whose domain can be
// changed: console logon, MFA, and the key's network policy. What fails does not
// stop the others.
func (a *Account) seeUser(ctx context.Context, t incident.Target) ([]actions.Sight, error) {
	u, err := a.userByID(ctx, t.UserID)
	if err != nil {
		return nil, err
	}
	at := a.now()
	of := incident.OfUser(t.UserID)
	var sights [3][]actions.Sight
	var errs [3]error
	_ = together(
		func() error {
			l, err := a.logonOf(ctx, u)
			if errs[0] = err; err == nil {
				sights[0] = []actions.Sight{sight(of, at, "ims:GetLoginProfile", facts{
					incident.FactConsole: yesNo(l.open), incident.FactMFAForced: yesNo(l.mfaRequired),
				})}
			}
			return nil
		},
		func() error {
			bound, err := a.mfaBound(ctx, u)
			if errs[1] = err; err == nil {
				sights[1] = []actions.Sight{sight(of, at, "ims:GetUserMFAInfo", facts{incident.FactMFA: yesNo(bound)})}
			}
			return nil
		},
		func() error {
			text, err := a.netPolicy(ctx, u.principal, t.Key)
			if absent(err) {
				return nil // the key is in the recycle bin, or gone
			}
			if errs[2] = err; err == nil {
				sights[2] = []actions.Sight{sight(incident.OfKey(t.Key), at, "ims:GetAccessKeyPolicy", facts{incident.FactFence: inForce(text)})}
			}
			return nil
		},
	)
	return append(append(sights[0], sights[1]...), sights[2]...), first(errs[:]...)
}

// inForce is the hash of a network policy that keeps somebody out; absent if it
// does not.
func inForce(text string) string {
	if p, err := parseNetPolicy(text); err == nil && p.Status == incident.KeyInactive {
		return incident.Absent
	}
	return netPolicyHash(text)
}
