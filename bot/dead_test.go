//go:build !race

package bot_test

// Calls that are cut off by the clock of a bubble make the race detector itself
// crash at times (golang/go#78156), so these run without it.

import (
	"testing"
	"testing/synctest"
	"time"

	"twokey/incident"
)

func TestAnAccountThatAnswersNothingHoldsUpNoKeyOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead, live := &cabinet{name: "dead"}, &cabinet{name: "live"}
		dead.dead.Store(true)
		o, stop := work(t, nil, dead, live)
		defer stop()
		id := o.hear("strangers", live.key(1))
		time.Sleep(time.Second)
		if got := o.owner(id); got != incident.OwnerRAM {
			t.Errorf("after a second the owner is %q", got)
		}
	})
}

func TestASilentAccountIsAskedByOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead, live := &cabinet{name: "dead"}, &cabinet{name: "live"}
		dead.dead.Store(true)
		o, stop := work(t, nil, dead, live)
		defer stop()
		var nobodys []incident.ID
		for n := range 60 {
			nobodys = append(nobodys, o.hear("scans", junkKey(n)))
		}
		time.Sleep(25 * time.Second) // those who asked first have waited for nothing
		before := dead.asked.Load()
		time.Sleep(time.Minute)
		if n := dead.asked.Load() - before; n == 0 || n > 5 {
			t.Errorf("the silent account was asked %d times in a minute", n)
		}
		id := o.hear("scans", live.key(1))
		time.Sleep(time.Second)
		if got := o.owner(id); got != incident.OwnerRAM {
			t.Errorf("a key waited behind those that nobody can tell: its owner is %q", got)
		}
		for _, id := range nobodys {
			if got := o.owner(id); got != "" {
				t.Fatalf("one account did not answer, and the owner is %q", got)
			}
		}
		dead.dead.Store(false)
		time.Sleep(12 * time.Minute)
		for _, id := range nobodys {
			if got := o.owner(id); got != incident.OwnerForeign {
				t.Fatalf("it answers again, and the owner is %q", got)
			}
		}
	})
}

func TestLooksIntoADeadAccountLeaveWorkersForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dying, live := &cabinet{name: "dead"}, &cabinet{name: "live"}
		o, stop := work(t, nil, dying, live)
		defer stop()
		var theirs []incident.ID
		for n := range 20 {
			theirs = append(theirs, o.hear("scans", dying.key(n)))
		}
		ours := o.hear("scans", live.key(1))
		time.Sleep(30 * time.Second)
		dying.dead.Store(true)
		for _, id := range theirs {
			o.types("look " + string(id))
		}
		time.Sleep(time.Second)
		before := live.asked.Load()
		o.types("look " + string(ours))
		time.Sleep(2 * time.Second)
		if live.asked.Load() == before {
			t.Error("nobody had time to look into the live account")
		}
		// None of the others is forgotten: each ends on its card.
		time.Sleep(25 * time.Minute)
		synctest.Wait()
		for _, id := range theirs {
			records, err := o.Store.Load(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if len(incident.Fold(records).Stuck) == 0 {
				t.Errorf("%s fails in silence", id)
			}
		}
	})
}
