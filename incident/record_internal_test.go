package incident

import (
	"encoding/json"
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
