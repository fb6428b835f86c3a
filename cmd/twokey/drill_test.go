package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/bot/api"
	"twokey/incident"
)

// acked is what the bot said it has, by key id.
type acked struct {
	mu   sync.Mutex
	keys map[string]incident.ID
}

func (a *acked) add(key string, id incident.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys[key] = id
}

func (a *acked) copy() map[string]incident.ID {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.keys)
}

// load lets alerts and two people come in until the returned function is called.
// It is bounded, should nobody call it.
func (p *process) load(ana, bo *persona) (known *acked, stop func()) {
	known = &acked{keys: map[string]incident.ID{}}
	ctx, cancel := context.WithCancel(p.t.Context())
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for range 250 {
				key := "LTAI" + "5t" + rand.Text()[:18]
				id, err := p.alert(ctx, key)
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					p.t.Error(err)
					return
				}
				known.add(key, id)
			}
		})
	}
	for _, who := range []*persona{ana, bo} {
		workers.Go(func() {
			for n := range 100 {
				if ctx.Err() != nil {
					return
				}
				p.says(who, fmt.Sprintf("note number %d inc-1", n))
			}
		})
	}
	return known, func() { cancel(); workers.Wait() }
}

// TestDrill is the whole way back: a bot under load is copied and killed; its
// copy is restored elsewhere, checked and started. What was acknowledged before
// the copy is there, what two people had let through in it does not happen, and
// the bot says what it is and waits for somebody to look.
func TestDrill(t *testing.T) {
	t.Parallel()
	old := newProcess(t)
	old.write("heads.log", "2026-11-21T02:55:00Z inc-1 9999 "+strings.Repeat("0123456789abcdef", 4)+"\n") // holds what will be authorized
	old.serve()
	leaked := leakedIn(t, filepath.Join(old.dir, "twokey.db.prod.json"))
	if id, err := old.alert(t.Context(), leaked); id != "inc-1" || err != nil {
		t.Fatal(id, err)
	}
	ana, bo := old.as("ana"), old.as("bo")
	old.sees(ana, "Disable the key plan 3", "Quarantine ci-deploy plan 2")
	old.says(ana, "approve 3 inc-1")
	old.says(bo, "approve 3 inc-1")
	old.sees(ana, "has its votes, but the bot is on hold")

	known, stop := old.load(ana, bo)
	enough(t, known, 40)
	before := known.copy()
	told := old.must("backup", "--out", "drill.backup")
	t.Logf("%d alerts acknowledged before the backup; %s", len(before), strings.TrimSpace(told))
	enough(t, known, len(known.copy())+10) // the load went on, and goes on into the kill
	stop()
	old.kill()

	again := newProcess(t)
	for _, name := range []string{"twokey.db.prod.json", "heads.log", "drill.backup"} { // the cloud lives on, and so does what was known outside
		body, err := os.ReadFile(filepath.Join(old.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		again.write(name, string(body))
	}
	again.must("restore", "-c", "twokey.yaml", "drill.backup")
	if out := again.must("verify", "--db", "twokey.db"); !strings.Contains(out, "the record holds") {
		t.Error(out)
	}
	exported := again.must("export")
	for key, id := range before {
		if !strings.Contains(exported, fmt.Sprintf(`{"incident":%q,"seq":1,`, id)) || !strings.Contains(exported, key) {
			t.Errorf("%s was acknowledged before the backup and is not in it", id)
		}
	}

	again.serve()
	ana, bo = again.as("ana"), again.as("bo")
	again.sees(bo, "The store came from a backup, and newer records are known outside of it", "On hold: no step starts until an approver says go.")
	if shown := again.must("show", "inc-1"); !strings.Contains(shown, "approved plan 3") {
		t.Errorf("people can't read:\n%s", shown)
	}
	again.says(ana, "go")
	again.sees(bo, "the hold has ended")
	again.says(ana, "approve 2 inc-1") // the quarantine, agreed to now: the queue works
	now := again.until(func(i api.Incident) bool { return i.Proposals[1].Outcome == incident.Confirmed })
	if p := now.Proposals[2]; p.Step != incident.StepKeyDisable || p.Status != incident.StatusLapsed || p.Outcome != "" {
		t.Errorf("what was agreed to before the backup: %s is %s %s", p.Step, p.Status, p.Outcome)
	}
	if shown := again.must("show", "inc-1"); strings.Contains(shown, "Started plan 3") {
		t.Errorf("what was agreed to before the backup was done:\n%s", shown)
	}
	var status api.Status
	if err := json.Unmarshal([]byte(again.ask("/api/status")), &status); err != nil || status.Held != "" {
		t.Errorf("held: %q %v", status.Held, err)
	}
	again.kill()
	if got := keyIn(t, filepath.Join(again.dir, "twokey.db.prod.json"), leaked); got != incident.KeyActive {
		t.Errorf("the key is %s", got)
	}
}

// enough waits for so many acknowledged alerts.
func enough(t *testing.T, known *acked, n int) {
	t.Helper()
	for range 3000 {
		if len(known.copy()) >= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("only %d alerts were taken", len(known.copy()))
}

// keyIn is what became of a key in a pretend account, which keeps all it was told.
func keyIn(t *testing.T, file, id string) string {
	t.Helper()
	cloud, err := sandbox.Open(sandbox.Options{Account: "1234567890123456", File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer cloud.Close()
	for _, u := range cloud.Snapshot().Users {
		for _, k := range u.Keys {
			if k.ID == id && !k.InBin {
				return k.Status
			}
		}
	}
	return "gone"
}

// leakedIn is the key of a pretend account that is out in the world.
func leakedIn(t *testing.T, file string) string {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var account struct {
		State struct {
			Furnished struct{ Leaked struct{ ID string } }
		}
	}
	if err := json.Unmarshal(body, &account); err != nil {
		t.Fatal(err)
	}
	return account.State.Furnished.Leaked.ID
}
