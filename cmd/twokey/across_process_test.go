package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twokey/bot/api"
	"twokey/incident"
)

// TestOneIncidentInFourRooms runs the real program before Slack, Lark, DingTalk and the
// console at once. Two people on two platforms contain the key, and an hour later delete
// it; whoever has several accounts is one person all the same.
func TestOneIncidentInFourRooms(t *testing.T) {
	t.Parallel()
	a := newAcross(t, "approval: {cross_platform: true}\n")
	a.alerted()
	a.everywhere(a.leaked, "NOT CONTAINED")

	digest := string(a.waiting(incident.StepKeyDisable).Digest)
	for platform, told := range map[string]string{"Slack": a.pressesInSlack("dan", digest), "Lark": a.pressesInLark("dan", digest)} {
		if !strings.Contains(told, "I don't know who you are") {
			t.Errorf("somebody whom the configuration does not know is told in %s: %s", platform, told)
		}
	}
	a.pressesInSlack("ana", digest)
	a.everywhere("Ana approved", "1 more: Bo")
	if told := a.pressesInLark("ana", digest); !strings.Contains(told, "already approved") || !strings.Contains(told, "someone else: Bo") {
		t.Errorf("Ana, voting again in Lark, is told %q", told)
	}
	if who := a.votes(incident.StepKeyDisable); !slices.Equal(who, []incident.Person{"ana"}) {
		t.Errorf("votes of %v count", who)
	}
	a.pressesInLark("bo", digest)
	a.everywhere("— CONTAINED", "Key state: Inactive")
	a.shownOnce()

	a.kill()
	a.program, a.env = "twokey-later", append(a.env, "FORWARD=61m")
	a.serve()
	ana, bo := a.slack.As(t, a.ids["ana"].slack), a.slack.As(t, a.ids["bo"].slack)
	a.ding.As(t, a.ids["ana"].ding).Direct("do key.delete inc-1").Await()
	number := a.waiting(incident.StepKeyDelete).Number
	yes := fmt.Sprintf("approve inc-1/%d because its owner has another one", number)
	ana.Command(a.channel, yes).Await()
	a.everywhere("waiting for 1 more", "from two chat platforms")
	bo.Command(a.channel, yes).Await()
	a.everywhere("waiting for a second platform", "all on Slack: withdraw yours and approve on another platform")
	if told := a.lark.As(t, a.ids["bo"].lark).Mention(a.group, "", yes).Await(); !strings.Contains(told, "from one chat platform") {
		t.Errorf("Bo, voting again in Lark, is told %q", told)
	}
	a.sees(a.as("bo"), "waiting for a second platform")
	bo.Command(a.channel, fmt.Sprintf("withdraw inc-1/%d", number)).Await()
	a.ding.As(t, a.ids["bo"].ding).Direct(yes).Await()
	a.everywhere("Key state: in the recycle bin")
	a.shownOnce()
	a.heardFrom("slack", "lark", "dingtalk")

	a.kill()
	if got := keyIn(t, filepath.Join(a.dir, "twokey.db.prod.json"), a.leaked); got != "gone" {
		t.Errorf("the key is %s", got)
	}
	if said := a.must("verify"); !strings.Contains(said, "ok") {
		t.Errorf("verify says:\n%s", said)
	}
}

// heardFrom compares the rooms that somebody used since the start with what metrics and
// status say.
func (a *across) heardFrom(rooms ...string) {
	a.t.Helper()
	metrics := a.ask("/metrics")
	var status api.Status
	if err := json.Unmarshal([]byte(a.ask("/api/status")), &status); err != nil {
		a.t.Fatal(err)
	}
	for _, r := range status.Rooms {
		heard := slices.Contains(rooms, r.Name)
		if never := strings.Contains(metrics, "twokey_room_last_inbound_timestamp_seconds{room=\""+r.Name+"\"} 0\n"); never == heard || r.Inbound.IsZero() == heard {
			a.t.Errorf("%s: status says %+v, metrics that nobody was heard: %v", r.Name, r, never)
		}
	}
	if len(status.Rooms) != 4 {
		a.t.Errorf("status names %+v", status.Rooms)
	}
}
