package bot

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"twokey/actions"
	"twokey/incident"
)

// What the leaked key made or took on outlives it: users, roles and keys are
// offered steps of their own.

// leading are the steps to offer about users and roles that nobody was offered
// yet. Deactivating a user can be taken back whole, so that is what is offered; one
// that has no key and no logon yet, and waits for them, is offered to be deleted.
func leading(s incident.State, catalog actions.Catalog) []asking {
	var steps []asking
	for _, lead := range s.Leads() {
		next := asking{target: s.Target(), params: params(s)}
		step := incident.StepUserDeactivate
		if id, ok := incident.UserOf(lead.Of); ok && lead.User != "" {
			next.target.User, next.target.UserID = lead.User, id
			next.otherwise = catalog[incident.StepUserDelete]
		} else if _, ok := incident.RoleOf(lead.Of); ok {
			step, next.params[incident.ParamOf] = incident.StepRoleQuarantine, string(lead.Of)
		} else {
			continue // a key has an incident of its own
		}
		next.Action = catalog[step]
		asked := func(step string) bool {
			return offered(s, incident.Plan{Step: step, Target: next.target, Params: next.params})
		}
		if next.Action != nil && !asked(step) && (next.otherwise == nil || !asked(incident.StepUserDelete)) {
			steps = append(steps, next)
		}
	}
	return steps
}

// offered reports whether there is a plan for the same step and aim, whatever
// became of it.
func offered(s incident.State, p incident.Plan) bool {
	return slices.ContainsFunc(s.Proposals, func(o incident.Proposal) bool { return o.Plan.Rivals(p) })
}

// Shapes of what a step may be about. A name goes to the cloud as a parameter.
var (
	leadName     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$`)
	instanceName = regexp.MustCompile(`^([a-z]{2}-[a-z0-9-]{2,40}/)?[a-z]{1,4}-[a-z0-9]{4,40}$`)
)

// aim is what a step is about: the incident's own key and user, or what somebody
// named. A user is named only if the leaked key made it.
func (h *handling) aim() (incident.Target, map[string]string, error) {
	target, params := h.state.Target(), params(h.state)
	maps.Copy(params, h.params)
	if h.arg == incident.StepKeyDiscard {
		key, ok := h.state.NewKey()
		if h.of != "" {
			key = incident.KeyID(h.of)
			_, ok = h.state.Made(key)
		}
		if !ok {
			return target, nil, incident.NothingToUndo // the leaked key goes by key.delete
		}
		params[incident.ParamOf] = string(incident.OfKey(key))
		return target, params, nil
	}
	if h.of == "" {
		return target, params, nil
	}
	family, _, _ := strings.Cut(h.arg, ".")
	switch {
	case family == "role" && leadName.MatchString(h.of):
		params[incident.ParamOf] = string(incident.OfRole(h.of))
		return target, params, nil
	case family == "ecs" && instanceName.MatchString(h.of):
		params[incident.ParamOf] = string(incident.OfInstance(h.of))
		return target, params, nil
	}
	for _, lead := range h.state.Leads() {
		if id, ok := incident.UserOf(lead.Of); ok && lead.User == h.of {
			target.User, target.UserID = lead.User, id
			return target, params, nil
		}
	}
	return target, nil, NoSuchLead
}

// byWord reports whether a step is one that people do by hand and only they can
// vouch for: no action of the account reads it back.
func (b *Bot) byWord(s incident.State, step string) bool {
	_, read := b.action(s.Target(), step)
	return incident.Guided(step) && !read
}

// byHand are the playbook's guided steps that may be said to be done now. They
// stand on the card as plans, so that saying so is a vote like any other.
func (b *Bot) byHand(s incident.State) []incident.Plan {
	var plans []incident.Plan
	for _, next := range b.Rules.Playbook.Next(s) {
		plan := incident.Plan{Step: next.Step, Target: s.Target()}
		if _, waits := s.WaitingFor(plan); next.Now && !waits && b.byWord(s, next.Step) {
			plans = append(plans, plan)
		}
	}
	return plans
}

// follow opens an incident for every key that the leaked key made. It is linked
// with the one that it came from, and nothing is automated there: what the trail
// says of a key is no report of a source.
func (b *Bot) follow(ctx context.Context, s incident.State) error {
	for _, lead := range s.Leads() {
		key, ok := strings.CutPrefix(string(lead.Of), "key ")
		if !ok || incident.KeyID(key) == s.Key {
			continue
		}
		id := string(s.ID) + "/" + key
		_, _, err := b.ReceiveAlert(ctx, incident.Alert{
			Source: madeSource, Type: madeSource, Kind: incident.KindOpen, KeyID: incident.KeyID(key),
			Delivery: id, ExternalKey: id, From: s.ID, ReceivedAt: b.Now(),
		}, incident.AlertText{})
		if err != nil {
			return fmt.Errorf("open an incident for a key that the leaked one made: %w", err)
		}
	}
	return nil
}

// madeSource stands for the bot's own finding. No configured source can be called
// that.
const madeSource = "created with a leaked key"
