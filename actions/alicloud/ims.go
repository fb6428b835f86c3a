package alicloud

import (
	"context"
	"slices"
	"strings"
	"time"

	"twokey/incident"
)

const imsVersion = "2019-08-15"

// user is a RAM user. RAM calls it by name, IMS by principal, and only the id
// stays when a name is given to somebody else.
type user struct{ id, name, principal string }

// userOfKey is who owns a key that is outside the recycle bin, used or not (IMS
// docs: GetUser). Nobody is an error that [absent] knows.
func (a *Account) userOfKey(ctx context.Context, key incident.KeyID) (user, error) {
	return a.findUser(ctx, params{"UserAccessKeyId": string(key)})
}

// userByID is the user of an id, whatever it is called now.
func (a *Account) userByID(ctx context.Context, id string) (user, error) {
	return a.findUser(ctx, params{"UserId": id})
}

func (a *Account) findUser(ctx context.Context, by params) (user, error) {
	var out struct {
		User struct{ UserId, UserName, UserPrincipalName string } //nolint:revive // as it travels
	}
	if err := a.ims(ctx, look("ims:GetUser"), "GetUser", by, &out); err != nil {
		return user{}, err
	}
	u := user{out.User.UserId, or(out.User.UserName, nameOf(out.User.UserPrincipalName)), out.User.UserPrincipalName}
	if u.id == "" || u.name == "" {
		return user{}, inconsistent("ims:GetUser")
	}
	return u, nil
}

// nameOf is the user name in "name@account.onaliyun.com".
func nameOf(principal string) string {
	name, _, _ := strings.Cut(principal, "@")
	return name
}

// binned is a key in the recycle bin.
type binned struct {
	id, userID, userName string
	recycled, purge      time.Time // purge: the end of the 30 days
	userDeleted          bool
}

type binRow struct {
	AccessKeyId, RecycleDate, DeleteDate string //nolint:revive // as they travel
	UserId, UserPrincipalName            string //nolint:revive // as they travel
	UserRecycled                         bool
}

func (r binRow) binned() binned {
	return binned{
		id: r.AccessKeyId, userID: r.UserId, userName: nameOf(r.UserPrincipalName),
		recycled: date(r.RecycleDate), purge: date(r.DeleteDate), userDeleted: r.UserRecycled,
	}
}

// keyInBin finds a key in the recycle bin (IMS docs: GetAccessKeyInfoInRecycleBin).
// None is an error that [absent] knows.
func (a *Account) keyInBin(ctx context.Context, key incident.KeyID) (binned, error) {
	var out struct{ AccessKey binRow }
	err := a.ims(ctx, look("ims:GetAccessKeyInfoInRecycleBin"), "GetAccessKeyInfoInRecycleBin", params{"UserAccessKeyId": string(key)}, &out)
	return out.AccessKey.binned(), err
}

// bin is what the recycle bin holds of a user, oldest first (IMS docs:
// ListAccessKeysInRecycleBin).
func (a *Account) bin(ctx context.Context, userID string) ([]binned, error) {
	var out struct {
		AccessKeys *struct{ AccessKey []binRow }
	}
	err := a.ims(ctx, look("ims:ListAccessKeysInRecycleBin"), "ListAccessKeysInRecycleBin", params{"UserId": userID}, &out)
	switch {
	case err != nil:
		return nil, err
	case out.AccessKeys == nil:
		return nil, inconsistent("ims:ListAccessKeysInRecycleBin") // silence is not "empty"
	}
	keys := make([]binned, len(out.AccessKeys.AccessKey))
	for i, r := range out.AccessKeys.AccessKey {
		keys[i] = r.binned()
	}
	slices.SortStableFunc(keys, func(x, y binned) int { return x.recycled.Compare(y.recycled) })
	return keys, nil
}

func binIDs(keys []binned) string {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = k.id
	}
	return list(ids)
}

// restoreKey takes a key out of the recycle bin (IMS docs:
// RestoreAccessKeyFromRecycleBin). Which status it comes back with, no document
// says.
func (a *Account) restoreKey(ctx context.Context, userID string, key incident.KeyID) error {
	var none struct{}
	return a.ims(ctx, write("ims:RestoreAccessKeyFromRecycleBin"), "RestoreAccessKeyFromRecycleBin",
		params{"UserId": userID, "UserAccessKeyId": string(key)}, &none)
}

func (a *Account) ims(ctx context.Context, o operation, action string, p params, out any) error {
	return a.call(ctx, o, a.endpoints.ims, imsVersion, action, p, out)
}

// date reads a time as RAM writes it; zero if it is none.
func date(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
