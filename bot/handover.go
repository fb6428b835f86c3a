package bot

import (
	"context"
	"errors"
	"fmt"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// HandOver is a new key on its way to its receiver.
type HandOver struct {
	Incident incident.ID     `json:"incident"`
	Key      incident.KeyID  `json:"key"`
	User     string          `json:"user"`
	Receiver incident.Person `json:"receiver"`
	Sealed   string          `json:"sealed"` // armored age: only the receiver can open it
}

// errSealed says that what lies beside the chain is not what the chain names.
var errSealed = errors.New("the sealed secret is not the one on record")

// Fetch fetches the sealed secret of an incident for whoever has the API's token
// or the bot's file: the record says which way. The store forgets it in the same
// append, so there is no second time; a refusal is an [incident.Refusal].
func (b *Bot) Fetch(ctx context.Context, id incident.ID, way string) (HandOver, error) {
	records, err := b.Store.Load(ctx, id)
	if err != nil {
		return HandOver{}, fmt.Errorf("load %s: %w", id, err)
	}
	if err := b.Chain.Check(records); err != nil { // another key of the record would break it
		return HandOver{}, err
	}
	s := incident.Fold(records)
	if s.Seq == 0 || id.Number() == 0 {
		return HandOver{}, NoSuchIncident
	}
	h, _, err := b.handOver(ctx, s, incident.Bot, way, nil)
	return h, err
}

// Why puts a refusal about an incident's hand-over in words, in the rooms' language.
func (b *Bot) Why(ctx context.Context, id incident.ID, why incident.Refusal) string {
	s, err := b.state(ctx, id)
	if err != nil {
		s = incident.State{ID: id}
	}
	p, _ := s.HandOver(0)
	scene := b.bare(s, b.Language)
	scene.Plan = p.Number
	return b.View.Refusal(scene, why)
}

// handOver reads the ciphertext, and gives it out only after the record says so.
func (b *Bot) handOver(ctx context.Context, s incident.State, by incident.Person, way string, marks []store.Mark) (HandOver, incident.State, error) {
	p, _ := s.HandOver(0)
	var erase []store.Value
	var body []byte
	if p.Sealed != "" && p.Fetched.At.IsZero() && p.LetGo.IsZero() {
		kept := sealedPrefix(s.ID) + string(p.Sealed)
		value, ok, err := b.Store.Value(ctx, kept)
		if err != nil {
			return HandOver{}, s, fmt.Errorf("load the sealed secret of %s: %w", s.ID, err)
		}
		if at, _ := b.seal(s.ID, value); !ok || at != p.Sealed {
			return HandOver{}, s, fmt.Errorf("hand over for %s: %w", s.ID, errSealed)
		}
		body, erase = value, []store.Value{{Key: kept}}
	}
	after, err := b.do(ctx, s.ID, by, incident.Receive{Number: p.Number, Way: way}, with{Values: erase, Marks: marks})
	if err != nil {
		return HandOver{}, after, err
	}
	h := HandOver{s.ID, incident.KeyID(p.Result), p.Plan.Target.User, p.Plan.Receiver(), string(body)}
	return h, after, nil
}

// receive tells the receiver, and nobody else, the sealed secret.
func (h *handling) receive(ctx context.Context) (Answer, error) {
	p, _ := h.state.HandOver(0)
	h.about = p.Number
	got, after, err := h.handOver(ctx, h.state, h.who, incident.WayChat, h.click(h.state.ID))
	if after.Seq > 0 {
		h.state = after
	}
	if err != nil {
		return Answer{}, err
	}
	answer := h.said("said.receive", map[string]string{"key": string(got.Key), "user": got.User})
	answer.Text += "\n" + got.Sealed
	return answer, nil
}

// forget erases a sealed secret that nobody came for.
func (b *Bot) forget(ctx context.Context, l store.Lease) error {
	s, err := b.state(ctx, l.Job.Incident)
	if err != nil {
		return err
	}
	p, ok := s.Proposal(l.Job.Number)
	if !ok || p.Sealed == "" {
		return b.Store.Finish(ctx, l)
	}
	return b.settle(ctx, l, incident.LetGo{Number: p.Number}, store.Value{Key: sealedPrefix(s.ID) + string(p.Sealed)})
}

// useless plans to discard keys that this incident made and that nobody can use:
// their secret was lost, or nobody came for it.
func (b *Bot) useless(ctx context.Context, s incident.State, catalog actions.Catalog) ([]incident.Plan, error) {
	discard, ok := catalog[incident.StepKeyDiscard]
	if !ok {
		return nil, nil
	}
	var plans []incident.Plan
	var errs []error
	for _, p := range s.Proposals {
		if p.UndoneBy != 0 || p.Code != incident.CodeOrphan && p.LetGo.IsZero() {
			continue
		}
		given := params(s)
		given[incident.ParamOf] = string(incident.OfKey(incident.KeyID(p.Result)))
		plan, err := planned(ctx, discard, s.Target(), given)
		switch {
		case errors.Is(err, actions.ErrNothingToDo), errors.Is(err, actions.ErrOwnIdentity):
			continue
		case err != nil:
			errs = append(errs, fmt.Errorf("plan %s: %w", discard.Name(), err))
			continue
		}
		plan.Undoes = takesBack(s, plan)
		plans = append(plans, plan)
	}
	return plans, errors.Join(errs...)
}
