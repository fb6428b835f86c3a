package bot_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
	"twokey/store/heads"
)

// evidence is a bot on a file that the test writes to while the bot is stopped.
type evidence struct {
	*testing.T

	path string
	room *room
	bot  *bot.Bot
	load atomic.Int64 // how often a history was read
}

// newEvidence has three incidents: inc-2 is closed, the others are open.
func newEvidence(t *testing.T) *evidence {
	t.Helper()
	e := &evidence{T: t, path: filepath.Join(t.TempDir(), "twokey.db"), room: newRoom()}
	e.open()
	for n := range 3 {
		a := leak()
		a.KeyID, a.ExternalKey = incident.KeyID(fmt.Sprintf("LTAI"+"exampleexample0%d", n)), fmt.Sprint(n)
		if _, _, err := e.bot.Receive(t.Context(), incident.Bot, a, incident.AlertText{}); err != nil {
			t.Fatal(err)
		}
		id := incident.NewID(uint64(n) + 1)
		e.do(id, chattest.Ana, incident.Take{})
		e.do(id, incident.Bot, incident.Observe{Of: incident.OfKey(a.KeyID), AsOf: a.ReceivedAt, Source: "test", Facts: map[incident.FactName]string{
			incident.FactOwner: incident.OwnerDeleted, incident.FactStatus: incident.KeyGone,
		}})
	}
	e.do("inc-2", chattest.Ana, incident.Close{})
	e.do(incident.System, incident.Bot, incident.Configure{Digest: "d"})
	e.close()
	return e
}

func (e *evidence) open() {
	e.Helper()
	db, err := bolt.Open(e.path, bolt.Options{})
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() { _ = db.Close() })
	select {
	case <-e.room.handler: // of the bot before this one
	default:
	}
	e.bot = alone(e.T, func(store.Store) store.Store { return counted{db, e} }, e.room)
	e.bot.Chain = incident.Chain{Key: []byte("only for tests")}
}

func (e *evidence) close() {
	e.Helper()
	if err := e.bot.Store.Close(); err != nil {
		e.Fatal(err)
	}
}

func (e *evidence) do(id incident.ID, by incident.Person, c incident.Command) {
	e.Helper()
	if _, err := e.bot.Do(e.Context(), id, by, c); err != nil {
		e.Fatalf("%T: %v", c, err)
	}
}

// counted counts how often a history is read.
type counted struct {
	store.Store
	e *evidence
}

func (c counted) Load(ctx context.Context, id incident.ID) ([]incident.Record, error) {
	c.e.load.Add(1)
	return c.Store.Load(ctx, id)
}

// runs runs a bot on the file for a while.
func (e *evidence) runs(d time.Duration) {
	e.Helper()
	e.open()
	stop := running(e.bot)
	time.Sleep(d)
	synctest.Wait()
	stop()
	e.close()
}

// damage writes to the file past the bot.
func (e *evidence) damage(change func(records *bbolt.Bucket) error) {
	e.Helper()
	db, err := bbolt.Open(e.path, 0o600, nil)
	if err != nil {
		e.Fatal(err)
	}
	if err := errors.Join(db.Update(func(tx *bbolt.Tx) error { return change(tx.Bucket([]byte("records"))) }), db.Close()); err != nil {
		e.Fatal(err)
	}
}

func recordKey(id incident.ID, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(id), 0), seq)
}

// edit makes somebody else the author of a record.
func edit(id incident.ID, seq uint64) func(*bbolt.Bucket) error {
	return func(records *bbolt.Bucket) error {
		whole := records.Get(recordKey(id, seq))
		edited := bytes.Replace(whole, []byte(`"by":"`), []byte(`"by":"e`), 1)
		if whole == nil || bytes.Equal(whole, edited) {
			return errors.New("nothing to edit")
		}
		return records.Put(recordKey(id, seq), edited)
	}
}

func drop(id incident.ID, seqs ...uint64) func(*bbolt.Bucket) error {
	return func(records *bbolt.Bucket) error {
		for _, seq := range seqs {
			if err := records.Delete(recordKey(id, seq)); err != nil {
				return err
			}
		}
		return nil
	}
}

// told are the findings in the system log.
func (e *evidence) told() []incident.Damaged {
	e.Helper()
	e.open()
	defer e.close()
	records, err := e.bot.Store.Load(e.Context(), incident.System)
	if err != nil {
		e.Fatal(err)
	}
	return incident.Fold(records).Damaged
}

// says counts the messages of the room that have all the words.
func (e *evidence) says(words ...string) int {
	e.room.mu.Lock()
	defer e.room.mu.Unlock()
	n := 0
	for _, c := range e.room.cards {
		text := c.Title
		for _, notice := range c.Notices {
			text += "\n" + notice.Text
		}
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			n++
		}
	}
	return n
}

