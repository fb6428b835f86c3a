package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// row is one line of the table. A row without a target is there for comparison.
type row struct {
	name, what, figure, against, ratio, target, verdict string
}

// judged is r with whether it meets its target.
func (r row) judged(target string, met bool) row {
	r.target, r.verdict = target, "missed"
	if met {
		r.verdict = "met"
	}
	return r
}

// beside is r with what it is compared with, as part of it.
func (r row) beside(name string, mine, its float64) row {
	r.against, r.ratio = name, "-"
	if its > 0 {
		r.ratio = fmt.Sprintf("%.2f", mine/its)
	}
	return r
}

func (s *suite) add(r row) { s.rows = append(s.rows, r) }

// print writes the table as Markdown, which reads well as it is.
func (s *suite) print(out io.Writer) {
	_, _ = fmt.Fprintln(out, machine())
	_, _ = fmt.Fprintf(out, "append of 4 KiB and fdatasync, one writer: %s, between %s and %s during the run\n",
		perSecond(median(s.syncs)), perSecond(least(s.syncs)), perSecond(most(s.syncs)))
	_, _ = fmt.Fprintf(out, "medians of %d interleaved rounds; a ratio is the figure divided by what it is compared with\n\n", s.rounds)
	head := []string{"scenario", "what", "figure", "compared with", "ratio", "target", ""}
	lines := [][]string{head, nil}
	for _, r := range s.rows {
		lines = append(lines, []string{r.name, r.what, r.figure, r.against, r.ratio, r.target, r.verdict})
	}
	width := make([]int, len(head))
	for _, l := range lines {
		for i, cell := range l {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, l := range lines {
		_, _ = fmt.Fprintln(out, drawn(l, width))
	}
}

// drawn is one line of the table; nil is the rule below the head.
func drawn(cells []string, width []int) string {
	var b strings.Builder
	b.WriteString("|")
	for i, w := range width {
		if cells == nil {
			b.WriteString(strings.Repeat("-", w+2) + "|")
			continue
		}
		b.WriteString(" " + cells[i] + strings.Repeat(" ", w-utf8.RuneCountInString(cells[i])) + " |")
	}
	return b.String()
}

func perSecond(n float64) string {
	switch {
	case n >= 10_000:
		return fmt.Sprintf("%.1fk/s", n/1000)
	case n >= 1000:
		return fmt.Sprintf("%.2fk/s", n/1000)
	}
	return fmt.Sprintf("%.0f/s", n)
}

func millis(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 1:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.2f ms", ms)
	}
}

func megabytes(n float64) string { return fmt.Sprintf("%.1f MB", n/1e6) }

func median[T float64 | time.Duration](all []T) T { return quantile(all, 0.5) }

func least(all []float64) float64 { return quantile(all, 0) }

func most(all []float64) float64 { return quantile(all, 1) }

// quantile is the value below which a part of all values lies; 0 of none.
func quantile[T float64 | time.Duration](all []T, part float64) T {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}

// times says how a number of waits are spread.
func times(all []time.Duration) string {
	return fmt.Sprintf("p50 %s, p99 %s, max %s", millis(median(all)), millis(quantile(all, 0.99)), millis(quantile(all, 1)))
}
