package incident_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

// everything is one event of every kind, with every field set.
func everything() []incident.Event {
	a := alert("scans", key)
	a.Details, a.DetectedAt = "w1", t0.Add(-time.Hour)
	p := disable
	p.Params, p.Shown = map[string]string{"a": "b"}, []incident.Fact{userHas("x")}
	p.Impact = incident.Impact{Breaks: []string{"a"}, Blind: []string{"b"}, Since: t0}
	return []incident.Event{
		incident.Opened{Alert: a, Links: []incident.ID{"inc-1"}},
		incident.Heard{Alert: a},
		incident.KeyEntered{Key: key},
		incident.Observed{Of: ofKey, Facts: map[incident.FactName]string{incident.FactSlot: incident.Free}, AsOf: t0, Source: "s"},
		incident.Answered{Question: incident.InUse, Value: incident.No},
		incident.Proposed{Number: 1, Digest: "d", Plan: p, Tier: incident.Look, Need: 2},
		incident.Approved{Number: 1, Digest: "d", Platform: "lark", Until: t0, Reason: "w"},
		incident.Withdrew{Number: 1},
		incident.Declined{Number: 1, Reason: "w"},
		incident.WentAlone{Number: 1, Reason: "w"},
		incident.Authorized{Number: 1, Auto: true},
		incident.Superseded{Number: 1, By: 2},
		incident.Lapsed{Number: 1},
		incident.Started{Number: 1},
		incident.Tried{Number: 1, Code: "c", Again: t0},
		incident.Resumed{Number: 1},
		incident.Drifted{Number: 1, Moved: []incident.Drift{{Fact: userHas("x"), Now: "y"}}},
		incident.Finished{Number: 1, Outcome: incident.Confirmed, Code: "c", Found: true, Result: "r"},
		incident.Looked{Number: 1, Outcome: incident.NotSeen, Code: "c", Result: "r"},
		incident.Received{Number: 1, By: "bo", Way: incident.WayChat},
		incident.Uncollected{Number: 1},
		incident.Breached{Number: 1, Who: "w", Thief: true, Person: "bo"},
		incident.Noted{Text: "w"},
		incident.Took{},
		incident.Reminded{Number: 1, Round: 2, Who: []incident.Person{"bo"}},
		incident.Escalated{Number: 1, Round: 2},
		incident.GaveUp{Task: incident.Announce, Room: "slack", Code: "c"},
		incident.Merged{Into: "inc-2"},
		incident.Absorbed{From: "inc-2", Head: "h"},
		incident.FalseAlarmed{Number: 1},
		incident.Closed{Reason: "w"},
		incident.Reopened{Why: "key_active"},
		incident.Configured{Digest: "d", Changes: []incident.Change{{What: "need", Who: "bo", From: "1", To: "2"}}},
		incident.Held{Why: incident.HoldClock},
		incident.Retired{File: "closed.jsonl.gz"},
		incident.Archived{File: "closed.jsonl.gz", SHA256: "5a", Count: 3, Ends: "6b"},
		incident.Released{},
		incident.Damaged{Of: "inc-2", Seq: 3, Why: "edited"},
	}
}

func TestEveryKindIsReadBackAsItWasWritten(t *testing.T) {
	events := everything()
	var kinds []string
	for _, e := range events {
		kinds = append(kinds, e.Kind())
	}
	slices.Sort(kinds)
	if diff := cmp.Diff(incident.Kinds(), kinds); diff != "" {
		t.Fatalf("the kinds under test (-known +tested):\n%s", diff)
	}
	for i, r := range (incident.Chain{}).Seal(incident.State{}, "inc-1", "ana", t0, events) {
		got, err := incident.DecodeRecord(r.Encode())
		if err != nil {
			t.Fatalf("DecodeRecord(%s): %v", r.Event.Kind(), err)
		}
		if diff := cmp.Diff(r, got); diff != "" {
			t.Errorf("%s (-sealed +read):\n%s", r.Event.Kind(), diff)
		}
		if diff := cmp.Diff(events[i], got.Event); diff != "" {
			t.Errorf("%s (-said +read):\n%s", r.Event.Kind(), diff)
		}
	}
}

