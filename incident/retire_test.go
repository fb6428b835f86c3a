package incident_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

const file = "closed.jsonl.gz"

// over is an incident that was closed at the clock's time.
func over(t *testing.T) *history {
	h := found(t)
	h.status(incident.KeyInactive)
	h.must("ana", incident.Close{})
	return h
}

// retire asks for what was closed at least that long ago.
func (h *history) retire(age time.Duration) incident.Retire {
	return incident.Retire{File: file, Closed: h.clock.Add(-age)}
}

const year = 365 * 24 * time.Hour

func TestAnIncidentIsRetiredWhenItWasClosedLongEnoughAgo(t *testing.T) {
	h := over(t)
	h.wait(year - time.Microsecond)
	h.refused(incident.TooEarly, incident.Bot, h.retire(year))
	h.wait(time.Microsecond)
	h.refused(incident.OnlyBot, "ana", h.retire(year))
	h.refused(incident.BadAnswer, incident.Bot, incident.Retire{Closed: h.clock})
	h.must(incident.Bot, h.retire(year))
	if got := h.state().Archive; got != file {
		t.Errorf("archive = %q, want %q", got, file)
	}
}

func TestWhatIsNotOverIsNotRetired(t *testing.T) {
	open := found(t)
	open.wait(year)
	open.refused(incident.AlreadyOpen, incident.Bot, open.retire(0))
	fresh := fresh(t)
	fresh.refused(incident.NotOpen, incident.Bot, fresh.retire(0))
	s := system(t)
	s.wait(year)
	s.refused(incident.NotOpen, incident.Bot, s.retire(0))

	reopened := over(t)
	reopened.wait(time.Hour)
	reopened.status(incident.KeyActive)
	reopened.must(incident.Bot, incident.Reopen{Why: "key_active"})
	reopened.wait(year)
	reopened.refused(incident.AlreadyOpen, incident.Bot, reopened.retire(0))
}

// A week of rest is in code: no configuration goes below it.
func TestAnIncidentRestsAWeekAfterItsLastRecord(t *testing.T) {
	h := over(t)
	h.wait(year)
	h.must("ana", incident.Note{Text: "w"})
	h.wait(incident.Rest - time.Microsecond)
	h.refused(incident.TooEarly, incident.Bot, h.retire(0))
	h.wait(time.Microsecond)
	h.must(incident.Bot, h.retire(0))
}

func TestAMergedLookUpIsRetiredByTheTimeOfItsMerge(t *testing.T) {
	h := fresh(t)
	h.must(incident.Bot, incident.Open{Alert: alert("scans", "")})
	h.must("ana", incident.Merge{Into: "inc-2"})
	h.wait(year - time.Microsecond)
	h.refused(incident.TooEarly, incident.Bot, h.retire(year))
	h.wait(time.Microsecond)
	h.must(incident.Bot, h.retire(year))
}

func TestNothingCanBeAddedToARetiredIncident(t *testing.T) {
	h := over(t)
	h.wait(year)
	h.must(incident.Bot, h.retire(year))
	for _, c := range []incident.Command{
		incident.Observe{Of: ofKey, Facts: map[incident.FactName]string{incident.FactStatus: incident.KeyActive}},
		incident.Hear{Alert: alert("scans", key)},
		incident.Reopen{},
		incident.GiveUp{},
		h.retire(0),
	} {
		h.refused(incident.InArchive, incident.Bot, c)
	}
	h.refused(incident.InArchive, "ana", incident.Note{Text: "w"})
	last := h.records[len(h.records)-1:]
	if jobs := h.rules.Jobs(h.state(), last, []string{"slack"}); len(jobs) > 0 {
		t.Errorf("it asks for %v", jobs)
	}
	if next := h.state().NextLook(h.clock); !next.IsZero() {
		t.Errorf("the next look is at %s", next)
	}
}

func TestAnArchiveIsWrittenDownOnce(t *testing.T) {
	h := system(t)
	first := incident.Archive{File: file, SHA256: "5a", Count: 2, Ends: "6b"}
	h.refused(incident.OnlyBot, "ana", first)
	h.refused(incident.BadAnswer, incident.Bot, incident.Archive{File: file, SHA256: "5a"})
	h.must(incident.Bot, first)
	h.silent(incident.Bot, first)
	h.must(incident.Bot, incident.Archive{File: "other.jsonl.gz", SHA256: "5b", Count: 1, Ends: "6c"})
	want := []incident.Archived{{File: file, SHA256: "5a", Count: 2, Ends: "6b"}, {File: "other.jsonl.gz", SHA256: "5b", Count: 1, Ends: "6c"}}
	if diff := cmp.Diff(want, h.state().Archives); diff != "" {
		t.Errorf("archives (-want +got):\n%s", diff)
	}
	o := over(t)
	o.refused(incident.NotOpen, incident.Bot, first)
}

// The digest is that of the lines, by number, as anybody can compute it:
// printf 'inc-2 3 aa\ninc-10 1 bb\n' | sha256sum.
func TestTheDigestOfEndsIsOverLinesByNumber(t *testing.T) {
	const want = "22a1197686ae33c84c3cf2a903dd338dd8eb124b6b6f435b5df43c63cf58c5df"
	ends := []incident.End{{Incident: "inc-2", Seq: 3, Hash: "aa"}, {Incident: "inc-10", Seq: 1, Hash: "bb"}}
	got := incident.DigestEnds(ends)
	if got != want {
		t.Errorf("DigestEnds = %s, want %s", got, want)
	}
	slices.Reverse(ends)
	if again := incident.DigestEnds(ends); again != got {
		t.Error("the order of the ends matters")
	}
	for i := range ends {
		other := slices.Clone(ends)
		other[i].Seq++
		if incident.DigestEnds(other) == got {
			t.Errorf("end %d is not in the digest", i)
		}
	}
}
