package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"twokey/bot/api"
	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
	"twokey/store/heads"
)

// evidence is a record in a folder, made as a bot makes it, for a test to harm.
type evidence struct {
	*testing.T

	dir   string
	chain incident.Chain
	now   time.Time
}

const evidenceKey = "0123456789abcdef0123456789abcdef"

// newEvidence has two incidents of five records and a system log of one. Without
// a key anybody can compute the hashes.
func newEvidence(t *testing.T, keyed bool) *evidence {
	t.Helper()
	v := &evidence{T: t, dir: t.TempDir(), now: time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)}
	if keyed {
		v.chain.Key = []byte(evidenceKey)
		v.write("audit.key", evidenceKey+"\n")
	}
	v.grow(incident.System, 1)
	v.grow("inc-1", 5)
	v.grow("inc-2", 5)
	return v
}

func (v *evidence) file(name string) string { return filepath.Join(v.dir, name) }

func (v *evidence) write(name, text string) {
	v.Helper()
	if err := os.WriteFile(v.file(name), []byte(text), 0o600); err != nil {
		v.Fatal(err)
	}
}

func (v *evidence) copy(from, to string) {
	v.Helper()
	b, err := os.ReadFile(v.file(from))
	if err != nil {
		v.Fatal(err)
	}
	v.write(to, string(b))
}

// store is the store with its heads, until use returns.
func (v *evidence) store(use func(s *heads.Store, f *heads.File)) {
	v.Helper()
	db, err := bolt.Open(v.file("twokey.db"), bolt.Options{})
	if err != nil {
		v.Fatal(err)
	}
	f, err := heads.Open(v.file("heads.log"), slog.New(slog.DiscardHandler))
	if err != nil {
		v.Fatal(errors.Join(err, db.Close()))
	}
	s := heads.Wrap(db, f, func() time.Time { return v.now })
	use(s, f)
	if err := s.Close(); err != nil {
		v.Fatal(err)
	}
}

// grow appends n records to a history, each in an append of its own.
func (v *evidence) grow(id incident.ID, n int) {
	v.Helper()
	v.store(func(s *heads.Store, f *heads.File) {
		for range n {
			records, err := s.Load(v.Context(), id)
			if err != nil {
				v.Fatal(err)
			}
			v.now = v.now.Add(time.Second)
			state, event := incident.Fold(records), incident.Event(incident.Took{})
			if id == incident.System {
				event = incident.Configured{Digest: fmt.Sprint(len(records))}
			}
			b := store.Batch{Records: v.chain.Seal(state, id, "ana", v.now, []incident.Event{event})}
			if id != incident.System {
				b.Index = []incident.Index{{Incident: id, Opened: v.now}}
			}
			if err := errors.Join(s.Append(v.Context(), b), f.Flush(v.Context())); err != nil {
				v.Fatal(err)
			}
		}
	})
}

// harm writes to the file past the bot.
func (v *evidence) harm(change func(records *bbolt.Bucket) error) {
	v.Helper()
	db, err := bbolt.Open(v.file("twokey.db"), 0o600, nil)
	if err != nil {
		v.Fatal(err)
	}
	if err := errors.Join(db.Update(func(tx *bbolt.Tx) error { return change(tx.Bucket([]byte("records"))) }), db.Close()); err != nil {
		v.Fatal(err)
	}
}

func keyOf(id incident.ID, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(id), 0), seq)
}

// rewrite puts a made-up history of n records in the place of one, with hashes
// that fit as far as the chain's key allows.
func (v *evidence) rewrite(id incident.ID, n int, chain incident.Chain) {
	v.Helper()
	v.harm(func(records *bbolt.Bucket) error {
		for seq := uint64(1); seq <= 5; seq++ {
			if err := records.Delete(keyOf(id, seq)); err != nil {
				return err
			}
		}
		events := make([]incident.Event, n)
		for i := range events {
			events[i] = incident.Took{}
		}
		for _, r := range chain.Seal(incident.State{}, id, "eve", v.now, events) {
			if err := records.Put(keyOf(id, r.Seq), r.Encode()); err != nil {
				return err
			}
		}
		return nil
	})
}

