package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store"
)

func jobClaims() []claim {
	return []claim{
		{"hands out a job as it was asked for, from when it is due", handsOut},
		{"hands out what fell due first", inOrder},
		{"never lets a lane wait for another", lanesApart},
		{"hands out each job to one of many workers", oneWorker},
		{"says when the next job is due", saysNext},
		{"keeps the earlier due time and the later record of a job asked for twice", coalesces},
		{"keeps the attempts of a job asked for again while it waits", keepsAttempts},
		{"coalesces within one append", coalescesAtOnce},
		{"counts attempts and waits as told", backsOff},
		{"forgets attempts when the work was done and is asked for anew", freshAttempts},
		{"keeps every field of a job", keepsJob},
		{"keeps times to the microsecond and gives them back in UTC", keepsTimes},
	}
}

// try claims a job.
func (w two) try(s store.Store, lane string, now time.Time, lease time.Duration) (store.Lease, bool) {
	w.Helper()
	l, ok, err := s.Claim(w.Context(), lane, now, lease)
	if err != nil {
		w.Fatalf("Claim: %v", err)
	}
	if !ok && l != (store.Lease{}) {
		w.Errorf("Claim returns a lease of nothing: %+v", l)
	}
	return l, ok
}

// claim must get a job.
func (w two) claim(lane string, now time.Time, lease time.Duration) store.Lease {
	w.Helper()
	l, ok := w.try(w.b, lane, now, lease)
	if !ok {
		w.Fatalf("nothing due in %s at %v", lane, now)
	}
	if l.Token == 0 || !l.Until.Equal(now.Add(lease)) {
		w.Errorf("lease has token %d and ends %v, want %v", l.Token, l.Until, now.Add(lease))
	}
	return l
}

func (w two) nothingDue(lane string, now time.Time) {
	w.Helper()
	if l, ok := w.try(w.a, lane, now, minute); ok {
		w.Errorf("claimed %+v in %s, want nothing", l.Job, lane)
	}
}

// next demands when the next job falls due; zero: never.
func (w two) next(lane string, want time.Time) {
	w.Helper()
	got, ok, err := w.b.NextDue(w.Context(), lane)
	if err != nil || ok == want.IsZero() || !got.Equal(want) {
		w.Errorf("NextDue %s = %v, %v, %v; want %v", lane, got, ok, err, want)
	}
}

func (w two) finish(l store.Lease) {
	w.Helper()
	if err := w.a.Finish(w.Context(), l); err != nil {
		w.Errorf("Finish: %v", err)
	}
}

func (w two) retry(l store.Lease, due time.Time) {
	w.Helper()
	if err := w.a.Retry(w.Context(), l, due); err != nil {
		w.Errorf("Retry: %v", err)
	}
}

func (w two) wantJob(got, want incident.Job) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("job (-want +got):\n%s", diff)
	}
}

func handsOut(w two) {
	w.nothingDue("lane", in(hour))
	j := job("k", "lane", in(minute))
	w.append(jobs(j))
	w.nothingDue("lane", in(minute-time.Microsecond))
	w.wantJob(w.claim("lane", in(minute), minute).Job, j)
	w.nothingDue("lane", in(minute))
	w.nothingDue("lan", in(hour))
	w.nothingDue("lane/", in(hour))
}

func inOrder(w two) {
	var js []incident.Job
	for i, n := range []int{4, 1, 3, -7, 0, 2} {
		js = append(js, job(fmt.Sprintf("%c", 'a'+i), "lane", in(time.Duration(n)*minute)))
	}
	js = append(js, job("long ago", "lane", time.Date(1815, 1, 1, 0, 0, 0, 0, time.UTC)), job("ever", "lane", time.Time{}))
	w.append(jobs(js...))
	slices.SortFunc(js, func(a, b incident.Job) int { return a.Due.Compare(b.Due) })
	for _, want := range js {
		w.wantJob(w.claim("lane", in(hour), 2*hour).Job, want)
	}
	w.nothingDue("lane", in(hour))
}

