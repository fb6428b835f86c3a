package intake_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"twokey/bot"
	"twokey/incident"
)

// keys is a body of many different keys.
func keys(n int, seed uint64) []any {
	batch := make([]any, n)
	for i := range batch {
		batch[i] = map[string]any{"access_key_id": keyID(seed + uint64(i))}
	}
	return batch
}

// slow is a store that takes a second for each alert, on a clock of its own.
func slow(inside, most *atomic.Int64) func(context.Context, incident.Person, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error) {
	return func(context.Context, incident.Person, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error) {
		n := inside.Add(1)
		defer inside.Add(-1)
		for old := most.Load(); n > old; old = most.Load() {
			most.CompareAndSwap(old, n)
		}
		time.Sleep(time.Second)
		return bot.Opened, "inc-1", nil
	}
}

// The longest request that is taken has time to spare, and takes no more of the store
// than its part.
func TestManyKeysAreStoredSideBySideAndWithinABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside, most atomic.Int64
		d := &desk{now: t0, counts: map[bot.Verdict]int{}}
		d.open(t, nil, slow(&inside, &most))
		began := time.Now()
		if n := len(d.json(t, "scans", keys(1000, 9000)).Results); n != 1000 {
			t.Errorf("%d results", n)
		}
		if took := time.Since(began); took != 16*time.Second {
			t.Errorf("a thousand keys of a second each took %s, want 16 s: 64 at a time", took)
		}
		if most.Load() != 64 {
			t.Errorf("%d at a time", most.Load())
		}
	})
}

// Results are those of the entries, wherever they stand and whenever they were stored.
func TestResultsAreInTheOrderOfTheEntries(t *testing.T) {
	d := newDesk(t, nil)
	d.json(t, "scans", map[string]any{"access_key_id": keyID(9003), "id": "old"})
	batch := slices.Insert(keys(200, 9000), 100, any(map[string]any{"access_key_id": ""}))
	batch = append(batch, map[string]any{"access_key_id": keyID(9007), "title": "again"})
	a := d.json(t, "scans", batch)
	ids := make(map[incident.ID]int)
	for i, r := range a.Results {
		want := bot.Opened
		switch i {
		case 3:
			want = bot.Enriched
		case 100:
			want = bot.Rejected
		case 201:
			want = bot.Enriched
			if r.Incident != a.Results[7].Incident {
				t.Errorf("the second finding of a key is in %s, the first in %s", r.Incident, a.Results[7].Incident)
			}
		}
		if r.Verdict != want {
			t.Errorf("entry %d: %s %s, want %s", i, r.Verdict, r.Reason, want)
		}
		ids[r.Incident]++
		if i == 100 || i == 201 {
			continue
		}
		of := i
		if i > 100 {
			of--
		}
		if s := d.state(t, r.Incident); string(s.Key) != keyID(9000+uint64(of)) {
			t.Errorf("entry %d is said to be in %s, which has another key", i, r.Incident)
		}
	}
	if len(ids) != 201 {
		t.Errorf("%d incidents, want 200 and none", len(ids))
	}
}

func (d *desk) state(t testing.TB, id incident.ID) incident.State {
	t.Helper()
	records, err := d.bot.Store.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return incident.Fold(records)
}

// What a source says of one key in one request is heard in its order, among any
// number of others; and so is what it says of one finding without a key.
func TestFindingsOfOneKeyStayInOrder(t *testing.T) {
	d := newDesk(t, nil)
	var alerts []any
	for i := range 100 {
		for _, status := range []string{"firing", "resolved"} {
			labels := map[string]any{"access_key_id": keyID(uint64(9300 + i))}
			if i%4 == 0 {
				labels = map[string]any{"alertname": "Alibaba Cloud AccessKey leaked"}
			}
			alerts = append(alerts, map[string]any{"status": status, "labels": labels, "fingerprint": fmt.Sprint(i)})
		}
	}
	a := d.json(t, "alertmanager", map[string]any{"version": "4", "alerts": alerts})
	if len(a.Results) != 200 {
		t.Fatalf("%d results", len(a.Results))
	}
	for i, r := range a.Results {
		want := bot.Opened
		switch {
		case i%2 == 1:
			want = bot.Resolved
		case i%8 == 0:
			want = bot.LookedUp
		}
		if r.Verdict != want || r.Incident != a.Results[i/2*2].Incident {
			t.Errorf("alert %d: %s in %s, want %s in %s", i, r.Verdict, r.Incident, want, a.Results[i/2*2].Incident)
		}
	}
}

