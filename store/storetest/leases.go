package storetest

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store"
)

func leaseClaims() []claim {
	return []claim{
		{"leases a job until the lease ends, and not a microsecond longer", leaseEnds},
		{"counts a lease that ran out as an attempt", countsLost},
		{"lets a lease that ran out finish while nobody else took the job", lateButAlone},
		{"refuses whoever lost a lease, and writes nothing for them", fencesOff},
		{"finishes once", finishesOnce},
		{"extends a lease, never shortens it", extends},
		{"never extends what another took", extendsOnlyOwn},
		{"finishes a job and writes its outcome in one append", finishesInAppend},
		{"writes under a lease without finishing", writesUnderLease},
		{"keeps a lease when its job is asked for again, and leaves it due as asked", askedWhileLeased},
		{"asks again and finishes in one append", asksAndFinishes},
		{"retries at the earlier of back-off and what was asked meanwhile", retriesEarlier},
		{"takes what was asked under a lease that ran out into the next one", takesOver},
		{"leaves for later what was asked for later under a lease that ran out", leavesForLater},
		{"gives a job that is asked for again a new lease", newLease},
		{"lets one of many end a lease", oneEnds},
	}
}

func leaseEnds(w two) {
	w.append(jobs(asked(1, t0())))
	l := w.claim("lane", t0(), minute)
	w.nothingDue("lane", in(minute-time.Microsecond))
	again := w.claim("lane", in(minute), minute)
	if again.Token == l.Token {
		w.Error("two leases with one token")
	}
}

func countsLost(w two) {
	w.append(jobs(asked(1, t0())))
	for attempt := range 4 {
		want := asked(1, t0())
		want.Attempt = attempt
		w.wantJob(w.claim("lane", in(time.Duration(attempt)*minute), minute).Job, want)
	}
}

func lateButAlone(w two) {
	w.append(jobs(asked(1, t0())))
	w.finish(w.claim("lane", t0(), minute))
	w.next("lane", time.Time{})

	w.append(jobs(asked(1, t0())))
	l := w.claim("lane", t0(), minute)
	w.nothingDue("other", in(hour))
	if _, err := w.a.Extend(w.Context(), l, in(2*minute)); err != nil {
		w.Errorf("Extend: %v", err)
	}
	w.finish(l)
	w.nothingDue("lane", in(24*hour))
}

func fencesOff(w two) {
	w.append(store.Batch{Records: first("inc-1"), Jobs: []incident.Job{asked(1, t0())}})
	lost := w.claim("lane", t0(), minute)
	held := w.claim("lane", in(minute), minute)
	if err := w.a.Finish(w.Context(), lost); !isLost(err) {
		w.Errorf("Finish = %v, want ErrLost", err)
	}
	if err := w.a.Retry(w.Context(), lost, t0()); !isLost(err) {
		w.Errorf("Retry = %v, want ErrLost", err)
	}
	if l, err := w.a.Extend(w.Context(), lost, in(hour)); !isLost(err) || l != (store.Lease{}) {
		w.Errorf("Extend = %+v, %v; want ErrLost", l, err)
	}
	for _, finish := range []bool{true, false} {
		b := store.Batch{Records: after(first("inc-1"), "ana", "two"), Lease: &lost, Finish: finish}
		if err := w.a.Append(w.Context(), b); !isLost(err) {
			w.Errorf("Append = %v, want ErrLost", err)
		}
	}
	if got := len(w.load("inc-1")); got != 1 {
		w.Errorf("%d records, want 1", got)
	}
	w.next("lane", in(2*minute))
	w.finish(held)
	w.next("lane", time.Time{})
}

func finishesOnce(w two) {
	w.append(jobs(asked(1, t0())))
	l := w.claim("lane", t0(), minute)
	w.finish(l)
	if err := w.b.Finish(w.Context(), l); !isLost(err) {
		w.Errorf("a second Finish = %v, want ErrLost", err)
	}
	if err := w.b.Finish(w.Context(), store.Lease{Job: l.Job}); !isLost(err) {
		w.Errorf("Finish of no lease = %v, want ErrLost", err)
	}

	w.append(jobs(asked(2, t0())))
	if err := w.b.Finish(w.Context(), store.Lease{Job: l.Job}); !isLost(err) {
		w.Errorf("Finish of what nobody claimed = %v, want ErrLost", err)
	}
	l = w.claim("lane", t0(), minute)
	w.retry(l, in(hour))
	if err := w.b.Retry(w.Context(), l, t0()); !isLost(err) {
		w.Errorf("a second Retry = %v, want ErrLost", err)
	}
	if _, err := w.b.Extend(w.Context(), l, in(hour)); !isLost(err) {
		w.Errorf("Extend of what was given back = %v, want ErrLost", err)
	}
	w.next("lane", in(hour))
}

func extends(w two) {
	w.append(jobs(asked(1, t0())))
	l := w.claim("lane", t0(), minute)
	for _, until := range []time.Time{in(3 * minute), in(2 * minute)} {
		longer, err := w.a.Extend(w.Context(), l, until)
		if err != nil {
			w.Fatal(err)
		}
		want := l
		want.Until = in(3 * minute)
		if diff := cmp.Diff(want, longer); diff != "" {
			w.Errorf("Extend to %v (-want +got):\n%s", until, diff)
		}
	}
	w.nothingDue("lane", in(3*minute-time.Microsecond))
	w.next("lane", in(3*minute))
	w.finish(l) // the older value of a lease is the same lease
	w.nothingDue("lane", in(hour))
}