func lanesApart(w two) {
	lanes := []string{"contain", "look", "room/a", "room/a/b", "room/ab"}
	for _, lane := range lanes {
		w.append(jobs(job("first/"+lane, lane, t0()), job("second/"+lane, lane, in(minute))))
	}
	for _, lane := range lanes {
		if got := w.claim(lane, in(minute), hour).Job.Key; got != "first/"+lane {
			w.Errorf("%s hands out %s", lane, got)
		}
	}
	w.finish(w.claim("room/a", in(minute), hour))
	w.next("room/a", in(hour+minute))
	w.next("room/ab", in(minute))
	if got := w.claim("room/a/b", in(minute), hour).Job.Key; got != "second/room/a/b" {
		w.Errorf("room/a/b hands out %s", got)
	}
}

func oneWorker(w two) {
	const n = 20
	for i := range n {
		w.append(jobs(job(fmt.Sprint(i), "lane", t0())))
	}
	got := make([]store.Lease, 64)
	errs := w.race(len(got), func(i int, s store.Store) (err error) {
		got[i], _, err = s.Claim(w.Context(), "lane", t0(), hour)
		return err
	})
	keys, tokens := map[string]bool{}, map[uint64]bool{}
	for i, l := range got {
		if errs[i] != nil {
			w.Error(errs[i])
		}
		if l.Token != 0 {
			keys[l.Job.Key], tokens[l.Token] = true, true
		}
	}
	claimed := slices.DeleteFunc(got, func(l store.Lease) bool { return l.Token == 0 })
	if len(claimed) != n || len(keys) != n || len(tokens) != n {
		w.Errorf("%d claims of %d jobs under %d tokens, want %d of each", len(claimed), len(keys), len(tokens), n)
	}
}

func saysNext(w two) {
	w.next("lane", time.Time{})
	w.append(jobs(job("late", "lane", in(hour)), job("soon", "lane", in(minute))))
	w.next("lane", in(minute))
	l := w.claim("lane", in(minute), 10*minute)
	w.next("lane", in(11*minute)) // the lease may run out
	l, err := w.a.Extend(w.Context(), l, in(2*hour))
	if err != nil {
		w.Fatal(err)
	}
	w.next("lane", in(hour))
	w.finish(l)
	w.next("lane", in(hour))
	l = w.claim("lane", in(hour), minute)
	w.retry(l, in(3*hour))
	w.next("lane", in(3*hour))
	w.finish(w.claim("lane", in(3*hour), minute))
	w.next("lane", time.Time{})
}

func asked(seq uint64, due time.Time) incident.Job {
	j := job("k", "lane", due)
	j.Seq = seq
	return j
}

func coalesces(w two) {
	w.append(jobs(asked(5, in(2*hour))))
	w.append(jobs(asked(7, in(3*hour))))
	w.next("lane", in(2*hour))
	w.append(jobs(asked(6, in(hour))))
	w.next("lane", in(hour))
	l := w.claim("lane", in(hour), hour)
	w.wantJob(l.Job, asked(7, in(hour)))
	w.finish(l)
	w.next("lane", time.Time{})
}

func keepsAttempts(w two) {
	w.append(jobs(asked(1, t0())))
	w.retry(w.claim("lane", t0(), minute), in(hour))
	w.append(jobs(asked(2, in(minute))))
	want := asked(2, in(minute))
	want.Attempt = 1
	w.wantJob(w.claim("lane", in(minute), minute).Job, want)
}

func coalescesAtOnce(w two) {
	w.append(jobs(asked(1, in(hour)), asked(3, in(2*hour)), asked(2, in(minute))))
	w.wantJob(w.claim("lane", in(minute), 24*hour).Job, asked(3, in(minute)))
	w.nothingDue("lane", in(3*hour))
}

