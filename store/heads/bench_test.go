package heads_test

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
	"twokey/store/heads"
)

// BenchmarkNote is what an append pays for its head.
func BenchmarkNote(b *testing.B) {
	f := open(b, newFile(b), quiet)
	b.RunParallel(func(p *testing.PB) {
		for i := 0; p.Next(); i++ {
			f.Note(head(newID(i%1000), uint64(i+1)))
		}
	})
}

// BenchmarkAppend compares a store with the same store and its heads, 256
// writers each.
func BenchmarkAppend(b *testing.B) {
	for _, row := range []struct {
		name  string
		heads bool
	}{{"bare", false}, {"heads", true}} {
		b.Run(row.name, func(b *testing.B) {
			db, err := bolt.Open(filepath.Join(b.TempDir(), "twokey.db"), bolt.Options{})
			if err != nil {
				b.Fatal(err)
			}
			s := store.Store(db)
			if row.heads {
				s = heads.Wrap(db, open(b, newFile(b), quiet), time.Now)
			}
			b.Cleanup(func() { _ = s.Close() })
			var n atomic.Int64
			b.SetParallelism(64)
			b.ResetTimer()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					id := newID(int(n.Add(1)))
					records := incident.Chain{}.Seal(incident.State{}, id, incident.Bot, t0, []incident.Event{incident.Took{}})
					if err := s.Append(b.Context(), store.Batch{Records: records}); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
