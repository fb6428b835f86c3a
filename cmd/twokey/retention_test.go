package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twokey/incident"
	"twokey/store"
	"twokey/store/heads"
)

// closedLongAgo is a running bot with three incidents that were closed two years
// ago and left the store, and one that is open.
func closedLongAgo(t *testing.T) (r *running, file string) {
	t.Helper()
	export := t.TempDir()
	r = start(t, "retention: {closed: 9600h, export: "+export+"}\n", func(a *app) {
		now := a.bot.Now
		for n := range 4 {
			then := time.Now().Add(-2 * 365 * 24 * time.Hour)
			a.bot.Now = func() time.Time { return then }
			key := incident.KeyID(fmt.Sprintf("LTAI"+"5tRetain%08d", n))
			_, id, err := a.bot.ReceiveAlert(t.Context(), incident.Alert{Source: "scans", Kind: incident.KindOpen, KeyID: key, ReceivedAt: then}, incident.AlertText{Title: fmt.Sprint("planted-words of ", n)})
			if err != nil {
				t.Fatal(err)
			}
			if n == 3 {
				continue
			}
			_, err = a.bot.Do(t.Context(), id, incident.Bot, incident.Observe{
				Of: incident.OfKey(key), AsOf: then, Source: "tests", Facts: map[incident.FactName]string{incident.FactStatus: incident.KeyInactive},
			})
			_, closed := a.bot.Do(t.Context(), id, "ana", incident.Close{})
			if err := errors.Join(err, closed); err != nil {
				t.Fatal(err)
			}
			then = then.Add(48 * time.Hour)
			work(t, a)
		}
		a.bot.Now = now
	})
	done, err := r.bot.Retain(t.Context())
	if err != nil || done.Purged+done.Busy != 3 {
		t.Fatalf("Retain = %+v, %v", done, err)
	}
	for range 100 { // work that began just then
		if done.Busy == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
		if done, err = r.bot.Retain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	found, err := filepath.Glob(filepath.Join(export, "*"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	return r, found[0]
}

// work does all that is due.
func work(t *testing.T, a *app) {
	t.Helper()
	for idle := false; !idle; {
		idle = true
		for _, lane := range a.bot.Lanes() {
			worked, err := a.bot.Work(t.Context(), lane)
			if err != nil {
				t.Fatal(err)
			}
			idle = idle && !worked
		}
	}
}

func TestWhatLeftIsKnownEverywhere(t *testing.T) {
	r, file := closedLongAgo(t)
	status, answer := r.ask("GET", "/api/incidents/inc-2/timeline", "token-of-the-api", "")
	if status != 410 || !strings.Contains(answer, filepath.Base(file)) {
		t.Errorf("the timeline of what left is %d %s, want 410 and the file", status, answer)
	}
	says(t, r.remote("show", "inc-2"), 1, "inc-2 in the bot at", "archived 2", "in "+filepath.Base(file), "records, and no longer in the store")
	says(t, r.remote("verify", "--archive", file), 0, "inc-1    purged", filepath.Base(file)+" ok: 3 incidents", "system   archive 3 incidents", "the record holds")
	r.stop()

	says(t, r.local("show", "inc-2"), 1, "archived 2", filepath.Base(file))
	says(t, r.local("show", "inc-9"), 1, "no such incident")
	says(t, r.local("show", "system"), 0, "Archived in "+filepath.Base(file))
	says(t, r.local("verify", "--archive", file), 0, "inc-3    purged", filepath.Base(file)+" ok: 3 incidents", "system   archive 3 incidents", "the record holds", "heads in")
	if got := r.local("incidents"); strings.Contains(got.text, "inc-2") || !strings.Contains(got.text, "inc-4") {
		t.Errorf("listed: %s", got.text)
	}
	body, err := os.ReadFile(r.config.Store.Bolt.Path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(body), "planted-words of 1") || !strings.Contains(string(body), "planted-words of 3") {
		t.Error("the store's file has words of what left, or none of what is here")
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(whole, emptyGzip(t)...), 0o600); err != nil { // holds the same, in other bytes
		t.Fatal(err)
	}
	says(t, r.local("verify", "--archive", file), 1, "BROKEN", "not, byte for byte, the file that was written down")
	if err := os.Truncate(file, 100); err != nil {
		t.Fatal(err)
	}
	says(t, r.local("verify", "--archive", file), 1, "BROKEN", "not an archive, or a damaged one")
	says(t, r.local("verify"), 0, "the record holds") // the store itself does
}

func emptyGzip(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gzip.NewWriter(&b).Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An old head, of before the bot was stopped, must not make the next start hold.
func TestAStartAfterIncidentsLeftIsNotHeld(t *testing.T) {
	r, _ := closedLongAgo(t)
	r.stop()
	c, _, err := readConfig(r.file(), false, r.getenv)
	if err != nil {
		t.Fatal(err)
	}
	again, err := newApp(t.Context(), c, r.app.log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer again.close()
	s, err := again.reader.Status(t.Context())
	if err != nil || s.Held != "" {
		t.Errorf("held because %q, %v", s.Held, err)
	}
}

// Somebody takes an incident out of the store and says that it was archived.
func TestAForgedTombstoneIsFound(t *testing.T) {
	for what, forge := range map[string]struct {
		body string // FILE is that of the archive
		want []string
	}{
		"into the archive":   {"1 " + strings.Repeat("0", 64) + " FILE", []string{"system   BROKEN  archive FILE: what is kept of its 3 incidents"}},
		"into another":       {"1 " + strings.Repeat("0", 64) + " other.jsonl.gz", []string{"inc-4    BROKEN  unarchived", "BROKEN: the record"}},
		"without a word":     {"", []string{"inc-2    BROKEN  missing", "system   BROKEN  archive FILE"}},
		"of one that is out": {"-", []string{"system   BROKEN  archive FILE"}},
	} {
		t.Run(what, func(t *testing.T) {
			r, file := closedLongAgo(t)
			if err := os.Remove(filepath.Join(r.dir, "heads.log")); err != nil { // it would tell too
				t.Fatal(err)
			}
			id := incident.ID("inc-4")
			switch forge.body {
			case "-":
				id, forge.body = "inc-2", "1 "+strings.Repeat("0", 64)+" FILE"
			case "":
				id = "inc-2"
			}
			takeOut(t, r, id, strings.ReplaceAll(forge.body, "FILE", filepath.Base(file)))
			r.stop()
			for i := range forge.want {
				forge.want[i] = strings.ReplaceAll(forge.want[i], "FILE", filepath.Base(file))
			}
			says(t, r.local("verify", "--heads", os.DevNull), 1, forge.want...)
		})
	}
}

// takeOut is what somebody can do who can write the store.
func takeOut(t *testing.T, r *running, id incident.ID, tombstone string) {
	t.Helper()
	index := incident.Index{Incident: id, Opened: time.Now()}
	b := store.Batch{Index: []incident.Index{index}, Values: []store.Value{{Key: heads.PurgeKey(id)}}}
	if tombstone != "" {
		b.Values[0].Body = []byte(tombstone)
	}
	if err := r.db.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for range 100 { // its work gets done
		err := r.db.Purge(t.Context(), id)
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrBusy) {
			t.Fatal(err)
		}
		for _, lane := range r.bot.Lanes() {
			if l, ok, err := r.db.Claim(t.Context(), lane, time.Now().Add(10000*time.Hour), time.Hour); err == nil && ok {
				_ = r.db.Finish(t.Context(), l)
			}
		}
	}
	t.Fatal("it is still there")
}

func TestCheckTriesWhereIncidentsGo(t *testing.T) {
	r, _ := closedLongAgo(t)
	r.stop()
	says(t, r.local("check"), 0, "ok    retention: incidents leave for ", " after 9600h")
	text, err := os.ReadFile(r.file())
	if err != nil {
		t.Fatal(err)
	}
	for from, c := range map[string]struct {
		code int
		want string
	}{
		", export: ":  {1, "FAIL  retention.export:"},
		"retention: ": {0, "ok    retention: closed incidents stay in the store"},
	} {
		to := map[string]string{", export: ": ", export: /nowhere", "retention: ": "# "}[from]
		if err := os.WriteFile(r.file(), []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		says(t, r.local("check"), c.code, c.want)
	}
	if err := os.WriteFile(r.file(), []byte(strings.Replace(string(text), "9600h", "100h", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, r.local("check"), 2, "retention.closed", "want at least 168h")
}

// said is what a command printed.
type said struct {
	code int
	text string
}

func says(t *testing.T, got said, code int, want ...string) {
	t.Helper()
	if got.code != code {
		t.Errorf("exit code %d, want %d: %s", got.code, code, got.text)
	}
	for _, w := range want {
		if !strings.Contains(got.text, w) {
			t.Errorf("%q is not in:\n%s", w, got.text)
		}
	}
}

// local runs a command on the stopped bot's file.
func (r *running) local(args ...string) said {
	r.t.Helper()
	code, text := r.cli(args...)
	return said{code, text}
}

// remote runs a command that asks the running bot.
func (r *running) remote(args ...string) said {
	r.t.Helper()
	token := filepath.Join(r.dir, "token")
	if err := os.WriteFile(token, []byte("token-of-the-api"), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return r.local(append(args, "--addr", strings.TrimPrefix(r.url, "http://"), "--token-file", token)...)
}
