package bot

import (
	"context"
	"errors"
	"fmt"

	"twokey/actions"
	"twokey/incident"
)

// show answers with the incident's card in the person's own language.
func (h *handling) show(ctx context.Context) (Answer, error) {
	scene, err := h.scene(ctx, h.state, h.lang)
	if err != nil {
		return Answer{}, err
	}
	scene.Reader = h.who
	card := h.View.Card(scene)
	return Answer{OK: true, Text: card.Title, Card: &card}, nil
}

// plan answers with one plan in full.
func (h *handling) plan(ctx context.Context) (Answer, error) {
	p, err := h.find(h.state)
	if err != nil {
		return Answer{}, err
	}
	return h.showing(ctx, "said.plan", p.Number)
}

// showing is an answer with one plan in full and its buttons.
func (h *handling) showing(ctx context.Context, id string, number int) (Answer, error) {
	scene, err := h.scene(ctx, h.state, h.lang)
	if err != nil {
		return Answer{}, err
	}
	scene.Reader, scene.Plan = h.who, number
	step := h.View.Plan(scene, number)
	text := h.View.Say(h.lang, id, map[string]string{"plan": fmt.Sprint(number), "step": step.Title, "people": step.People})
	card := Card{Incident: h.state.ID, Lang: h.lang, Tone: step.Tone, Title: text, Steps: []Step{step}, At: h.state.At}
	return Answer{OK: true, Text: text, Card: &card}, nil
}

// propose asks for a step: the cloud is read, the plan is put before people.
// Asking is not voting.
func (h *handling) propose(ctx context.Context) (Answer, error) {
	switch h.arg {
	case incident.StepFalseAlarm:
		return h.falseAlarm(ctx)
	case incident.StepClose:
		return h.close(ctx)
	}
	catalog, err := h.catalog()
	if err != nil {
		return Answer{}, err
	}
	action, ok := catalog[h.arg]
	if !ok {
		return Answer{}, NoSuchStep
	}
	ctxCall, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	p, err := action.Plan(ctxCall, h.state.Target(), params(h.state))
	if err != nil {
		return Answer{}, h.cloud(err)
	}
	p.Undoes = takesBack(h.state, p.Step)
	return h.put(ctx, p)
}

// takesBack is the number of the newest standing step that step is the undo of.
func takesBack(s incident.State, step string) int {
	number := 0
	for _, p := range s.Expected() {
		if p.Plan.Undo == step {
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
func (h *handling) put(ctx context.Context, p incident.Plan) (Answer, error) {
	err := h.command(ctx, incident.Propose{Plan: p})
	r, refused := refusal(err)
	if err != nil && (!refused || r != incident.AlreadyWaiting) {
		return Answer{}, err
	}
	waiting, ok := h.state.Waiting(p.Step)
	if !ok {
		waiting = h.state.Proposals[len(h.state.Proposals)-1] // it needs nobody: it runs
	}
	return h.showing(ctx, "said.do", waiting.Number)
}

func (h *handling) catalog() (actions.Catalog, error) {
	if h.state.Lookup() {
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
	h.Log.Warn("plan", "incident", h.state.ID, "step", h.arg, "code", code(err))
	return CloudSilent
}

// vote gives or takes back a vote, or says no.
func (h *handling) vote(ctx context.Context) (Answer, error) {
	p, err := h.find(h.state)
	if err != nil {
		return Answer{}, err
	}
	h.about = p.Number
	reason, values := h.words(h.reason)
	var c incident.Command
	switch h.verb {
	case "approve":
		c = incident.Approve{Number: p.Number, Digest: p.Digest, Platform: h.in.From.Platform, Reason: reason}
	case "decline":
		c = incident.Decline{Number: p.Number, Digest: p.Digest, Reason: reason}
	default:
		c = incident.Withdraw{Number: p.Number}
	}
	if err := h.command(ctx, c, values...); err != nil {
		return Answer{}, err
	}
	after, _ := h.state.Proposal(p.Number)
	if h.verb == "approve" && after.Status != incident.StatusWaiting {
		return h.showing(ctx, "said.authorized", p.Number)
	}
	return h.showing(ctx, "said."+h.verb, p.Number)
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
	if r, _ := refusal(err); r != incident.NotContained {
		if err != nil {
			return Answer{}, err
		}
		return h.said("said.close", nil), nil
	}
	if h.reason == "" {
		return Answer{}, incident.NotContained
	}
	return h.internal(ctx, incident.Plan{Step: incident.StepClose, Target: h.state.Target()})
}

// internal proposes a step that the votes alone decide.
func (h *handling) internal(ctx context.Context, p incident.Plan) (Answer, error) {
	reason, values := h.words(h.reason)
	p.Params = map[string]string{"reason": string(reason)}
	if err := h.command(ctx, incident.Propose{Plan: p}, values...); err != nil {
		return Answer{}, err
	}
	waiting, _ := h.state.Waiting(p.Step)
	return h.showing(ctx, "said.do", waiting.Number)
}
