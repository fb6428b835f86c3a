package bot

import (
	"context"
	"fmt"
	"slices"

	"twokey/incident"
	"twokey/store"
)

// Webhook tells somebody outside of chat that votes are missing. It works while
// every chat is down.
type Webhook interface {
	// Trigger tells once for each dedup key. The texts are in the room language.
	Trigger(ctx context.Context, p Page) error
}

// Page is what the webhook is told.
type Page struct {
	Dedup    string // the same for the same incident
	Incident incident.ID
	Summary  string
	Key      incident.KeyID
	Step     string // empty: nobody has acted at all
	Missing  int    // people
	Who      []string
}

// missing lists who can still vote on what a reminder is about; nil if nothing
// is missing any more.
func (b *Bot) missing(s incident.State, number int) []incident.Person {
	if !s.Open() || s.MergedInto != "" {
		return nil
	}
	if number == 0 {
		if s.Contained() || touched(s) {
			return nil
		}
		return b.everybody()
	}
	p, ok := s.Proposal(number)
	if !ok || p.Status != incident.StatusWaiting || p.By == incident.Bot && len(p.Votes) == 0 {
		return nil
	}
	return b.Rules.CanVote(p, b.at(s))
}

// touched reports whether any person has done anything about an incident.
func touched(s incident.State) bool {
	if s.Commander != "" || len(s.Answers) > 0 {
		return true
	}
	for _, p := range s.Proposals {
		if len(p.Votes) > 0 || p.By != incident.Bot {
			return true
		}
	}
	return false
}

func (b *Bot) everybody() []incident.Person {
	var all []incident.Person
	for _, m := range b.Rules.Members {
		if b.Rules.Has(m.ID, incident.Responder) {
			all = append(all, m.ID)
		}
	}
	return all
}

// wanted is who to disturb about an incident or a plan: nobody about one of a
// flood, which no room shows.
func (b *Bot) wanted(ctx context.Context, s incident.State, number int) ([]incident.Person, error) {
	who := b.missing(s, number)
	if len(who) == 0 || number != 0 || s.Matters() {
		return who, nil
	}
	held, err := b.heldBack(ctx, s.ID)
	if held {
		return nil, err
	}
	return who, err
}

// remind mentions those who can still vote, and whom else the configuration names. The
// line in the room does it.
func (b *Bot) remind(ctx context.Context, l store.Lease) error {
	s, err := b.state(ctx, l.Job.Incident)
	if err != nil {
		return err
	}
	who, err := b.wanted(ctx, s, l.Job.Number)
	if err != nil {
		return err
	}
	if len(who) == 0 {
		return b.Store.Finish(ctx, l)
	}
	return b.settle(ctx, l, incident.MarkReminded{Number: l.Job.Number, Round: l.Job.Round, Who: b.called(who)})
}

// called are those who can still vote, if there are any, and whom the configuration names
// beside them.
func (b *Bot) called(who []incident.Person) []incident.Person {
	if len(who) == 0 {
		return nil
	}
	all := slices.Clone(who)
	for _, also := range b.Mention {
		if !slices.Contains(all, also) {
			all = append(all, also)
		}
	}
	return all
}

// escalate tells the webhook. It has a lane of its own: a dead chat does not
// hold it up, and a dead webhook holds up no chat.
func (b *Bot) escalate(ctx context.Context, l store.Lease) error {
	s, err := b.state(ctx, l.Job.Incident)
	if err != nil {
		return err
	}
	who, err := b.wanted(ctx, s, l.Job.Number)
	if err != nil {
		return err
	}
	if len(who) == 0 || b.Webhook == nil {
		return b.Store.Finish(ctx, l)
	}
	switch many, err := b.tooManyPages(ctx, s, l); {
	case err != nil:
		return err
	case many:
		return b.Store.Finish(ctx, l)
	}
	page := b.page(s, l.Job, who)
	if err := outside0(ctx, func(ctx context.Context) error { return b.Webhook.Trigger(ctx, page) }); err != nil {
		return fmt.Errorf("tell the webhook: %w", err)
	}
	return b.settle(ctx, l, incident.MarkEscalated{Number: l.Job.Number, Round: l.Job.Round})
}

// page says what is missing. Its key is the same each time it is tried.
func (b *Bot) page(s incident.State, j incident.Job, who []incident.Person) Page {
	page := Page{
		Dedup: fmt.Sprintf("twokey/%s/%d/%d", s.ID, j.Number, j.Round), Incident: s.ID, Key: s.Key, Missing: 1,
	}
	summary := "page.nobody"
	if p, ok := s.Proposal(j.Number); ok {
		summary = "page.votes"
		page.Step, page.Missing = p.Plan.Step, max(0, b.Rules.NeedNow(p)-len(p.Live(b.at(s))))
	}
	names := b.People.Names()
	for _, w := range who {
		page.Who = append(page.Who, names[w])
	}
	page.Summary = b.View.Say(b.Language, summary, map[string]string{"incident": string(s.ID), "key": string(s.Key), "step": page.Step})
	return page
}
