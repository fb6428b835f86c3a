package intake_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
)

// in puts the hooks before the bot of a world: a real store, the real SDKs
// against the pretend cloud.
func in(t *testing.T, w *chattest.World) *desk {
	t.Helper()
	d := &desk{now: w.Clock.Now(), counts: map[bot.Verdict]int{}}
	d.open(t, nil, w.Bot.Receive)
	return d
}

func incidents(t *testing.T, w *chattest.World) []incident.Index {
	t.Helper()
	all, err := w.Bot.Store.Find(t.Context(), store.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAStormOfOneDeliveryIsOneIncident(t *testing.T) {
	w := chattest.New(t, chattest.Options{})
	d := in(t, w)
	body := encode(t, map[string]any{"access_key_id": w.Scene.Leaked.ID})
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if w, a := d.post(t, "scans", "application/json", body); w.Code != http.StatusOK || a.Results[0].Incident != "inc-1" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	w.Settle()
	if all := incidents(t, w); len(all) != 1 {
		t.Errorf("%d incidents", len(all))
	}
	s := w.State("inc-1")
	if s.Repeats != 0 || s.KeyFact(incident.FactOwner) != incident.OwnerRAM || w.KeyStatus() != incident.KeyActive {
		t.Errorf("%d repeats, owner %q, key %s", s.Repeats, s.KeyFact(incident.FactOwner), w.KeyStatus())
	}
}

// postEverything is what whoever holds a token can do: post every key of the
// account, root's too, with any date that suits them.
func postEverything(t *testing.T, w *chattest.World, age time.Duration, but ...string) {
	t.Helper()
	var batch []any
	add := func(keys []sandbox.KeyView) {
		for _, k := range keys {
			batch = append(batch, map[string]any{
				"access_key_id": k.ID, "approved": true, "actions": []string{"policy.quarantine", "key.delete"},
				"detected_at": w.Clock.Now().Add(-age).Format(time.RFC3339),
			})
		}
	}
	snapshot := w.Cloud.Snapshot()
	for _, u := range snapshot.Users {
		if !slices.Contains(but, u.Name) {
			add(u.Keys)
		}
	}
	add(snapshot.RootKeys)
	d := in(t, w)
	for _, r := range d.json(t, "scans", batch).Results {
		if r.Verdict != bot.Opened {
			t.Errorf("%s %s", r.Verdict, r.Reason)
		}
	}
	w.Settle()
	w.After(10 * time.Minute)
}

// touched are the users that something was done to.
func touched(w *chattest.World) []string {
	var names []string
	for _, u := range w.Cloud.Snapshot().Users {
		quarantined := slices.ContainsFunc(u.Policies, func(p sandbox.PolicyView) bool { return strings.HasPrefix(p.Name, "twokey") })
		disabled := slices.ContainsFunc(u.Keys, func(k sandbox.KeyView) bool { return k.InBin || k.Status != incident.KeyActive })
		if quarantined || disabled {
			names = append(names, u.Name)
		}
	}
	return names
}

// fenced are the users whose keys have a network policy.
func fenced(w *chattest.World) []string {
	var names []string
	for _, u := range w.Cloud.Snapshot().Users {
		if slices.ContainsFunc(u.Keys, func(k sandbox.KeyView) bool { return k.Fence != "" }) {
			names = append(names, u.Name)
		}
	}
	return names
}

// populate adds users whose keys do what a quarantine would refuse, and users
// whose keys do nothing.
func populate(t *testing.T, w *chattest.World) {
	t.Helper()
	for i := range 12 {
		name := fmt.Sprintf("a-busy-%d", i)
		if i >= 6 {
			name = fmt.Sprintf("idle-%d", i)
		}
		w.Cloud.AddUser(name)
		k, err := w.Cloud.AddKey(name)
		if err != nil {
			t.Fatal(err)
		}
		if i >= 6 {
			continue
		}
		for days := range 10 {
			use := sandbox.Use{At: w.Clock.Now().AddDate(0, 0, -days), Service: "Ram", Event: "CreateUser", Source: sandbox.KnownSource, Write: true}
			if err := w.Cloud.RecordUse(k.ID, use); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestPostingEveryKeyDoesNothingUnlessAutomationIsAllowed(t *testing.T) {
	w := chattest.New(t, chattest.Options{Rules: func(r *incident.Rules) {
		r.Automation.Rules = []incident.AutoRule{{Do: []string{incident.StepPolicyQuarantine, incident.StepKeyFence}}}
	}})
	populate(t, w)
	postEverything(t, w, 0)
	if names := append(touched(w), fenced(w)...); len(names) > 0 {
		t.Errorf("touched or fenced %q", names)
	}
}

func TestPostingEveryKeyContainsAFewAndBreaksNothing(t *testing.T) {
	w := chattest.New(t, chattest.Options{Rules: func(r *incident.Rules) {
		r.Automation.Sources = []string{"scans"}
		r.Automation.Rules = []incident.AutoRule{{Do: []string{incident.StepPolicyQuarantine, incident.StepKeyFence}}}
	}})
	populate(t, w)
	postEverything(t, w, 0, "twokey") // its own key would stand the bot still
	names := touched(w)
	contained := slices.Compact(slices.Sorted(slices.Values(append(fenced(w), names...))))
	if len(contained) != 3 { // a fence and a quarantine of one key take one place
		t.Errorf("contained %q; the cap is 3", contained)
	}
	for _, name := range names {
		if strings.HasPrefix(name, "a-busy") || name == "twokey" {
			t.Errorf("touched %s", name)
		}
	}
}

// Whoever picks the date of an alert must not pick what counts as the owner's use.
func TestABackdatedAlertMakesNothingLookHarmless(t *testing.T) {
	for _, days := range []int{1, 30, 60, 89} {
		t.Run(fmt.Sprint(days), func(t *testing.T) {
			w := chattest.New(t, chattest.Options{Rules: func(r *incident.Rules) {
				r.Automation.Sources = []string{"scans"}
				r.Automation.Rules = []incident.AutoRule{{Do: []string{incident.StepPolicyQuarantine}}}
			}})
			populate(t, w)
			postEverything(t, w, time.Duration(days)*24*time.Hour)
			if names := touched(w); len(names) > 0 {
				t.Errorf("touched %q", names)
			}
		})
	}
}

// A secret that stood in a report is not in the file of the store either.
func TestNoSecretReachesTheStore(t *testing.T) {
	w := chattest.New(t, chattest.Options{})
	d := in(t, w)
	s := secret(40)
	d.json(t, "leaks", []leak{
		idIn("deploy/.env", 2, w.Scene.Leaked.ID), secretIn("generic-api-key", "deploy/"+s, 3, s), secretIn("alibaba-secret-key", "deploy/.env", 3, s),
	})
	d.json(t, "scans", map[string]any{"access_key_id": keyID(41), "secret": s, "title": "found " + s, "external_id": s})
	r := request("scans", []byte(`{"access_key_id":"`+keyID(42)+`"}`))
	r.Header.Set("Idempotency-Key", s)
	d.send(t, r)
	w.Settle()
	file, err := os.ReadFile(w.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range forms(s) {
		if strings.Contains(string(file), form) {
			t.Error("the secret is in the store's file")
		}
	}
	if !strings.Contains(string(file), w.Scene.Leaked.ID) {
		t.Error("the key id is not: is this the file?")
	}
}
