package bolt_test

import (
	"bufio"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// killRounds is how often the writer is killed; nightly far more often.
const (
	killRounds = "TWOKEY_KILL_ROUNDS"
	fewRounds  = 30
	roundsEach = 6 // rounds with one file
)

// TestKilledWriterLosesNothing kills a process that writes, at any moment, and
// looks for all that it was told is kept.
func TestKilledWriterLosesNothing(t *testing.T) {
	rounds, began, total := rounds(t, killRounds, fewRounds), time.Now(), 0
	for round := 0; round < rounds; {
		path, p := filepath.Join(t.TempDir(), "twokey.db"), noPromises()
		for range min(roundsEach, rounds-round) {
			round++
			killed(t, path, round, p)
			wantKept(t, path, p, t0.Add(time.Duration(2*round)*time.Hour))
			p.lanes = map[string]bool{} // the queue of this round was emptied
			total += p.count
			p.count = 0
		}
		if !sound(t, []string{path})[path] {
			t.Fatalf("round %d: bbolt's own check finds fault", round)
		}
	}
	t.Logf("%d rounds, %d acknowledged, none lost, none doubled, %v", rounds, total, time.Since(began).Round(time.Millisecond))
	if total < rounds {
		t.Error("hardly anything was ever acknowledged: this proves nothing")
	}
}

func rounds(t *testing.T, name string, few int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// killed runs a writer until it is killed.
func killed(t *testing.T, path string, round int, p *promises) {
	t.Helper()
	c := child(t, "toil", path, strconv.Itoa(round), "0")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(out)
	if line, err := said.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("round %d: the writer said %q, %v", round, line, err)
	}
	delay := time.Duration(1+rand.IntN(80)) * time.Millisecond
	kill := time.AfterFunc(delay, func() { _ = c.Process.Kill() })
	defer kill.Stop()
	if err := p.hearAll(said); err != nil {
		t.Fatalf("round %d: %v", round, err)
	}
	if err := c.Wait(); err == nil {
		t.Fatalf("round %d: the writer ended by itself", round)
	}
}
