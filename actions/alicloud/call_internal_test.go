package alicloud

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twokey/actions"
)

// spend makes calls of one urgency as fast as the rate lets it, for as long as the
// returned function is not called.
func spend(t *testing.T, a *Account, u actions.Urgency) (stop func() (calls int)) {
	done := make(chan struct{})
	var calls int
	var all sync.WaitGroup
	var mu sync.Mutex
	for range 8 {
		all.Go(func() {
			for {
				if err := a.wait(actions.With(t.Context(), u), look("ims:GetUser")); err != nil {
					t.Error(err)
				}
				select {
				case <-done:
					return
				default:
				}
				mu.Lock()
				calls++
				mu.Unlock()
			}
		})
	}
	return func() int { close(done); all.Wait(); return calls }
}

func TestCallsThatCanWaitLeaveTheRateToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := New(Config{
			Name: "prod", ID: strings.Repeat("1", 16),
			Credentials: Credentials{Type: FromAccessKey, AccessKeyID: "id", AccessKeySecret: "secret"},
		})
		if err != nil {
			t.Fatal(err)
		}
		took := func(u actions.Urgency, calls int) time.Duration {
			start := time.Now()
			for range calls {
				if err := a.wait(actions.With(t.Context(), u), look("ims:GetUser")); err != nil {
					t.Fatal(err)
				}
			}
			return time.Since(start)
		}
		sifting, following := spend(t, a, actions.Sifting), spend(t, a, actions.Following)
		if d := took(actions.Screening, 12); d > 0 {
			t.Errorf("a look for a trusted source waited %s for those of others", d)
		}
		screening := spend(t, a, actions.Screening)
		time.Sleep(time.Minute)
		if d := took(actions.Looking, 25); d > time.Second {
			t.Errorf("a look that people wait for took %s beside those that can wait", d)
		}
		looking := spend(t, a, actions.Looking)
		time.Sleep(10 * time.Second)
		if d := took(actions.Containing, 12); d > 0 {
			t.Errorf("a step waited %s for looks", d)
		}
		seconds := 70
		if n := sifting(); n < 12*seconds || n > 16*seconds {
			t.Errorf("%d calls to sift in %d s", n, seconds)
		}
		following()
		screening()
		looking()
	})
}
