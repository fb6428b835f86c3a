package bot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/view"
	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// alone is a bot without a cloud, for tests in which time passes by itself.
func alone(t *testing.T, wrap func(store.Store) store.Store, rooms ...bot.Chat) *bot.Bot {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "twokey.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	words, err := view.New()
	if err != nil {
		t.Fatal(err)
	}
	b := &bot.Bot{
		Rules: chattest.Rules(), Store: db, Chats: rooms, View: words, People: bot.People{Entries: chattest.Entries()},
		Language: "en", Log: slog.New(slog.DiscardHandler), Now: time.Now, Salt: func() string { return "salt" },
	}
	if wrap != nil {
		b.Store = wrap(db)
	}
	return b
}

// running runs a bot. The function it returns stops it, and says how long that
// took.
func running(b *bot.Bot) (stop func() time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); b.Run(ctx) }()
	return func() time.Duration {
		start := time.Now()
		cancel()
		<-done
		return time.Since(start)
	}
}

func leak() incident.Alert {
	return incident.Alert{Source: "scans", Kind: incident.KindOpen, KeyID: "LTAI" + "exampleexample12", ExternalKey: "1", ReceivedAt: time.Now()}
}

func receive(t *testing.T, b *bot.Bot) incident.ID {
	t.Helper()
	_, id, err := b.ReceiveAlert(t.Context(), leak(), incident.AlertText{})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// shown is how many cards the room shows, and whether anybody was mentioned.
func (r *room) shown() (cards int, mentioned bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		mentioned = mentioned || len(l.Mention) > 0
	}
	return len(r.cards), mentioned
}

// A bubble of synctest ends only when every goroutine in it has ended: what Run
// started, it stopped.
func TestRunDoesTheWorkAndStopsWhatItStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		b := alone(t, nil, r)
		stop := running(b)
		defer stop()
		synctest.Wait()
		<-r.handler // the room is listened to
		receive(t, b)
		synctest.Wait() // woken up: no time has passed
		if cards, _ := r.shown(); cards != 1 {
			t.Errorf("%d cards at once", cards)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if _, reminded := r.shown(); !reminded {
			t.Error("nobody was reminded when it was time")
		}
		if took := stop(); took > time.Second {
			t.Errorf("an idle bot took %s to stop", took)
		}
	})
}

func TestANewRoomIsShownMoreThanOnePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := alone(t, nil)
		const many = 230
		for i := range many {
			a := incident.Alert{Source: "scans", Kind: incident.KindLookup, ExternalKey: fmt.Sprint(i), ReceivedAt: time.Now()}
			if _, _, err := b.ReceiveAlert(t.Context(), a, incident.AlertText{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Do(t.Context(), "inc-99", chattest.Ana, incident.Take{}); err != nil {
			t.Fatal(err)
		}
		r := newRoom()
		b.Chats = []bot.Chat{r}
		stop := running(b)
		time.Sleep(10 * time.Second)
		stop()
		if cards, summed := r.spared(); cards+summed != many || cards > 30 {
			t.Errorf("the new room shows %d and counts %d of %d open incidents", cards, summed, many)
		}
		if _, ok := (&told{t: t, room: r}).cardOf("inc-99"); !ok {
			t.Error("it does not show the one that somebody took")
		}
		again := newRoom() // the same room, as far as the bot knows
		b.Chats = []bot.Chat{again}
		stop = running(b)
		time.Sleep(10 * time.Second)
		stop()
		if cards, _ := again.shown(); cards != 0 {
			t.Errorf("at the next start %d cards were shown again", cards)
		}
	})
}

// hanging is a room that answers nothing until it is cut off.
type hanging struct {
	*room
	began chan struct{}
}

func (h hanging) Post(ctx context.Context, _ string, _ bot.Card) (bot.Ref, error) {
	close(h.began)
	<-ctx.Done()
	return "", ctx.Err()
}

func TestWorkUnderWayIsGivenSomeTimeAndThenHandedBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hanging{newRoom(), make(chan struct{})}
		b := alone(t, nil, h)
		stop := running(b)
		receive(t, b)
		<-h.began
		if took := stop(); took < 5*time.Second || took > 10*time.Second {
			t.Errorf("it took %s to stop, want some seconds of grace", took)
		}
		due, ok, err := b.Store.NextDue(t.Context(), incident.LaneRoom("room"))
		if err != nil || !ok || due.After(time.Now()) {
			t.Errorf("the job falls due in %s: the next start would wait", time.Until(due))
		}
	})
}

func TestARoomThatHangsIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hanging{newRoom(), make(chan struct{})}
		b := alone(t, nil, h)
		receive(t, b)
		if worked, err := b.Work(t.Context(), incident.LaneDoor("room", false)); !worked || err != nil {
			t.Fatal(worked, err)
		}
		start := time.Now()
		if _, err := b.Work(t.Context(), incident.LaneRoom("room")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the job ended with %v", err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("the room hung for %s, as long as its lease", took)
		}
	})
}

// failing is a store that hands out no job.
type failing struct {
	store.Store
	claims *atomic.Int64
}

func (f failing) Claim(context.Context, string, time.Time, time.Duration) (store.Lease, bool, error) {
	f.claims.Add(1)
	return store.Lease{}, false, errors.New("input/output error")
}

func TestAStoreThatFailsIsNotAskedAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var claims atomic.Int64
		b := alone(t, func(under store.Store) store.Store { return failing{under, &claims} }, newRoom())
		stop := running(b)
		receive(t, b)
		time.Sleep(10 * time.Second)
		if n := claims.Load(); n > 1700 { // 117 workers, twice a second at most
			t.Errorf("it was asked %d times in ten seconds", n)
		}
		stop()
	})
}

// deaf is a room whose connection breaks at once, in the worst way.
type deaf struct {
	*room
	tries *int
}

func (d deaf) Listen(context.Context, bot.Handler) error { *d.tries++; panic("closed") }

func TestARoomThatDoesNotListenIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		b := alone(t, nil, deaf{newRoom(), &tries})
		stop := running(b)
		time.Sleep(10 * time.Second)
		stop()
		if tries < 5 || tries > 15 {
			t.Errorf("%d tries in ten seconds", tries)
		}
	})
}

func TestAClockThatJumpsHoldsTheBot(t *testing.T) {
	for name, by := range map[string]time.Duration{"forward": 3 * time.Minute, "back": -3 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var jump atomic.Int64
				var disk atomic.Bool
				b := alone(t, func(under store.Store) store.Store { return full{under, &disk} })
				b.Now = func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }
				held := func() string {
					records, err := b.Store.Load(t.Context(), incident.System)
					if err != nil {
						t.Fatal(err)
					}
					return incident.Fold(records).Held
				}
				stop := running(b)
				defer stop()
				time.Sleep(10 * time.Minute)
				if why := held(); why != "" {
					t.Fatalf("held without a jump: %s", why)
				}
				disk.Store(true) // a hold that can't be written is not forgotten
				jump.Store(int64(by))
				time.Sleep(25 * time.Second)
				synctest.Wait()
				disk.Store(false)
				time.Sleep(15 * time.Second)
				synctest.Wait()
				if why := held(); why != incident.HoldClock {
					t.Errorf("held: %q", why)
				}
			})
		})
	}
}
