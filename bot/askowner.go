package bot

import (
	"context"
	"strings"

	"twokey/incident"
)

// maxAsked is how many calls an owner is asked about at once.
const maxAsked = 5

// askOwner puts the suspicious calls before the person who answers for the key's
// user. What they say is evidence, never a vote.
func (h *handling) askOwner(ctx context.Context) (Answer, error) {
	if !h.Rules.Has(h.who, incident.Responder) {
		return Answer{}, incident.NotAllowed
	}
	p, err := h.ownerPlan(h.state)
	if err != nil {
		return Answer{}, err
	}
	return h.put(ctx, p)
}

// ownerPlan asks about what looks suspicious and was not answered yet; if nothing
// does, about what the playbook asks.
func (b *Bot) ownerPlan(s incident.State) (incident.Plan, error) {
	t := s.Target()
	person, ok := b.People.Owners[incident.RAMUser{Account: t.Account, User: t.User}]
	if !ok || t.User == "" {
		return incident.Plan{}, NoOwner
	}
	var calls []string
	for _, u := range s.Suspects() {
		if len(calls) < maxAsked && s.Answers[incident.Question(u.String())].Value == "" {
			calls = append(calls, u.String())
		}
	}
	params := map[string]string{incident.ParamPerson: string(person)}
	if len(calls) > 0 {
		params[incident.ParamCalls] = strings.Join(calls, ",")
	}
	return incident.Plan{Step: incident.StepOwnerAsk, Params: params}, nil
}
