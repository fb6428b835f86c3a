package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"twokey/bot/api"
	"twokey/incident"
)

// restoring is a bot whose people have let a key be deleted, while a hold kept
// the step waiting.
type restoring struct {
	*running

	ana, bo *persona
	number  int // of the plan to delete
}

func aboutToDelete(t *testing.T) *restoring {
	t.Helper()
	r := &restoring{running: start(t, fmt.Sprintf(oneHook, ""), impatient)}
	r.post("scans", r.env["SCANS"], map[string]string{"key_id": r.drills[0].scene.Leaked.ID, "id": "finding-1"})
	r.people()
	r.agree(incident.StepKeyDisable)
	r.until("contained", func(i api.Incident) bool { return i.State == api.StateContained })
	if err := r.bot.Hold(t.Context(), incident.HoldClock); err != nil {
		t.Fatal(err)
	}
	r.number = r.agree(incident.StepKeyDelete).Number
	r.until("authorized", func(i api.Incident) bool { return i.Proposals[r.number-1].Status == incident.StatusReady })
	return r
}

// impatient makes deleting possible a moment after disabling.
func impatient(a *app) { a.bot.Rules.Playbook.SecondLook = time.Nanosecond }

func (r *restoring) people() { r.ana, r.bo = r.as("ana"), r.as("bo") }

func (r *restoring) until(what string, done func(api.Incident) bool) (last api.Incident) {
	r.t.Helper()
	err := r.ana.until(r.t.Context(), func(string) bool {
		var err error
		if last, err = r.reader.Incident(r.t.Context(), "inc-1"); err != nil {
			r.t.Fatal(err)
		}
		return done(last)
	})
	if err != nil {
		r.t.Fatalf("never %s: %v\n%+v", what, err, last.Proposals)
	}
	return last
}

// agree lets both people say yes to a step, which is asked for if nothing was
// offered.
func (r *restoring) agree(step string) (p api.Proposal) {
	r.t.Helper()
	waiting := func(i api.Incident) bool {
		n := slices.IndexFunc(i.Proposals, func(p api.Proposal) bool { return p.Step == step && p.Status == incident.StatusWaiting })
		if n >= 0 {
			p = i.Proposals[n]
		}
		return n >= 0
	}
	i, err := r.reader.Incident(r.t.Context(), "inc-1")
	if err != nil {
		r.t.Fatal(err)
	}
	if step == incident.StepKeyDelete && !waiting(i) {
		r.says(r.ana, "do key.delete inc-1")
	}
	r.until(step+" waiting", waiting)
	vote := fmt.Sprintf("approve inc-1/%d because it is out in the world", p.Number)
	r.says(r.ana, vote)
	if p.Need > 1 {
		r.says(r.bo, vote)
	}
	return p
}

func (r *restoring) says(p *persona, words string) string {
	r.t.Helper()
	answer, err := p.act(r.t.Context(), "says", []string{words})
	if err != nil {
		r.t.Fatal(err)
	}
	return answer
}

func (r *restoring) cloudKey() string {
	for _, u := range r.drills[0].cloud.Snapshot().Users {
		for _, k := range u.Keys {
			if k.ID == r.drills[0].scene.Leaked.ID {
				return fmt.Sprintf("%s, in the bin %t", k.Status, k.InBin)
			}
		}
	}
	return "gone"
}

// The control: a bot that is only started again goes on when somebody says go.
func TestAnAuthorizedDeleteRunsAfterAHold(t *testing.T) {
	t.Parallel()
	r := aboutToDelete(t)
	r.stop()
	r.begin(impatient)
	r.people()
	r.says(r.ana, "go")
	r.until("deleted", func(i api.Incident) bool { return i.Proposals[r.number-1].Outcome == incident.Confirmed })
	if got := r.cloudKey(); !strings.HasSuffix(got, "in the bin true") {
		t.Errorf("the key is %s", got)
	}
}

func TestAnAuthorizedDeleteInABackupNeverRuns(t *testing.T) {
	t.Parallel()
	r := aboutToDelete(t)
	copied := filepath.Join(r.dir, "a.backup")
	if code, printed := r.cli("backup", "--addr", strings.TrimPrefix(r.url, "http://"), "--out", copied); code != exitOK {
		t.Fatal(printed)
	}
	r.stop()
	if code, printed := r.cli("restore", "--aside", copied); code != exitOK {
		t.Fatal(printed)
	}
	r.begin(impatient)
	r.people()
	s, err := r.reader.Status(t.Context())
	// What a look wrote down after the copy was made is in the file of heads.
	if err != nil || s.Held != incident.HoldRestored && s.Held != incident.HoldRestoredBehind {
		t.Errorf("held: %q, %v", s.Held, err)
	}
	if err := r.bo.sees(t.Context(), "The store came from a backup", "On hold: no step starts until an approver says go."); err != nil {
		t.Error(err)
	}
	ended := r.until("ended", func(i api.Incident) bool { return i.Proposals[r.number-1].Status == incident.StatusLapsed })
	r.says(r.ana, "go")
	quarantine := r.agree(incident.StepPolicyQuarantine) // what is agreed to now does run, in the same queue
	i := r.until("quarantined", func(i api.Incident) bool { return i.Proposals[quarantine.Number-1].Outcome == incident.Confirmed })
	if p := i.Proposals[r.number-1]; p.Status != incident.StatusLapsed || p.Outcome != "" || ended.Proposals[r.number-1].Outcome != "" {
		t.Errorf("the delete is %s %s", p.Status, p.Outcome)
	}
	if got := r.cloudKey(); got != "Inactive, in the bin false" {
		t.Errorf("the key is %s", got)
	}
	again := r.agree(incident.StepKeyDelete)
	r.until("deleted", func(i api.Incident) bool { return i.Proposals[again.Number-1].Outcome == incident.Confirmed })
}

// A start that is cut off before the mark is taken away leaves it to the next
// one, which says nothing twice and knows of no fewer reasons.
func TestARestoreIsToldOnceWhereverTheFirstStartEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead bool
		want  string
	}{
		"restored":            {false, incident.HoldRestored},
		"restored and behind": {true, incident.HoldRestoredBehind},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, "", nil)
			r.stop()
			db, heads := filepath.Join(r.dir, "twokey.db"), filepath.Join(r.dir, "heads.log")
			if c.ahead {
				known, err := os.ReadFile(heads)
				line := "2026-11-21T02:55:00Z inc-1 9999 " + strings.Repeat("0123456789abcdef", 4) + "\n"
				if err := errors.Join(err, os.WriteFile(heads, append(known, line...), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				if err := markRestored(t.Context(), db, time.Now()); err != nil {
					t.Fatal(err)
				}
				r.begin(nil)
				r.stop()
			}
			code, printed := r.cli("show", "system")
			if got := strings.Count(printed, "The bot is on hold"); code != exitOK || got != 1 {
				t.Errorf("told %d times:\n%s", got, printed)
			}
			r.begin(nil)
			if s, err := r.reader.Status(t.Context()); err != nil || s.Held != c.want {
				t.Errorf("held: %q, want %q, %v", s.Held, c.want, err)
			}
		})
	}
}
