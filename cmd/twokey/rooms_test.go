package main

import (
	"slices"
	"testing"

	"twokey/bot/room"
)

func TestARoomIsToldOfItsOwnPeopleOnly(t *testing.T) {
	c := parsedConfig(t, oneAccount+`people:
  - {id: ana, roles: [approver], slack: {team: T1, user: U1}, lark: {tenant: t, user: on_1}, dingtalk: [{corp: c, user: d1}, {corp: c, user: d2}]}
  - {id: bo, slack: {team: T2, user: U2}}
`, nil)
	want := []room.Member{{Person: "ana", Tenant: "T1", User: "U1"}, {Person: "bo", Tenant: "T2", User: "U2"}}
	if got := c.members("slack"); !slices.Equal(got, want) {
		t.Errorf("members: %v", got)
	}
	for platform, want := range map[string][]string{"slack": {"U1"}, "lark": {"on_1"}, "dingtalk": {"d1", "d2"}} {
		if got := c.actors(platform); !slices.Equal(got, want) {
			t.Errorf("who may act on %s: %q", platform, got)
		}
	}
}
