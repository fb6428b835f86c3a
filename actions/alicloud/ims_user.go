package alicloud

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"twokey/incident"
)

// logon is a user's way into the console.
type logon struct {
	exists, open bool // open: it works now
	mfaRequired  bool
}

// logonOf reads it (IMS docs: GetLoginProfile). None is no error.
func (a *Account) logonOf(ctx context.Context, u user) (logon, error) {
	var out struct {
		LoginProfile *struct {
			Status          string
			MFABindRequired bool
		}
	}
	err := a.ims(ctx, look("ims:GetLoginProfile"), "GetLoginProfile", params{"UserPrincipalName": u.principal}, &out)
	switch {
	case absent(err):
		return logon{}, nil
	case err != nil:
		return logon{}, err
	case out.LoginProfile == nil:
		return logon{}, inconsistent("ims:GetLoginProfile")
	}
	p := out.LoginProfile
	return logon{exists: true, open: p.Status != incident.KeyInactive, mfaRequired: p.MFABindRequired}, nil
}

// updateLogon changes a part of it; the rest stays (IMS docs: UpdateLoginProfile).
func (a *Account) updateLogon(ctx context.Context, u user, name, value string) error {
	var none struct{}
	return a.ims(ctx, write("ims:UpdateLoginProfile"), "UpdateLoginProfile", params{"UserPrincipalName": u.principal, name: value}, &none)
}

// mfaBound reports whether the user has an MFA device (IMS docs: GetUserMFAInfo).
func (a *Account) mfaBound(ctx context.Context, u user) (bool, error) {
	var out struct{ IsMFAEnable *bool }
	err := a.ims(ctx, look("ims:GetUserMFAInfo"), "GetUserMFAInfo", params{"UserPrincipalName": u.principal}, &out)
	if err == nil && out.IsMFAEnable == nil {
		return false, inconsistent("ims:GetUserMFAInfo")
	}
	return err == nil && *out.IsMFAEnable, err
}

// deletedUser is a user in the recycle bin.
type deletedUser struct {
	user
	purge time.Time // the end of the 30 days
}

// userInBin finds a deleted user (IMS docs: GetUserInRecycleBin). None is an error
// that [absent] knows.
func (a *Account) userInBin(ctx context.Context, id string) (deletedUser, error) {
	var out struct {
		User struct{ UserId, UserPrincipalName, DeleteDate string } //nolint:revive // as they travel
	}
	err := a.ims(ctx, look("ims:GetUserInRecycleBin"), "GetUserInRecycleBin", params{"UserId": id}, &out)
	u := out.User
	return deletedUser{user{u.UserId, nameOf(u.UserPrincipalName), u.UserPrincipalName}, date(u.DeleteDate)}, err
}

// userCalled is who has a principal now. Nobody is an error that [absent] knows.
func (a *Account) userCalled(ctx context.Context, principal string) (user, error) {
	return a.findUser(ctx, params{"UserPrincipalName": principal})
}

// deleteUser moves a user to the recycle bin with its keys (IMS docs: DeleteUser).
func (a *Account) deleteUser(ctx context.Context, id string) error {
	var none struct{}
	return a.ims(ctx, write("ims:DeleteUser"), "DeleteUser", params{"UserId": id}, &none)
}

// restoreUser takes a user out of the recycle bin (IMS docs:
// RestoreUserFromRecycleBin).
func (a *Account) restoreUser(ctx context.Context, id string) error {
	var none struct{}
	return a.ims(ctx, write("ims:RestoreUserFromRecycleBin"), "RestoreUserFromRecycleBin", params{"UserId": id}, &none)
}

// preference is what holds for the logon of all RAM users, by the names of
// SetSecurityPreference's parameters. Lists are joined with commas.
type preference map[string]string

// settingMFA is the parameter that says when the console asks for MFA.
const settingMFA = "MFAOperationForLogin"

// rest is the preference but for the rule on MFA, as facts keep it.
func (p preference) rest() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if name != settingMFA {
			all = append(all, name+"="+p[name])
		}
	}
	return strings.Join(all, " ")
}

// params are those that would set the whole of it. What is empty can't be sent.
func (p preference) params() params {
	out := params{}
	for name, value := range p {
		if value == "" {
			continue
		}
		if name != "VerificationTypes" {
			out[name] = value
			continue
		}
		for i, v := range strings.Split(value, ",") {
			out[name+"."+strconv.Itoa(i+1)] = v
		}
	}
	return out
}

// preferenceOf reads the whole preference (IMS docs: GetSecurityPreference).
func (a *Account) preferenceOf(ctx context.Context) (preference, error) {
	var out struct {
		SecurityPreference map[string]map[string]json.RawMessage
	}
	if err := a.ims(ctx, look("ims:GetSecurityPreference"), "GetSecurityPreference", nil, &out); err != nil {
		return nil, err
	}
	p := preference{}
	for _, group := range out.SecurityPreference {
		for name, raw := range group {
			p[name] = plain(raw)
		}
	}
	if p[settingMFA] == "" {
		return nil, inconsistent("ims:GetSecurityPreference")
	}
	return p, nil
}

// plain is a JSON value as one text.
func plain(raw json.RawMessage) string {
	var text string
	var many []string
	switch {
	case json.Unmarshal(raw, &text) == nil:
		return text
	case json.Unmarshal(raw, &many) == nil:
		return strings.Join(many, ",")
	}
	return string(raw)
}

// setPreference changes what is given; the rest stays (IMS docs:
// SetSecurityPreference).
func (a *Account) setPreference(ctx context.Context, given params) error {
	var none struct{}
	return a.ims(ctx, write("ims:SetSecurityPreference"), "SetSecurityPreference", given, &none)
}

// practice is what the account's security report tells.
type practice struct{ rootKeys, users, withMFA int }

// practiceOf reads it (IMS docs: GetAccountSecurityPracticeReport). It is the only
// sight of root's keys that an API gives: how many there are.
func (a *Account) practiceOf(ctx context.Context) (practice, error) {
	const op = "ims:GetAccountSecurityPracticeReport"
	var out struct {
		AccountSecurityPracticeInfo struct {
			AccountSecurityPracticeUserInfo *struct {
				RootWithAccessKey       *int
				SubUser, SubUserBindMfa int
			}
		}
	}
	err := a.ims(ctx, look(op), "GetAccountSecurityPracticeReport", nil, &out)
	in := out.AccountSecurityPracticeInfo.AccountSecurityPracticeUserInfo
	switch {
	case err != nil:
		return practice{}, err
	case in == nil || in.RootWithAccessKey == nil:
		return practice{}, inconsistent(op) // silence is not "none"
	}
	return practice{*in.RootWithAccessKey, in.SubUser, in.SubUserBindMfa}, nil
}

// rootHasMFA reports whether the account itself has an MFA device (IMS docs:
// GetAccountMFAInfo).
func (a *Account) rootHasMFA(ctx context.Context) (bool, error) {
	var out struct{ IsMFAEnable *bool }
	err := a.ims(ctx, look("ims:GetAccountMFAInfo"), "GetAccountMFAInfo", nil, &out)
	if err == nil && out.IsMFAEnable == nil {
		return false, inconsistent("ims:GetAccountMFAInfo")
	}
	return err == nil && *out.IsMFAEnable, err
}
