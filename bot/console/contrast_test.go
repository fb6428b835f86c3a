package console_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// WCAG 2.2 AA: 4.5:1 for text (1.4.3), 3:1 for the edges of what can be pressed
// (1.4.11), in light and in dark.
func TestColoursCanBeTold(t *testing.T) {
	body, err := os.ReadFile("assets/console.css")
	if err != nil {
		t.Fatal(err)
	}
	colours := map[string][2]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`).FindAllStringSubmatch(string(body), -1) {
		colours[m[1]] = [2]string{m[2], m[3]}
	}
	for _, row := range []struct {
		over, under string
		least       float64
	}{
		{"ink soft key alarm calm warn", "ground sheet sunk", 4.5},
		{"ink", "alarm-wash warn-wash calm-wash", 4.5},
		{"alarm", "alarm-wash", 4.5},
		{"warn", "warn-wash", 4.5},
		{"calm", "calm-wash", 4.5},
		{"on-key", "key", 4.5},
		{"edge", "ground sheet sunk", 3},
	} {
		for over := range strings.FieldsSeq(row.over) {
			for under := range strings.FieldsSeq(row.under) {
				for i, scheme := range []string{"light", "dark"} {
					a, b := luminance(t, colours[over][i]), luminance(t, colours[under][i])
					if got := (max(a, b) + 0.05) / (min(a, b) + 0.05); got < row.least {
						t.Errorf("%s on %s is %.2f:1 in %s, want %.1f:1", over, under, got, scheme, row.least)
					}
				}
			}
		}
	}
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) != 7 {
		t.Fatalf("no colour: %q", hex)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
