package api_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"twokey/bot/api"
	"twokey/incident"
	"twokey/store"
	"twokey/store/heads"
)

// verification is what a whole verify found.
type verification struct {
	OK   bool
	Logs []api.Checked
}

func verify(ctx context.Context, r api.Reader) (verification, error) {
	v := verification{OK: true}
	err := r.Verify(ctx, func(c api.Checked) error {
		v.OK = v.OK && c.OK
		v.Logs = append(v.Logs, c)
		return nil
	})
	return v, err
}

func verified(t *testing.T, w *world) verification {
	t.Helper()
	v, err := verify(t.Context(), w.read)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAWholeRecordHolds(t *testing.T) {
	w := newWorld(t)
	v := verified(t, w)
	if !v.OK || len(v.Logs) != 2 || v.Logs[0].ID != "inc-1" || v.Logs[1].ID != incident.System {
		t.Errorf("got %+v", v)
	}
	records, _ := w.bot.Store.Load(t.Context(), "inc-1")
	if head := records[len(records)-1].Hash; v.Logs[0].Head != head {
		t.Errorf("head %s, want %s", v.Logs[0].Head, head)
	}
}

// recordAt finds the key of one record in the file.
func recordAt(tx *bbolt.Tx, id string, seq byte) (*bbolt.Bucket, []byte) {
	b := tx.Bucket([]byte("records"))
	return b, append([]byte(id), 0, 0, 0, 0, 0, 0, 0, 0, seq)
}

func TestVerifyFindsTheFirstBrokenRecord(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(tx *bbolt.Tx) error
		why    string
		at     uint64
	}{
		{"edited", func(tx *bbolt.Tx) error {
			b, key := recordAt(tx, "inc-1", 3)
			return b.Put(key, bytes.Replace(b.Get(key), []byte(`"ana"`), []byte(`"eve"`), 1))
		}, "edited", 3},
		{"taken out", func(tx *bbolt.Tx) error {
			b, key := recordAt(tx, "inc-1", 2)
			return b.Delete(key)
		}, "gap", 2},
		{"no record any more", func(tx *bbolt.Tx) error {
			b, key := recordAt(tx, "inc-1", 2)
			return b.Put(key, []byte("nothing"))
		}, api.WhyUnreadable, 0},
		{"all gone, index too", func(tx *bbolt.Tx) error {
			for seq := byte(1); seq < 30; seq++ {
				b, key := recordAt(tx, "inc-1", seq)
				if err := b.Delete(key); err != nil {
					return err
				}
			}
			return nil
		}, api.WhyMissing, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			w.tamper(row.change)
			v := verified(t, w)
			if got := v.Logs[0]; v.OK || got.OK || got.Why != row.why || got.Broken != row.at {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestAnotherKeyDoesNotCheck(t *testing.T) {
	w := newWorld(t)
	w.read.Chain = incident.Chain{Key: []byte("another key")}
	if v := verified(t, w); v.OK || v.Logs[0].Broken != 1 {
		t.Errorf("got %+v", v)
	}
}

func TestAnIncidentThatTheIndexForgotIsStillChecked(t *testing.T) {
	w := newWorld(t)
	w.tamper(func(tx *bbolt.Tx) error {
		for _, name := range []string{"index", "find"} {
			if err := tx.DeleteBucket([]byte(name)); err != nil {
				return err
			}
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		b, key := recordAt(tx, "inc-1", 3)
		return b.Put(key, bytes.Replace(b.Get(key), []byte(`"ana"`), []byte(`"eve"`), 1))
	})
	if v := verified(t, w); v.OK || v.Logs[0].ID != "inc-1" || v.Logs[0].Why != "edited" {
		t.Errorf("got %+v", v)
	}
}

func TestWhatWasTakenOutIsKnown(t *testing.T) {
	w := newWorld(t)
	head := verified(t, w).Logs[0].Head
	value := heads.Purge{Seq: 5, Hash: head, Archive: "2026.jsonl.gz"}.Value("inc-1")
	if err := w.bot.Store.Append(t.Context(), store.Batch{Values: []store.Value{value}}); err != nil {
		t.Fatal(err)
	}
	ends := incident.DigestEnds([]incident.End{{Incident: "inc-1", Seq: 5, Hash: head}})
	if _, err := w.bot.Do(t.Context(), incident.System, incident.Bot, incident.Archive{File: "2026.jsonl.gz", SHA256: "5a", Count: 1, Ends: ends}); err != nil {
		t.Fatal(err)
	}
	if got := verified(t, w).Logs[0]; got.Purged != "" {
		t.Errorf("it is still there: %+v", got)
	}
	w.tamper(func(tx *bbolt.Tx) error {
		for seq := byte(1); seq <= 5; seq++ {
			b, key := recordAt(tx, "inc-1", seq)
			if err := b.Delete(key); err != nil {
				return err
			}
		}
		return nil
	})
	want := api.Checked{ID: "inc-1", OK: true, Records: 5, Head: head, Purged: "2026.jsonl.gz"}
	if diff := cmp.Diff(want, verified(t, w).Logs[0]); diff != "" {
		t.Error(diff)
	}
}

// partial is a reader whose store breaks after the first history.
type partial struct{ api.Reader }

var errDisk = errors.New("the disk is gone")

func (p partial) Verify(ctx context.Context, each func(api.Checked) error) error {
	return p.Reader.Verify(ctx, func(c api.Checked) error {
		if c.ID == incident.System {
			return errDisk
		}
		return each(c)
	})
}

// A part is never taken for the whole.
func TestAVerifyThatBreaksOffSaysSo(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(api.New(api.Config{Token: token, Reader: partial{w.read}, Log: slog.New(slog.DiscardHandler)}))
	defer server.Close()
	client := &api.Client{URL: server.URL, Token: token, HTTP: http.DefaultClient}
	if v, err := verify(t.Context(), client); !errors.Is(err, api.ErrPartial) {
		t.Errorf("%+v %v", v, err)
	}
	for _, cut := range []string{
		"", "{", `{"incidents": [`, `{"incidents": [{"id": "inc-1", "ok": true}`, `{"incidents": [{"id": "inc-1", "ok": true},`,
		`{"incidents": [{"id": "inc-1", "ok": true}]`, `{"incidents": [{"id": "inc-1", "ok": true}]}`, `{"ok": true}`, `[]`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(cut)) }))
		broken := &api.Client{URL: server.URL, Token: token, HTTP: http.DefaultClient}
		if v, err := verify(t.Context(), broken); !errors.Is(err, api.ErrPartial) {
			t.Errorf("%s: %+v %v", cut, v, err)
		}
		server.Close()
	}
	whole := w.client()
	if err := whole.Verify(t.Context(), func(api.Checked) error { return errDisk }); !errors.Is(err, errDisk) {
		t.Errorf("the caller's own error: %v", err)
	}
	if _, err := whole.VerifyOne(t.Context(), "nobody"); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}
