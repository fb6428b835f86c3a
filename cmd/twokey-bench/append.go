package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// writers is how many goroutines append at once.
const writers = 256

// storeAppend compares the store with the least that keeps a promise: bbolt, one
// goroutine that commits whatever has come meanwhile, one key after the other.
// Both run in this process.
func (s *suite) storeAppend() error {
	var raw, outbox, whole []float64
	err := s.each(
		func(int) error { return s.appends(&raw, rawCommits) },
		func(int) error { return s.appends(&outbox, withStore(recordAndJob)) },
		func(int) error { return s.appends(&whole, withStore(wholeAlert)) })
	if err != nil {
		return err
	}
	bare, mine, alert := median(raw), median(outbox), median(whole)
	r := row{name: "store-append"}
	r.what, r.figure = "bbolt, 256 writers, one commit goroutine, one key each (in process)", perSecond(bare)
	s.add(r)
	r.what, r.figure = "store, 256 writers, a record and its job (in process)", perSecond(mine)
	s.add(r.beside("the line above", mine, bare).judged("0.8", mine >= 0.8*bare))
	r.what, r.figure = "store, 256 writers, all that an alert writes (in process)", perSecond(alert)
	s.add(r.beside("bbolt alone", alert, bare))
	return nil
}

// appender opens a store in a folder; n names what is appended.
type appender func(folder string) (add func(ctx context.Context, n uint64) error, end func() error, err error)

// appends measures one appender on a new file.
func (s *suite) appends(rates *[]float64, open appender) error {
	folder, err := s.folder("append")
	if err != nil {
		return err
	}
	add, end, err := open(folder)
	if err != nil {
		return err
	}
	rate, err := hammered(s.ctx, s.span, add)
	*rates = append(*rates, rate)
	return errors.Join(err, end())
}

// hammered calls add from many goroutines for a while and returns how often a
// second it came back.
func hammered(ctx context.Context, span time.Duration, add func(context.Context, uint64) error) (float64, error) {
	var number, done atomic.Uint64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	began := time.Now()
	for range writers {
		wg.Go(func() {
			for time.Since(began) < span && failed.Load() == nil {
				if err := add(ctx, number.Add(1)); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	rate := float64(done.Load()) / time.Since(began).Seconds()
	if err := failed.Load(); err != nil {
		return 0, fmt.Errorf("append: %w", *err)
	}
	return rate, nil
}

// rawCommits is bbolt with natural batching and nothing else.
func rawCommits(folder string) (func(context.Context, uint64) error, func() error, error) {
	db, err := bbolt.Open(filepath.Join(folder, "raw.db"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, nil, err
	}
	name, value := []byte("log"), mould.Encode()
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(name); return err })
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	waiting := make(chan chan error, writers)
	go commit(db, name, value, waiting)
	add := func(context.Context, uint64) error {
		done := make(chan error, 1)
		waiting <- done
		return <-done
	}
	end := func() error { close(waiting); return db.Close() }
	return add, end, nil
}

func commit(db *bbolt.DB, name, value []byte, waiting <-chan chan error) {
	var n uint64
	for first := range waiting {
		batch := []chan error{first}
		for range len(waiting) {
			batch = append(batch, <-waiting)
		}
		err := db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket(name)
			b.FillPercent = 1 // keys only grow
			for range batch {
				n++
				if err := b.Put(fmt.Appendf(nil, "%020d", n), value); err != nil {
					return err
				}
			}
			return nil
		})
		for _, done := range batch {
			done <- err
		}
	}
}

// withStore appends to the store what build makes.
func withStore(build func(n uint64) store.Batch) appender {
	return func(folder string) (func(context.Context, uint64) error, func() error, error) {
		db, err := bolt.Open(filepath.Join(folder, storeFile), bolt.Options{})
		if err != nil {
			return nil, nil, err
		}
		return func(ctx context.Context, n uint64) error { return db.Append(ctx, build(n)) }, db.Close, nil
	}
}

// mould is a record that every measured one is made of: what is measured is the
// store, not the sealing, and the store does not read what it keeps.
var mould = sealed(1, time.Now())[0]

func recordOf(n uint64) incident.Record {
	r := mould
	r.Incident, r.At = incident.NewID(n), time.Now()
	return r
}

func recordAndJob(n uint64) store.Batch {
	r := recordOf(n)
	return store.Batch{Records: []incident.Record{r}, Jobs: investigation(r)}
}

// wholeAlert is the batch of a new incident with one room.
func wholeAlert(n uint64) store.Batch {
	r := recordOf(n)
	id, now, key := r.Incident, r.At, keyID(n)
	return store.Batch{
		Records: []incident.Record{r},
		Jobs: append(investigation(r), incident.Job{
			Key: "announce/" + string(id) + "/console", Lane: incident.LaneRoom("console"), Task: incident.Announce, Incident: id, Seq: 1, Due: now,
		}),
		Marks: []store.Mark{
			{Name: "open/" + key, Incident: id, Now: now},
			{Name: "delivery/bench/" + string(random(nil, n, 64)), Incident: id, Now: now, Until: now.Add(72 * time.Hour)},
		},
		Values: []store.Value{{Key: "text/" + string(id) + "/" + string(r.Hash), Body: r.Bytes[:300]}},
		Index:  []incident.Index{{Incident: id, Key: incident.KeyID(key), Opened: now, Open: true}},
	}
}

func investigation(r incident.Record) []incident.Job {
	return []incident.Job{{
		Key: "investigate/" + string(r.Incident), Lane: incident.LaneLook, Task: incident.Investigate, Incident: r.Incident, Seq: r.Seq, Due: r.At,
	}}
}

// sealed is the history of the n-th incident: opened, and closed by a person.
func sealed(n uint64, at time.Time) []incident.Record {
	id := incident.NewID(n)
	chain := incident.Chain{Key: []byte(auditKey)}
	opened := chain.Seal(incident.State{}, id, incident.Bot, at, []incident.Event{incident.Opened{Alert: incident.Alert{
		Source: "bench", Type: "generic", Kind: incident.KindOpen, KeyID: incident.KeyID(keyID(n)), KeyType: "long_term", Confidence: "likely",
		Delivery: string(random(nil, n, 64)), ExternalKey: string(random(nil, n+1, 64)), SecretSeen: true, Severity: "high",
		Details: incident.Words(random(nil, n+2, 64)), DetectedAt: at, ReceivedAt: at, BodySHA256: string(random(nil, n+3, 64)),
	}}})
	return append(opened, chain.Seal(incident.Fold(opened), id, "ana", at, []incident.Event{incident.Closed{}})...)
}
