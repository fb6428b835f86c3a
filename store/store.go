// Package store says what the bot needs from a database: an append-only log of
// records, the queue of work they ask for, names that can be taken once, and
// values that live beside the chain.
//
// It holds no data itself and decides nothing. Package store/bolt keeps it in
// one file; every store must pass package store/storetest.
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

// TakenError says that a mark's name is taken.
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
	Body []byte // nil erases the value
}

// Lease is the right to work on one job until it ends.
type Lease struct {
	Job   incident.Job
	Token uint64 // fences off whoever held the job before
	Until time.Time
}

// Batch is what one append writes, all or none.
type Batch struct {
	Records []incident.Record // of one or several incidents, each in order
	Jobs    []incident.Job    // a job whose key is waiting already keeps the earlier due time and the later Seq
	Marks   []Mark
	Release []string // names of marks to give back, whoever took them
	Values  []Value
	Index   []incident.Index
	Lease   *Lease // must still be held, or nothing is written
	Finish  bool   // also finish the lease's job
}

// Query says which incidents to find. Zero fields do not restrict.
type Query struct {
	Open    bool // only open ones
	Key     incident.KeyID
	Account string // with UserID
	UserID  string
	Since   time.Time // opened at or after
	Until   time.Time // opened before
	Limit   int       // 0: 100
	Before  incident.ID
}

// Store is a database. All methods may be called from many goroutines, and many
// processes may share one store if its kind allows.
type Store interface {
	// Load returns the records of one incident, oldest first; none if it does
	// not exist.
	Load(ctx context.Context, id incident.ID) ([]incident.Record, error)

	// Append writes a batch. It returns [ErrConflict] if the Seq of a record is
	// taken or leaves a gap, a [*TakenError] if a mark is taken, [ErrLost] if
	// the lease is.
	Append(ctx context.Context, b Batch) error

	// Create gives a new incident its id and writes what make returns for it, in
	// one transaction. Ids have no gaps. make may be called more than once and
	// must not call the store.
	Create(ctx context.Context, make func(incident.ID) Batch) (incident.ID, error)

	// Claim hands out the job of a lane that fell due first, to no one else until
	// now+lease. It returns false when nothing is due.
	Claim(ctx context.Context, lane string, now time.Time, lease time.Duration) (Lease, bool, error)

	// Extend keeps a lease longer. It returns [ErrLost] if it ran out and someone
	// else took the job.
	Extend(ctx context.Context, l Lease, until time.Time) (Lease, error)

	// Finish removes a job, unless more was asked of it since it was claimed:
	// then it falls due as asked. It returns [ErrLost] if someone else holds it.
	Finish(ctx context.Context, l Lease) error

	// Retry gives a job back, to fall due at due or earlier if more was asked of
	// it, with its Attempt raised by one. It returns [ErrLost] if someone else
	// holds it.
	Retry(ctx context.Context, l Lease, due time.Time) error

	// NextDue is when the next job of a lane falls due or its lease ends; false
	// if the lane is empty.
	NextDue(ctx context.Context, lane string) (time.Time, bool, error)

	// Find lists incidents, newest first.
	Find(ctx context.Context, q Query) ([]incident.Index, error)

	// Marked returns who holds a mark at a moment; false if nobody does.
	Marked(ctx context.Context, name string, now time.Time) (incident.ID, bool, error)

	// Value returns a side value; false if there is none.
	Value(ctx context.Context, key string) ([]byte, bool, error)

	// Values returns the side values whose keys begin with prefix, sorted by key.
	Values(ctx context.Context, prefix string) ([]Value, error)

	// Close ends the use of the store.
	Close() error
}
