package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"twokey/incident"
	"twokey/store"
)

// entry is a job with who works on it.
type entry struct {
	Job   incident.Job
	Token uint64        // of the last lease; 0: waiting
	Until time.Time     // end of that lease
	Again *incident.Job // what was asked since the job was claimed
}

// at is when the entry can be claimed.
func (e entry) at() time.Time {
	if e.Token != 0 {
		return e.Until
	}
	return e.Job.Due
}

// merge is two askings for one job: the earlier due time, the later Seq, and
// how often it was tried already.
func merge(first, second incident.Job) incident.Job {
	if second.Due.Before(first.Due) {
		first.Due = second.Due
	}
	first.Seq = max(first.Seq, second.Seq)
	return first
}

// asked is the entry after one more asking. A lease is not touched: whoever
// holds it read an older state.
func (e entry) asked(j incident.Job) entry {
	switch {
	case e.Token == 0:
		e.Job = merge(e.Job, j)
	case e.Again == nil:
		e.Again = &j
	default:
		j = merge(*e.Again, j)
		e.Again = &j
	}
	return e
}

// taken is the entry under a new lease. A lease that ran out counts as an
// attempt. What was asked under it is part of the work if it is due, and stays
// asked for if it is not.
func (e entry) taken(token uint64, now, until time.Time) entry {
	if e.Token != 0 {
		e.Job.Attempt++
	}
	if e.Again != nil && !e.Again.Due.After(now) {
		e.Job, e.Again = merge(e.Job, *e.Again), nil
	}
	e.Token, e.Until = token, until
	return e
}

// givenBack is the entry waiting for its next attempt, together with what was
// asked meanwhile.
func (e entry) givenBack(due time.Time) entry {
	e.Job.Due = due
	if e.Again != nil {
		e.Job = merge(e.Job, *e.Again)
	}
	e.Job.Attempt++
	return entry{Job: e.Job}
}

// queue is the jobs and the order in which they fall due.
type queue struct{ jobs, due table }

func queueOf(t tables) queue { return queue{t.of(tableJobs), t.of(tableDue)} }

func (q queue) get(key string) (entry, bool, error) {
	v := q.jobs.get([]byte(key))
	if v == nil {
		return entry{}, false, nil
	}
	e, err := unpackEntry(v)
	if err != nil {
		return entry{}, false, fmt.Errorf("read job %s: %w", key, err)
	}
	return e, true, nil
}

// errNoJob says that the order names a job that is not there.
var errNoJob = errors.New("it is due and not there")

// first is the entry of a lane that can be claimed first.
func (q queue) first(lane string) (entry, bool, error) {
	prefix := under(lane)
	for k := range q.due.from(prefix) {
		if !bytes.HasPrefix(k, prefix) {
			break
		}
		key := string(k[len(prefix)+stampLen:])
		e, ok, err := q.get(key)
		if err == nil && !ok {
			err = fmt.Errorf("read job %s: %w", key, errNoJob)
		}
		return e, ok, err
	}
	return entry{}, false, nil
}

// held is the entry that l is a lease of, whether it ran out or not, as long as
// nobody else took it.
func (q queue) held(l store.Lease) (entry, error) {
	e, ok, err := q.get(l.Job.Key)
	switch {
	case err != nil:
		return entry{}, err
	case !ok, l.Token == 0, e.Token != l.Token:
		return entry{}, store.ErrLost
	}
	return e, nil
}

// ask adds a job, or adds to the one of the same key.
func (q queue) ask(j incident.Job) error {
	j.Due = micro(j.Due)
	old, ok, err := q.get(j.Key)
	switch {
	case err != nil:
		return err
	case !ok:
		q.put(entry{Job: j})
	default:
		q.replace(old, old.asked(j))
	}
	return nil
}

// finish ends a lease and removes its job, or leaves what was asked meanwhile.
func (q queue) finish(l store.Lease) error {
	e, err := q.held(l)
	switch {
	case err != nil:
		return err
	case e.Again != nil:
		q.replace(e, entry{Job: *e.Again})
	default:
		q.remove(e)
	}
	return nil
}

func (q queue) replace(old, e entry) {
	q.due.drop(dueKey(old))
	q.put(e)
}

func (q queue) put(e entry) {
	q.jobs.put([]byte(e.Job.Key), e.pack())
	q.due.put(dueKey(e), nil)
}

func (q queue) remove(e entry) {
	q.due.drop(dueKey(e))
	q.jobs.drop([]byte(e.Job.Key))
}

func dueKey(e entry) []byte { return append(stamp(under(e.Job.Lane), e.at()), e.Job.Key...) }