func backsOff(w two) {
	w.append(jobs(asked(1, t0())))
	now := t0()
	for attempt := range 5 {
		l := w.claim("lane", now, minute)
		want := asked(1, now)
		want.Attempt = attempt
		w.wantJob(l.Job, want)
		now = now.Add(time.Duration(1<<attempt) * minute)
		w.retry(l, now)
		w.nothingDue("lane", now.Add(-time.Microsecond))
	}
}

func freshAttempts(w two) {
	w.append(jobs(asked(1, t0())))
	w.retry(w.claim("lane", t0(), minute), t0())
	l := w.claim("lane", t0(), minute)
	w.append(jobs(asked(2, t0())))
	w.finish(l)
	w.wantJob(w.claim("lane", t0(), minute).Job, asked(2, t0()))
}

func keepsJob(w two) {
	j := incident.Job{
		Key: "remind/inc-7/000002/3", Lane: "room/日本", Task: "of a later version", Incident: "inc-7",
		Seq: 1 << 60, Number: 2, Round: 3, Room: "日本", Due: t0(), Attempt: 4,
	}
	w.append(jobs(j))
	l := w.claim(j.Lane, t0(), minute)
	w.wantJob(l.Job, j)
	due := time.Date(2026, 1, 2, 11, 4, 5, 123456789, time.FixedZone("east", 8*3600))
	w.retry(l, due)
	j.Attempt, j.Due = 5, due.Truncate(time.Microsecond).UTC()
	w.wantJob(w.claim(j.Lane, in(hour), minute).Job, j)
}

// keepsTimes gives every time that a store keeps in another zone and finer than
// it is kept.
func keepsTimes(w two) {
	fine := time.Date(2026, 1, 2, 11, 4, 5, 123456789, time.FixedZone("east", 8*3600))
	kept := time.Date(2026, 1, 2, 3, 4, 5, 123456000, time.UTC)
	w.append(store.Batch{
		Records: chain().Seal(incident.State{}, "inc-1", "ana", fine, []incident.Event{incident.Took{}}),
		Jobs:    []incident.Job{job("k", "lane", fine)},
		Marks:   []store.Mark{{Name: "m", Incident: "inc-1", Now: fine, Until: fine.Add(minute)}},
		Index:   []incident.Index{{Incident: "inc-1", Opened: fine, Open: true}},
	})
	l, ok := w.try(w.b, "lane", fine, minute)
	if !ok {
		w.Fatal("a job is not due when it falls due")
	}
	longer, err := w.a.Extend(w.Context(), l, fine.Add(hour))
	if err != nil {
		w.Fatal(err)
	}
	next, _, err := w.b.NextDue(w.Context(), "lane")
	if err != nil {
		w.Fatal(err)
	}
	for name, c := range map[string]struct{ got, want time.Time }{
		"Record.At":         {w.load("inc-1")[0].At, kept},
		"Job.Due":           {l.Job.Due, kept},
		"Lease.Until":       {l.Until, kept.Add(minute)},
		"Until of Extend":   {longer.Until, kept.Add(hour)},
		"NextDue":           {next, kept.Add(hour)},
		"Index.Opened":      {w.find(store.Query{})[0].Opened, kept},
		"a retry's Job.Due": {w.retriedAt(l, fine.Add(2*hour)), kept.Add(2 * hour)},
	} {
		if c.got != c.want { // the zone counts
			w.Errorf("%s = %v, want %v", name, c.got, c.want)
		}
	}
	w.wantMark("m", kept.Add(minute-time.Microsecond), "inc-1")
	w.wantMark("m", kept.Add(minute), "")
}

// retriedAt gives a job back and says when it is handed out as due.
func (w two) retriedAt(l store.Lease, due time.Time) time.Time {
	w.Helper()
	w.retry(l, due)
	return w.claim("lane", in(24*hour), minute).Job.Due
}