// verify runs the command on the folder; what it must print are expressions.
func (v *evidence) verify(code int, args []string, want ...string) {
	v.Helper()
	var out bytes.Buffer
	got := run(&env{ctx: v.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) (string, bool) { return "", false }, now: time.Now},
		append([]string{"verify", "--db", v.file("twokey.db")}, args...))
	text := strings.ReplaceAll(out.String(), v.dir+"/", "")
	if got != code {
		v.Errorf("exit code %d, want %d", got, code)
	}
	for _, w := range want {
		if !regexp.MustCompile("(?m)" + w).MatchString(text) {
			v.Errorf("no %s", w)
		}
	}
	if v.Failed() {
		v.Fatalf("printed:\n%s", text)
	}
}

func (v *evidence) heads(names ...string) []string {
	var args []string
	for _, name := range names {
		args = append(args, "--heads", v.file(name))
	}
	return args
}

func TestVerifyOfAWholeRecord(t *testing.T) {
	for _, keyed := range []bool{true, false} {
		v := newEvidence(t, keyed)
		v.verify(0, v.heads("heads.log"), `^inc-1 +ok +5 records, head [0-9a-f ]{19}$`, `^system +ok `, `^compared with 11 heads in heads.log$`, `^the record holds: 11 records in 3 histories`)
	}
}

// Every kind of damage, by bytes in the real file.
func TestVerifyNamesTheFirstRecordThatDoesNotHold(t *testing.T) {
	edit := func(b *bbolt.Bucket, id incident.ID, seq uint64, from, to string) error {
		return b.Put(keyOf(id, seq), bytes.Replace(b.Get(keyOf(id, seq)), []byte(from), []byte(to), 1))
	}
	for _, row := range []struct {
		name string
		harm func(*bbolt.Bucket) error
		want []string
	}{
		{"edited, twice", func(b *bbolt.Bucket) error {
			return errors.Join(edit(b, "inc-2", 2, `"ana"`, `"eve"`), edit(b, "inc-1", 3, `"ana"`, `"eve"`), edit(b, "inc-1", 4, `"ana"`, `"eve"`))
		}, []string{`^inc-1 +BROKEN +at record 3: edited`, `^inc-2 +BROKEN +at record 2: edited`, `the first: inc-1 record 3\.`}},
		{"the hash only", func(b *bbolt.Bucket) error {
			return edit(b, "inc-2", 5, string(b.Get(keyOf("inc-2", 5))[:4]), "0000")
		}, []string{`^inc-1 +ok `, `^inc-2 +BROKEN +at record 5: edited`, `the first: inc-2 record 5\.`}},
		{
			"a gap", func(b *bbolt.Bucket) error { return b.Delete(keyOf("inc-1", 2)) },
			[]string{`^inc-1 +BROKEN +at record 2: gap`, `^inc-1 +CUT +heads.log knows record 2 as`},
		},
		{"two records changed places", func(b *bbolt.Bucket) error {
			second, third := bytes.Clone(b.Get(keyOf("inc-1", 2))), bytes.Clone(b.Get(keyOf("inc-1", 3)))
			return errors.Join(b.Put(keyOf("inc-1", 2), bytes.Replace(third, []byte(`"seq":3`), []byte(`"seq":2`), 1)),
				b.Put(keyOf("inc-1", 3), bytes.Replace(second, []byte(`"seq":2`), []byte(`"seq":3`), 1)))
		}, []string{`^inc-1 +BROKEN +at record 2: reordered`}},
		{
			"a record of another incident", func(b *bbolt.Bucket) error { return b.Put(keyOf("inc-1", 2), bytes.Clone(b.Get(keyOf("inc-2", 2)))) },
			[]string{`^inc-1 +BROKEN +unreadable`, `the first: inc-1\.`},
		},
		{
			"no record", func(b *bbolt.Bucket) error { return b.Put(keyOf("system", 1), []byte("nothing")) },
			[]string{`^system +BROKEN +unreadable`, `the first: system\.`},
		},
		{"a whole incident", func(b *bbolt.Bucket) error {
			for seq := uint64(1); seq <= 5; seq++ {
				if err := b.Delete(keyOf("inc-1", seq)); err != nil {
					return err
				}
			}
			return nil
		}, []string{`^inc-1 +BROKEN +missing`, `^inc-1 +CUT +heads.log knows record 5 as`}},
	} {
		for _, keyed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, keyed %t", row.name, keyed), func(t *testing.T) {
				v := newEvidence(t, keyed)
				v.harm(row.harm)
				v.verify(1, v.heads("heads.log"), append(row.want, `^BROKEN: the record in twokey.db does not hold`)...)
			})
		}
	}
}