func TestWhatIsKeptIsWhatWillBeRead(t *testing.T) {
	local := time.FixedZone("", 8*3600)
	at := time.Now().In(local) // with a monotonic reading and nanoseconds: neither survives a store
	sealed := (incident.Chain{}).Seal(incident.State{}, "inc-1", "ana", at, []incident.Event{
		incident.Approved{Number: 1, Until: at}, incident.Noted{Text: "bad\xff"},
	})
	for _, r := range sealed {
		read, err := incident.DecodeRecord(r.Encode())
		if err != nil {
			t.Fatalf("DecodeRecord: %v", err)
		}
		if diff := cmp.Diff(r, read); diff != "" {
			t.Errorf("record (-sealed +read):\n%s", diff)
		}
	}
}

func TestARecordNeverComesBeforeTheOneBeforeIt(t *testing.T) {
	s := incident.State{At: t0}
	got := (incident.Chain{}).Seal(s, "inc-1", "ana", t0.Add(-time.Hour), []incident.Event{incident.Took{}})
	if !got[0].At.Equal(t0) {
		t.Errorf("at = %v, want %v", got[0].At, t0)
	}
}

func TestWhatThisVersionCannotReadIsKeptWhole(t *testing.T) {
	for name, stored := range map[string]string{
		"an unknown kind":            `{"incident":"inc-1","seq":1,"at":"2026-01-02T03:04:05Z","by":"ana","kind":"bribed","event":{"with": "gold"}}`,
		"a known kind, unreadable":   `{"incident":"inc-1","seq":1,"at":"2026-01-02T03:04:05Z","by":"ana","kind":"approved","event":{"number":"two"}}`,
		"a known kind without event": `{"incident":"inc-1","seq":1,"at":"2026-01-02T03:04:05Z","by":"ana","kind":"took"}`,
	} {
		t.Run(name, func(t *testing.T) {
			in := append(bytes.Repeat([]byte("0"), 64), " "+stored...)
			r, err := incident.DecodeRecord(in)
			if err != nil {
				t.Fatalf("DecodeRecord: %v", err)
			}
			if !bytes.Equal(r.Encode(), in) {
				t.Error("it is not written back as it was read")
			}
			if s := incident.Fold([]incident.Record{r}); !s.ReadOnly || len(s.Unknown) != 1 {
				t.Errorf("read-only %v, unknown %v; want true, one", s.ReadOnly, s.Unknown)
			}
			if _, err := r.Event.(incident.Foreign).MarshalJSON(); err != nil {
				t.Errorf("MarshalJSON: %v", err)
			}
		})
	}
}

func TestBytesThatAreNoRecord(t *testing.T) {
	hash := string(bytes.Repeat([]byte("0"), 64))
	for _, stored := range []string{
		"", "{}", hash, hash + " ", hash + "-{}", hash + " {}", hash + " nonsense",
		hash + ` {"incident":"","seq":1,"kind":"took"}`, hash + ` {"incident":"inc-1","seq":0,"kind":"took"}`,
		hash + ` {"incident":"inc-1","seq":1}`, hash + ` {"incident":"inc-1","seq":-1,"kind":"took"}`,
	} {
		if _, err := incident.DecodeRecord([]byte(stored)); !errors.Is(err, incident.ErrRecord) {
			t.Errorf("DecodeRecord(%q) = %v, want %v", stored, err, incident.ErrRecord)
		}
	}
}

// story is a sealed history with a plan in it.
func story(t tester, chain incident.Chain) []incident.Record {
	h := fresh(t)
	h.chain = chain
	h.must(incident.Bot, incident.Open{Alert: alert("scans", key)})
	h.find()
	h.done(disable)
	return h.records
}

