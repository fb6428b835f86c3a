package alicloud

import (
	"context"
	"slices"
	"strings"
	"time"

	"twokey/actions"
	"twokey/actions/rampolicy"
	"twokey/incident"
)

// serviceRole is how the names of roles begin that a cloud service made for itself
// (RAM docs: Service-linked roles). Nobody changes their policies.
const serviceRole = "AliyunServiceRoleFor"

// lately is how far back it is asked who took a role on.
const lately = 7 * 24 * time.Hour

// roleQuarantine attaches the quarantine policy to a role: sessions that a thief
// took on outlive the key that it took them on with. It binds everybody else who
// uses the role as well. The policy must be in the account: this step makes none.
type roleQuarantine struct{ step }

// roleRelease detaches it.
type roleRelease struct{ step }

var (
	_ actions.Action   = roleQuarantine{}
	_ actions.Reverser = roleQuarantine{}
	_ actions.Action   = roleRelease{}
	_ actions.Reverser = roleRelease{}
)

// roleNamed is the role that a plan is about. It refuses the bot's own, protected
// ones, and those of the cloud's services.
func (s step) roleNamed(ctx context.Context, t incident.Target, given map[string]string) (string, error) {
	if err := s.mayName(ctx, t, given); err != nil {
		return "", err
	}
	name, ok := incident.RoleOf(incident.Identity(given[incident.ParamOf]))
	if !ok || blank(name) {
		return "", unnamed(s.name, CodeNameRole)
	}
	own, err := s.self(ctx)
	switch {
	case err != nil:
		return "", err
	case own.called(name):
		return "", ownIdentity(s.name)
	case strings.HasPrefix(strings.ToLower(name), strings.ToLower(serviceRole)) || s.protectsRole(name):
		return "", &actions.Error{Op: s.name, Code: CodeProtected, Err: actions.ErrNotHere}
	}
	return name, nil
}

// called reports whether the bot runs as a role or user of that name. ARNs have
// small letters.
func (own *identity) called(name string) bool {
	for n := range own.names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func (a *Account) protectsRole(name string) bool {
	return slices.ContainsFunc(a.protectedRoles, func(p string) bool { return strings.EqualFold(p, name) })
}

// roleSight is what a plan about a role looks at.
type roleSight struct {
	role
	attached []policyRef
	hash     string // of the account's quarantine policy; absent if there is none
}

func (r roleSight) quarantined(name string) bool {
	return slices.Contains(r.attached, refTo(custom, name))
}

func (s step) seeRole(ctx context.Context, name string) (roleSight, error) {
	var out roleSight
	err := together(
		func() (err error) { out.role, err = s.roleOf(ctx, name); return err },
		func() (err error) { out.attached, err = s.rolePolicies(ctx, name); return err },
		func() (err error) {
			out.hash, err = s.documentHash(ctx, s.quarantine.name)
			if absent(err) {
				out.hash, err = incident.Absent, nil
			}
			return err
		},
	)
	return out, err
}

// Plan shows who else uses the role: who may take it on, and who did lately.
func (s roleQuarantine) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	name, err := s.roleNamed(ctx, t, given)
	if err != nil {
		return incident.Plan{}, err
	}
	q, err := asking(s.name, t.Key, given)
	if err != nil {
		return incident.Plan{}, err
	}
	var see roleSight
	var use roleUse
	err = together(
		func() (err error) { see, err = s.seeRole(ctx, name); return err },
		func() error { use = s.useOfRole(ctx, name, q); return nil },
	)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case see.hash == incident.Absent:
		return incident.Plan{}, &actions.Error{Op: s.name, Code: CodeNoPolicy, Err: actions.ErrNotHere}
	case see.hash != s.quarantine.doc.Hash():
		return incident.Plan{}, &actions.Error{Op: s.name, Code: CodeDiffers, Err: ErrDiffers}
	case see.quarantined(s.quarantine.name):
		return incident.Plan{}, nothingToDo(s.name)
	}
	p := s.rolePlan(t, see)
	if !q.until.IsZero() {
		p.Params[actions.KnownBefore] = q.params()[actions.KnownBefore]
	}
	of := incident.OfRole(name)
	p.Guarded = append(p.Guarded, incident.Fact{Of: of, Name: incident.FactDocument, Value: see.hash})
	p.Shown = []incident.Fact{
		{Of: of, Name: incident.FactTrusted, Value: list(see.trusts)},
		{Of: of, Name: incident.FactTakers, Value: use.takers()},
	}
	p.Impact = incident.Impact{
		Breaks: rampolicy.Denies(s.quarantine.doc, use.past.actions()), Since: use.past.since,
		Blind: []string{"oss data events", "sls data events"},
	}
	return p, nil
}

// rolePlan guards the role, by its id, and what is attached to it.
func (s step) rolePlan(t incident.Target, see roleSight) incident.Plan {
	of := incident.OfRole(see.name)
	p := s.plan(t, t.User)
	p.Params = map[string]string{incident.ParamOf: string(of), paramPolicy: s.quarantine.name}
	p.Guarded = []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactRoleID, Value: see.id},
		{Of: of, Name: incident.FactPolicies, Value: list(see.attached)},
	}
	return p
}