func TestVerifyFindsACutTail(t *testing.T) {
	v := newEvidence(t, true)
	v.harm(func(b *bbolt.Bucket) error {
		return errors.Join(b.Delete(keyOf("inc-1", 5)), b.Delete(keyOf("inc-1", 4)))
	})
	v.verify(0, nil, `^inc-1 +ok +3 records`, `^the record holds`) // it holds together: only who knows the head can tell
	v.verify(1, v.heads("heads.log"), `^inc-1 +CUT +heads.log knows record 4 as [0-9a-f ]{19}, of 2026-11-22 02:00:0`, `^inc-1 +CUT +heads.log knows record 5 as`,
		`the first: inc-1 record 4\.`)
}

func TestVerifyListsWhatARolledBackFileLacks(t *testing.T) {
	v := newEvidence(t, true)
	v.copy("twokey.db", "old.db")
	v.grow("inc-1", 2)
	v.grow("inc-3", 1)
	v.copy("old.db", "twokey.db")
	v.verify(1, v.heads("heads.log"), `^inc-2 +ok `, `^inc-1 +CUT +heads.log knows record 6 as`, `^inc-1 +CUT +heads.log knows record 7 as`,
		`^inc-3 +CUT +heads.log knows record 1 as`, `^the newest head in heads.log is not in the record: the store is an old copy`)
}

func TestVerifyReadsRotatedHeads(t *testing.T) {
	v := newEvidence(t, true)
	if err := os.Rename(v.file("heads.log"), v.file("heads.log.1")); err != nil {
		t.Fatal(err)
	}
	v.grow("inc-2", 1)
	v.verify(0, v.heads("heads.log.1", "heads.log"), `^compared with 11 heads in heads.log.1$`, `^compared with 1 heads in heads.log$`)
	v.harm(func(b *bbolt.Bucket) error { return b.Delete(keyOf("inc-1", 5)) })
	v.verify(0, v.heads("heads.log"), `^the record holds`) // the newer file knows nothing of it
	v.verify(1, v.heads("heads.log.1", "heads.log"), `^inc-1 +CUT +heads.log.1 knows record 5 as`)
	if err := os.Remove(v.file("heads.log")); err != nil {
		t.Fatal(err)
	}
	v.verify(1, v.heads("heads.log"), `heads .*heads.log: no such file`)
	v.grow("inc-2", 1) // the next head begins it anew
	v.verify(0, v.heads("heads.log"), `^compared with 1 heads in heads.log$`)
}

// Whoever has no key can't write a history; where there is none, heads outside
// are the only witness, also when the made-up history grew on.
func TestVerifyFindsAHistoryThatWasWrittenAnew(t *testing.T) {
	v := newEvidence(t, true)
	v.rewrite("inc-1", 5, incident.Chain{})
	v.verify(1, nil, `^inc-1 +BROKEN +at record 1: edited`, `^inc-2 +ok `)

	v = newEvidence(t, false)
	card := v.head("inc-1")
	v.verify(0, []string{"--head", "inc-1=" + card}, `^inc-1 +ok +the head [0-9a-f ]{19} is that of record 5 of 5$`)
	v.rewrite("inc-1", 5, incident.Chain{})
	v.verify(0, nil, `^the record holds`)
	v.verify(1, v.heads("heads.log"), `^inc-1 +OTHER +heads.log knows record 1 as [0-9a-f ]{19}; here it is`, `^inc-1 +OTHER +heads.log knows record 5`)
	v.verify(1, []string{"--head", "inc-1=" + card}, `^inc-1 +CUT +no record has the head`)
	v.grow("inc-1", 3) // the bot goes on, and its heads with it
	v.verify(1, v.heads("heads.log"), `^inc-1 +ok +8 records`, `^inc-1 +OTHER +heads.log knows record 5`)
}

// head is the head of a history as a card shows it.
func (v *evidence) head(id incident.ID) string {
	v.Helper()
	short := ""
	v.store(func(s *heads.Store, _ *heads.File) {
		records, err := s.Load(v.Context(), id)
		if err != nil {
			v.Fatal(err)
		}
		short = incident.Fold(records).Head.Short()
	})
	return short
}

