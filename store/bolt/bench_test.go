package bolt_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"twokey/incident"
	"twokey/store"
)

// BenchmarkAppend measures an alert's append: a new incident's record, two jobs,
// a mark and its index. Compare with the disk's fdatasync per second only.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := open(b, newPath(b))
			var n atomic.Uint64
			b.SetParallelism(writers)
			b.ResetTimer()
			if writers == 1 {
				for b.Loop() {
					appendAlert(b, s, n.Add(1))
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					appendAlert(b, s, n.Add(1))
				}
			})
		})
	}
}

func appendAlert(b *testing.B, s store.Store, n uint64) {
	id, now := incident.NewID(n), t0.Add(time.Duration(n)*time.Millisecond) //nolint:gosec // small
	err := s.Append(b.Context(), store.Batch{
		Records: records(id, 1),
		Jobs: []incident.Job{
			{Key: "announce/" + string(id), Lane: "room/a", Task: incident.Announce, Incident: id, Seq: 1, Due: now},
			{Key: "investigate/" + string(id), Lane: "look", Task: incident.Investigate, Incident: id, Seq: 1, Due: now},
		},
		Marks: []store.Mark{{Name: "open/" + string(id), Incident: id, Now: now}},
		Index: []incident.Index{{Incident: id, Key: incident.KeyID(id), Opened: now, Open: true}},
	})
	if err != nil {
		b.Error(err)
	}
}
