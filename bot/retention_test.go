package bot_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
)

func TestIncidentsClosedLongAgoLeaveForAnArchive(t *testing.T) {
	o := quietOffice(t)
	old := o.closed(3)
	open := o.leaks(o.key(100))
	o.pass(year)
	late := o.closed(1)
	o.pass(2 * 24 * time.Hour)
	before := slices.Concat(o.load(old[0]), o.load(old[1]), o.load(old[2]))

	done := o.retain()
	want := bot.Retained{File: "closed-20270104T030405Z.jsonl.gz", Purged: 3}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("Retain (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]incident.ID{late[0], open}, o.listed()); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	for _, id := range old {
		if records := o.load(id); len(records) > 0 {
			t.Errorf("%s has %d records", id, len(records))
		}
	}
	o.holdsLines(done.File, before)
	for _, key := range append(o.texts(), placesOf(t, o)...) {
		if !strings.Contains(key, string(late[0])) && !strings.Contains(key, string(open)) && !strings.Contains(key, "system") {
			t.Errorf("%s is still there", key)
		}
	}
	o.entombed(done.File, old)
	if again := o.retain(); again != (bot.Retained{}) {
		t.Errorf("the next run did %+v", again)
	}
	o.settle()
	if told := o.told("Archived in"); len(told) != 1 || !strings.Contains(told[0], "(3)") || !strings.Contains(told[0], done.File) {
		t.Errorf("the room was told %q, want one line", told)
	}
}

