package intake_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twokey/bot"
	"twokey/bot/intake"
)

// GitLab stops calling a hook for good that answers it 4xx some times: a burst of its
// waits for its turn. All others are told to come again.
func TestABurstOfGitLabIsNeverRefusedForItsSpeed(t *testing.T) {
	for source, want := range map[string]map[int]int{
		"gitlab": {http.StatusOK: 10 + 50, http.StatusServiceUnavailable: 40},
		"scans":  {http.StatusOK: 10, http.StatusTooManyRequests: 90},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := &desk{counts: map[bot.Verdict]int{}}
			d.open(t, func(c *intake.Config) { c.PerSource, c.Now = 10, time.Now }, nil)
			var mu sync.Mutex
			got := map[int]int{}
			var all sync.WaitGroup
			began := time.Now()
			for range 100 {
				all.Go(func() {
					w, _ := d.post(t, source, "application/json", []byte(`{"object_kind":"push"}`))
					mu.Lock()
					defer mu.Unlock()
					if w.Code == http.StatusBadRequest {
						w.Code = http.StatusOK // it was let in
					}
					got[w.Code]++
					if w.Code != http.StatusOK && w.Header().Get("Retry-After") == "" {
						t.Error("nobody says when to come again")
					}
				})
			}
			all.Wait()
			for code, n := range want {
				if got[code] != n {
					t.Errorf("%s: %v, want %v", source, got, want)
				}
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s: it took %s", source, took)
			}
		})
	}
}
