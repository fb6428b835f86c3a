package alicloud

import (
	"context"

	"twokey/actions"
	"twokey/incident"
)

// paramInstance is the plan's parameter with the id of the instance as it travels
// in calls about one.
const paramInstance = "instance"

// enforceIMDS lets an instance's metadata, and with it the credentials of its role,
// be read with a token only: whoever makes a program there send a request can't read
// them (ECS docs: Access metadata in enforced mode).
type enforceIMDS struct{ step }

var (
	_ actions.Action   = enforceIMDS{}
	_ actions.Reverser = enforceIMDS{}
	_ actions.Action   = relaxIMDS{}
	_ actions.Reverser = relaxIMDS{}
)

// Plan says that programs of version 1 stop: no API knows whether there are any.
func (s enforceIMDS) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	return s.planMetadata(ctx, t, given, tokensOptional)
}

// planMetadata guards what the instance's option is now. An instance whose metadata
// can't be read at all is left so.
func (s step) planMetadata(ctx context.Context, t incident.Target, given map[string]string, now string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	m, err := s.aim(ctx, given)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case m.metadata != now:
		return incident.Plan{}, nothingToDo(s.name)
	}
	role, err := s.machineRole(ctx, m.region, m.id)
	if err != nil {
		return incident.Plan{}, err
	}
	p := s.plan(t, t.User)
	p.Params = m.aims()
	p.Params[paramInstance] = m.id
	of := incident.OfInstance(m.at())
	p.Guarded = []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactMetadata, Value: m.metadata},
	}
	p.Shown = append(m.shown(), incident.Fact{Of: of, Name: incident.FactRAMRole, Value: or(role, incident.Absent)})
	if now == tokensOptional {
		p.Impact.Blind = []string{"programs without a token"}
	}
	return p, nil
}

// Run asks for tokens from now on. Doing it again is harmless.
func (s enforceIMDS) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return actions.Outcome{}, s.setMetadata(ctx, p, tokensRequired)
}

// setMetadata changes the one option (ECS docs: ModifyInstanceMetadataOptions). The
// endpoint must be named and is enabled already: else there would be no plan.
func (s step) setMetadata(ctx context.Context, p incident.Plan, tokens string) error {
	m, err := s.planned(ctx, p)
	switch {
	case err != nil:
		return err
	case m.metadata == tokens:
		return nil
	case m.metadata == metadataOff:
		return nothingToDo(s.name) // switched off since: it must not be opened again by this
	}
	var none struct{}
	return s.ecs(ctx, write("ecs:ModifyInstanceMetadataOptions"), m.region, "ModifyInstanceMetadataOptions",
		params{"RegionId": m.region, "InstanceId": m.id, "HttpEndpoint": "enabled", "HttpTokens": tokens}, &none)
}

// Verify is true when the instance's metadata takes a token, or can't be read.
func (s enforceIMDS) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	m, err := s.read(ctx, p)
	return err == nil && m.metadata != tokensOptional, err
}

func (s step) read(ctx context.Context, p incident.Plan) (machine, error) {
	if err := s.may(ctx, p); err != nil {
		return machine{}, err
	}
	return s.aim(ctx, p.Params)
}

// Reverse plans ecs.relax_imds.
func (s enforceIMDS) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return relaxIMDS{step{s.Account, incident.StepRelaxIMDS}}.Plan(ctx, done.Target, done.Params)
}

// relaxIMDS lets programs read metadata without a token again.
type relaxIMDS struct{ step }

// Plan is of an instance whose metadata takes a token now.
func (s relaxIMDS) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	return s.planMetadata(ctx, t, given, tokensRequired)
}

// Run asks for no token from now on. Doing it again is harmless.
func (s relaxIMDS) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return actions.Outcome{}, s.setMetadata(ctx, p, tokensOptional)
}

// Verify is true when metadata can be read without a token.
func (s relaxIMDS) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	m, err := s.read(ctx, p)
	return err == nil && m.metadata == tokensOptional, err
}

// Reverse plans ecs.enforce_imds.
func (s relaxIMDS) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return enforceIMDS{step{s.Account, incident.StepEnforceIMDS}}.Plan(ctx, done.Target, done.Params)
}
