package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// When the console asks RAM users for a second factor (IMS docs:
// SetSecurityPreference).
const (
	Mandatory   = "mandatory"   // all of them
	Independent = "independent" // those of whom it is required
	Adaptive    = "adaptive"    // those whose logon looks unusual
)

// preference is what holds for all RAM users of the account. Its names are those of
// the parameters of SetSecurityPreference.
type preference struct {
	Flags   map[string]bool
	Numbers map[string]int
	Texts   map[string]string
	Types   []string // VerificationTypes
	MFA     string   // MFAOperationForLogin
}

func usualPreference() preference {
	return preference{
		Flags: map[string]bool{
			"AllowUserToChangePassword": true, "AllowUserToLoginWithPasskey": true, "AllowUserToManageAccessKeys": false,
			"AllowUserToManageMFADevices": true, "AllowUserToManagePersonalDingTalk": true,
			"AllowUserToManageServiceCredentials": false, "EnableSaveMFATicket": false,
		},
		Numbers: map[string]int{"LoginSessionDuration": 6, "MaxIdleDaysForAccessKeys": 730, "MaxIdleDaysForUsers": 730},
		Texts:   map[string]string{"LoginNetworkMasks": "", "OperationForRiskLogin": "autonomous"},
		Types:   []string{}, MFA: Independent,
	}
}

func (p preference) clone() preference {
	p.Flags, p.Numbers, p.Texts, p.Types = maps.Clone(p.Flags), maps.Clone(p.Numbers), maps.Clone(p.Texts), slices.Clone(p.Types)
	return p
}

// imsAccount are the calls about the account as a whole.
var imsAccount = map[string]operation{
	"GetSecurityPreference":            {handle: getPreference},
	"SetSecurityPreference":            {write: true, params: preferenceParams(), handle: setPreference},
	"GetAccountSecurityPracticeReport": {handle: practiceReport},
}

func preferenceParams() []string {
	p := usualPreference()
	return slices.Concat(sortedKeys(p.Flags), sortedKeys(p.Numbers), sortedKeys(p.Texts), []string{"MFAOperationForLogin"})
}

func getPreference(c *call) (map[string]any, *Error) {
	return map[string]any{"SecurityPreference": c.world.preference.answer()}, nil
}

// setPreference changes what the call names and answers with the whole.
func setPreference(c *call) (map[string]any, *Error) {
	p := c.world.preference.clone()
	if c.cloud.behaviour.ForgetPreference {
		p = usualPreference()
	}
	for name := range p.Flags {
		value := p.Flags[name]
		if refused := c.flag(name, &value); refused != nil {
			return nil, refused
		}
		p.Flags[name] = value
	}
	for name := range p.Numbers {
		if text := c.param(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return nil, bad("InvalidParameter."+name, "The value must be a number.")
			}
			p.Numbers[name] = n
		}
	}
	for name := range p.Texts {
		if _, given := c.request.params[name]; given {
			p.Texts[name] = c.param(name)
		}
	}
	if types, given := c.listed("VerificationTypes"); given {
		p.Types = types
	}
	switch m := c.param("MFAOperationForLogin"); m {
	case "":
	case Mandatory, Independent, Adaptive:
		p.MFA = m
	default:
		return nil, bad("InvalidParameter.MFAOperationForLogin", "The value must be mandatory, independent or adaptive.")
	}
	c.world.preference = p
	return getPreference(c)
}

// listed is a list that travels as Name.1, Name.2 and so on.
func (c *call) listed(name string) (out []string, given bool) {
	for n := 1; c.param(name+"."+strconv.Itoa(n)) != ""; n++ {
		out = append(out, c.param(name+"."+strconv.Itoa(n)))
	}
	return out, len(out) > 0
}

