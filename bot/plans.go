package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// show answers with the incident's card in the person's own language.
func (h *handling) show(ctx context.Context) Answer {
	card := h.View.Card(h.view(ctx, h.state, 0))
	return Answer{OK: true, Text: card.Title, Card: &card}
}

// plan answers with one plan in full.
func (h *handling) plan(ctx context.Context) (Answer, error) {
	p, err := h.find(h.state)
	if err != nil {
		return Answer{}, err
	}
	return h.showing(ctx, "said.plan", p.Number), nil
}

// showing is an answer with one plan in full and its buttons.
func (h *handling) showing(ctx context.Context, id string, number int) Answer {
	step := h.View.Plan(h.view(ctx, h.state, number), number)
	text := h.View.Say(h.lang, id, map[string]string{"plan": strconv.Itoa(number), "step": step.Title, "people": step.People})
	card := Card{Incident: h.state.ID, Lang: h.lang, Tone: step.Tone, Title: text, Steps: []Step{step}, At: h.state.At}
	return Answer{OK: true, Text: text, Card: &card}
}

// propose asks for a step: the cloud is read, the plan is put before people.
// Asking is not voting.
func (h *handling) propose(ctx context.Context) (Answer, error) {
	switch h.arg {
	case incident.StepFalseAlarm:
		return h.falseAlarm(ctx)
	case incident.StepClose:
		return h.close(ctx)
	case incident.StepOwnerAsk:
		return h.askOwner(ctx)
	}
	if h.byWord(h.state, h.arg) {
		return h.put(ctx, incident.Plan{Step: h.arg})
	}
	catalog, err := h.catalog()
	if err != nil {
		return Answer{}, err
	}
	action, ok := catalog[h.arg]
	if !ok {
		return Answer{}, NoSuchStep
	}
	target, params, err := h.aim()
	if err != nil {
		return Answer{}, err
	}
	p, err := planned(ctx, action, target, params)
	if err != nil {
		return Answer{}, h.cloud(err)
	}
	p.Undoes = takesBack(h.state, p)
	return h.put(ctx, p)
}

// takesBack is the number of the newest standing step that a plan is the undo of.
func takesBack(s incident.State, plan incident.Plan) int {
	number := 0
	for _, p := range s.Expected() {
		undo := p.Plan
		undo.Step = p.Plan.Undo
		if undo.Rivals(plan) || plan.Discards(p) {
			number = p.Number
		}
	}
	return number
}

// undo asks to take a confirmed plan back.
func (h *handling) undo(ctx context.Context) (Answer, error) {
	done, err := h.find(h.state)
	if err != nil {
		return Answer{}, err
	}
	h.about = done.Number
	if done.Status != incident.StatusDone {
		return Answer{}, incident.NothingToUndo
	}
	catalog, err := h.catalog()
	if err != nil {
		return Answer{}, err
	}
	p, err := h.reverse(ctx, catalog, done)
	if err != nil {
		return Answer{}, h.cloud(err)
	}
	return h.put(ctx, p)
}

// put proposes a plan in the person's name and shows it; one that waits already
// is shown instead.
func (h *handling) put(ctx context.Context, p incident.Plan, values ...store.Value) (Answer, error) {
	err := h.command(ctx, incident.Propose{Plan: p}, values...)
	if err != nil && !errors.Is(err, incident.AlreadyWaiting) {
		return Answer{}, err
	}
	return h.showing(ctx, "said.do", newest(h.state, p)), nil
}

// newest is the number of the last plan for the same as plan; 0 if there is none.
func newest(s incident.State, plan incident.Plan) int {
	for _, p := range slices.Backward(s.Proposals) {
		if p.Plan.Rivals(plan) {
			return p.Number
		}
	}
	return 0
}

// catalog is the steps that a person may ask for. The cloud is not even read for
// somebody who may not.
func (h *handling) catalog() (actions.Catalog, error) {
	switch {
	case !h.Rules.Has(h.who, incident.Responder):
		return nil, incident.NotAllowed
	case h.state.Lookup():
		return nil, incident.NoKeyYet
	}
	account, ok := h.account(h.state.KeyFact(incident.FactAccount))
	if !ok {
		return nil, NotOurs
	}
	return account.Actions(), nil
}

// cloud names why a plan could not be made.
func (h *handling) cloud(err error) error {
	switch {
	case errors.Is(err, actions.ErrNothingToDo):
		return NothingToDo
	case errors.Is(err, actions.ErrOwnIdentity):
		return OwnIdentity
	case errors.Is(err, actions.ErrNoTarget):
		return incident.BadPlan
	}
	if _, refused := refusal(err); refused {
		return err
	}
	h.Log.Warn("plan", slog.String("incident", string(h.state.ID)), slog.String("code", code(err)))
	if why := code(err); why != "" && !unanswered(err) {
		return incident.Refusal(NoPlan + why)
	}
	return CloudSilent
}

// vote gives or takes back a vote, or says no.
func (h *handling) vote(ctx context.Context) (Answer, error) {
	p, err := h.find(h.state)
	if err != nil {
		return Answer{}, err
	}
	h.about = p.Number
	if h.verb == "withdraw" {
		if err := h.command(ctx, incident.Withdraw{Number: p.Number}); err != nil {
			return Answer{}, err
		}
		return h.showing(ctx, "said.withdraw", p.Number), nil
	}
	reason, values := h.words(h.reason)
	if h.verb == "decline" {
		if err := h.command(ctx, incident.Decline{Number: p.Number, Digest: p.Digest, Reason: reason}, values...); err != nil {
			return Answer{}, err
		}
		return h.showing(ctx, "said.decline", p.Number), nil
	}
	yes := incident.Approve{Number: p.Number, Digest: p.Digest, Platform: h.in.From.Platform, Reason: reason}
	if err := h.command(ctx, yes, values...); err != nil {
		return Answer{}, err
	}
	if after, _ := h.state.Proposal(p.Number); after.Status != incident.StatusWaiting {
		return h.showing(ctx, "said.authorized", p.Number), nil
	}
	return h.showing(ctx, "said.approve", p.Number), nil
}

// falseAlarm asks two people to call it one. The plan lists what could then be
// taken back.
func (h *handling) falseAlarm(ctx context.Context) (Answer, error) {
	if h.reason == "" {
		return Answer{}, incident.NeedsReason
	}
	p := incident.Plan{Step: incident.StepFalseAlarm, Target: h.state.Target()}
	for _, done := range h.state.Expected() {
		p.Shown = append(p.Shown, incident.Fact{
			Of: incident.OfKey(h.state.Key), Name: "would_undo", Value: fmt.Sprintf("%d %s", done.Number, done.Plan.Step),
		})
	}
	return h.internal(ctx, p)
}

// close ends the incident; if the key is not seen contained, it asks two people.
func (h *handling) close(ctx context.Context) (Answer, error) {
	reason, values := h.words(h.reason)
	err := h.command(ctx, incident.Close{Reason: reason}, values...)
	switch {
	case err == nil:
		return h.said("said.close", nil), nil
	case !errors.Is(err, incident.NotContained), h.reason == "":
		return Answer{}, err
	}
	return h.internal(ctx, incident.Plan{Step: incident.StepClose, Target: h.state.Target()})
}

// internal proposes a step that the votes alone decide.
func (h *handling) internal(ctx context.Context, p incident.Plan) (Answer, error) {
	reason, values := h.words(h.reason)
	p.Params = map[string]string{"reason": string(reason)}
	return h.put(ctx, p, values...)
}
