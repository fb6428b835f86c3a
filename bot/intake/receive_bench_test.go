package intake_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/incident"
	"twokey/store/bolt"
)

// BenchmarkManyKeys measures one sender's requests of many different keys each, from
// the token to the answer: every key is an incident of its own on the disk then.
func BenchmarkManyKeys(b *testing.B) {
	for _, c := range []struct{ requests, keys int }{{1, 500}, {1, 1000}, {10, 1000}} {
		b.Run(fmt.Sprintf("%dx%d", c.requests, c.keys), func(b *testing.B) {
			db, err := bolt.Open(filepath.Join(b.TempDir(), "twokey.db"), bolt.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			twokey := &bot.Bot{
				Store: db, Chain: incident.Chain{Key: []byte("a key of thirty-two characters..")}, Now: time.Now, Salt: rand.Text, Log: slog.New(slog.DiscardHandler),
			}
			handler := benched(b, twokey.ReceiveAlert)
			seed := uint64(0)
			for b.Loop() {
				for range c.requests {
					b.StopTimer()
					var body bytes.Buffer
					for range c.keys {
						seed++
						body.WriteString(oneFinding(keyID(seed)) + ",")
					}
					report := "[" + strings.TrimSuffix(body.String(), ",") + "]"
					b.StartTimer()
					deliver(b, handler, "scans", report, "open")
				}
			}
			b.ReportMetric(float64(seed)/b.Elapsed().Seconds(), "keys/s")
		})
	}
}