// answer is the preference as it travels (IMS docs: GetSecurityPreference).
func (p preference) answer() map[string]any {
	return map[string]any{
		"AccessKeyPreference": map[string]any{
			"AllowUserToManageAccessKeys":         p.Flags["AllowUserToManageAccessKeys"],
			"AllowUserToManageServiceCredentials": p.Flags["AllowUserToManageServiceCredentials"],
		},
		"LoginProfilePreference": map[string]any{
			"AllowUserToChangePassword":   p.Flags["AllowUserToChangePassword"],
			"AllowUserToLoginWithPasskey": p.Flags["AllowUserToLoginWithPasskey"],
			"EnableSaveMFATicket":         p.Flags["EnableSaveMFATicket"],
			"LoginNetworkMasks":           p.Texts["LoginNetworkMasks"],
			"LoginSessionDuration":        p.Numbers["LoginSessionDuration"],
			"MFAOperationForLogin":        p.MFA,
			"OperationForRiskLogin":       p.Texts["OperationForRiskLogin"],
		},
		"MFAPreference": map[string]any{"AllowUserToManageMFADevices": p.Flags["AllowUserToManageMFADevices"]},
		"MaxIdleDays": map[string]any{
			"MaxIdleDaysForAccessKeys": p.Numbers["MaxIdleDaysForAccessKeys"], "MaxIdleDaysForUsers": p.Numbers["MaxIdleDaysForUsers"],
		},
		"PersonalInfoPreference": map[string]any{"AllowUserToManagePersonalDingTalk": p.Flags["AllowUserToManagePersonalDingTalk"]},
		"VerificationPreference": map[string]any{"VerificationTypes": p.Types},
	}
}

// oldKey is after how long the report calls a key old.
const oldKey = 90 * day

// practiceReport is the only sight of root's keys that an API gives: a count (IMS
// docs: GetAccountSecurityPracticeReport).
func practiceReport(c *call) (map[string]any, *Error) {
	users, bound, withOld, old, withUnused, unused := 0, 0, 0, 0, 0, 0
	for _, u := range c.world.users {
		users++
		if u.mfa {
			bound++
		}
		o, n := 0, 0
		for _, k := range u.keys {
			if c.now.Sub(k.created) > oldKey {
				o++
			}
			if e, used := c.cloud.lastUse(k.id, c.now); !used || c.now.Sub(e.at) > oldKey {
				n++
			}
		}
		old, unused = old+o, unused+n
		withOld, withUnused = withOld+min(o, 1), withUnused+min(n, 1)
	}
	return map[string]any{"AccountSecurityPracticeInfo": map[string]any{
		"Score": 50,
		"AccountSecurityPracticeUserInfo": map[string]any{
			"BindMfa": c.world.root.mfa, "RootWithAccessKey": len(c.world.root.keys), "SubUser": users, "SubUserBindMfa": bound,
			"SubUserPwdLevel": "mid", "OldAkNum": old, "SubUserWithOldAccessKey": withOld,
			"UnusedAkNum": unused, "SubUserWithUnusedAccessKey": withUnused,
		},
	}}, nil
}

// SetPreference changes one of the account's preferences by the name of its
// parameter in SetSecurityPreference, as somebody in the console would.
func (c *Cloud) SetPreference(name, value string) error {
	return c.seed(func(w *world, _ time.Time) error {
		p := w.preference.clone()
		_, flag := p.Flags[name]
		_, number := p.Numbers[name]
		_, text := p.Texts[name]
		var err error
		switch {
		case flag:
			p.Flags[name], err = strconv.ParseBool(value)
		case number:
			p.Numbers[name], err = strconv.Atoi(value)
		case text:
			p.Texts[name] = value
		case name == "MFAOperationForLogin":
			p.MFA = value
		default:
			err = ErrName
		}
		if err != nil {
			return fmt.Errorf("preference %q: %w", name, err)
		}
		w.preference = p
		return nil
	})
}

// DeleteRootKey takes a key from the account itself: only the console can.
func (c *Cloud) DeleteRootKey(id string) error {
	return c.seed(func(w *world, _ time.Time) error {
		if w.root.key(id) == nil {
			return fmt.Errorf("root key %q: %w", id, ErrNoKey)
		}
		w.root.keys = slices.DeleteFunc(w.root.keys, func(k key) bool { return k.id == id })
		return nil
	})
}

// SetRootKey makes one of root's keys Active or Inactive: only the console can.
func (c *Cloud) SetRootKey(id string, active bool) error {
	return c.seed(func(w *world, now time.Time) error {
		k := w.root.key(id)
		if k == nil {
			return fmt.Errorf("root key %q: %w", id, ErrNoKey)
		}
		k.active, k.updated = active, now
		return nil
	})
}
