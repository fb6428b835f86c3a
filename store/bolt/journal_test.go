package bolt_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store"
)

// At every moment the file alone holds everything that was acknowledged, however
// much of it is settled.
func TestWhatACrashLeavesIsWhole(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same in every run
	for i := range 150 {
		id := incident.NewID(uint64(i + 1)) //nolint:gosec // small
		b := store.Batch{
			Records: records(id, 1),
			Values:  []store.Value{{Key: fmt.Sprint(rnd.IntN(50)), Body: bytes.Repeat([]byte{byte(i)}, rnd.IntN(20_000))}},
			Index:   []incident.Index{{Incident: id, Opened: t0, Open: i%3 == 0}},
		}
		if i%5 == 0 {
			b.Values = append(b.Values, store.Value{Key: fmt.Sprint(rnd.IntN(50))})
		}
		if err := s.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if i%15 != 14 {
			continue
		}
		crashed := newPath(t)
		if err := os.WriteFile(crashed, read(t, path), 0o600); err != nil {
			t.Fatal(err)
		}
		after := open(t, crashed)
		if diff := cmp.Diff(everything(t, s), everything(t, after)); diff != "" {
			t.Fatalf("after %d appends (-want +got):\n%s", i+1, diff)
		}
		after.Close()
	}
}
