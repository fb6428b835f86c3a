package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"twokey/bot/redact"
)

// TestMain lets the test binary be the children that the command starts.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(playRole(role))
	}
	os.Exit(m.Run())
}

// The command measures what it says and leaves nothing behind. How fast anything
// was is not asked here.
func TestQuickRunFillsTheTable(t *testing.T) {
	folder := t.TempDir()
	var out, progress bytes.Buffer
	args := []string{"-quick", "-incidents", "1000", "-dir", folder, "-only", "cold-start,store-append,list-open,after-retention"}
	if err := run(t.Context(), args, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	for _, scenario := range []string{"cold-start", "store-append", "list-open", "after-retention"} {
		if !strings.Contains(out.String(), "| "+scenario) {
			t.Errorf("no row of %s", scenario)
		}
	}
	if strings.Contains(out.String(), "failed") {
		t.Errorf("something could not be measured:\n%s\n%s", &out, &progress)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestUnknownScenarioIsNamed(t *testing.T) {
	err := run(t.Context(), []string{"-only", "intake,outtake"}, &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `"outtake"`) || !strings.Contains(err.Error(), "cold-start") {
		t.Errorf("got %v, want the name that is unknown and those that are known", err)
	}
}

// Alerts that intake would refuse or pass over would make it look fast.
func TestAlertsAreWorkForIntake(t *testing.T) {
	seen := make(map[string]bool)
	for n := range uint64(5000) {
		key := keyID(n)
		if !redact.ValidKey(key) || redact.Placeholder(key) || seen[key] {
			t.Fatalf("key id %d is no id, a placeholder, or there already", n)
		}
		seen[key] = true
		if _, secret := redact.Text(string(finding(n, 0))); !secret {
			t.Fatalf("finding %d holds no secret to take out", n)
		}
	}
	if bytes.Equal(finding(1, 0), finding(1, 5)) {
		t.Error("a finding told again is the same delivery")
	}
}

func TestStreamTellsEveryFifthAgain(t *testing.T) {
	var numbers alerts
	request := numbers.stream("localhost", "/", "", true, func(n uint64, again int) []byte { return fmt.Appendf(nil, "%d %v", n, again > 0) })
	var bodies []string
	for n := range 10 {
		_, body, _ := bytes.Cut(request(0, n), []byte("\r\n\r\n"))
		bodies = append(bodies, string(body))
	}
	want := "1 false,2 false,3 false,4 false,4 true,5 false,6 false,7 false,8 false,8 true"
	if got := strings.Join(bodies, ","); got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

func TestCoveredCountsCallsSideBySideOnce(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(0, 0).Add(time.Duration(ms) * time.Millisecond) }
	calls := []call{{at(30), at(50)}, {at(0), at(10)}, {at(35), at(40)}, {at(45), at(60)}, {at(90), at(200)}}
	if got, want := covered(calls, at(5), at(100)), 45*time.Millisecond; got != want {
		t.Errorf("covered %s, want %s", got, want)
	}
}

func TestQuantile(t *testing.T) {
	all := []float64{5, 1, 4, 2, 3}
	for part, want := range map[float64]float64{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := quantile(all, part); got != want {
			t.Errorf("quantile %v is %v, want %v", part, got, want)
		}
	}
	if got := median([]float64(nil)); got != 0 {
		t.Errorf("the median of nothing is %v, want 0", got)
	}
}
