// Package store says what the bot needs from a database: an append-only log of
// records, the queue of work they ask for, names that can be taken once, and
// values that live beside the chain.
//
// It holds no data itself and decides nothing. Package store/bolt keeps it in
// one file; every store must pass package store/storetest.
//
// Names (incident ids, keys and lanes of jobs, names of marks, keys of values)
// are UTF-8, not empty, at most 1024 bytes long and without a zero byte; a batch
// with any other is refused. Times are kept to the microsecond and come back in UTC.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"twokey/incident"
)

// ErrConflict says that someone else wrote to the incident first: load, decide
// and append again.
var ErrConflict = errors.New("incident changed meanwhile")

// ErrLost says that a lease ran out and someone else holds the job now: write
// nothing, call nothing.
var ErrLost = errors.New("lease lost")

// ErrBusy says that an incident may not be purged: it is open, or work waits for it.
var ErrBusy = errors.New("incident is open or has work waiting")

// TakenError says that a mark's name is taken, be it by the same incident.
type TakenError struct {
	Mark     string
	Incident incident.ID // who took it
}

func (e *TakenError) Error() string { return fmt.Sprintf("%s is taken by %s", e.Mark, e.Incident) }

// Mark is a name that only one can have at a time: "open/<key id>",
// "delivery/<source>/<id>", "click/<platform>/<id>".
type Mark struct {
	Name     string
	Incident incident.ID // empty in [Store.Create]: the new incident
	Now      time.Time   // when it is taken
	Until    time.Time   // free again from then on; zero: until released
}

// Value is a side value: kept beside the chain, and may be erased.
type Value struct {
	Key  string
	Body []byte // nil erases the value; an empty one is kept
}

// Lease is the right to work on one job until it ends.
type Lease struct {
	Job   incident.Job
	Token uint64 // fences off whoever held the job before
	Until time.Time
}

// Batch is what one append writes, all or none. In it marks are given back
// before others are taken, and jobs are asked for before the lease's job is
// finished: one batch can pass a mark on, or finish a job and ask for it anew.
type Batch struct {
	Records []incident.Record // of one or several incidents, each in order
	Jobs    []incident.Job    // one whose key is waiting keeps the earlier Due, the later Seq and its Attempt
	Marks   []Mark
	Release []string // names of marks to give back, whoever took them
	Values  []Value
	Index   []incident.Index
	Lease   *Lease // must still be held, or nothing is written
	Finish  bool   // also finish the lease's job; needs Lease
}

// Query says which incidents to find. Zero fields do not restrict. The newest is
// the one opened last, of those opened at once the one with the higher number.
type Query struct {
	Open    bool // only open ones
	Key     incident.KeyID
	Account string // with UserID
	UserID  string
	Since   time.Time   // opened at or after
	Until   time.Time   // opened before
	Limit   int         // 0: 100
	Before  incident.ID // only older ones than this; none if nobody knows it
}

// Store is a database. All methods may be called from many goroutines, and many
// processes may share one store if its kind allows.
type Store interface {
	// Load returns the records of one incident, oldest first; none if it does
	// not exist.
	Load(ctx context.Context, id incident.ID) ([]incident.Record, error)

	// Append writes a batch. It returns [ErrConflict] if the Seq of a record is
	// taken or leaves a gap, a [*TakenError] if a mark is taken, [ErrLost] if
	// the lease is. A mark is free again from its Until on; those that ran out
	// are forgotten in time. An error that is none of these may come after the
	// write: load before trying again.
	Append(ctx context.Context, b Batch) error

	// Create gives a new incident its id and writes what open returns for it, in
	// one transaction. Ids have no gaps: a refused batch uses none up, one without
	// the first record of the incident is refused, and ids that came in by Append
	// are passed over. open may be called more than once, must not call the store
	// and should be quick, as others may have to wait for it. Errors are those of
	// Append.
	Create(ctx context.Context, open func(incident.ID) Batch) (incident.ID, error)

	// Claim hands out the job of a lane that fell due first, to no one else before
	// now+lease. It returns false when nothing is due. A job whose lease ran out
	// falls due at that moment, with its Attempt raised by one; what was asked of
	// it under the old lease and is due by now is part of it, and what is not due
	// yet is left for later.
	Claim(ctx context.Context, lane string, now time.Time, lease time.Duration) (Lease, bool, error)

	// Extend keeps a lease longer, never shorter. It returns [ErrLost] if it ran
	// out and someone else took the job, or if the job was finished or given back.
	Extend(ctx context.Context, l Lease, until time.Time) (Lease, error)

	// Finish removes a job, unless more was asked of it since it was claimed:
	// then it falls due as asked. A lease that ran out may finish as long as nobody
	// else claimed the job; after that, and the second time, it returns [ErrLost].
	Finish(ctx context.Context, l Lease) error

	// Retry gives a job back, to fall due at due or earlier if more was asked of
	// it, with its Attempt raised by one. It returns [ErrLost] as Finish does.
	Retry(ctx context.Context, l Lease, due time.Time) error

	// NextDue is when the next job of a lane falls due or its lease ends; false
	// if the lane is empty.
	NextDue(ctx context.Context, lane string) (time.Time, bool, error)

	// Find lists incidents, newest first.
	Find(ctx context.Context, q Query) ([]incident.Index, error)

	// Marked returns who holds a mark that has not run out by now; false if nobody
	// does.
	Marked(ctx context.Context, name string, now time.Time) (incident.ID, bool, error)

	// Value returns a side value; false if there is none.
	Value(ctx context.Context, key string) ([]byte, bool, error)

	// Values returns the side values whose keys begin with prefix, sorted by the
	// bytes of their keys.
	Values(ctx context.Context, prefix string) ([]Value, error)

	// Purge removes, all or none, the records, index entries and marks of some
	// incidents. It returns [ErrBusy] if one of them is open by its index, or if a
	// job of it waits or is being done; the system log always is. Those that are
	// not there are passed over. Their numbers are never given out again. Side
	// values are nobody's in particular: who wrote them erases them.
	Purge(ctx context.Context, ids ...incident.ID) error

	// Close ends the use of the store.
	Close() error
}
