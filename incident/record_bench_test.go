package incident_test

import (
	"testing"

	"twokey/incident"
)

// BenchmarkSeal measures one alert's record: all of it, and what is left of it
// when the store gives the incident its id and others wait.
func BenchmarkSeal(b *testing.B) {
	chain := incident.Chain{Key: []byte("a key of thirty-two characters..")}
	events := []incident.Event{incident.Opened{Alert: incident.Alert{
		Source: "scans", Type: "generic", Kind: incident.KindOpen, KeyID: "LTAI" + "5tExampleOfABench123", KeyType: "long_term", Confidence: "likely",
		Delivery: "d", ExternalKey: "e", SecretSeen: true, Severity: "high", Details: "w", DetectedAt: t0, ReceivedAt: t0, BodySHA256: "b",
	}}}
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			chain.Seal(incident.State{}, "inc-1", incident.Bot, t0, events)
		}
	})
	b.Run("with the id", func(b *testing.B) {
		draft := chain.Draft(incident.State{}, incident.Bot, t0, events)
		b.ReportAllocs()
		for b.Loop() {
			draft.Seal("inc-1")
		}
	})
	b.Run("decode", func(b *testing.B) {
		stored := chain.Seal(incident.State{}, "inc-1", incident.Bot, t0, events)[0].Encode()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := incident.DecodeRecord(stored); err != nil {
				b.Fatal(err)
			}
		}
	})
}
