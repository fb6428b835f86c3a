package incident_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

func TestAnIncidentOpensOnce(t *testing.T) {
	h := opened(t)
	h.refused(incident.AlreadyOpen, incident.Bot, incident.Open{Alert: alert("scans", key)})
	s := h.state()
	if !s.Open() || s.Key != key || !s.Opened.Equal(t0) {
		t.Errorf("open %v, key %q, at %v", s.Open(), s.Key, s.Opened)
	}
}

func TestNothingHappensInAnIncidentThatWasNeverOpened(t *testing.T) {
	for _, c := range []incident.Command{
		incident.Hear{},
		incident.EnterKey{Key: key},
		incident.Observe{},
		incident.GiveUp{},
		incident.MarkReminded{},
		incident.MarkEscalated{},
		incident.Absorb{From: "inc-2"},
		incident.Merge{Into: "inc-2"},
		incident.Propose{Plan: disable},
		incident.Reply{Question: incident.InUse, Value: incident.Yes},
		incident.Note{Text: "w"},
		incident.Take{},
		incident.Close{},
	} {
		h := fresh(t)
		h.refused(incident.NotOpen, incident.Bot, c)
	}
}

func TestASenderCannotBreakTheRecordWithATime(t *testing.T) {
	h := fresh(t)
	a := alert("scans", key)
	a.DetectedAt = time.UnixMilli(1 << 60) // JSON holds no year above 9999
	h.must(incident.Bot, incident.Open{Alert: a})
	h.must(incident.Bot, incident.Hear{Alert: a})
	a.DetectedAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -14*3600)) // year 10000 in UTC
	h.must(incident.Bot, incident.Hear{Alert: a})
	h.must(incident.Bot, incident.Observe{
		Of: ofKey, AsOf: time.Unix(-1<<60, 0), Facts: map[incident.FactName]string{incident.FactSlot: incident.Free},
	})
	if got := h.state().FirstSign(); !got.Equal(t0) {
		t.Errorf("first sign = %v, want %v", got, t0)
	}
}

func TestTheFirstSignIsTheEarliestClaimNeverLaterThanTheAlert(t *testing.T) {
	h := opened(t)
	early := alert("github", key)
	early.DetectedAt = t0.Add(-time.Hour)
	late := alert("github", key)
	late.DetectedAt = t0.Add(time.Hour)
	h.must(incident.Bot, incident.Hear{Alert: late})
	h.must(incident.Bot, incident.Hear{Alert: early})
	if got := h.state().FirstSign(); !got.Equal(early.DetectedAt) {
		t.Errorf("first sign = %v, want %v", got, early.DetectedAt)
	}
}

func TestAFloodIsCountedNotKept(t *testing.T) {
	h := opened(t)
	for range 50 {
		h.must(incident.Bot, incident.Hear{Alert: alert("noise", key)})
	}
	h.must(incident.Bot, incident.Hear{Alert: alert("github", key)})
	s := h.state()
	if s.Repeats != 51 || len(s.Alerts) != 21 {
		t.Errorf("repeats %d, kept %d; want 51, 21", s.Repeats, len(s.Alerts))
	}
	if last := s.Alerts[len(s.Alerts)-1].Source; last != "github" {
		t.Errorf("one source drowned another: last kept is from %q", last)
	}
}

func TestOnlyNewsIsObserved(t *testing.T) {
	h := found(t)
	facts := map[incident.FactName]string{incident.FactStatus: incident.KeyActive}
	h.silent(incident.Bot, incident.Observe{Of: ofKey, Facts: facts, AsOf: h.clock.Add(time.Hour)})
	h.wait(time.Hour)
	h.status(incident.KeyInactive)
	h.wait(time.Hour)
	h.sees(ofKey, map[incident.FactName]string{incident.FactStatus: incident.KeyInactive, incident.FactSlot: incident.Free})
	s := h.state()
	if got := s.ContainedAt(); !got.Equal(t0.Add(time.Hour)) {
		t.Errorf("contained since %v, want %v", got, t0.Add(time.Hour))
	}
	want := map[incident.FactName]string{incident.FactSlot: incident.Free}
	if diff := cmp.Diff(want, h.records[len(h.records)-1].Event.(incident.Observed).Facts); diff != "" {
		t.Errorf("observed (-want +got):\n%s", diff)
	}
}

func TestTheSameReadingAgainIsNoBreak(t *testing.T) {
	seen := incident.Observed{Of: ofKey, Facts: map[incident.FactName]string{incident.FactStatus: incident.KeyInactive}}
	opened := incident.Opened{Alert: alert("scans", key)}
	var s incident.State
	for i, e := range []incident.Event{opened, seen, seen} {
		s = s.Apply(incident.Record{Incident: "inc-1", Seq: uint64(i) + 1, At: t0.Add(time.Duration(i) * time.Hour), Event: e})
	}
	if got := s.ContainedAt(); !got.Equal(t0.Add(time.Hour)) {
		t.Errorf("contained since %v, want %v", got, t0.Add(time.Hour))
	}
}

func TestContainedMeansSeenUnableToAct(t *testing.T) {
	for status, want := range map[string]bool{
		incident.KeyInactive: true, incident.KeyInBin: true, incident.KeyGone: true,
		incident.KeyActive: false, incident.KeyUnknown: false, "": false,
	} {
		h := found(t)
		if status != incident.KeyActive {
			h.status(status)
		}
		if got := h.state().Contained(); got != want {
			t.Errorf("a key that is %q counts as contained: %v, want %v", status, got, want)
		}
	}
}

