package sandbox

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// What a logon to the console can be refused for; compare with errors.Is.
var (
	ErrNoLogin = errors.New("the user cannot log on to the console")
	ErrNoMFA   = errors.New("the console asks for an MFA device")
)

// The calls on a user's console logon. A password is taken and forgotten: it is
// neither kept nor logged.
var (
	ramLogins = map[string]operation{
		"GetLoginProfile":    {needs: []string{"UserName"}, resources: userResource, handle: getLogin},
		"CreateLoginProfile": {write: true, needs: []string{"UserName"}, params: loginParams(), resources: userResource, handle: createLogin},
		"UpdateLoginProfile": {write: true, needs: []string{"UserName"}, params: loginParams(), resources: userResource, handle: updateLogin},
		"DeleteLoginProfile": {write: true, needs: []string{"UserName"}, resources: userResource, handle: deleteLogin},
		"GetUserMFAInfo":     {needs: []string{"UserName"}, resources: userResource, handle: getMFA},
	}
	imsLogins = map[string]operation{
		"GetLoginProfile":    {needs: []string{"UserPrincipalName"}, resources: userResource, handle: getLogin},
		"CreateLoginProfile": {write: true, needs: []string{"UserPrincipalName"}, params: loginParams("Status"), resources: userResource, handle: createLogin},
		"UpdateLoginProfile": {write: true, needs: []string{"UserPrincipalName"}, params: loginParams("Status"), resources: userResource, handle: updateLogin},
		"DeleteLoginProfile": {write: true, needs: []string{"UserPrincipalName"}, resources: userResource, handle: deleteLogin},
		"GetUserMFAInfo":     {needs: []string{"UserPrincipalName"}, resources: userResource, handle: getMFA},
		"GetAccountMFAInfo":  {handle: accountMFA},
	}
)

// loginParams are those of a logon that the log keeps: never the password.
func loginParams(more ...string) []string {
	return append([]string{"MFABindRequired", "PasswordResetRequired"}, more...)
}

func getLogin(c *call) (map[string]any, *Error) {
	u, refused := c.userWithLogin()
	if refused != nil {
		return nil, refused
	}
	return map[string]any{"LoginProfile": c.profile(u)}, nil
}

// userWithLogin is the user that a call names, who must have a logon.
func (c *call) userWithLogin() (*user, *Error) {
	u, refused := c.user()
	switch {
	case refused != nil:
		return nil, refused
	case u.login == nil:
		return nil, absent("User.LoginProfile")
	}
	return u, nil
}

func (c *call) profile(u *user) map[string]any {
	out := map[string]any{"MFABindRequired": u.login.MFARequired, "PasswordResetRequired": u.login.ResetRequired}
	if c.request.product == ims {
		out["UserPrincipalName"], out["Status"] = c.cloud.principal(u), status(!u.login.Disabled)
		out["LastLoginTime"], out["UpdateDate"] = stamp(u.login.LastLogin), stamp(u.updated)
	} else {
		out["UserName"], out["CreateDate"] = u.name, stamp(u.created)
	}
	return out
}

func createLogin(c *call) (map[string]any, *Error) {
	u, refused := c.user()
	switch {
	case refused != nil:
		return nil, refused
	case u == c.world.root:
		return nil, absent("User")
	case u.login != nil:
		return nil, exists("User.LoginProfile")
	case c.param("Password") == "" && c.request.product == ram:
		return nil, missing("Password") // not among needs: those are logged
	}
	login, refused := c.changed(Login{})
	if refused != nil {
		return nil, refused
	}
	u.login = &login
	return map[string]any{"LoginProfile": c.profile(u)}, nil
}

func updateLogin(c *call) (map[string]any, *Error) {
	u, refused := c.userWithLogin()
	if refused != nil {
		return nil, refused
	}
	login, refused := c.changed(*u.login)
	if refused != nil {
		return nil, refused
	}
	u.login, u.updated = &login, c.now
	if c.request.product == ram {
		return nil, nil
	}
	return map[string]any{"LoginProfile": c.profile(u)}, nil
}

// shortestPassword is the least that RAM's default password policy takes (RAM docs:
// Configure a password policy for RAM users).
const shortestPassword = 8

// changed is a logon with what the call says of it; what it does not say stays.
func (c *call) changed(l Login) (Login, *Error) {
	for name, field := range map[string]*bool{"MFABindRequired": &l.MFARequired, "PasswordResetRequired": &l.ResetRequired} {
		if refused := c.flag(name, field); refused != nil {
			return l, refused
		}
	}
	if p := c.param("Password"); p != "" && len(p) < shortestPassword {
		return l, bad("InvalidParameter.Password.TooWeak", "The password is too weak.")
	}
	if c.request.product != ims {
		return l, nil
	}
	switch c.param("Status") {
	case "":
	case Active, Inactive:
		l.Disabled = c.param("Status") == Inactive
	default:
		return l, bad("InvalidParameter.Status", "The status must be Active or Inactive.")
	}
	return l, nil
}

// flag reads true or false into the field; a parameter that is not given changes
// nothing.
func (c *call) flag(name string, field *bool) *Error {
	text := c.param(name)
	if text == "" {
		return nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return bad("InvalidParameter."+name, "The value must be true or false.")
	}
	*field = value
	return nil
}

func deleteLogin(c *call) (map[string]any, *Error) {
	u, refused := c.userWithLogin()
	if refused != nil {
		return nil, refused
	}
	u.login = nil
	return nil, nil
}

// getMFA answers "none" differently in the two products: RAM with 404, IMS with
// false.
func getMFA(c *call) (map[string]any, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, refused
	}
	device := map[string]any{"SerialNumber": "acs:ram::" + c.cloud.account + ":mfa/" + u.name, "Type": "VMFA"}
	switch {
	case c.request.product == ram && !u.mfa:
		return nil, absent("User.MFADevice")
	case c.request.product == ram:
		return map[string]any{"MFADevice": device}, nil
	case !u.mfa:
		return map[string]any{"IsMFAEnable": false}, nil
	default:
		return map[string]any{"IsMFAEnable": true, "MFADevice": device}, nil
	}
}

func accountMFA(c *call) (map[string]any, *Error) {
	return map[string]any{"IsMFAEnable": c.world.root.mfa}, nil
}

// LogOn tries the console with the right password: [ErrNoLogin] and [ErrNoMFA] are
// its refusals. Who must have an MFA device and has none is stopped until one is
// bound.
func (c *Cloud) LogOn(name string) error {
	err := c.seedUser(name, func(w *world, u *user, now time.Time) error {
		switch {
		case u.login == nil || u.login.Disabled:
			return ErrNoLogin
		case !u.mfa && (u.login.MFARequired || w.preference.MFA == Mandatory):
			return ErrNoMFA
		}
		login := *u.login
		login.LastLogin = now
		u.login = &login
		return nil
	})
	if err != nil {
		return fmt.Errorf("log on as %q: %w", name, err)
	}
	return nil
}
