package alicloud

import (
	"context"
	"strconv"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// rotation is after how long a key should be replaced, and after how long without
// use it should go (ECS docs: Protect your Alibaba Cloud account, regular rotation
// and cleaning up).
const rotation = 90 * 24 * time.Hour

// timeLeft is kept back of a look's time: what was found so far is worth more
// than the rest.
const timeLeft = 4 * time.Second

// reportHygiene says which keys of the account are old or idle, whether root has
// any, and who can log on without a second factor. It changes nothing: that idle
// keys can be disabled by the account itself is said in words.
func (a *Account) reportHygiene(ctx context.Context, _ incident.Plan) (actions.Outcome, error) {
	at := a.now()
	f := incident.Findings{AsOf: at.Add(-trailLag), From: []string{"ims:ListUsers", "ims:ListAccessKeys", "ims:GetAccessKeyLastUsed"}}
	own, err := a.self(ctx)
	if err != nil {
		return actions.Outcome{}, err
	}
	users, err := a.listUsers(ctx)
	if err != nil {
		return actions.Outcome{}, err
	}
	root, err := a.rootHygiene(ctx)
	switch {
	case actions.Transient(err):
		return actions.Outcome{}, err
	case err != nil: // the users are still worth looking at
		f.Blind = append(f.Blind, "root ("+actions.Code(err)+" "+actions.Lacking(err)+")")
	}
	f.Items = append(f.Items, root...)
	of, left := make([][]incident.Finding, len(users)), make([]bool, len(users))
	looks := make([]func() error, len(users))
	for i, u := range users {
		looks[i] = func() (err error) {
			if end, ok := ctx.Deadline(); ok && time.Until(end) < timeLeft {
				left[i] = true
				return nil
			}
			of[i], err = a.userHygiene(ctx, u, at)
			if actions.Code(err) == codeBusy || actions.Lacking(err) != "" && own.users[u.id] { // its policy may deny it itself
				left[i], err = true, nil
			}
			return err
		}
	}
	if err := together(looks...); err != nil {
		return actions.Outcome{}, err
	}
	missed, idle := 0, false
	for i := range users {
		f.Items = append(f.Items, of[i]...)
		for _, item := range of[i] {
			idle = idle || item.Kind == "key_idle" || item.Kind == "key_silent"
		}
		if left[i] {
			missed++
		}
	}
	if missed > 0 {
		f.Blind = append(f.Blind, strconv.Itoa(missed)+" of "+strconv.Itoa(len(users))+" users")
	}
	if idle {
		f.Items = append(f.Items, incident.Finding{Kind: "idle_advice", Values: map[string]string{"days": wholeDays(rotation)}})
	}
	return actions.Outcome{Findings: f}, nil
}

// userHygiene looks at one user's keys and logon.
func (a *Account) userHygiene(ctx context.Context, u user, now time.Time) ([]incident.Finding, error) {
	keys, err := a.datedKeys(ctx, u.principal)
	if absent(err) {
		return nil, nil // deleted just now
	}
	if err != nil {
		return nil, err
	}
	var out []incident.Finding
	for _, k := range keys {
		found, err := a.keyHygiene(ctx, u, k, now)
		if err != nil {
			return out, err
		}
		out = append(out, found...)
	}
	l, err := a.logonOf(ctx, u)
	if err != nil || !l.open {
		return out, err
	}
	bound, err := a.mfaBound(ctx, u)
	if err == nil && !bound {
		out = append(out, incident.Finding{Kind: "user_no_mfa", Weight: incident.Notable, Values: map[string]string{"user": u.name}})
	}
	return out, err
}

// datedKey is a key with when it was made.
type datedKey struct {
	id, status string
	created    time.Time
}

// keyHygiene says whether a key should have been replaced, or should go. A key that
// can't act needs neither. Without a record of use it is said that none is known.
func (a *Account) keyHygiene(ctx context.Context, u user, k datedKey, now time.Time) ([]incident.Finding, error) {
	age := now.Sub(k.created)
	if k.status != incident.KeyActive || k.created.IsZero() || age <= rotation {
		return nil, nil
	}
	of := func(kind string, since time.Duration) incident.Finding {
		return incident.Finding{Kind: kind, Weight: incident.Notable, Values: map[string]string{"key": k.id, "user": u.name, "days": wholeDays(since)}}
	}
	last, err := a.keyLastUsed(ctx, u.principal, k.id)
	switch {
	case absent(err):
		return nil, nil
	case err != nil:
		return nil, err
	case last.IsZero():
		return []incident.Finding{of("key_silent", age)}, nil
	case now.Sub(last) > rotation:
		return []incident.Finding{of("key_idle", now.Sub(last))}, nil
	}
	return []incident.Finding{of("key_old", age)}, nil
}

func wholeDays(d time.Duration) string { return strconv.Itoa(int(d / (24 * time.Hour))) }

// rootHygiene looks at root's keys, of which the account tells a number only, and
// at its second factor.
func (a *Account) rootHygiene(ctx context.Context) ([]incident.Finding, error) {
	var report practice
	var bound bool
	err := together(
		func() (err error) { report, err = a.practiceOf(ctx); return err },
		func() (err error) { bound, err = a.rootHasMFA(ctx); return err },
	)
	if err != nil {
		return nil, err
	}
	var out []incident.Finding
	if n := report.rootKeys; n > 0 {
		out = append(out, incident.Finding{Kind: "root_keys", Weight: incident.Notable, Values: map[string]string{"n": strconv.Itoa(n)}})
	}
	if !bound {
		out = append(out, incident.Finding{Kind: "root_no_mfa", Weight: incident.Notable})
	}
	return out, nil
}

// listUsers are all RAM users (IMS docs: ListUsers).
func (a *Account) listUsers(ctx context.Context) ([]user, error) {
	var all []user
	p := params{"MaxItems": "1000"}
	for range maxPages {
		var out struct {
			IsTruncated bool
			Marker      string
			Users       *struct {
				User []struct{ UserId, UserName, UserPrincipalName string } //nolint:revive // as they travel
			}
		}
		err := a.ims(ctx, look("ims:ListUsers"), "ListUsers", p, &out)
		switch {
		case err != nil:
			return nil, err
		case out.Users == nil:
			return nil, inconsistent("ims:ListUsers")
		}
		for _, u := range out.Users.User {
			if u.UserPrincipalName != "" { // an empty one would mean the caller
				all = append(all, user{u.UserId, or(u.UserName, nameOf(u.UserPrincipalName)), u.UserPrincipalName})
			}
		}
		if !out.IsTruncated || out.Marker == "" {
			return all, nil
		}
		p["Marker"] = out.Marker
	}
	return all, nil
}

// datedKeys are a user's keys outside the recycle bin (IMS docs: ListAccessKeys).
func (a *Account) datedKeys(ctx context.Context, principal string) ([]datedKey, error) {
	var out struct {
		AccessKeys struct {
			AccessKey []struct{ AccessKeyId, Status, CreateDate string } //nolint:revive // as they travel
		}
	}
	err := a.ims(ctx, look("ims:ListAccessKeys"), "ListAccessKeys", params{"UserPrincipalName": principal}, &out)
	var keys []datedKey
	for _, k := range out.AccessKeys.AccessKey {
		keys = append(keys, datedKey{k.AccessKeyId, k.Status, date(k.CreateDate)})
	}
	return keys, err
}

// keyLastUsed is zero when no use is known (IMS docs: GetAccessKeyLastUsed).
func (a *Account) keyLastUsed(ctx context.Context, principal, key string) (time.Time, error) {
	var out struct{ AccessKeyLastUsed struct{ LastUsedDate string } }
	err := a.ims(ctx, look("ims:GetAccessKeyLastUsed"), "GetAccessKeyLastUsed", params{"UserPrincipalName": principal, "UserAccessKeyId": key}, &out)
	return date(out.AccessKeyLastUsed.LastUsedDate), err
}