func extendsOnlyOwn(w two) {
	w.append(jobs(asked(1, t0())))
	lost := w.claim("lane", t0(), minute)
	w.claim("lane", in(minute), minute)
	if _, err := w.a.Extend(w.Context(), lost, in(hour)); !isLost(err) {
		w.Errorf("Extend = %v, want ErrLost", err)
	}
	w.next("lane", in(2*minute))
}

func finishesInAppend(w two) {
	w.append(store.Batch{Records: first("inc-1"), Jobs: []incident.Job{asked(1, t0())}})
	l := w.claim("lane", t0(), minute)
	outcome := store.Batch{Records: after(first("inc-1"), "ana", "done"), Lease: &l, Finish: true}
	w.append(outcome)
	w.next("lane", time.Time{})
	if got := len(w.load("inc-1")); got != 2 {
		w.Errorf("%d records, want 2", got)
	}
	if err := w.a.Append(w.Context(), outcome); !isLost(err) {
		w.Errorf("Append again = %v, want ErrLost", err)
	}
}

func writesUnderLease(w two) {
	w.append(store.Batch{Records: first("inc-1"), Jobs: []incident.Job{asked(1, t0())}})
	l := w.claim("lane", t0(), minute)
	w.append(store.Batch{Records: after(first("inc-1"), "ana", "intent"), Lease: &l})
	w.next("lane", in(minute))
	w.finish(l)
}

func askedWhileLeased(w two) {
	w.append(jobs(asked(1, t0())))
	l := w.claim("lane", t0(), hour)
	w.append(jobs(asked(4, in(30*minute))))
	w.append(jobs(asked(3, in(20*minute))))
	w.append(jobs(asked(2, in(40*minute))))
	w.next("lane", in(hour))
	w.nothingDue("lane", in(50*minute))
	w.finish(l)
	w.wantJob(w.claim("lane", in(20*minute), minute).Job, asked(4, in(20*minute)))
}

func asksAndFinishes(w two) {
	w.append(jobs(asked(1, t0())))
	l := w.claim("lane", t0(), minute)
	w.append(store.Batch{Jobs: []incident.Job{asked(2, in(15*minute))}, Lease: &l, Finish: true})
	w.next("lane", in(15*minute))
	w.wantJob(w.claim("lane", in(15*minute), minute).Job, asked(2, in(15*minute)))
}

func retriesEarlier(w two) {
	w.append(jobs(asked(1, t0())))
	l := w.claim("lane", t0(), minute)
	w.append(jobs(asked(2, in(5*minute))))
	w.retry(l, in(hour))
	want := asked(2, in(5*minute))
	want.Attempt = 1
	l = w.claim("lane", in(5*minute), minute)
	w.wantJob(l.Job, want)

	w.append(jobs(asked(3, in(2*hour))))
	w.retry(l, in(hour))
	want = asked(3, in(hour))
	want.Attempt = 2
	l = w.claim("lane", in(hour), minute)
	w.wantJob(l.Job, want)
	w.finish(l)
	w.next("lane", time.Time{}) // what was asked meanwhile went with the retry
}

func takesOver(w two) {
	w.append(jobs(asked(1, t0())))
	w.claim("lane", t0(), minute)
	w.append(jobs(asked(2, in(minute))))
	l := w.claim("lane", in(minute), minute)
	want := asked(2, t0())
	want.Attempt = 1
	w.wantJob(l.Job, want)
	w.finish(l)
	w.next("lane", time.Time{})
}

func leavesForLater(w two) {
	w.append(jobs(asked(1, t0())))
	w.claim("lane", t0(), minute)
	w.append(jobs(asked(2, in(hour))))
	l := w.claim("lane", in(minute), minute)
	want := asked(1, t0())
	want.Attempt = 1
	w.wantJob(l.Job, want)
	w.finish(l)
	w.wantJob(w.claim("lane", in(hour), minute).Job, asked(2, in(hour)))
}

func newLease(w two) {
	w.append(jobs(asked(1, t0())))
	old := w.claim("lane", t0(), minute)
	w.finish(old)
	w.append(jobs(asked(2, t0())))
	l := w.claim("lane", t0(), minute)
	if err := w.a.Finish(w.Context(), old); !isLost(err) || l.Token == old.Token {
		w.Errorf("Finish under a lease of the same job's last life = %v, want ErrLost", err)
	}
	w.finish(l)
}

func oneEnds(w two) {
	w.append(store.Batch{Records: first("inc-1"), Jobs: []incident.Job{asked(1, t0())}})
	l := w.claim("lane", t0(), minute)
	w.oneWins(w.race(48, func(i int, s store.Store) error {
		switch i % 3 {
		case 0:
			return s.Finish(w.Context(), l)
		case 1:
			return s.Retry(w.Context(), l, t0())
		default:
			err := s.Append(w.Context(), store.Batch{Records: after(first("inc-1"), "ana", "done"), Lease: &l, Finish: true})
			if errors.Is(err, store.ErrConflict) {
				w.Error("a lost lease shows as a conflict")
			}
			return err
		}
	}), isLost)
}
