package bot

import (
	"context"
	"fmt"

	"twokey/incident"
	"twokey/store"
)

// around reads what a decision must know from outside the incident's own log,
// and no more than it must: most decisions need nothing.
func (b *Bot) around(ctx context.Context, s incident.State, c incident.Command) (incident.Around, error) {
	var a incident.Around
	var plan incident.Plan
	starts, acts := false, false
	switch c := c.(type) {
	case incident.Automate:
		plan, acts = c.Plan, true
	case incident.Reapply:
		plan, acts = c.Plan, true
	case incident.Propose:
		plan = c.Plan
	case incident.Start:
		plan, starts = planOf(s, c.Number), true
	case incident.Resume:
		plan, starts = planOf(s, c.Number), true
	}
	var err error
	if starts {
		if a.Held, err = b.held(ctx); err != nil {
			return a, err
		}
	}
	if err == nil && (starts || acts) {
		a.Own, err = b.ownLeaks(ctx, plan.Target.Account)
	}
	if err == nil && plan.Step == incident.StepPolicyDetach {
		a.Named, a.Holders, err = b.sameUser(ctx, s.ID, plan.Target)
	}
	return a, err
}

func planOf(s incident.State, number int) incident.Plan {
	p, _ := s.Proposal(number)
	return p.Plan
}

// held reports whether no step may start.
func (b *Bot) held(ctx context.Context) (bool, error) {
	system, err := b.state(ctx, incident.System)
	return system.Held != "", err
}

// maxSameUser bounds the incidents of one user that a decision reads. RAM allows
// two keys per user, so real numbers stay far below.
const maxSameUser = 10_000

// sameUser lists the keys of a user that any incident ever named, and the other
// open incidents that are about that user.
func (b *Bot) sameUser(ctx context.Context, id incident.ID, t incident.Target) (named []incident.KeyID, holders []incident.ID, err error) {
	same, err := b.Store.Find(ctx, store.Query{Account: t.Account, UserID: t.UserID, Limit: maxSameUser})
	if err != nil {
		return nil, nil, fmt.Errorf("find incidents of the same user: %w", err)
	}
	for _, other := range same {
		if other.Key != "" {
			named = append(named, other.Key)
		}
		if other.Open && other.Incident != id {
			holders = append(holders, other.Incident)
		}
	}
	before, err := b.formerlyNamed(ctx, t.Account, t.UserID)
	return append(named, before...), holders, err
}

// scene gathers what a view reads.
func (b *Bot) scene(ctx context.Context, s incident.State, lang string) (Scene, error) {
	scene := b.bare(s, lang)
	var err error
	if scene.Texts, err = Texts(ctx, b.Store, s.ID); err != nil {
		return scene, err
	}
	if scene.Behind, err = b.behind(ctx, s.ID); err != nil {
		return scene, err
	}
	if scene.State.Around.Held, err = b.held(ctx); err != nil {
		return scene, err
	}
	if scene.State.Around.Own, err = b.ownLeaks(ctx, s.KeyFact(incident.FactAccount)); err != nil {
		return scene, err
	}
	if t := s.Target(); t.UserID != "" {
		_, scene.State.Around.Holders, err = b.sameUser(ctx, s.ID, t)
	}
	return scene, err
}

// bare is a scene without anything that must be read from the store.
func (b *Bot) bare(s incident.State, lang string) Scene {
	scene := Scene{
		State: s, Rules: b.Rules, Lang: lang, Now: b.Now(), Drill: b.Drill,
		Names: b.People.Names(), Owners: b.People.Owners,
	}
	if account, ok := b.account(s.KeyFact(incident.FactAccount)); ok {
		scene.Steps, scene.Site = account.Actions().Names(), b.Sites[account.Name()]
		scene.Links = b.Links[scene.Site]
	}
	return scene
}
