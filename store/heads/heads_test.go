package heads_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store/heads"
)

var t0 = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)

// hash is a hash that ends in n.
func hash(n byte) incident.Hash {
	return incident.Hash(strings.Repeat("0", 62) + string("0123456789abcdef"[n>>4]) + string("0123456789abcdef"[n&15]))
}

func head(id incident.ID, seq uint64) heads.Head {
	return heads.Head{At: t0, ID: id, Seq: seq, Hash: hash(byte(seq))}
}

func newFile(t testing.TB) string { return filepath.Join(t.TempDir(), "heads.log") }

// read must succeed.
func read(t testing.TB, path string) []heads.Head {
	t.Helper()
	var all []heads.Head
	for h, err := range heads.Read(path) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, h)
	}
	return all
}

func write(t testing.TB, path string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestALineIsReadBackAsItWasWritten(t *testing.T) {
	for _, h := range []heads.Head{head("inc-1", 1), head(incident.System, 1<<40), {At: t0, ID: "inc-7", Seq: 3, Hash: hash(3), Purged: true}} {
		got, ok := heads.Parse(h.String())
		if diff := cmp.Diff(h, got); !ok || diff != "" {
			t.Errorf("%s: %v\n%s", h, ok, diff)
		}
	}
	want := "2026-11-22T02:00:00Z inc-7 3 " + string(hash(3)) + " purged"
	if got := (heads.Head{At: t0, ID: "inc-7", Seq: 3, Hash: hash(3), Purged: true}).String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWhatIsNoLineIsPassedOver(t *testing.T) {
	good := head("inc-1", 2)
	path := newFile(t)
	whole := head("inc-1", 1).String()
	write(t, path, "", "words", whole[:len(whole)-1], whole+" gone", strings.Replace(whole, "inc-1", "inc-01", 1),
		strings.Replace(whole, " 1 ", " 0 ", 1), strings.Replace(whole, " 1 ", " -1 ", 1), whole[21:], strings.ToUpper(whole),
		strings.Repeat("x", 1<<20), good.String(), whole+whole)
	if diff := cmp.Diff([]heads.Head{good}, read(t, path)); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(head("inc-1", 1).String())
	f.Add(head("system", 9).String() + " purged")
	f.Add("2026-11-22T02:00:00Z inc-1 1")
	f.Fuzz(func(t *testing.T, line string) {
		h, ok := heads.Parse(line)
		if !ok {
			return
		}
		if again, ok := heads.Parse(h.String()); !ok || !again.At.Equal(h.At) || again.ID != h.ID || again.Seq != h.Seq || again.Hash != h.Hash || again.Purged != h.Purged {
			t.Errorf("%q is read as %+v and then as %+v", line, h, again)
		}
	})
}

func TestTheLastLineNeedsNoEnd(t *testing.T) {
	path := newFile(t)
	if err := os.WriteFile(path, []byte(head("inc-1", 1).String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestPurgedHistoriesAreKnown(t *testing.T) {
	want := heads.Purge{Seq: 12, Hash: hash(12), Archive: "/var/lib/two key/2026-11.jsonl.gz"}
	got, err := heads.ParsePurge(want.Value("inc-1").Body)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, body := range []string{"", "12", "12 " + string(hash(1))[1:] + " a", "0 " + string(hash(1)) + " a", "x " + string(hash(1)) + " a"} {
		if _, err := heads.ParsePurge([]byte(body)); !errors.Is(err, heads.ErrPurge) {
			t.Errorf("%q: %v", body, err)
		}
	}
	for _, row := range []struct {
		h    heads.Head
		want bool
	}{
		{head("inc-1", 11), true},
		{head("inc-1", 12), true},
		{head("inc-1", 13), false},
		{heads.Head{ID: "inc-1", Seq: 12, Hash: hash(1)}, false},
	} {
		if got := want.Covers(row.h); got != row.want {
			t.Errorf("%s: %v", row.h, got)
		}
	}
}
