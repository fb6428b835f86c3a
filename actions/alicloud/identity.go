package alicloud

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/alibabacloud-go/tea/tea"

	"twokey/actions"
	"twokey/incident"
)

// identity is who the bot is in the account. No step may aim at it.
type identity struct {
	users map[string]bool // ids
	names map[string]bool // user and role names
	role  bool            // it runs as a role
	arn   string
	keys  map[incident.KeyID]bool
}

// Check asks the account who the bot is. It refuses the wrong account
// ([ErrOtherAccount]) and root ([ErrRoot]); once it has succeeded, every step
// refuses the bot's own user, role and key. Steps ask by themselves if nobody did
// before (STS docs: GetCallerIdentity).
func (a *Account) Check(ctx context.Context) error {
	_, err := a.self(ctx)
	return err
}

func (a *Account) self(ctx context.Context) (*identity, error) {
	a.mu.Lock()
	own := a.own
	a.mu.Unlock()
	if own != nil {
		return own, nil
	}
	own, err := a.whoAmI(ctx)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.own = own
	return own, nil
}

func (a *Account) whoAmI(ctx context.Context) (*identity, error) {
	const op = "sts:GetCallerIdentity"
	var out struct{ AccountId, Arn, IdentityType, UserId string } //nolint:revive // as they travel
	if err := a.call(ctx, look(op), a.endpoints.sts, "2015-04-01", "GetCallerIdentity", nil, &out); err != nil {
		return nil, err
	}
	switch {
	case out.AccountId != a.id:
		return nil, &actions.Error{Op: op, Code: CodeOther, Err: ErrOtherAccount}
	case out.IdentityType == "Account":
		return nil, &actions.Error{Op: op, Code: CodeRoot, Err: ErrRoot}
	}
	own := &identity{users: map[string]bool{}, names: map[string]bool{}, keys: map[incident.KeyID]bool{}}
	own.user(out.UserId, nameInARN(out.Arn))
	own.role, own.arn = out.IdentityType == "AssumedRoleUser", out.Arn
	model, err := a.ring.get(ctx)
	if err != nil {
		return nil, translate(ctx, op, err)
	}
	own.keys[incident.KeyID(tea.StringValue(model.AccessKeyId))] = true
	return own, a.addBase(ctx, own)
}

// addBase adds the user whose key a role is assumed with: without it the bot is
// as helpless as without the role.
func (a *Account) addBase(ctx context.Context, own *identity) error {
	if a.base == "" {
		return nil
	}
	own.keys[incident.KeyID(a.base)] = true
	u, err := a.userOfKey(ctx, incident.KeyID(a.base))
	if absent(err) {
		return nil // a user of another account: out of reach anyway
	}
	if err == nil {
		own.user(u.id, u.name)
	}
	return err
}

// sorted are the bot's keys.
func (own *identity) sorted() []incident.KeyID { return slices.Sorted(maps.Keys(own.keys)) }

// lasting is a key of the bot that does not end by itself; empty if it has none.
func (own *identity) lasting() incident.KeyID {
	for _, key := range own.sorted() {
		if !temporary(key) {
			return key
		}
	}
	return ""
}

func (own *identity) user(id, name string) {
	if id != "" {
		own.users[id] = true
	}
	if name != "" {
		own.names[name] = true
	}
}

// nameInARN is the user or role in "acs:ram::<account>:user/<name>" or
// "acs:ram::<account>:assumed-role/<role>/<session>".
func nameInARN(arn string) string {
	parts := strings.Split(arn, "/")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

func (own *identity) is(t incident.Target) bool {
	return own.users[t.UserID] || own.names[t.User] || own.keys[t.Key]
}

// mayTouch refuses a target that is not wholly named, of another account, or the
// bot itself.
func (a *Account) mayTouch(ctx context.Context, op string, t incident.Target) error {
	switch {
	case blank(t.AccountID) || blank(t.User) || blank(t.UserID) || blank(string(t.Key)):
		return noTarget(op)
	case t.Account != a.name || t.AccountID != a.id:
		return &actions.Error{Op: op, Code: CodeOther, Err: ErrOtherAccount}
	}
	own, err := a.self(ctx)
	if err != nil {
		return err
	}
	if own.is(t) {
		return ownIdentity(op)
	}
	return nil
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }
