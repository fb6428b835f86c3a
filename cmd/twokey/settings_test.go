package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

const twoPeople = oneAccount + `
people:
  - {id: ana, roles: [responder, approver], slack: {team: T1, user: U1}}
  - {id: bo, roles: [responder]}
`

func settled(t *testing.T, text string) settings {
	t.Helper()
	c := parsedConfig(t, text, nil)
	rules, err := c.rules()
	if err != nil {
		t.Fatal(err)
	}
	return c.settings(rules)
}

func TestAFirstConfigurationSaysWhoMayDoWhat(t *testing.T) {
	want := []incident.Change{
		{What: "may_approve", Who: "ana", To: "yes"}, {What: "may_respond", Who: "ana", To: "yes"}, {What: "may_respond", Who: "bo", To: "yes"},
	}
	if diff := cmp.Diff(want, settled(t, twoPeople).changesFrom(nil)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestChangesAreNamed(t *testing.T) {
	before := settled(t, twoPeople)
	for _, row := range []struct {
		name, text string
		want       []incident.Change
	}{
		{"nothing", twoPeople, nil},
		{"somebody comes", twoPeople + "  - {id: eve, roles: [approver]}\n", []incident.Change{
			{What: "may_approve", Who: "eve", To: "yes"}, {What: "may_respond", Who: "eve", To: "yes"},
		}},
		{"somebody goes", oneAccount + "people: [{id: bo, roles: [responder]}]", []incident.Change{
			{What: "accounts", Who: "ana", From: "slack/T1/U1"}, {What: "may_approve", Who: "ana", From: "yes"}, {What: "may_respond", Who: "ana", From: "yes"},
		}},
		{"an account is another's", oneAccount + `
people:
  - {id: ana, roles: [responder, approver]}
  - {id: bo, roles: [responder], slack: {team: T1, user: U1}}`, []incident.Change{
			{What: "accounts", Who: "ana", From: "slack/T1/U1"}, {What: "accounts", Who: "bo", To: "slack/T1/U1"},
		}},
		{"fewer people, longer votes", twoPeople + "approval: {people: {disruptive: 1}, window: 1h, requester_counts: false}", []incident.Change{
			{What: "requester_counts", From: "yes", To: "no"},
			{What: "window", From: "30m0s", To: "1h0m0s"},
			{What: "need", Who: "disruptive", From: "2", To: "1"},
		}},
		{"an account is acted on", "accounts: [{name: prod, id: \"1234567890123456\", mode: observe}]\n" + twoPeople[len(oneAccount):], []incident.Change{
			{What: "mode", Who: "prod", From: "act", To: "observe"},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, settled(t, row.text).changesFrom(before)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
	automated := settled(t, twoPeople+"automation: {cap: 9}").changesFrom(before)
	if len(automated) != 1 || automated[0].What != "automation" {
		t.Errorf("automation: %+v", automated)
	}
}

func TestSettingsSurviveTheStore(t *testing.T) {
	before := settled(t, twoPeople)
	body, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	var after settings
	if err := json.Unmarshal(body, &after); err != nil {
		t.Fatal(err)
	}
	if changes := before.changesFrom(after); len(changes) != 0 || digestOf(before) != digestOf(after) {
		t.Errorf("changed on the way: %+v", changes)
	}
}