// A secret that a report shows alone belongs to the key that it shows beside it, also
// where the key comes last, and the same secret in two places is one look-up.
func TestSecretsAloneWaitForTheKeysOfTheirReport(t *testing.T) {
	d := newDesk(t, nil)
	const rule = "alibaba-secret-key"
	var report []leak
	for i := range 40 {
		s := secret(uint64(9400 + i))
		report = append(report, secretIn(rule, fmt.Sprintf("alone/%d", i), 1, s), secretIn(rule, fmt.Sprintf("too/%d", i), 1, s))
	}
	for i := range 20 { // the others never show their key
		file := fmt.Sprintf("both/%d", i)
		report = append(report, secretIn(rule, file, 2, secret(uint64(9400+i))), idIn(file, 1, keyID(uint64(9400+i))))
	}
	a := d.json(t, "leaks", report)
	for i := range 40 {
		one, two, want := a.Results[2*i], a.Results[2*i+1], bot.LookedUp
		if i < 20 {
			want = bot.Enriched
			if of := a.Results[80+2*i+1]; of.Verdict != bot.Opened || of.Incident != one.Incident {
				t.Errorf("secret %d is in %s, its key in %s (%s)", i, one.Incident, of.Incident, of.Verdict)
			}
		}
		if one.Verdict != want || two.Verdict != bot.Enriched || one.Incident != two.Incident {
			t.Errorf("secret %d: %s in %s, then %s in %s", i, one.Verdict, one.Incident, two.Verdict, two.Incident)
		}
	}
}

// A request that ends in the middle keeps what was stored until then. The sender asks
// again, and every key has one incident.
func TestARequestThatEndsInTheMiddleIsSafeToSendAgain(t *testing.T) {
	d := newDesk(t, nil)
	var stored atomic.Int64
	d.open(t, nil, func(ctx context.Context, by incident.Person, a incident.Alert, text incident.AlertText) (bot.Verdict, incident.ID, error) {
		if stored.Add(1) > 300 {
			return "", "", errors.New("disk full")
		}
		return d.bot.Receive(ctx, by, a, text)
	})
	w, a := d.post(t, "scans", "application/json", encode(t, keys(1000, 9500)))
	if w.Code != http.StatusServiceUnavailable || a.Error != "cannot_store" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if n := stored.Load(); n > 300+64 {
		t.Errorf("%d were tried after the disk was full", n-300)
	}
	if d.counts[bot.Opened] != 300 {
		t.Errorf("counted %v, want the 300 that were opened", d.counts)
	}
	d.open(t, nil, d.bot.Receive)
	verdicts, ids := map[bot.Verdict]int{}, map[incident.ID]bool{}
	for _, r := range d.json(t, "scans", keys(1000, 9500)).Results {
		verdicts[r.Verdict]++
		ids[r.Incident] = true
	}
	if verdicts[bot.Duplicate] != 300 || verdicts[bot.Opened] != 700 || len(ids) != 1000 {
		t.Errorf("%v, %d incidents", verdicts, len(ids))
	}
	if d.counts[bot.Opened] != 1000 || d.counts[bot.Duplicate] != 300 {
		t.Errorf("counted %v", d.counts)
	}
	if s := d.state(t, "inc-1001"); s.Seq != 0 {
		t.Error("a key has two incidents")
	}
}

// A bug that one alert trips over ends its request, and not the bot.
func TestABugInOneAlertEndsItsRequestOnly(t *testing.T) {
	d := newDesk(t, nil)
	d.open(t, nil, func(ctx context.Context, by incident.Person, a incident.Alert, text incident.AlertText) (bot.Verdict, incident.ID, error) {
		if string(a.KeyID) == keyID(9700) {
			panic("a bug with " + secret(9700))
		}
		return d.bot.Receive(ctx, by, a, text)
	})
	w, _ := d.post(t, "scans", "application/json", encode(t, keys(3, 9700)))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if out := d.leaks(t, w.Body.String(), secret(9700)); len(out) > 0 {
		t.Error("the panic's words got out")
	}
	if a := d.json(t, "scans", keys(1, 9701)); a.overall() == bot.Rejected {
		t.Error(a.verdicts())
	}
}

// What could not be stored in time is not answered as if it had been.
func TestARequestThatRunsOutOfTimeIsToBeSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{now: t0, counts: map[bot.Verdict]int{}}
		d.open(t, nil, func(context.Context, incident.Person, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error) {
			time.Sleep(20 * time.Second)
			return bot.Opened, "inc-1", nil
		})
		if w, _ := d.post(t, "scans", "application/json", encode(t, keys(200, 9000))); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
