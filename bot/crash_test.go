package bot_test

import (
	"fmt"
	"testing"
	"time"

	"twokey/actions"
	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
)

// life is a bot that is killed once, and the people who press again when they
// get no answer.
type life struct {
	*chattest.World
	t       *testing.T
	r       *reaper
	room    *room
	o       chattest.Options
	id      incident.ID
	applied map[string]int // by the lives before this one
}

// stage is a whole world before one part of the story.
type stage struct {
	frozen  chattest.Frozen
	room    *room
	id      incident.ID
	applied map[string]int
}

// begin goes on from a stage, to be killed at a point. The zero stage is before
// everything.
func (s stage) begin(t *testing.T, killAt int) *life {
	t.Helper()
	l := &life{t: t, r: &reaper{left: killAt}, room: newRoom(), id: s.id, applied: s.applied}
	l.o = mortalOptions(l.r)
	if s.room == nil {
		l.World = chattest.New(t, l.o, mortalRoom{l.room, l.r})
		return l
	}
	l.room = s.room.clone()
	l.World = chattest.Thaw(t, s.frozen, l.o, mortalRoom{l.room, l.r})
	return l
}

// mortalOptions are those of a bot that can be killed, with a cloud that outlives it.
func mortalOptions(r *reaper) chattest.Options {
	return chattest.Options{
		Account: func(a actions.Account) actions.Account { return mortalAccount{a, r} },
		Store:   func(s store.Store) store.Store { return mortalStore{s, r} },
		Keep:    true,
	}
}

// freeze ends a life at the beginning of the next stage.
func (l *life) freeze() stage {
	l.t.Helper()
	return stage{room: l.room, id: l.id, applied: l.took(), frozen: l.Freeze()}
}

// took counts the calls that took effect in the cloud, from the beginning.
func (l *life) took() map[string]int {
	took := map[string]int{}
	for _, action := range []string{"UpdateAccessKey", "DeleteAccessKey"} {
		took[action] = l.applied[action] + l.Cloud.Applied(action)
	}
	return took
}

// insist does something until it was done by a bot that lived to say so. After a
// kill the file is opened anew.
func (l *life) insist(do func() error) {
	l.t.Helper()
	for range 3 {
		err := do()
		l.settle()
		if !l.r.died() && err == nil {
			return
		}
		if !l.r.died() {
			l.t.Fatal(err)
		}
		l.restart()
	}
	l.t.Fatal("killed more than once")
}

func (l *life) settle() {
	for range 3 {
		l.Settle()
		if l.r.died() {
			return
		}
		l.Clock.Move(20 * time.Second) // back-off
	}
}

func (l *life) restart() {
	l.t.Helper()
	l.r.revive()
	l.Reopen(l.o, mortalRoom{l.room, l.r})
	l.Clock.Move(2 * time.Minute)
}

// press votes for a step, as somebody does who got no answer to the last press.
func (l *life) press(who incident.Person, step string) {
	l.t.Helper()
	l.insist(func() error {
		s := l.State(l.id)
		for _, p := range s.Proposals {
			done := p.Plan.Step == step && (p.Status == incident.StatusDone || p.Status == incident.StatusReady || p.Status == incident.StatusRunning)
			if done || p.Plan.Step == step && p.Voted(who, l.Clock.Now()) {
				return nil
			}
		}
		p, ok := s.Waiting(step)
		if !ok {
			return fmt.Errorf("nobody was offered %s", step)
		}
		l.Bot.Handle(l.t.Context(), bot.Input{
			From: bot.Account{Platform: "console", User: string(who)}, Room: "room", ID: fmt.Sprintf("%s %s %d", who, step, p.Number),
			Button: &bot.Press{Act: bot.ActApprove, Incident: l.id, Number: p.Number, Digest: p.Digest, Reason: "agreed"},
		})
		return nil
	})
}

// parts are the whole run: alert, disable, an hour, delete.
func parts() []func(*life) {
	press := func(who incident.Person, step string) func(*life) {
		return func(l *life) { l.press(who, step) }
	}
	return []func(*life){
		func(l *life) {
			l.insist(func() error {
				id, err := l.Hear("delivery 1")
				l.id = id
				return err
			})
		},
		press(chattest.Ana, incident.StepKeyDisable),
		press(chattest.Bo, incident.StepKeyDisable),
		func(l *life) {
			l.insist(func() error {
				l.Bot.Handle(l.t.Context(), bot.Input{
					From: bot.Account{Platform: "console", User: "ana"}, Room: "room", ID: "answer", Text: "answer in_use no",
				})
				return nil
			})
		},
		func(l *life) { l.insist(func() error { l.Clock.Move(time.Hour); return nil }) },
		press(chattest.Ana, incident.StepKeyDelete),
		press(chattest.Bo, incident.StepKeyDelete),
	}
}

// Killed at any point of the whole run, the bot comes back to the same end, does
// no step twice and shows no line twice. A run that is killed in a later part
// begins with what the parts before it left behind: two files and a room.
func TestKilledAnywhereItConverges(t *testing.T) {
	t.Parallel()
	var before stage
	total, all := 0, parts()
	for i, part := range all {
		whole := before.begin(t, -1)
		part(whole)
		points, from := whole.r.seen, before
		total += points
		for at := 1; at <= points; at++ {
			t.Run(fmt.Sprintf("part %d point %d", i+1, at), func(t *testing.T) {
				t.Parallel()
				l := from.begin(t, at)
				for _, part := range all[i:] {
					part(l)
				}
				l.holds()
			})
		}
		before = whole.freeze()
	}
	if total < 250 {
		t.Errorf("the run has only %d points", total)
	}
	t.Logf("%d points", total)
}

func (l *life) holds() {
	t := l.t
	t.Helper()
	for action, n := range l.took() {
		if n != 1 {
			t.Errorf("%s took effect %d times, want once", action, n)
		}
	}
	if got := l.KeyStatus(); got != "bin" {
		t.Errorf("the key is %s", got)
	}
	records, err := l.Bot.Store.Load(t.Context(), l.id)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Bot.Chain.Check(records); err != nil {
		t.Error(err)
	}
	started := map[int]int{}
	for _, r := range records {
		if e, ok := r.Event.(incident.Started); ok {
			started[e.Number]++
		}
	}
	for number, n := range started {
		if n > 1 {
			t.Errorf("plan %d was started %d times", number, n)
		}
	}
	l.shownOnce()
}

func (l *life) shownOnce() {
	l.t.Helper()
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	if len(l.room.cards) != 1 {
		l.t.Errorf("the room shows %d cards, want one", len(l.room.cards))
	}
	last := uint64(0)
	for _, line := range l.room.lines {
		if line.Seq <= last {
			l.t.Errorf("line %d stands after line %d", line.Seq, last)
		}
		last = line.Seq
	}
}
