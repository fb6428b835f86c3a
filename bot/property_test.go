package bot_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twokey/actions"
	"twokey/actions/sandbox"
	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

// chaos is a world in which anything may happen in any order.
type chaos struct {
	*chattest.World
	o      chattest.Options
	r      *reaper
	room   *room
	id     incident.ID
	clicks []bot.Input
	faults []string // promises broken, as seen at the moment
}

// evening is a world in which the alert has come in and all is looked up.
func evening(t *testing.T) stage {
	t.Helper()
	w := &chaos{room: newRoom(), r: &reaper{left: -1}}
	w.live(t, nil)
	w.id = w.Alert()
	w.Settle()
	return stage{room: w.room, id: w.id, frozen: w.Freeze()}
}

// newChaos begins in the evening.
func (s stage) newChaos(t *testing.T) *chaos {
	t.Helper()
	c := &chaos{r: &reaper{left: -1}, room: s.room.clone(), id: s.id}
	c.live(t, &s.frozen)
	return c
}

func (c *chaos) live(t *testing.T, from *chattest.Frozen) {
	t.Helper()
	c.o = chattest.Options{
		Account: func(a actions.Account) actions.Account { return witnessed{mortalAccount{a, c.r}, c} },
		Rules:   func(r *incident.Rules) { r.Playbook.SecondLook = 10 * time.Minute },
		Keep:    true,
	}
	if from == nil {
		c.World = chattest.New(t, c.o, mortalRoom{c.room, c.r})
		return
	}
	c.World = chattest.Thaw(t, *from, c.o, mortalRoom{c.room, c.r})
}

// witnessed watches what the bot really does to the cloud.
type witnessed struct {
	actions.Account
	c *chaos
}

func (w witnessed) Actions() actions.Catalog {
	seen := make(actions.Catalog)
	for name, a := range w.Account.Actions() {
		seen[name] = witnessedAction{a, w.c}
	}
	return seen
}

type witnessedAction struct {
	actions.Action
	c *chaos
}

func (a witnessedAction) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	s := a.c.State(a.c.id)
	if p.Step == incident.StepPolicyDetach && !s.FalseAlarm && a.c.KeyStatus() != "bin" {
		a.c.faults = append(a.c.faults, "the quarantine is detached while the key is "+a.c.KeyStatus())
	}
	return a.Action.Run(ctx, p)
}

// click presses a button or the same one again, as anybody.
func (c *chaos) click(t *rapid.T) {
	s := c.State(c.id)
	if len(s.Proposals) == 0 {
		return
	}
	who := rapid.SampledFrom([]string{"ana", "bo", "chen", "eve", ""}).Draw(t, "who")
	p := rapid.SampledFrom(s.Proposals).Draw(t, "plan")
	digest := p.Digest
	if rapid.IntRange(0, 9).Draw(t, "forged") == 0 {
		digest = rapid.SampledFrom(s.Proposals).Draw(t, "other").Digest
	}
	act := rapid.SampledFrom([]bot.Act{bot.ActApprove, bot.ActApprove, bot.ActApprove, bot.ActDecline, bot.ActWithdraw, bot.ActUndo}).Draw(t, "act")
	c.press(bot.Input{
		From: bot.Account{Platform: "console", User: who}, Room: "room", ID: fmt.Sprintf("click %d", len(c.clicks)),
		Button: &bot.Press{Act: act, Incident: c.id, Number: p.Number, Digest: digest, Reason: "because"},
	})
}

func (c *chaos) press(in bot.Input) {
	c.clicks = append(c.clicks, in)
	c.Bot.Handle(context.Background(), in)
}

func (c *chaos) again(t *rapid.T) {
	if len(c.clicks) > 0 {
		c.Bot.Handle(context.Background(), rapid.SampledFrom(c.clicks).Draw(t, "again"))
	}
}

func (c *chaos) command(t *rapid.T) {
	c.press(bot.Input{
		From: bot.Account{Platform: "console", User: rapid.SampledFrom([]string{"ana", "bo", "eve"}).Draw(t, "who")},
		Room: "room", ID: fmt.Sprintf("click %d", len(c.clicks)),
		Text: rapid.SampledFrom([]string{
			"do key.disable", "do key.delete", "do key.enable", "do key.restore", "do policy.quarantine", "do policy.detach",
			"answer in_use no", "answer in_use yes", "false_alarm because of a test", "close because it is over",
		}).Draw(t, "command"),
	})
}

