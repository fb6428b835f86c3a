package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// toilers write at the same time, each into incidents of its own and all into
// one queue and for the same marks.
const toilers = 8

// toil is the work of a child: it writes until it is killed, or so many turns,
// and prints a line for whatever the store has acknowledged. Its arguments are
// the file, the round (which keeps names apart) and the turns (0: no end).
func toil(args []string) error {
	turns, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	s, err := bolt.Open(args[0], bolt.Options{})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	errs := make([]error, toilers)
	var all sync.WaitGroup
	for w := range toilers {
		all.Go(func() { errs[w] = toiler{s, args[1], w}.run(turns) })
	}
	all.Wait()
	return errors.Join(append(errs, s.Close())...)
}

type toiler struct {
	*bolt.Store

	round string
	me    int
}

func (w toiler) run(turns int) error {
	ctx := context.Background()
	var history []incident.Record
	for n := 0; turns == 0 || n < turns; n++ {
		if n%10 == 0 { // a new incident, as often as that happens
			history = nil
		}
		var err error
		if history, err = w.write(ctx, history, n); err != nil {
			return err
		}
		if err := w.race(ctx, history[0].Incident, n); err != nil {
			return err
		}
		if err := w.work(ctx); err != nil {
			return err
		}
		if w.me == 0 && n%8 == 7 {
			if err := w.Compact(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes the next record, a job for it and a mark, in one batch.
func (w toiler) write(ctx context.Context, history []incident.Record, n int) ([]incident.Record, error) {
	job := fmt.Sprintf("job/%s/%d/%d", w.round, w.me, n)
	batch := func(id incident.ID) store.Batch {
		state := incident.State{ID: id}
		if len(history) > 0 {
			state.Seq, state.Head = history[len(history)-1].Seq, history[len(history)-1].Hash
		}
		sealed := incident.Chain{}.Seal(state, id, "ana", t0, []incident.Event{incident.Noted{Text: incident.Words(job)}})
		history = append(history[:state.Seq], sealed...)
		return store.Batch{
			Records: sealed,
			Jobs:    []incident.Job{{Key: job, Lane: "lane/" + w.round, Task: incident.Announce, Incident: id, Seq: 1, Due: t0}},
			Marks:   []store.Mark{{Name: "mark/" + job, Incident: id, Now: t0}},
			Values:  []store.Value{{Key: "value/" + job, Body: []byte(job)}},
			Index:   []incident.Index{{Incident: id, Key: incident.KeyID(id), Opened: t0, Open: true}},
		}
	}
	var err error
	if len(history) == 0 {
		_, err = w.Create(ctx, batch)
	} else {
		err = w.Append(ctx, batch(history[0].Incident))
	}
	if err != nil {
		return nil, err
	}
	last := history[len(history)-1]
	say("wrote", string(last.Incident), strconv.FormatUint(last.Seq, 10), string(last.Hash), job)
	return history, nil
}

// race takes a mark that everybody wants.
func (w toiler) race(ctx context.Context, id incident.ID, n int) error {
	mark := fmt.Sprintf("race/%s/%d", w.round, n)
	err := w.Append(ctx, store.Batch{Marks: []store.Mark{{Name: mark, Incident: id, Now: t0}}})
	if _, taken := errors.AsType[*store.TakenError](err); taken {
		return nil
	}
	if err == nil {
		say("took", mark, string(id))
	}
	return err
}

// work claims a job, does it and says so in the same batch that finishes it.
func (w toiler) work(ctx context.Context) error {
	l, ok, err := w.Claim(ctx, "lane/"+w.round, t0, time.Hour)
	if err != nil || !ok {
		return err
	}
	done := store.Mark{Name: "done/" + l.Job.Key, Incident: l.Job.Incident, Now: t0}
	if err := w.Append(ctx, store.Batch{Lease: &l, Finish: true, Marks: []store.Mark{done}}); err != nil {
		return fmt.Errorf("finish %s: %w", l.Job.Key, err) // also ErrLost and a TakenError: done twice
	}
	say("did", l.Job.Key)
	return nil
}

// say tells the parent. One call of write is one line, whole or not at all.
func say(words ...string) { fmt.Fprintln(os.Stdout, strings.Join(words, " ")) }

// promises are what a child said that the store has acknowledged.
type promises struct {
	records map[incident.ID][]incident.Hash // by Seq, from 1; empty: not said
	jobs    map[string]incident.ID
	done    map[string]bool
	taken   map[string]incident.ID
	lanes   map[string]bool
	count   int
}

func noPromises() *promises {
	return &promises{map[incident.ID][]incident.Hash{}, map[string]incident.ID{}, map[string]bool{}, map[string]incident.ID{}, map[string]bool{}, 0}
}

// hear takes one line of a child.
func (p *promises) hear(line string) error {
	words := strings.Fields(line)
	switch {
	case len(words) == 5 && words[0] == "wrote":
		seq, err := strconv.Atoi(words[2])
		if err != nil {
			return err
		}
		id := incident.ID(words[1])
		for len(p.records[id]) < seq {
			p.records[id] = append(p.records[id], "")
		}
		if p.records[id][seq-1] != "" {
			return fmt.Errorf("doubled: %s/%d was given out twice", id, seq)
		}
		p.records[id][seq-1] = incident.Hash(words[3])
		p.jobs[words[4]] = id
		p.lanes[laneOf(words[4])] = true
	case len(words) == 3 && words[0] == "took":
		if p.taken[words[1]] != "" {
			return fmt.Errorf("doubled: %s was taken twice", words[1])
		}
		p.taken[words[1]] = incident.ID(words[2])
	case len(words) == 2 && words[0] == "did":
		if p.done[words[1]] {
			return fmt.Errorf("doubled: %s was done twice", words[1])
		}
		p.done[words[1]] = true
	case line == "ready":
		return nil
	default:
		return fmt.Errorf("a child said %q", line)
	}
	p.count++
	return nil
}

// laneOf is where "job/<round>/<toiler>/<turn>" waits.
func laneOf(job string) string { return "lane/" + strings.Split(job, "/")[1] }

// hearAll takes all that a child says until it ends.
func (p *promises) hearAll(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if err := p.hear(lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// kept looks whether a store keeps the promises. Now must grow from one look to
// the next: the look takes what is left in the queue.
func (p *promises) kept(ctx context.Context, s store.Store, now time.Time) error {
	for _, look := range []func(context.Context, store.Store) error{p.keptRecords, p.keptMarks} {
		if err := look(ctx, s); err != nil {
			return err
		}
	}
	return p.keptJobs(ctx, s, now)
}

// keptRecords walks through all incidents: each chain is whole, their numbers
// have no gaps, and all that was said is there.
func (p *promises) keptRecords(ctx context.Context, s store.Store) error {
	for n := uint64(1); ; n++ {
		id := incident.NewID(n)
		records, err := s.Load(ctx, id)
		if err != nil {
			return err
		}
		if err := (incident.Chain{}).Check(records); err != nil {
			return err
		}
		for i, said := range p.records[id] {
			if i >= len(records) || said != "" && said != records[i].Hash {
				return fmt.Errorf("lost: %s/%d of %d", id, i+1, len(p.records[id]))
			}
		}
		if len(records) > 0 {
			continue
		}
		for id := range p.records {
			if id.Number() > n {
				return fmt.Errorf("lost: incident %d, before %s", n, id)
			}
		}
		return nil
	}
}

func (p *promises) keptMarks(ctx context.Context, s store.Store) error {
	holds := func(mark string, want incident.ID) error {
		if got, ok, err := s.Marked(ctx, mark, t0); err != nil || !ok || got != want {
			return fmt.Errorf("lost: %s is held by %q, not %q: %w", mark, got, want, err)
		}
		return nil
	}
	for mark, id := range p.taken {
		if err := holds(mark, id); err != nil {
			return err
		}
	}
	for job, id := range p.jobs {
		if err := holds("mark/"+job, id); err != nil {
			return err
		}
		if p.done[job] {
			if err := holds("done/"+job, id); err != nil {
				return err
			}
		}
		if body, _, err := s.Value(ctx, "value/"+job); err != nil || string(body) != job {
			return fmt.Errorf("lost: value of %s is %q: %w", job, body, err)
		}
	}
	return nil
}

// keptJobs takes what is left in the queue. Each job that was asked for is there
// or done, never both, and none is there twice.
func (p *promises) keptJobs(ctx context.Context, s store.Store, now time.Time) error {
	waits := map[string]bool{}
	for lane := range p.lanes {
		for {
			l, ok, err := s.Claim(ctx, lane, now, time.Hour)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if waits[l.Job.Key] {
				return fmt.Errorf("doubled: %s waits twice", l.Job.Key)
			}
			waits[l.Job.Key] = true
		}
	}
	for job := range p.jobs {
		if !p.lanes[laneOf(job)] {
			continue // an earlier look emptied it
		}
		_, done, err := s.Marked(ctx, "done/"+job, t0)
		switch {
		case err != nil:
			return err
		case done == waits[job]:
			return fmt.Errorf("lost or doubled: %s: done %v, waits %v", job, done, waits[job])
		}
	}
	return nil
}

// wantKept opens a file after its writer is gone.
func wantKept(t *testing.T, path string, p *promises, now time.Time) {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatalf("after %d promises: %v", p.count, err)
	}
	if err := errors.Join(p.kept(t.Context(), s, now), s.Close()); err != nil {
		t.Fatalf("after %d promises: %v", p.count, err)
	}
}
