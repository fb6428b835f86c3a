package alicloud

import (
	"context"
	"regexp"
	"slices"

	"twokey/actions"
	"twokey/incident"
)

// paramRole is the plan's parameter that names the RAM role of an instance.
const paramRole = "role"

// roleShape is what a role is called (RAM docs: CreateRole).
var roleShape = regexp.MustCompile(`^[a-zA-Z0-9.-]{1,64}$`)

func (a *Account) instanceSteps() []actions.Action {
	return []actions.Action{
		attachRole{step{a, incident.StepAttachRole}},
		detachRole{step{a, incident.StepDetachRole}},
		enforceIMDS{step{a, incident.StepEnforceIMDS}},
		relaxIMDS{step{a, incident.StepRelaxIMDS}},
	}
}

// instanceTraits are those of the steps on instances. Handing a role to an instance
// takes ram:PassRole beside the call's own permission (ECS docs:
// AttachInstanceRamRole, associated operations).
var instanceTraits = map[string]trait{
	incident.StepAttachRole: {
		undo:   incident.StepDetachRole,
		undone: []deed{{"DetachInstanceRamRole", map[string]string{"InstanceIds": "$" + paramInstances}}},
		writes: map[string]resources{"ecs:AttachInstanceRamRole": onInstance | onRole, "ram:PassRole": onRole},
	},
	incident.StepDetachRole: {
		undo:   incident.StepAttachRole,
		undone: []deed{{"AttachInstanceRamRole", map[string]string{"InstanceIds": "$" + paramInstances}}},
		writes: map[string]resources{"ecs:DetachInstanceRamRole": onInstance},
	},
	incident.StepEnforceIMDS: {
		undo:   incident.StepRelaxIMDS,
		undone: []deed{{"ModifyInstanceMetadataOptions", map[string]string{"InstanceId": "$" + paramInstance, "HttpTokens": tokensOptional}}},
		writes: map[string]resources{"ecs:ModifyInstanceMetadataOptions": onInstance},
	},
	incident.StepRelaxIMDS: {
		undo:   incident.StepEnforceIMDS,
		undone: []deed{{"ModifyInstanceMetadataOptions", map[string]string{"InstanceId": "$" + paramInstance, "HttpTokens": tokensRequired}}},
		writes: map[string]resources{"ecs:ModifyInstanceMetadataOptions": onInstance},
	},
}

// attachRole gives an instance a RAM role, so that programs on it need no AccessKey
// (ECS docs: Use an instance RAM role instead of an AccessKey).
type attachRole struct{ step }

var (
	_ actions.Action   = attachRole{}
	_ actions.Reverser = attachRole{}
	_ actions.Action   = detachRole{}
	_ actions.Reverser = detachRole{}
)

// Plan guards that the instance has no role yet, since it can have one only, and
// that ECS may take the role on. Another role there is [CodeOtherRole]; a role that
// does not trust ECS is [CodeNotECSRole]. It never hands out the bot's own role.
func (s attachRole) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	m, err := s.aim(ctx, given)
	if err != nil {
		return incident.Plan{}, err
	}
	role := given[paramRole]
	if role == "" {
		return incident.Plan{}, &actions.Error{Op: s.name, Code: CodeNoRole, Err: actions.ErrNotNamed}
	}
	if err := s.notOwnRole(ctx, role); err != nil {
		return incident.Plan{}, err
	}
	var has, trusts string
	err = together(
		func() (err error) { has, err = s.machineRole(ctx, m.region, m.id); return err },
		func() (err error) { trusts, err = s.trusts(ctx, role); return err },
	)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case has == role:
		return incident.Plan{}, nothingToDo(s.name)
	case has != "":
		return incident.Plan{}, &actions.Error{Op: s.name, Code: otherRole(has)}
	case trusts != ecsService:
		return incident.Plan{}, &actions.Error{Op: s.name, Code: CodeNotECSRole}
	}
	p := s.plan(t, t.User)
	p.Params = m.aims()
	p.Params[paramRole] = role
	of := incident.OfInstance(m.at())
	p.Guarded = []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactRAMRole, Value: incident.Absent},
		{Of: incident.OfRole(role), Name: incident.FactTrusts, Value: trusts},
	}
	p.Shown = m.shown()
	return p, nil
}

// otherRole is [CodeOtherRole] with the role that is in the way.
func otherRole(has string) string { return CodeOtherRole + " " + has }

// shown is what people see of an instance.
func (m machine) shown() []incident.Fact {
	of := incident.OfInstance(m.at())
	return []incident.Fact{
		{Of: of, Name: incident.FactNamed, Value: or(m.name, m.id)},
		{Of: of, Name: incident.FactAddresses, Value: list(m.addresses)},
		{Of: of, Name: incident.FactMetadata, Value: m.metadata},
	}
}

// notOwnRole refuses what would give others the bot's own power, or take it away.
func (s step) notOwnRole(ctx context.Context, role string) error {
	if !roleShape.MatchString(role) {
		return &actions.Error{Op: s.name, Code: CodeParameter}
	}
	own, err := s.self(ctx)
	if err != nil {
		return err
	}
	if own.names[role] {
		return ownIdentity(s.name)
	}
	return nil
}