func (c *chaos) delay(t *rapid.T) {
	c.Clock.Move(rapid.SampledFrom([]time.Duration{
		time.Second, time.Minute, 11 * time.Minute, 31 * time.Minute, -time.Minute, -40 * time.Minute,
	}).Draw(t, "delay"))
}

func (c *chaos) crash(t *rapid.T) {
	c.r.mu.Lock()
	c.r.left = rapid.IntRange(1, 12).Draw(t, "points")
	c.r.mu.Unlock()
	c.Settle()
	c.r.revive()
	c.Reopen(c.o, mortalRoom{c.room, c.r})
	c.Clock.Move(2 * time.Minute)
}

// interfere is an administrator in the console, who knows of no bot.
func (c *chaos) interfere(t *rapid.T) {
	move := rapid.SampledFrom([]sandbox.Move{
		{Version: "2015-05-01", Action: "UpdateAccessKey", Params: map[string]string{"UserName": c.Scene.Victim, "UserAccessKeyId": c.Scene.Leaked.ID, "Status": "Active"}},
		{Version: "2015-05-01", Action: "UpdateAccessKey", Params: map[string]string{"UserName": c.Scene.Victim, "UserAccessKeyId": c.Scene.Leaked.ID, "Status": "Inactive"}},
		{Version: "2015-05-01", Action: "DetachPolicyFromUser", Params: map[string]string{"UserName": c.Scene.Victim, "PolicyType": "Custom", "PolicyName": "twokey-quarantine"}},
	}).Draw(t, "interference")
	admin, err := sandbox.NewAttacker(c.Cloud.URL(), c.Scene.Bot, "203.0.113.99", []sandbox.Move{move})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// roles change between a vote and the start.
func (c *chaos) roles(t *rapid.T) {
	rules := chattest.Rules()
	rules.Playbook.SecondLook = 10 * time.Minute
	out := rapid.SampledFrom([]incident.Person{chattest.Ana, chattest.Bo, chattest.Chen, "nobody"}).Draw(t, "out")
	rules.Members = slices.DeleteFunc(rules.Members, func(m incident.Member) bool { return m.ID == out })
	c.Bot.Rules = rules
}

// Whatever happens in whatever order, no destructive step starts with fewer than
// two people behind it, no plan starts twice, the quarantine stays while the key
// lives, and the chain holds.
func TestNothingThatHappensBreaksAPromise(t *testing.T) {
	t.Parallel()
	begin := evening(t)
	rapid.Check(t, func(rt *rapid.T) {
		c := begin.newChaos(t)
		defer c.Stop()
		for range rapid.IntRange(3, 25).Draw(rt, "moves") {
			rapid.SampledFrom([]func(*rapid.T){
				c.click, c.click, c.click, c.click, c.again, c.command, c.command, c.delay, c.crash, c.interfere, c.roles,
			}).Draw(rt, "move")(rt)
			if rapid.Bool().Draw(rt, "settle") {
				c.Settle()
			}
		}
		c.Settle()
		if err := c.judge(); err != nil {
			rt.Fatal(err)
		}
	})
}

// judge tells from the records alone whether the promises were kept. It knows
// nothing of the rules' own bookkeeping.
func (c *chaos) judge() error {
	records, err := c.Bot.Store.Load(context.Background(), c.id)
	if err != nil {
		return err
	}
	errs := []error{c.Bot.Chain.Check(records)}
	for _, f := range c.faults {
		errs = append(errs, errors.New(f))
	}
	tier, started := map[int]incident.Tier{}, map[int]bool{}
	votes := map[int]map[incident.Person]time.Time{}
	for _, r := range records {
		switch e := r.Event.(type) {
		case incident.Proposed:
			tier[e.Number], votes[e.Number] = incident.StepTier(e.Plan.Step), map[incident.Person]time.Time{}
		case incident.Approved:
			votes[e.Number][r.By] = e.Until
		case incident.Withdrew:
			delete(votes[e.Number], r.By)
		case incident.Started:
			if started[e.Number] {
				errs = append(errs, fmt.Errorf("plan %d started twice", e.Number))
			}
			started[e.Number] = true
			live := 0
			for who, until := range votes[e.Number] {
				if r.At.Before(until) && slices.Contains([]incident.Person{chattest.Ana, chattest.Bo, chattest.Chen}, who) {
					live++
				}
			}
			if tier[e.Number] == incident.Destructive && live < 2 {
				errs = append(errs, fmt.Errorf("plan %d destroys with %d people behind it", e.Number, live))
			}
		}
	}
	return errors.Join(errs...)
}
