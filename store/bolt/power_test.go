package bolt_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"twokey/store/bolt"
)

// powerStates is how many states of the disk are looked at; nightly far more.
const (
	powerStates = "TWOKEY_POWER_STATES"
	fewStates   = 300
	tracedTurns = 25
)

func findStrace(t *testing.T) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("strace is missing: .ci/run installs it")
		}
		t.Skip("needs strace, which is not here")
	}
	return strace
}

// TestPowerLossLosesNothing rebuilds the disk as a power failure may leave it, at
// many moments of a recorded run: what was not waited for is lost, reordered or
// torn. Whatever the store had acknowledged by then must be there. The control
// ignores every second barrier, and must be found out.
func TestPowerLossLosesNothing(t *testing.T) {
	dir := memory(t)
	calls := traced(t, filepath.Join(dir, "twokey.db"), tracedTurns)
	states, began := rounds(t, powerStates, fewStates), time.Now()
	p, tried := noPromises(), 0
	failed := replay(t, dir, calls, p, states, false, &tried)
	if failed != nil {
		t.Fatal(failed)
	}
	t.Logf("%d calls, %d acknowledged, %d states, no failure, %v", len(calls), p.count, tried, time.Since(began).Round(time.Millisecond))
	if p.count < toilers*tracedTurns {
		t.Errorf("only %d acknowledged: this proves nothing", p.count)
	}
	tried = 0
	if failed = replay(t, dir, calls, noPromises(), states, true, &tried); failed == nil {
		t.Errorf("%d states of a disk that ignores every second barrier, and nothing was found: the test is blind", tried)
	} else {
		t.Logf("without every second barrier: found in state %d: %v", tried, failed)
	}
}

// replay looks at so many states. It returns what it finds first.
func replay(t *testing.T, dir string, calls []call, p *promises, states int, deaf bool, tried *int) error {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(len(calls)), 1))
	fates := []fate{nothing, allOfIt, some, torn, lastOnly}
	moments := map[int]bool{}
	for range (states + len(fates) - 1) / len(fates) {
		moments[r.IntN(len(calls))] = true
	}
	for len(moments) < min(len(calls)/2, (states+len(fates)-1)/len(fates)) {
		moments[r.IntN(len(calls))] = true
	}
	d := newDisk(dir, p.hear)
	d.deaf = deaf
	for i, c := range calls {
		if err := d.happen(c); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		if !moments[i] {
			continue
		}
		for _, how := range fates {
			*tried++
			if err := afterPowerLoss(t, d, how, p, r); err != nil {
				return fmt.Errorf("power lost at call %d of %d, %s reached the disk: %w", i, len(calls), how, err)
			}
		}
	}
	return nil
}

func afterPowerLoss(t *testing.T, d *disk, how fate, p *promises, r *rand.Rand) error {
	t.Helper()
	dir, err := os.MkdirTemp(d.dir, "after-*")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := d.lose(dir, how, r); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "twokey.db")
	if err := checked(path); err != nil && !d.deaf {
		return err
	}
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	return errors.Join(p.kept(t.Context(), s, t0.Add(2*time.Hour)), s.Close())
}

// checked is bbolt's own check. A file that is not there yet is sound.
func checked(path string) error {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true, Timeout: time.Second})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bbolt.Tx) (bad error) {
		for err := range tx.Check() {
			bad = err
		}
		return bad
	})
}