// holdsLines demands that an archive holds records and the last of each incident.
func (o *office) holdsLines(file string, records []incident.Record) {
	o.Helper()
	body, err := os.ReadFile(filepath.Join(o.dir.Path, file))
	if err != nil {
		o.Fatalf("%v", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		o.Fatalf("%v", err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		o.Fatalf("%v", err)
	}
	lines := slices.Collect(strings.Lines(string(plain)))
	for _, r := range records {
		line := fmt.Sprintf("{\"hash\":%q,\"record\":%s}\n", r.Hash, r.Bytes)
		i := slices.Index(lines, line)
		if i < 0 {
			o.Errorf("%s/%d is not in the archive", r.Incident, r.Seq)
			continue
		}
		lines = slices.Delete(lines, i, i+1)
	}
	for _, line := range lines {
		if !strings.Contains(line, `"kind":"retired"`) {
			o.Errorf("the archive holds more: %s", line)
		}
	}
	if strings.Contains(string(plain), planted) {
		o.Errorf("the archive holds a text from beside the chain")
	}
}

func placesOf(t *testing.T, o *office) (keys []string) {
	t.Helper()
	values, err := o.db.Values(t.Context(), "room/")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		keys = append(keys, v.Key)
	}
	return keys
}

// entombed demands that tombstones agree with the archive and the system log.
func (o *office) entombed(file string, ids []incident.ID) {
	o.Helper()
	all, err := bot.Tombstones(o.Context(), o.db)
	if err != nil {
		o.Fatalf("%v", err)
	}
	held := o.archives()
	var ends []incident.End
	for _, s := range all {
		if s.File != file || held[s.Incident] != s.End || !slices.Contains(ids, s.Incident) {
			o.Errorf("tombstone %+v, the archive ends with %+v", s, held[s.Incident])
		}
		ends = append(ends, s.End)
	}
	a := o.state(incident.System).Archives
	if len(a) != 1 || a[0].File != file || a[0].Count != len(ids) || a[0].Ends != incident.DigestEnds(ends) {
		o.Errorf("the system log says %+v of %d incidents", a, len(ids))
	}
}

// told are the messages of the room that begin so.
func (o *office) told(prefix string) (titles []string) {
	o.room.mu.Lock()
	defer o.room.mu.Unlock()
	for _, c := range o.room.cards {
		if strings.HasPrefix(c.Title, prefix) {
			titles = append(titles, c.Title)
		}
	}
	return titles
}

func TestAKeyThatLeaksAgainOpensANewIncidentThatKnowsOfTheOldOnes(t *testing.T) {
	o := quietOffice(t)
	o.closed(2)
	o.pass(year + time.Hour)
	again := o.leaks(o.key(1)) // before it leaves
	o.ends(again)
	o.settle()
	if done := o.retain(); done.Purged != 2 {
		t.Fatalf("%+v", done)
	}
	if links := o.state(again).Links; !slices.Equal(links, []incident.ID{"inc-1"}) {
		t.Errorf("links = %v, want inc-1", links)
	}
	id := o.leaks(o.key(1))
	if id != "inc-4" {
		t.Errorf("the new incident is %s, want inc-4", id)
	}
	if links := o.state(id).Links; !slices.Equal(links, []incident.ID{"inc-3", "inc-1"}) {
		t.Errorf("links = %v, want inc-3 and inc-1", links)
	}
	o.settle() // a card that links what is gone is shown all the same
	if a := o.say(chattest.Ana, "show inc-1"); a.OK || !strings.Contains(a.Text, "archive") {
		t.Errorf("show inc-1 = %+v, want that it is in the archive", a)
	}
	if a := o.say(chattest.Ana, "show inc-9"); a.OK || strings.Contains(a.Text, "archive") {
		t.Errorf("show inc-9 = %+v, want that there is none", a)
	}
}

// "No key of that user that any incident ever named": also one that left.
func TestOrderRulesKnowTheKeysOfIncidentsThatLeft(t *testing.T) {
	o := quietOffice(t)
	o.closed(1)
	o.pass(year)
	if done := o.retain(); done.Purged != 1 {
		t.Fatalf("%+v", done)
	}
	id := o.leaks(o.key(2))
	o.do(id, incident.Bot, incident.Observe{Of: incident.OfKey(o.key(2)), AsOf: o.now, Source: "ims:GetUser", Facts: map[incident.FactName]string{
		incident.FactStatus: incident.KeyInBin, incident.FactAccount: "prod", incident.FactUserID: "2019/1", incident.FactOwner: incident.OwnerRAM,
	}})
	detach := func(user string, keys ...incident.KeyID) error {
		names := make([]string, len(keys))
		for i, k := range keys {
			names[i] = string(k)
		}
		_, err := o.bot.Do(t.Context(), id, chattest.Ana, incident.Propose{Plan: incident.Plan{
			Step:    incident.StepPolicyDetach,
			Target:  incident.Target{Account: "prod", AccountID: "1234567890123456", User: "ci", UserID: user, Key: o.key(2)},
			Guarded: []incident.Fact{{Of: incident.OfUser(user), Name: incident.FactKeys, Value: strings.Join(names, ",")}},
		}})
		return err
	}
	if err := detach("2019/1", o.key(1)); !errors.Is(err, incident.KeyStillLives) {
		t.Errorf("a key that an archived incident named lives: %v, want KeyStillLives", err)
	}
	if err := detach("2019", o.key(1)); errors.Is(err, incident.KeyStillLives) {
		t.Errorf("another user: %v", err)
	}
	if err := detach("2019/1", o.key(7)); err != nil {
		t.Errorf("a key that nobody named lives: %v", err)
	}
}

func TestAMergedLookUpLeavesWithItsTargetOrLater(t *testing.T) {
	o := quietOffice(t)
	target := o.leaks(o.key(1))
	_, lookup, err := o.bot.ReceiveAlert(t.Context(), incident.Alert{Source: "scans", Kind: incident.KindLookup, ExternalKey: "x", ReceivedAt: o.now}, incident.AlertText{})
	if err != nil {
		t.Fatal(err)
	}
	if a := o.say(chattest.Ana, "key "+string(o.key(1))+" "+string(lookup)); !a.OK || o.state(lookup).MergedInto != target {
		t.Fatalf("not merged: %s", a.Text)
	}
	o.pass(year)
	if done := o.retain(); done.Purged != 0 {
		t.Errorf("it left before its target: %+v", done)
	}
	o.ends(target)
	o.pass(year)
	left := o.retain().Purged + o.retain().Purged
	if left != 2 || len(o.listed()) > 0 {
		t.Errorf("%d left, %v are here", left, o.listed())
	}
}

func TestOnHoldNothingLeaves(t *testing.T) {
	o := quietOffice(t)
	o.closed(1)
	o.pass(year)
	if err := o.bot.Hold(t.Context(), incident.HoldRestored); err != nil {
		t.Fatal(err)
	}
	if done := o.retain(); done != (bot.Retained{}) || len(o.listed()) != 1 {
		t.Errorf("on hold: %+v", done)
	}
	o.do(incident.System, chattest.Ana, incident.Release{})
	if done := o.retain(); done.Purged != 1 {
		t.Errorf("after the hold: %+v", done)
	}
}

func TestWorkThatWaitsKeepsAnIncident(t *testing.T) {
	o := quietOffice(t)
	ids := o.closed(3)
	o.pass(year)
	lost := incident.Job{Key: "announce/" + string(ids[1]) + "/other", Lane: "room/other", Task: incident.Announce, Incident: ids[1], Due: o.now}
	if err := o.db.Append(t.Context(), store.Batch{Jobs: []incident.Job{lost}}); err != nil {
		t.Fatal(err)
	}
	done := o.retain()
	if done.Purged != 2 || done.Busy != 1 || !slices.Equal(o.listed(), ids[1:2]) {
		t.Errorf("%+v, %v are here", done, o.listed())
	}
	if len(o.texts()) != 2 {
		t.Errorf("texts of what is still here: %v", o.texts())
	}
	l, ok, err := o.db.Claim(t.Context(), "room/other", o.now, time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := o.db.Finish(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if done := o.retain(); done.Purged != 1 || done.Busy != 0 || done.File != "" {
		t.Errorf("after the work: %+v", done)
	}
	o.entombed(o.files()[0], ids)
	if len(o.texts()) != 0 {
		t.Errorf("texts are left: %v", o.texts())
	}
}

// Somebody writes to an incident just before its last record is appended.
func TestANoteInTheLastMomentIsNotLost(t *testing.T) {
	o := quietOffice(t)
	ids := o.closed(2)
	o.pass(year)
	late := &lateWriter{Store: o.bot.Store, write: func() {
		a := o.say(chattest.Ana, "note wait inc-1")
		if !a.OK {
			t.Errorf("note: %s", a.Text)
		}
	}}
	o.bot.Store = late
	done := o.retain()
	if done.Purged != 1 || !slices.Equal(o.listed(), ids[:1]) {
		t.Errorf("%+v, %v are here", done, o.listed())
	}
	if got := o.load(ids[0]); got[len(got)-1].Event.Kind() != "noted" {
		t.Errorf("the last record is %s", got[len(got)-1].Event.Kind())
	}
}

// lateWriter writes once, before the first append of others.
type lateWriter struct {
	store.Store
	write func()
}

func (s *lateWriter) Append(ctx context.Context, b store.Batch) error {
	if write := s.write; write != nil {
		s.write = nil
		write()
	}
	return s.Store.Append(ctx, b)
}

func TestWhatWasEditedStaysForWhoeverFindsOut(t *testing.T) {
	o := quietOffice(t)
	ids := o.closed(2)
	o.pass(year)
	o.bot.Store = edited{o.bot.Store, ids[0]}
	if done := o.retain(); done.Purged != 1 || !slices.Equal(o.listed(), ids[:1]) {
		t.Errorf("%+v, %v are here", done, o.listed())
	}
}

// edited is a store in which somebody changed who wrote a record.
type edited struct {
	store.Store
	id incident.ID
}

func (s edited) Load(ctx context.Context, id incident.ID) ([]incident.Record, error) {
	records, err := s.Store.Load(ctx, id)
	if id == s.id {
		records[0].Bytes = bytes.Replace(records[0].Bytes, []byte(`"by":"twokey"`), []byte(`"by":"nobody"`), 1)
	}
	return records, err
}
