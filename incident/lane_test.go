package incident_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twokey/incident"
)

// job is the first of a task that the last record asks for.
func (h *history) job(task incident.Task) incident.Job {
	h.t.Helper()
	for _, j := range h.rules.Jobs(h.state(), h.records[len(h.records)-1:], []string{"slack"}) {
		if j.Task == task || task == incident.Announce && j.Task == incident.Admit {
			return j
		}
	}
	h.t.Fatalf("nobody asked to %s", task)
	return incident.Job{}
}

func stranger(t tester) *history {
	h := fresh(t)
	h.must(incident.Bot, incident.Open{Alert: alert("strangers", key)})
	return h
}

func TestWhereWorkStands(t *testing.T) {
	sift, trusted := incident.LaneSift("strangers", false), incident.LaneSift("scans", true)
	hear := func(source string) func(*history) {
		return func(h *history) { h.must(incident.Bot, incident.Hear{Alert: alert(source, key)}) }
	}
	for name, row := range map[string]struct {
		do         func(*history)
		look, tell string
	}{
		"a stranger's alert":           {func(*history) {}, sift, "door/slack"},
		"another stranger's":           {hear("others"), sift, "door/slack"},
		"one of a source we trust":     {hear("scans"), trusted, "door/trusted/slack"},
		"the key is ours":              {func(h *history) { h.find(); hear("strangers")(h) }, "look", "room/slack"},
		"a person acted":               {func(h *history) { h.must("rio", incident.Reply{Question: incident.InUse, Value: incident.No}) }, "look", "room/slack"},
		"a stranger after a person":    {func(h *history) { h.must("rio", incident.Take{}); hear("strangers")(h) }, "look", "room/slack"},
		"a stranger after one trusted": {func(h *history) { hear("scans")(h); hear("strangers")(h) }, trusted, "door/trusted/slack"},
	} {
		t.Run(name, func(t *testing.T) {
			h := stranger(t)
			row.do(h)
			if got := h.job(incident.Investigate).Lane; got != row.look {
				t.Errorf("the look stands in %s, want %s", got, row.look)
			}
			if got := h.job(incident.Announce).Lane; got != row.tell {
				t.Errorf("the card stands in %s, want %s", got, row.tell)
			}
		})
	}
}

// A job of one lane can't be taken for the same job of another: work that begins to
// matter is asked for anew, and does not stay where it was.
func TestWorkThatBeginsToMatterIsAskedForAnew(t *testing.T) {
	h := stranger(t)
	keys := map[string]string{}
	note := func() {
		for _, j := range []incident.Job{h.job(incident.Investigate), h.job(incident.Announce)} {
			if lane, known := keys[j.Key]; known && lane != j.Lane {
				t.Errorf("%s stands in %s and in %s", j.Key, lane, j.Lane)
			}
			keys[j.Key] = j.Lane
		}
	}
	note()
	h.must(incident.Bot, incident.Hear{Alert: alert("scans", key)})
	note()
	h.find()
	h.must(incident.Bot, incident.Hear{Alert: alert("strangers", key)})
	note()
}

func TestRepeatsWaitForEachOther(t *testing.T) {
	h := found(t)
	wait := func(task incident.Task) time.Duration { return h.job(task).Due.Sub(h.state().At) }
	hear := func(source string) { h.must(incident.Bot, incident.Hear{Alert: alert(source, key)}) }
	hear("scans")
	if wait(incident.Announce) != 0 {
		t.Error("the first change waits")
	}
	hear("scans")
	if wait(incident.Announce) != time.Second || wait(incident.Investigate) != 5*time.Second {
		t.Errorf("a repeat: the card waits %s, the look %s", wait(incident.Announce), wait(incident.Investigate))
	}
	hear("github")
	if wait(incident.Announce) != 0 || wait(incident.Investigate) != 0 {
		t.Error("the first alert of a source waits")
	}
	h.must("ana", incident.Reply{Question: incident.InUse, Value: incident.Yes})
	if wait(incident.Announce) != 0 || wait(incident.Investigate) != 0 {
		t.Error("a person waits")
	}
}

// Every source has a lane, whatever it is called, that somebody works in.
func TestEverySourceHasALane(t *testing.T) {
	trusted, others := incident.SiftLanes()
	rapid.Check(t, func(rt *rapid.T) {
		source := rapid.String().Draw(rt, "source")
		if got := incident.LaneSift(source, false); !slices.Contains(others, got) {
			rt.Fatalf("%q stands in %s", source, got)
		}
		if got := incident.LaneSift(source, true); !slices.Contains(trusted, got) || slices.Contains(others, got) {
			rt.Fatalf("%q, trusted, stands in %s", source, got)
		}
	})
}

// Somebody with the token of one trusted source can fill its lane, also with a key that
// another one reports: that one's look stands in a lane and under a name of its own.
func TestNoTrustedSourceStandsBehindAnother(t *testing.T) {
	h := fresh(t)
	h.rules.Automation.Sources = []string{"scans", "hub"}
	h.must(incident.Bot, incident.Open{Alert: alert("scans", key)})
	stolen := h.job(incident.Investigate)
	h.must(incident.Bot, incident.Hear{Alert: alert("hub", key)})
	other := h.job(incident.Investigate)
	h.must(incident.Bot, incident.Hear{Alert: alert("strangers", key)})
	if stolen.Lane == other.Lane || stolen.Key == other.Key {
		t.Errorf("%+v and %+v are one", stolen, other)
	}
	if after := h.job(incident.Investigate); after.Lane != stolen.Lane {
		t.Errorf("what a stranger adds stands in %s, want %s", after.Lane, stolen.Lane)
	}
}
