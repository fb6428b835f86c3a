package bolt_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"twokey/incident"
	"twokey/store"
)

// BenchmarkAppend measures what the store takes for an alert's append: a new
// incident's record, two jobs, two names, a text and its index. The record is
// sealed before. Compare with the disk's fdatasync per second only.
func BenchmarkAppend(b *testing.B) {
	mould := records("inc-1", 1)[0]
	for _, writers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := open(b, newPath(b))
			var n atomic.Uint64
			b.ReportAllocs()
			if writers == 1 {
				for b.Loop() {
					appendAlert(b, s, mould, n.Add(1))
				}
				return
			}
			b.SetParallelism(writers / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					appendAlert(b, s, mould, n.Add(1))
				}
			})
		})
	}
}

func appendAlert(b *testing.B, s store.Store, mould incident.Record, n uint64) {
	id, now := incident.NewID(n), t0.Add(time.Duration(n)*time.Millisecond) //nolint:gosec // small
	key := fmt.Sprintf("%016x", n*0x9e3779b97f4a7c15)                       // as scattered as key ids are
	mould.Incident = id
	err := s.Append(b.Context(), store.Batch{
		Records: []incident.Record{mould},
		Jobs: []incident.Job{
			{Key: "announce/" + string(id), Lane: "room/a", Task: incident.Announce, Incident: id, Seq: 1, Due: now},
			{Key: "investigate/" + string(id), Lane: "look", Task: incident.Investigate, Incident: id, Seq: 1, Due: now},
		},
		Marks: []store.Mark{
			{Name: "open/" + key, Incident: id, Now: now},
			{Name: "delivery/scans/" + key, Incident: id, Now: now, Until: now.Add(72 * time.Hour)},
		},
		Values: []store.Value{{Key: "text/" + string(id) + "/" + key, Body: mould.Bytes}},
		Index:  []incident.Index{{Incident: id, Key: incident.KeyID(key), Opened: now, Open: true}},
	})
	if err != nil {
		b.Error(err)
	}
}
