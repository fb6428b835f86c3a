package bot_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
)

// kept are the hashes of every record that is in the store, or in an archive that
// the system log names and that is the file it names.
func (o *office) kept() map[incident.Hash]bool {
	o.Helper()
	all := make(map[incident.Hash]bool)
	for _, id := range append(o.listed(), incident.System) {
		for _, r := range o.load(id) {
			all[r.Hash] = true
		}
	}
	for _, a := range o.state(incident.System).Archives {
		if _, err := o.dir.Check(o.Context(), a); err != nil {
			continue // what it held is not kept
		}
		f, err := os.Open(filepath.Join(o.dir.Path, a.File))
		if err != nil {
			o.Fatalf("%v", err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			o.Fatalf("%v", err)
		}
		for lines := bufio.NewScanner(z); lines.Scan(); {
			var line struct{ Hash incident.Hash }
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				o.Fatalf("%v", err)
			}
			all[line.Hash] = true
		}
		_ = f.Close()
	}
	return all
}

// lost demands that every record of some time ago is still kept.
func (o *office) lost(when string, before map[incident.Hash]bool) {
	o.Helper()
	now := o.kept()
	for h := range before {
		if !now[h] {
			o.Errorf("%s: a record is neither in the store nor in an archive", when)
			return
		}
	}
}

// Killed at any point, the next run goes on: nothing is lost meanwhile, and at the
// end there is one archive that holds each incident once.
func TestARunThatIsKilledAnywhereIsFinishedByTheNext(t *testing.T) {
	points := 0
	stage := func(t *testing.T) (*office, []incident.ID) {
		o := quietOffice(t)
		old := o.closed(2)
		o.pass(year)
		o.closed(1)
		return o, old
	}
	whole, _ := stage(t)
	from := whole.r.seen
	whole.retain()
	points = whole.r.seen - from
	if points < 14 {
		t.Errorf("a run has only %d points", points)
	}
	for at := 1; at <= points; at++ {
		t.Run(fmt.Sprintf("point %d", at), func(t *testing.T) {
			t.Parallel()
			o, old := stage(t)
			before := o.kept()
			o.r.left = at
			if _, err := o.bot.Retain(t.Context()); !errors.Is(err, errDead) {
				t.Fatalf("Retain = %v, want to be killed", err)
			}
			o.lost("killed", before)
			o.restart()
			o.now = o.now.Add(time.Hour) // the next file would have another name
			o.retain()
			o.lost("finished", before)
			if len(o.files()) != 1 {
				t.Errorf("archives: %v, want one", o.files())
			}
			o.entombed(o.files()[0], old)
			if diff := cmp.Diff([]incident.ID{"inc-3"}, o.listed()); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
			if again := o.retain(); again != (bot.Retained{}) {
				t.Errorf("the next run did %+v", again)
			}
			o.settle()
			if told := o.told("Archived in"); len(told) != 1 {
				t.Errorf("the room was told %q, want one line", told)
			}
		})
	}
}

// An archive that is not what was written down takes nothing out of the store.
func TestNothingIsPurgedThatAnArchiveDoesNotHold(t *testing.T) {
	for what, harm := range map[string]func(file string) error{
		"gone":     os.Remove,
		"cut":      func(file string) error { return os.Truncate(file, 40) },
		"replaced": func(file string) error { return os.WriteFile(file, []byte("hello"), 0o600) },
	} {
		o := quietOffice(t)
		ids := o.closed(2)
		o.pass(year)
		before := o.kept()
		o.bot.Store = harmful{o.bot.Store, func() {
			if err := harm(filepath.Join(o.dir.Path, o.files()[0])); err != nil {
				t.Error(err)
			}
		}}
		if done, err := o.bot.Retain(t.Context()); err == nil {
			t.Errorf("%s: %+v", what, done)
		}
		if got := o.listed(); len(got) != len(ids) {
			t.Errorf("%s: only %v are here", what, got)
		}
		o.lost(what, before)
	}
}

// harmful harms the archive when it has just been written down.
type harmful struct {
	store.Store
	harm func()
}

func (s harmful) Append(ctx context.Context, b store.Batch) error {
	err := s.Store.Append(ctx, b)
	if len(b.Records) == 1 && b.Records[0].Event.Kind() == "archived" {
		s.harm()
	}
	return err
}