func TestAnswers(t *testing.T) {
	h := found(t)
	for _, bad := range []incident.Reply{
		{Question: incident.InUse, Value: "maybe"},
		{Question: incident.InUse},
		{Question: "owner", Value: incident.Yes},
		{Question: incident.Rotatable, Value: incident.Unknown},
	} {
		h.refused(incident.BadAnswer, "rio", bad)
	}
	yes := incident.Reply{Question: incident.InUse, Value: incident.Yes}
	h.refused(incident.NotAllowed, incident.Bot, yes) // evidence is observed, not answered
	h.refused(incident.NotAllowed, "eve", yes)
	h.must("rio", yes)
	h.refused(incident.AlreadySaid, "ana", yes)
	h.must("ana", incident.Reply{Question: incident.InUse, Value: incident.Unknown})
	want := incident.Answer{Value: incident.Unknown, By: "ana", Source: "person", AsOf: t0}
	if diff := cmp.Diff(want, h.state().Answer(incident.InUse)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// ago is a moment before the first sign, as facts write it.
func ago(d time.Duration) string { return t0.Add(-d).Format(time.RFC3339) }

func TestUseAfterTheLeakIsTheftNotNeed(t *testing.T) {
	tests := []struct {
		name      string
		used, own string
		want      string
	}{
		{"used before the first sign", ago(time.Hour), "", incident.Yes},
		{"used after it", ago(-time.Hour), "", incident.Unknown},
		{"used after it by its owner", ago(-time.Hour), ago(-time.Hour), incident.Yes},
		{"used after it, and an hour before", ago(-time.Hour), ago(time.Hour), incident.Yes},
		{"dead for 200 days, and a thief uses it today", ago(-time.Hour), ago(200 * 24 * time.Hour), incident.No},
		{"silent for ninety days", ago(91 * 24 * time.Hour), "", incident.No},
		{"silent, as far as the lagging record has it", ago(91 * 24 * time.Hour), ago(time.Hour), incident.Yes},
		{"nothing known", incident.Absent, "", incident.Unknown},
		{"known by its addresses alone", "", ago(time.Hour), incident.Yes},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := found(t)
			h.sees(ofKey, map[incident.FactName]string{incident.FactLastUsed: tt.used, incident.FactOwnUse: tt.own})
			if got := h.state().Answer(incident.InUse).Value; got != tt.want {
				t.Errorf("in use = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOneTakesCommand(t *testing.T) {
	h := found(t)
	h.must("rio", incident.Take{})
	h.refused(incident.AlreadySaid, "rio", incident.Take{})
	h.refused(incident.NotAllowed, incident.Bot, incident.Take{})
	h.must("ana", incident.Take{})
	if got := h.state().Commander; got != "ana" {
		t.Errorf("commander = %q, want ana", got)
	}
}

func TestNotesNeedWords(t *testing.T) {
	h := found(t)
	h.refused(incident.BadAnswer, "rio", incident.Note{})
	h.must("rio", incident.Note{Text: "w9"})
	h.status(incident.KeyInactive)
	h.must("rio", incident.Close{})
	h.must("rio", incident.Note{Text: "w9"}) // afterwards is when they are written
}

func TestARecordOfANewerVersionMakesAnIncidentReadOnly(t *testing.T) {
	h := found(t)
	p := h.ready(disable)
	h.foreign(incident.NewID(1))
	for _, c := range []incident.Command{
		incident.Start{Number: p.Number}, incident.Observe{}, incident.Hear{}, incident.GiveUp{},
	} {
		h.refused(incident.ReadOnly, incident.Bot, c)
	}
	h.refused(incident.ReadOnly, "ana", incident.Note{Text: "w"})
	s := h.state()
	if diff := cmp.Diff([]string{"bribed"}, s.Unknown); diff != "" || !s.ReadOnly {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
	if err := h.chain.Check(h.records); err != nil {
		t.Errorf("Check = %v, want nil", err)
	}
}

// foreign appends a record of a kind that this version does not know.
func (h *history) foreign(id incident.ID) {
	h.t.Helper()
	e := incident.Foreign{Name: "bribed", Raw: []byte(`{"with":"gold"}`)}
	sealed := h.chain.Seal(h.state(), id, incident.Bot, h.clock, []incident.Event{e})
	r, err := incident.DecodeRecord(sealed[0].Encode())
	if err != nil {
		h.t.Fatalf("DecodeRecord: %v", err)
	}
	h.records = append(h.records, r)
}

func TestIncidentIDs(t *testing.T) {
	for id, want := range map[incident.ID]uint64{
		"inc-7": 7, incident.NewID(12): 12, "inc-07": 0, "inc-": 0, "7": 0, incident.System: 0, "inc-+7": 0, "inc-99999999999999999999": 0,
	} {
		if got := id.Number(); got != want {
			t.Errorf("%q.Number() = %d, want %d", id, got, want)
		}
	}
}

func TestTheIndexEntrySaysWhereToFindIt(t *testing.T) {
	want := incident.Index{Incident: "inc-1", Key: key, Account: account, UserID: userID, Opened: t0, Open: true}
	if diff := cmp.Diff(want, found(t).state().Index()); diff != "" {
		t.Errorf("index (-want +got):\n%s", diff)
	}
}