func TestHeadsAreTakenAsCardsShowThem(t *testing.T) {
	v := newEvidence(t, true)
	card := v.head("inc-1")
	plain := strings.ReplaceAll(card, " ", "")
	for _, head := range []string{card, plain, strings.ToUpper(plain)} {
		v.verify(0, []string{"--head", "inc-1=" + head, "--head", "2=" + v.head("inc-2")}, `^inc-1 +ok +the head `+card, `^inc-2 +ok +the head `)
	}
	v.verify(1, []string{"--head", "inc-2=" + card}, `^inc-2 +CUT +no record has the head `+card, `the first: inc-2\.`)
	v.verify(1, []string{"--head", "inc-9=" + card}, `^inc-9 +CUT `)
	for _, bad := range []string{"inc-1", "inc-1=", "inc-1=" + plain[:15], "inc-1=" + plain[:15] + "x", "nobody=" + plain, "inc-1=" + strings.Repeat("0", 65)} {
		v.verify(2, []string{"--head", bad}, `want an incident and at least 16 characters|is not an incident`)
	}
}

func TestVerifyKnowsWhatWasTakenOut(t *testing.T) {
	archive := "archive/2026-11 a.jsonl.gz"
	// purge does what retention does: export, tell the heads file, take out.
	purge := func(v *evidence, tellHeads bool) {
		v.store(func(s *heads.Store, f *heads.File) {
			records, err := s.Load(v.Context(), "inc-1")
			if err != nil {
				v.Fatal(err)
			}
			last := records[len(records)-1]
			p := heads.Purge{Seq: last.Seq, Hash: last.Hash, Archive: archive}
			system, err := s.Load(v.Context(), incident.System)
			if err != nil {
				v.Fatal(err)
			}
			named := incident.Archived{File: archive, SHA256: "5a", Count: 1, Ends: incident.DigestEnds([]incident.End{incident.EndOf(records)})}
			state := incident.Fold(system)
			sealed := v.chain.Seal(state, incident.System, incident.Bot, v.now, []incident.Event{named})
			if err := s.Append(v.Context(), store.Batch{Records: sealed, Values: []store.Value{p.Value("inc-1")}}); err != nil {
				v.Fatal(err)
			}
			if !tellHeads {
				return
			}
			if err := f.Purge(v.Context(), heads.Head{At: v.now, ID: "inc-1", Seq: last.Seq, Hash: last.Hash}); err != nil {
				v.Fatal(err)
			}
		})
		v.harm(func(b *bbolt.Bucket) error {
			for seq := uint64(1); seq <= 5; seq++ {
				if err := b.Delete(keyOf("inc-1", seq)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	v := newEvidence(t, true)
	card := v.head("inc-1")
	purge(v, true)
	v.verify(0, v.heads("heads.log"), `^inc-1 +purged +5 records, head `+card+`, into `+archive+`$`, `^the record holds: 7 records in 3 histories`)
	v.verify(0, []string{"--head", "inc-1=" + card}, `^inc-1 +ok +the head `+card)
	v.verify(1, []string{"--head", "inc-1=0000 0000 0000 0000"}, `^inc-1 +CUT +the head 0000 0000 0000 0000 is not the last one of what was taken out: look for it in `+archive)

	v.write("heads.log.2", "2026-11-22T02:00:09Z inc-1 6 "+strings.Repeat("0", 64)+"\n")
	v.verify(1, v.heads("heads.log", "heads.log.2"), `^inc-1 +CUT +heads.log.2 knows record 6 as`)
	v.write("heads.log.2", "2026-11-22T02:00:09Z inc-1 5 "+strings.Repeat("0", 64)+" purged\n")
	v.verify(1, v.heads("heads.log", "heads.log.2"), `^inc-1 +OTHER +heads.log.2 knows record 5 as`)

	// Somebody without the heads file takes a history out and calls it purged.
	v = newEvidence(t, true)
	purge(v, false)
	v.verify(1, v.heads("heads.log"), `^inc-1 +CUT +taken out of the store, and heads.log knows it but not that`)

	// The note of it is gone too.
	v = newEvidence(t, true)
	purge(v, true)
	v.store(func(s *heads.Store, _ *heads.File) {
		if err := s.Append(v.Context(), store.Batch{Values: []store.Value{{Key: heads.PurgeKey("inc-1")}}}); err != nil {
			v.Fatal(err)
		}
	})
	v.verify(1, v.heads("heads.log"), `^inc-1 +BROKEN +missing`)
}

var footOfCard = regexp.MustCompile(`record ((?:[0-9a-f]{4} ){3}[0-9a-f]{4})`)

// What stands on the card in the room is what --head takes, from a running bot.
func TestTheHeadOnTheCardIsTheHeadThatVerifyTakes(t *testing.T) {
	t.Parallel()
	r := start(t, fmt.Sprintf(oneHook, ""), nil)
	r.post("scans", r.env["SCANS"], map[string]any{"access_key_id": r.drills[0].scene.Leaked.ID})
	r.settled(func(i api.Incident) bool { return len(i.Proposals) > 0 })
	page, err := r.as("ana").reader.Page(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := footOfCard.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no head in the room:\n%s", page)
	}
	for _, head := range []string{m[1], strings.ReplaceAll(m[1], " ", "")} {
		if code, said := r.cli("verify", "--addr", strings.TrimPrefix(r.url, "http://"), "--head", "inc-1="+head); code != exitOK || !strings.Contains(said, "the head "+m[1]+" is that of record") {
			t.Errorf("%d %s", code, said)
		}
	}
	r.stop()
	if code, said := r.cli("verify", "--head", "inc-1="+m[1]); code != exitOK {
		t.Errorf("stopped: %d %s", code, said)
	}
}

// A heads file that can't be written holds nothing up, and is seen from outside.
func TestAFullDiskUnderTheHeadsFileIsSeen(t *testing.T) {
	t.Parallel()
	r := start(t, fmt.Sprintf(oneHook, ""), func(a *app) {
		path := a.config.Audit.Heads
		if err := errors.Join(os.Remove(path), os.Symlink("/dev/full", path)); err != nil {
			t.Fatal(err)
		}
	})
	r.post("scans", r.env["SCANS"], map[string]any{"access_key_id": r.drills[0].scene.Leaked.ID})
	if err := r.heads.Flush(t.Context()); err == nil {
		t.Fatal("a full disk takes heads")
	}
	if _, text := r.ask(http.MethodGet, "/metrics", "", ""); !strings.Contains(text, "twokey_heads_failing 1\n") {
		t.Error("the metric does not say so")
	}
	if _, text := r.ask(http.MethodGet, "/api/status", r.env["API"], ""); !strings.Contains(text, `"heads": "no space left on device"`) {
		t.Errorf("the status does not say so: %s", text)
	}
	if status, _ := r.ask(http.MethodGet, "/readyz", "", ""); status != http.StatusOK {
		t.Errorf("ready: %d", status)
	}
}

// Damage in the file is seen from outside, and the bot stays ready.
func TestABrokenChainIsSeen(t *testing.T) {
	t.Parallel()
	r := start(t, fmt.Sprintf(oneHook, ""), nil)
	r.post("scans", r.env["SCANS"], map[string]any{"access_key_id": r.drills[0].scene.Leaked.ID})
	r.settled(func(i api.Incident) bool { return len(i.Proposals) > 0 })
	r.stop()
	v := &evidence{T: t, dir: r.dir}
	v.harm(func(b *bbolt.Bucket) error {
		return b.Put(keyOf("inc-1", 1), bytes.Replace(b.Get(keyOf("inc-1", 1)), []byte("scans"), []byte("scanz"), 1))
	})
	r.begin(nil)
	p := r.as("ana")
	if err := p.sees(t.Context(), "inc-1: the record does not hold at record 1: it was changed after it was written"); err != nil {
		t.Fatal(err)
	}
	if _, text := r.ask(http.MethodGet, "/metrics", "", ""); !strings.Contains(text, "twokey_chain_broken 1\n") {
		t.Error("the metric does not say so")
	}
	if _, text := r.ask(http.MethodGet, "/api/status", r.env["API"], ""); !regexp.MustCompile(`"broken": \[\s*{\s*"id": "inc-1",\s*"broken_at": 1,\s*"why": "edited"`).MatchString(text) {
		t.Errorf("the status does not say so: %s", text)
	}
	if status, _ := r.ask(http.MethodGet, "/readyz", "", ""); status != http.StatusOK {
		t.Errorf("ready: %d", status)
	}
}