// Whoever edits the plan of a run gets nothing out of the store with it.
func TestAForgedPlanTakesNothingOut(t *testing.T) {
	o := quietOffice(t)
	o.closed(1)
	o.pass(year)
	o.retain()
	ids := o.closed(1)
	o.pass(2 * 24 * time.Hour)
	plan := fmt.Sprintf(`{"File":%q,"IDs":[%q]}`, o.files()[0], ids[0])
	forged := []store.Value{{Key: "archive/" + o.files()[0] + "/inc-2", Body: []byte(plan)}}
	if err := o.db.Append(t.Context(), store.Batch{Values: forged}); err != nil {
		t.Fatal(err)
	}
	before := o.kept()
	if done, err := o.bot.Retain(t.Context()); err == nil {
		t.Errorf("Retain = %+v, want to refuse", done)
	}
	o.lost("forged", before)
}

// A full disk stops a run, with its name; once there is room it goes on.
func TestAFullDiskStopsARunAndLosesNothing(t *testing.T) {
	o := quietOffice(t)
	ids := o.closed(2)
	o.pass(year)
	before := o.kept()
	whole := o.bot.Retention.Archive
	o.bot.Retention.Archive = fullDisk{whole}
	for range 2 {
		if done, err := o.bot.Retain(t.Context()); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("Retain = %+v, %v; want ENOSPC", done, err)
		}
		o.lost("full", before)
		if len(o.listed()) != 2 {
			t.Errorf("%v are here", o.listed())
		}
	}
	if a := o.say(chattest.Ana, "note one more inc-1"); a.OK {
		t.Error("something was added to what is on its way out")
	}
	if a := o.say(chattest.Ana, "show inc-1"); !a.OK {
		t.Errorf("it can't be read any more: %s", a.Text)
	}
	if links := o.state(o.leaks(o.key(1))).Links; !slices.Equal(links, ids[:1]) {
		t.Errorf("a new incident links %v, want inc-1 once", links)
	}
	o.bot.Retention.Archive = whole
	if done := o.retain(); done.Purged != 2 {
		t.Errorf("with room: %+v", done)
	}
	o.entombed(o.files()[0], ids)
}

type fullDisk struct{ bot.Archive }

func (fullDisk) Write(context.Context, incident.Archived, iter.Seq2[[]incident.Record, error]) (incident.Archived, error) {
	return incident.Archived{}, &fs.PathError{Op: "write", Path: "archive", Err: syscall.ENOSPC}
}

// Whatever happens in whatever order, kills and vanishing files among it, a record
// that was once kept is kept.
func TestNeverPurgedUnlessArchived(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "office-*")
		if err != nil {
			r.Fatal(err)
		}
		o := newOffice(r, dir)
		defer func() { _ = o.db.Close() }()
		known := make(map[incident.Hash]bool)
		hidden := "" // an archive that somebody moved away
		acts := map[string]func(*rapid.T){
			"closed": func(r *rapid.T) { o.closed(rapid.IntRange(1, 3).Draw(r, "n")) },
			"leaks again": func(r *rapid.T) {
				o.leaks(o.key(rapid.IntRange(1, 4).Draw(r, "key")))
			},
			"note": func(r *rapid.T) {
				if ids := o.listed(); len(ids) > 0 {
					o.say(chattest.Ana, "note one more "+string(rapid.SampledFrom(ids).Draw(r, "id")))
				}
			},
			"time": func(r *rapid.T) { o.pass(time.Duration(rapid.IntRange(2, 400).Draw(r, "days")) * 24 * time.Hour) },
			"move": func(r *rapid.T) {
				files := o.files()
				if hidden != "" || len(files) == 0 {
					return
				}
				hidden = filepath.Join(o.dir.Path, rapid.SampledFrom(files).Draw(r, "file"))
				if err := os.Rename(hidden, hidden+".away"); err != nil {
					r.Fatal(err)
				}
			},
			"put back": func(r *rapid.T) {
				if hidden == "" {
					return
				}
				if err := os.Rename(hidden+".away", hidden); err != nil {
					r.Fatal(err)
				}
				hidden = ""
			},
			"retain": func(r *rapid.T) {
				if _, err := o.bot.Retain(r.Context()); err != nil && hidden == "" {
					r.Fatal(err)
				}
			},
			"retain and die": func(r *rapid.T) {
				o.r.left = rapid.IntRange(1, 16).Draw(r, "point")
				_, _ = o.bot.Retain(r.Context())
				o.restart()
			},
		}
		names := slices.Sorted(maps.Keys(acts))
		for range rapid.IntRange(3, 12).Draw(r, "acts") { // each waits for the disk
			acts[rapid.SampledFrom(names).Draw(r, "act")](r)
			if hidden == "" {
				o.lost("now", known)
				maps.Copy(known, o.kept())
			}
		}
	})
}