func TestDamageIsFoundAtStartAndEveryRoomIsToldOnce(t *testing.T) {
	for _, row := range []struct {
		name   string
		damage func(*bbolt.Bucket) error
		found  incident.Damaged
		says   string
		card   bool // the open incident's card says so too
	}{
		{"edited", edit("inc-1", 2), incident.Damaged{Of: "inc-1", Seq: 2, Why: "edited"}, "inc-1: the record does not hold at record 2: it was changed", true},
		{"a closed one", edit("inc-2", 2), incident.Damaged{Of: "inc-2", Seq: 2, Why: "edited"}, "inc-2: the record does not hold at record 2", false},
		{"taken out", drop("inc-3", 2), incident.Damaged{Of: "inc-3", Seq: 2, Why: "gap"}, "inc-3: the record does not hold at record 2: it is missing", true},
		{
			"no record any more", func(b *bbolt.Bucket) error { return b.Put(recordKey("inc-2", 2), []byte("nothing")) },
			incident.Damaged{Of: "inc-2", Why: "unreadable"},
			"inc-2: the record can't be read", false,
		},
		{"all gone", drop("inc-2", 1, 2, 3, 4), incident.Damaged{Of: "inc-2", Why: "missing"}, "inc-2: the whole record is gone", false},
		{
			"of another incident", func(b *bbolt.Bucket) error {
				return b.Put(recordKey("inc-2", 2), bytes.Clone(b.Get(recordKey("inc-1", 2))))
			},
			incident.Damaged{Of: "inc-2", Why: "unreadable"},
			"inc-2: the record can't be read", false,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEvidence(t)
				e.runs(10 * time.Second)
				if got := e.told(); len(got) != 0 || len(e.bot.Checks().Broken) != 0 {
					t.Fatalf("a whole record: told %v", got)
				}
				e.damage(row.damage)
				for range 2 { // the second start finds it again, and says nothing new
					e.runs(10 * time.Second)
					if diff := cmp.Diff([]incident.Damaged{row.found}, e.bot.Checks().Broken); diff != "" {
						t.Errorf("found:\n%s", diff)
					}
					if diff := cmp.Diff([]incident.Damaged{row.found}, e.told()); diff != "" {
						t.Errorf("told:\n%s", diff)
					}
				}
				if got := e.says(row.says); got != 1 {
					t.Errorf("%d messages say %q", got, row.says)
				}
				if got := e.says(string(row.found.Of), "no step starts on it. Act in the console") == 1; got != row.card {
					t.Errorf("the card says so: %v", got)
				}
			})
		})
	}
}

// Somebody without the key writes a whole history anew, with hashes that fit.
func TestAHistoryWrittenAnewWithoutTheKeyIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvidence(t)
		e.damage(func(records *bbolt.Bucket) error {
			for _, r := range (incident.Chain{}).Seal(incident.State{}, "inc-2", "eve", time.Now(), []incident.Event{incident.Opened{}, incident.Took{}, incident.Took{}, incident.Closed{}}) {
				if err := records.Put(recordKey("inc-2", r.Seq), r.Encode()); err != nil {
					return err
				}
			}
			return nil
		})
		e.runs(10 * time.Second)
		want := []incident.Damaged{{Of: "inc-2", Seq: 1, Why: "edited"}}
		if diff := cmp.Diff(want, e.told()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatWasExportedAndTakenOutIsNotMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvidence(t)
		e.open()
		end := incident.End{Incident: "inc-2", Seq: 4, Hash: incident.Hash(strings.Repeat("0", 64))}
		value := heads.Purge{Seq: end.Seq, Hash: end.Hash, Archive: "2026.jsonl.gz"}.Value(end.Incident)
		e.do(incident.System, incident.Bot, incident.Archive{File: "2026.jsonl.gz", SHA256: "5a", Count: 1, Ends: incident.DigestEnds([]incident.End{end})})
		if err := e.bot.Store.Append(t.Context(), store.Batch{Values: []store.Value{value}}); err != nil {
			t.Fatal(err)
		}
		e.close()
		e.damage(drop("inc-2", 1, 2, 3, 4))
		e.runs(10 * time.Second)
		if got := e.told(); len(got) != 0 {
			t.Errorf("told %v", got)
		}
	})
}

