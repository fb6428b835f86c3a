package room_test

import (
	"encoding/json"
	"testing"

	"twokey/bot"
	"twokey/bot/room"
)

func TestAButtonComesBackAsItWasSent(t *testing.T) {
	b := bot.Button{Act: bot.ActAnswer, Label: "Yes", Incident: "inc-7", Number: 2, Digest: "9f2c41d0", Value: "in_use=yes"}
	body, err := json.Marshal(room.Wired(b))
	if err != nil {
		t.Fatal(err)
	}
	var w room.Wire
	if err := json.Unmarshal(body, &w); err != nil || w != room.Wired(b) {
		t.Fatalf("%s: %v", body, err)
	}
	want := bot.Press{Act: b.Act, Incident: b.Incident, Number: b.Number, Digest: b.Digest, Value: b.Value, Reason: "I know it"}
	if got := w.Press("I know it"); *got != want {
		t.Errorf("%+v", got)
	}
}

func TestAReportKeepsItsOrderAndItsLevels(t *testing.T) {
	var r room.Report
	r.OK("the app %s signs in", "cli_1")
	r.Warn("nobody is there")
	r.Fail("%d rooms", 0)
	want := []room.Finding{{room.OK, "the app cli_1 signs in"}, {room.Warn, "nobody is there"}, {room.Fail, "0 rooms"}}
	for i := range want {
		if len(r) != len(want) || r[i] != want[i] {
			t.Fatalf("%v", r)
		}
	}
}