// The file is written anew when more than half of it is free, whoever freed it,
// and a small one whenever something left.
func TestTheFileIsCompactedWhenItIsWorthIt(t *testing.T) {
	for _, c := range []struct {
		free, total int64
		left        int
		want        bool
	}{
		{0, 0, 0, false},
		{500, 1000, 0, false},
		{501, 1000, 0, true},
		{0, 64 << 20, 1, true},
		{0, 64<<20 + 1, 1, false},
		{32<<20 + 1, 64<<20 + 2, 1, false},
		{32<<20 + 2, 64<<20 + 2, 1, true},
	} {
		o := quietOffice(t)
		o.closed(c.left)
		o.pass(year)
		f := &sparse{free: c.free, total: c.total}
		o.bot.Retention.Compacter = f
		if done := o.retain(); done.Compacted != c.want || (f.times == 1) != c.want {
			t.Errorf("%d of %d bytes free, %d left: compacted %d times, want %v", c.free, c.total, c.left, f.times, c.want)
		}
	}
}

// What left and what lay beside it is gone from the bytes of the file.
func TestNothingOfWhatLeftIsInTheFile(t *testing.T) {
	o := quietOffice(t)
	o.closed(3)
	gone := []string{planted, string(o.load("inc-2")[2].Hash)}
	o.pass(year)
	o.bot.Retention.Compacter = o.db
	for _, word := range gone {
		if !o.inFile(word) {
			t.Errorf("%q is not in the file before: the search proves nothing", word)
		}
	}
	if done := o.retain(); done.Purged != 3 || !done.Compacted {
		t.Errorf("%+v", done)
	}
	for _, word := range gone {
		if o.inFile(word) {
			t.Errorf("%q is still in the file", word)
		}
	}
}

func (o *office) inFile(word string) bool {
	o.Helper()
	body, err := os.ReadFile(o.path)
	if err != nil {
		o.Fatalf("%v", err)
	}
	return bytes.Contains(body, []byte(word))
}

// sparse says how free it is, and counts.
type sparse struct {
	free, total int64
	times       int
}

func (s *sparse) Free() (free, total int64) { return s.free, s.total }

func (s *sparse) Compact(context.Context) error { s.times++; return nil }

// The witness is told before anything is purged, and what it can't keep stays.
func TestHeadsAreWrittenDownOutsideBeforeTheyLeave(t *testing.T) {
	o := quietOffice(t)
	ids := o.closed(2)
	o.pass(year)
	deaf := errors.New("the heads file can't be written")
	var told []incident.End
	w := witness(func(ends []incident.End) error {
		if len(o.listed()) != 2 {
			t.Error("it is told too late")
		}
		told = ends
		return deaf
	})
	o.bot.Retention.Witness = w
	if _, err := o.bot.Retain(t.Context()); !errors.Is(err, deaf) || len(o.listed()) != 2 {
		t.Fatalf("Retain = %v, %v are here", err, o.listed())
	}
	want := slices.Collect(maps.Values(o.archives()))
	slices.SortFunc(want, func(a, b incident.End) int { return int(b.Incident.Number()) - int(a.Incident.Number()) })
	if diff := cmp.Diff(want, told); diff != "" || len(told) != len(ids) {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	deaf = nil
	if done := o.retain(); done.Purged != 2 {
		t.Errorf("%+v", done)
	}
}

type witness func([]incident.End) error

func (w witness) Leaving(_ context.Context, ends []incident.End) error { return w(ends) }