// Run attaches the role and reads what became of the one instance: the call answers
// 200 also when it attached nothing. Found attached is done.
func (s attachRole) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	m, err := s.planned(ctx, p)
	if err != nil {
		return actions.Outcome{}, err
	}
	if err := s.notOwnRole(ctx, p.Params[paramRole]); err != nil {
		return actions.Outcome{}, err
	}
	err = s.roleCall(ctx, "AttachInstanceRamRole", m, p.Params[paramRole])
	if err == nil || actions.Transient(err) {
		return actions.Outcome{}, err
	}
	if actions.Code(err) == CodePassRole {
		err = &actions.Error{Op: "ecs:AttachInstanceRamRole", Code: CodePassRole, Lacks: "ram:PassRole"}
	}
	switch has, look := s.machineRole(ctx, m.region, m.id); {
	case look != nil:
		return actions.Outcome{}, err
	case has == p.Params[paramRole]:
		return actions.Outcome{}, nil
	case has != "":
		return actions.Outcome{}, &actions.Error{Op: s.name, Code: otherRole(has)}
	}
	return actions.Outcome{}, err
}

// planned is the instance of a plan that may run.
func (s step) planned(ctx context.Context, p incident.Plan) (machine, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return machine{}, err
	}
	return s.aim(ctx, p.Params)
}

// roleCall attaches or detaches, of one instance, and returns its part of the
// answer as an error if it failed.
func (s step) roleCall(ctx context.Context, action string, m machine, role string) error {
	type row struct {
		InstanceId, Code string //nolint:revive // as they travel
		Success          bool
	}
	var out struct {
		FailCount                    int
		AttachInstanceRAMRoleResults struct{ AttachInstanceRAMRoleResult []row }
		DetachInstanceRAMRoleResults struct{ DetachInstanceRAMRoleResult []row }
	}
	op := "ecs:" + action
	err := s.ecs(ctx, write(op), m.region, action, params{"RegionId": m.region, "RamRoleName": role, "InstanceIds": jsonList(m.id)}, &out)
	if err != nil {
		return err
	}
	for _, r := range slices.Concat(out.AttachInstanceRAMRoleResults.AttachInstanceRAMRoleResult, out.DetachInstanceRAMRoleResults.DetachInstanceRAMRoleResult) {
		if r.InstanceId == m.id && !r.Success {
			code := CodePartly
			if codeShape.MatchString(r.Code) {
				code = r.Code
			}
			return &actions.Error{Op: op, Code: code}
		}
	}
	if out.FailCount > 0 {
		return &actions.Error{Op: op, Code: CodePartly}
	}
	return nil
}

// Verify is true when the instance has the role.
func (s attachRole) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	return s.hasRole(ctx, p, p.Params[paramRole])
}

// hasRole reports whether the plan's instance has a role, or none if it is empty.
func (s step) hasRole(ctx context.Context, p incident.Plan, role string) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	m, err := s.aim(ctx, p.Params)
	if err != nil {
		return false, err
	}
	has, err := s.machineRole(ctx, m.region, m.id)
	return err == nil && has == role, err
}

// Reverse plans ecs.detach_role.
func (s attachRole) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return detachRole{step{s.Account, incident.StepDetachRole}}.Plan(ctx, done.Target, done.Params)
}

// detachRole takes an instance's role away; programs that use it stop.
type detachRole struct{ step }

// Plan guards the role that the instance has. If one is named, it must be that
// one.
func (s detachRole) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	m, err := s.aim(ctx, given)
	if err != nil {
		return incident.Plan{}, err
	}
	has, err := s.machineRole(ctx, m.region, m.id)
	switch role := given[paramRole]; {
	case err != nil:
		return incident.Plan{}, err
	case has == "":
		return incident.Plan{}, nothingToDo(s.name)
	case role != "" && role != has:
		return incident.Plan{}, &actions.Error{Op: s.name, Code: otherRole(has)}
	}
	if err := s.notOwnRole(ctx, has); err != nil {
		return incident.Plan{}, err
	}
	p := s.plan(t, t.User)
	p.Params = m.aims()
	p.Params[paramRole] = has
	of := incident.OfInstance(m.at())
	p.Guarded = []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactRAMRole, Value: has},
	}
	p.Shown = m.shown()
	p.Impact.Blind = []string{"programs with the role"}
	return p, nil
}

// Run detaches the role. Found detached is done.
func (s detachRole) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	m, err := s.planned(ctx, p)
	if err != nil {
		return actions.Outcome{}, err
	}
	if err := s.notOwnRole(ctx, p.Params[paramRole]); err != nil {
		return actions.Outcome{}, err
	}
	err = s.roleCall(ctx, "DetachInstanceRamRole", m, p.Params[paramRole])
	if err == nil || actions.Transient(err) {
		return actions.Outcome{}, err
	}
	if has, look := s.machineRole(ctx, m.region, m.id); look == nil && has == "" {
		err = nil
	}
	return actions.Outcome{}, err
}

// Verify is true when the instance has no role.
func (s detachRole) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	return s.hasRole(ctx, p, "")
}

// Reverse plans ecs.attach_role.
func (s detachRole) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return attachRole{step{s.Account, incident.StepAttachRole}}.Plan(ctx, done.Target, done.Params)
}
