package main

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"twokey/bot/view"
)

// Each platform has its fixed room, and one for each incident where that is wanted.
func TestRoomsAreThoseThatAreConfigured(t *testing.T) {
	words, err := view.New()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		`slack: {bot_token: ${S}, app_token: ${S}, room: C1}`:                                                {"slack"},
		`slack: {bot_token: ${S}, app_token: ${S}, room: C1, incident_channels: true}`:                       {"slack", "slack-channels"},
		`lark: {app_id: a, app_secret: ${S}, room: oc_1}`:                                                    {"lark"},
		`lark: {app_id: a, app_secret: ${S}, room: oc_1, incident_groups: true}`:                             {"lark", "lark-groups"},
		`dingtalk: {client_id: a, client_secret: ${S}, room: cid1}`:                                          {"dingtalk"},
		`dingtalk: {client_id: a, client_secret: ${S}, room: cid1, group_template: t, group_owner: manager}`: {"dingtalk", "dingtalk-groups"},
	} {
		c := parsedConfig(t, oneAccount+"chat: {"+text+"}\n", map[string]string{"S": "secret"})
		a := &app{config: c, log: slog.New(slog.DiscardHandler), now: time.Now}
		a.metrics = newMetrics(prometheus.NewRegistry(), nil, time.Now)
		var names []string
		for _, room := range a.rooms(words) {
			if name := room.Room(); name != "console" {
				names = append(names, name)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: %q, want %q", text, names, want)
		}
	}
}