func TestTamperingShows(t *testing.T) {
	chain := incident.Chain{Key: []byte("k")}
	edits := map[string]struct {
		why  string
		edit func(*incident.Record)
	}{
		"author":   {"edited", func(r *incident.Record) { r.By = "eve" }},
		"time":     {"edited", func(r *incident.Record) { r.At = r.At.Add(time.Second) }},
		"event":    {"edited", func(r *incident.Record) { r.Event = incident.Took{} }},
		"bytes":    {"edited", func(r *incident.Record) { r.Bytes = bytes.Replace(r.Bytes, []byte("seq"), []byte("Seq"), 1) }},
		"hash":     {"edited", func(r *incident.Record) { r.Hash = "0" + r.Hash[1:] + "0" }},
		"link":     {"reordered", func(r *incident.Record) { r.Prev = "0" }},
		"sequence": {"gap", func(r *incident.Record) { r.Seq++ }},
	}
	for name, tt := range edits {
		t.Run(name, func(t *testing.T) {
			for i := range story(t, chain) {
				records := story(t, chain)
				tt.edit(&records[i])
				var broken *incident.BrokenError
				if err := chain.Check(records); !errors.As(err, &broken) {
					t.Fatalf("record %d: Check = %v, want a break", i+1, err)
				}
				if broken.Seq != uint64(i+1) || broken.Why != tt.why || broken.Incident != "inc-1" {
					t.Errorf("record %d: %v, want %s there", i+1, broken, tt.why)
				}
			}
		})
	}
}

func TestACutTailShowsAgainstAHeadKeptElsewhere(t *testing.T) {
	records := story(t, incident.Chain{})
	cut := records[:len(records)-1]
	if err := (incident.Chain{}).Check(cut); err != nil {
		t.Errorf("Check = %v; a cut tail can't show inside", err)
	}
	if incident.Fold(cut).Head == incident.Fold(records).Head {
		t.Error("the head does not tell a cut history from a whole one")
	}
}

func TestAForeignRecordInAHistoryShows(t *testing.T) {
	records := story(t, incident.Chain{})
	records[3].Incident = "inc-2"
	var broken *incident.BrokenError
	if err := (incident.Chain{}).Check(records); !errors.As(err, &broken) || broken.Why != "foreign" {
		t.Errorf("Check = %v, want foreign", err)
	}
}

// Whoever can write the file but lacks the key can't make up a history.
func TestAHistoryCannotBeResealedWithoutTheKey(t *testing.T) {
	keyed := incident.Chain{Key: []byte("k")}
	if err := keyed.Check(story(t, keyed)); err != nil {
		t.Fatalf("Check = %v, want nil", err)
	}
	for name, forger := range map[string]incident.Chain{
		"without a key": {}, "with an empty key": {Key: []byte{}}, "with another key": {Key: []byte("l")},
	} {
		if err := keyed.Check(story(t, forger)); err == nil {
			t.Errorf("a history resealed %s went unnoticed", name)
		}
	}
	if err := (incident.Chain{}).Check(story(t, keyed)); err == nil {
		t.Error("a keyed history passes without the key: the key is not used")
	}
}

func TestAHashIsShownInGroups(t *testing.T) {
	if got := incident.Hash("9f2c41d07be3a855ffff").Short(); got != "9f2c 41d0 7be3 a855" {
		t.Errorf("Short = %q", got)
	}
	if got := incident.Hash("9f2c").Short(); got != "9f2c" {
		t.Errorf("Short = %q", got)
	}
}

func FuzzDecodeRecord(f *testing.F) {
	for _, r := range (incident.Chain{}).Seal(incident.State{}, "inc-1", "ana", t0, everything()) {
		f.Add(r.Encode())
	}
	f.Add([]byte(string(bytes.Repeat([]byte("0"), 64)) + ` {"incident":"i","seq":1,"kind":"proposed","event":{"number":-9}}`))
	f.Fuzz(func(t *testing.T, stored []byte) {
		r, err := incident.DecodeRecord(stored)
		if err != nil {
			return
		}
		if !bytes.Equal(r.Encode(), stored) {
			t.Fatal("a record is not written back as it was read")
		}
		// Whatever is in the log, reading it must not stop the program.
		before := story(t, incident.Chain{})
		s := incident.Fold(append(before, r, r))
		s.Expected()
		s.NextLook(t0)
		house().Jobs(s, []incident.Record{r}, []string{"slack"})
		house().Playbook.Next(s)
	})
}
