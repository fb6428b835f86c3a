package incident

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Records are written by hand where json.Marshal would read each event once more.
// What is written is the same, byte by byte: the hash is over it.
func TestEncodeIsWhatMarshalMakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(Closed{Reason: Words(rapid.String().Draw(t, "reason"))})
		if err != nil {
			t.Fatal(err)
		}
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z0-9._-]{1,20}`), rapid.SampledFrom([]string{"", "<b>", "é", "\xff", `"`, "\u2028"}))
		b := body{
			Incident: ID(text.Draw(t, "incident")), Seq: rapid.Uint64().Draw(t, "seq"), By: Person(text.Draw(t, "by")),
			At:   time.UnixMicro(rapid.Int64Range(0, 253402300799999999).Draw(t, "at")).UTC(),
			Kind: text.Draw(t, "kind"), Event: raw, Prev: Hash(rapid.StringMatching(`([0-9a-f]{64})?`).Draw(t, "prev")),
		}
		want, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.encode(); string(got) != string(want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// FuzzReadOwn holds the quick way to read a record against the usual one: what it
// takes, the other reads in the same way.
func FuzzReadOwn(f *testing.F) {
	at := time.Date(2026, 9, 10, 3, 0, 0, 1000, time.UTC)
	for _, records := range [][]Record{
		Chain{}.Seal(State{}, "inc-1", "ana", at, []Event{Took{}, Closed{Reason: "w"}, Configured{Digest: "d"}, Foreign{Name: "x"}}),
		Chain{}.Seal(State{}, "inc-2", `a"b`, at, []Event{KeyEntered{Key: "<k>"}}),
	} {
		for _, r := range records {
			f.Add(r.Bytes)
		}
	}
	prev := `,"prev":"` + strings.Repeat("a", hashLen) + `"}`
	for _, odd := range []string{
		`{"incident":"inc-1","seq":01,"at":"2026-01-02T03:04:05Z","by":"ana","kind":"took","event":{}}`,
		`{"incident":"inc-1","seq":1,"at":"2026-01-02T03:04:05Z","by":"ana","kind":"took","event":{},"seq":2}`,
		`{"incident":"inc-1","seq":1,"at":"2026-01-02T03:04:05Z","by":"ana","kind":"took","event":{"x":1` + prev + `}`,
		`{"incident":"inc-1","seq":1,"at":"2026-01-02T03:04:05Z","by":"ana","kind":"took","event":{"x":1` + prev + prev,
		`{"incident":"inc-1","seq":1,"at":"2026-01-02T03:04:05Z","by":"ana","kind":"took","event":{},"event":{}` + prev,
		`{"incident":"inc-1","seq":1,"at":"2026-01-02T03:04:05Z","by":"ana","kind":"took","event":` + prev,
		`{"incident":"inc-1","seq":1,"at":"2026-01-02T03:04:05Z","by":"ana","kind":"took","event":null` + prev,
	} {
		f.Add([]byte(odd))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		own, ok := readOwn(raw)
		if !ok {
			return
		}
		want, err := readAny(raw)
		if err != nil {
			t.Fatalf("%q is read, and is no record: %v", raw, err)
		}
		if !reflect.DeepEqual(own, want) {
			t.Errorf("%q\nread %+v\nwant %+v", raw, own, want)
		}
	})
}

// Everything that is written is read the quick way.
func TestReadOwnReadsWhatIsWritten(t *testing.T) {
	at := time.Date(2026, 9, 10, 3, 0, 0, 1000, time.UTC)
	var events []Event
	for _, kind := range Kinds() {
		events = append(events, reflect.Zero(kinds[kind]).Interface().(Event))
	}
	for _, r := range (Chain{}).Seal(State{}, "inc-1", Bot, at, events) {
		if own, ok := readOwn(r.Bytes); !ok || own.Seq != r.Seq || own.Prev != r.Prev || !own.At.Equal(at) || own.Event.Kind() != r.Event.Kind() {
			t.Errorf("%s: read %v %+v", r.Bytes, ok, own)
		}
	}
}