// Whoever takes an incident out can write a tombstone for it, but not the record
// of the system log that goes with it.
func TestAForgedTombstoneIsTold(t *testing.T) {
	end := incident.End{Incident: "inc-2", Seq: 4, Hash: incident.Hash(strings.Repeat("0", 64))}
	for what, c := range map[string]struct {
		file string
		want incident.Damaged
	}{
		"of a file that nobody wrote": {"forged.jsonl.gz", incident.Damaged{Of: "inc-2", Why: "missing"}},
		"of one that holds others":    {"2026.jsonl.gz", incident.Damaged{Of: incident.System, Why: "tombstones"}},
		"of an end that it has not":   {"", incident.Damaged{Of: incident.System, Why: "tombstones"}},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEvidence(t)
				e.open()
				left := incident.End{Incident: "inc-1", Seq: 3, Hash: end.Hash} // on its way out: it is still there
				a := incident.Archive{File: "2026.jsonl.gz", SHA256: "5a", Count: 1, Ends: incident.DigestEnds([]incident.End{left})}
				e.do(incident.System, incident.Bot, a)
				values := []store.Value{heads.Purge{Seq: left.Seq, Hash: left.Hash, Archive: a.File}.Value(left.Incident)}
				if c.file == "" {
					values[0] = heads.Purge{Seq: left.Seq + 1, Hash: left.Hash, Archive: a.File}.Value(left.Incident)
				} else {
					values = append(values, heads.Purge{Seq: end.Seq, Hash: end.Hash, Archive: c.file}.Value(end.Incident))
				}
				if err := e.bot.Store.Append(t.Context(), store.Batch{Values: values}); err != nil {
					t.Fatal(err)
				}
				e.close()
				if c.file != "" {
					e.damage(drop("inc-2", 1, 2, 3, 4))
				}
				e.runs(10 * time.Second)
				if diff := cmp.Diff([]incident.Damaged{c.want}, e.told()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// However many incidents there are, reading through them leaves the disk alone.
func TestReadingThroughIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvidence(t)
		e.open()
		records := make([]incident.Index, 0, 5000)
		for n := uint64(4); n < 5000; n++ {
			records = append(records, incident.Index{Incident: incident.NewID(n), Opened: time.Now()})
		}
		if err := e.bot.Store.Append(t.Context(), store.Batch{Index: records, Values: purged(5000)}); err != nil {
			t.Fatal(err)
		}
		defer e.close()
		e.do(incident.System, incident.Bot, incident.Archive{File: "a", SHA256: "5a", Count: 4996, Ends: "5b"})
		stop := running(e.bot)
		defer stop()
		time.Sleep(10 * time.Second)
		before := e.load.Load()
		time.Sleep(10 * time.Second)
		if got := e.load.Load() - before; got < 500 || got > 1500 {
			t.Errorf("%d histories in ten seconds", got)
		}
	})
}

// purged says of many incidents that they were exported and taken out.
func purged(upTo uint64) []store.Value {
	var values []store.Value
	for n := uint64(4); n < upTo; n++ {
		values = append(values, heads.Purge{Seq: 1, Hash: incident.Hash(strings.Repeat("0", 64)), Archive: "a"}.Value(incident.NewID(n)))
	}
	return values
}

func TestABrokenSystemLogHoldsUntilAnApproverSaysGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvidence(t)
		held := func() string {
			e.open()
			defer e.close()
			if err := e.bot.CheckSystem(t.Context()); err != nil {
				t.Fatal(err)
			}
			records, err := e.bot.Store.Load(t.Context(), incident.System)
			if err != nil {
				t.Fatal(err)
			}
			return incident.Fold(records).Held
		}
		if got := held(); got != "" {
			t.Fatalf("a whole log holds: %s", got)
		}
		e.damage(edit(incident.System, 1))
		if got := held(); got != incident.HoldBroken {
			t.Fatalf("held: %q", got)
		}
		e.runs(10 * time.Second)
		if got := e.says("The bot is on hold", "log was edited"); got != 1 {
			t.Errorf("%d messages say so", got)
		}
		e.open()
		e.do(incident.System, chattest.Ana, incident.Release{})
		e.close()
		if got := held(); got != "" { // she has looked
			t.Errorf("held again: %q", got)
		}
		if got := e.bot.Checks().Broken; len(got) != 1 || got[0].Of != incident.System {
			t.Errorf("found %v", got)
		}
		e.damage(edit(incident.System, 3)) // her word for it was somebody else's
		if got := held(); got != incident.HoldBroken {
			t.Errorf("held after more damage: %q", got)
		}
	})
}

// editedSystem is a file in which somebody edits the bot's own log while it runs.
type editedSystem struct {
	store.Store
	edited *bool
}

func (e editedSystem) Load(ctx context.Context, id incident.ID) ([]incident.Record, error) {
	records, err := e.Store.Load(ctx, id)
	if id == incident.System && *e.edited && len(records) > 0 {
		records[0].Bytes = bytes.Replace(bytes.Clone(records[0].Bytes), []byte(`"digest":"d"`), []byte(`"digest":"e"`), 1)
	}
	return records, err
}

func TestNothingStartsOnAnEditedSystemLog(t *testing.T) {
	edited := false
	s := alerted(t, chattest.Options{Store: func(under store.Store) store.Store { return editedSystem{under, &edited} }})
	if err := s.Bot.Configured(t.Context(), "d", nil); err != nil {
		t.Fatal(err)
	}
	s.say(chattest.Ana, "approve "+s.number(incident.StepKeyDisable))
	edited = true
	s.say(chattest.Bo, "approve "+s.number(incident.StepKeyDisable))
	s.Settle()
	if got := s.KeyStatus(); got != "Active" {
		t.Errorf("the key is %s while nobody knows whether a hold was taken out", got)
	}
	s.showsIt("On hold")
	if a := s.say(chattest.Chen, "go"); !a.OK {
		t.Fatal(a.Text)
	}
	s.After(time.Minute)
	if got := s.KeyStatus(); got != "Inactive" {
		t.Errorf("the key is %s after go", got)
	}
}
