package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// stillOpen is how many incidents of a filled store are open.
const stillOpen = 100

// atOnce is how many incidents one batch holds.
const atOnce = 2000

// filledWith is the folder of a store that holds so many incidents, each sealed as
// the bot seals them. It is made once in a run.
func (s *suite) filledWith(incidents int) (string, error) {
	if folder, ok := s.filled[incidents]; ok {
		return folder, nil
	}
	began := time.Now()
	folder, err := s.folder(fmt.Sprintf("store-%d", incidents))
	if err != nil {
		return "", err
	}
	if err := fill(s.ctx, filepath.Join(folder, storeFile), incidents); err != nil {
		return "", fmt.Errorf("fill a store with %d incidents: %w", incidents, err)
	}
	s.say("filled a store with %d incidents in %.1f s", incidents, time.Since(began).Seconds())
	s.filled[incidents] = folder
	return folder, nil
}

// fill writes incidents in big batches, sealed side by side.
func fill(ctx context.Context, path string, incidents int) error {
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	batches, workers := (incidents+atOnce-1)/atOnce, runtime.NumCPU()
	made := make([]chan store.Batch, workers)
	stop, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for w := range workers {
		made[w] = make(chan store.Batch, 1)
		wg.Go(func() {
			for i := w; i < batches && stop.Err() == nil; i += workers {
				select {
				case made[w] <- part(i*atOnce+1, min(incidents, (i+1)*atOnce), incidents):
				case <-stop.Done():
				}
			}
		})
	}
	for i := 0; i < batches && err == nil; i++ {
		select {
		case b := <-made[i%workers]:
			err = db.Append(ctx, b)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	cancel()
	wg.Wait()
	return errors.Join(err, db.Close())
}

// part is the incidents from first to last, of which the newest of all are open.
func part(first, last, all int) store.Batch {
	var b store.Batch
	start := time.Now().Add(-365 * 24 * time.Hour)
	for n := first; n <= last; n++ {
		records := sealed(uint64(n), start.Add(time.Duration(n)*20*time.Second)) //nolint:gosec // counts up
		if n > all-stillOpen {
			records = records[:1]
			b.Marks = append(b.Marks, store.Mark{Name: "open/" + keyID(uint64(n)), Incident: records[0].Incident, Now: records[0].At}) //nolint:gosec // counts up
		}
		b.Records = append(b.Records, records...)
		b.Index = append(b.Index, incident.Fold(records).Index())
	}
	return b
}