// mayRunOn is mayRun for a plan about a role, whose name it returns.
func (s step) mayRunOn(ctx context.Context, p incident.Plan) (string, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return "", err
	}
	name, err := s.roleNamed(ctx, p.Target, p.Params)
	if err == nil && p.Params[paramPolicy] != s.quarantine.name {
		err = &actions.Error{Op: s.name, Code: CodeDiffers, Err: ErrDiffers} // the configuration changed
	}
	return name, err
}

// Run attaches the policy if it says what people agreed to. Found attached is done.
func (s roleQuarantine) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	name, err := s.mayRunOn(ctx, p)
	if err != nil {
		return actions.Outcome{}, err
	}
	hash, err := s.documentHash(ctx, s.quarantine.name)
	if err != nil {
		return actions.Outcome{}, err
	}
	if agreed, _ := p.Guard(incident.OfRole(name), incident.FactDocument); agreed != hash || hash != s.quarantine.doc.Hash() {
		return actions.Outcome{}, &actions.Error{Op: s.name, Code: CodeDiffers, Err: ErrDiffers}
	}
	err = s.attachToRole(ctx, name, s.quarantine.name)
	if actions.Code(err) == "EntityAlreadyExists.Role.Policy" {
		err = nil
	}
	return actions.Outcome{}, err
}

// Verify is true when the role has the policy and the policy says what people agreed
// to.
func (s roleQuarantine) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	name, see, err := s.roleNow(ctx, p)
	if absent(err) {
		return false, nil
	}
	agreed, _ := p.Guard(incident.OfRole(name), incident.FactDocument)
	return err == nil && see.hash == agreed && see.quarantined(p.Params[paramPolicy]), err
}

func (s step) roleNow(ctx context.Context, p incident.Plan) (string, roleSight, error) {
	if err := s.may(ctx, p); err != nil {
		return "", roleSight{}, err
	}
	name, ok := incident.RoleOf(incident.Identity(p.Params[incident.ParamOf]))
	if !ok {
		return "", roleSight{}, unnamed(s.name, CodeNameRole)
	}
	see, err := s.seeRole(ctx, name)
	return name, see, err
}

// Reverse plans role.release.
func (s roleQuarantine) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return roleRelease{step{s.Account, incident.StepRoleRelease}}.Plan(ctx, done.Target, done.Params)
}

// Plan is of a role that has the quarantine policy.
func (s roleRelease) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	name, err := s.roleNamed(ctx, t, given)
	if err != nil {
		return incident.Plan{}, err
	}
	see, err := s.seeRole(ctx, name)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case !see.quarantined(s.quarantine.name):
		return incident.Plan{}, nothingToDo(s.name)
	}
	return s.rolePlan(t, see), nil
}

// Run detaches the policy. Found detached is done.
func (s roleRelease) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	name, err := s.mayRunOn(ctx, p)
	if err != nil {
		return actions.Outcome{}, err
	}
	err = s.detachFromRole(ctx, name, s.quarantine.name)
	if actions.Code(err) == "EntityNotExist.Role.Policy" {
		err = nil
	}
	return actions.Outcome{}, err
}

// Verify is true when the role does not have the policy.
func (s roleRelease) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	_, see, err := s.roleNow(ctx, p)
	return err == nil && !see.quarantined(p.Params[paramPolicy]), err
}

// Reverse plans role.quarantine.
func (s roleRelease) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return roleQuarantine{step{s.Account, incident.StepRoleQuarantine}}.Plan(ctx, done.Target, done.Params)
}

func (a *Account) roleSteps() []actions.Action {
	return []actions.Action{roleQuarantine{step{a, incident.StepRoleQuarantine}}, roleRelease{step{a, incident.StepRoleRelease}}}
}

// roleTraits are those of the steps on roles. The quarantine policy is the only one
// that they attach and detach.
var roleTraits = map[string]trait{
	incident.StepRoleQuarantine: {
		undo: incident.StepRoleRelease,
		undone: []deed{
			{"DetachPolicyFromRole", map[string]string{"RoleName": "$role", "PolicyName": "$policy"}},
			{"CreatePolicyVersion", map[string]string{"PolicyName": "$policy"}},
			{"SetDefaultPolicyVersion", map[string]string{"PolicyName": "$policy"}},
			{"DeleteRole", map[string]string{"RoleName": "$role"}},
		},
		writes: map[string]resources{"ram:AttachPolicyToRole": onRole | onPolicy},
	},
	incident.StepRoleRelease: {
		undo:   incident.StepRoleQuarantine,
		undone: []deed{{"AttachPolicyToRole", map[string]string{"RoleName": "$role", "PolicyName": "$policy"}}},
		writes: map[string]resources{"ram:DetachPolicyFromRole": onRole | onPolicy},
	},
}
