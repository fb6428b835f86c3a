package view

import (
	"strconv"
	"time"
)

// clock is a moment as cards show it: UTC, with the date once it is not the day
// on which the incident was opened.
func (p page) clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.UTC()
	if sameDay(t, p.st.Opened.UTC()) {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// span is a length of time in at most two units, as exact as it matters.
func (w words) span(d time.Duration) string {
	d = d.Abs().Round(time.Second)
	unit := func(id string, n int) string { return w.say(id, "n", strconv.Itoa(n)) }
	seconds, minutes, hours := int(d.Seconds()), int(d.Minutes()), int(d.Hours())
	switch {
	case d < time.Minute:
		return unit("span.s", seconds)
	case d < 10*time.Minute && seconds%60 != 0:
		return unit("span.min", minutes) + " " + unit("span.s", seconds%60)
	case d < time.Hour:
		return unit("span.min", minutes)
	case d < 48*time.Hour && minutes%60 != 0:
		return unit("span.h", hours) + " " + unit("span.min", minutes%60)
	case d < 48*time.Hour:
		return unit("span.h", hours)
	}
	return unit("span.d", hours/24)
}

// against says how a moment lies to the alert. Unlike "4 minutes ago" it stays
// true however late the card is read.
func (p page) against(t time.Time) string {
	d := t.Sub(p.st.Opened)
	if d < 0 {
		return p.say("time.before_alert", "span", p.span(d))
	}
	return p.say("time.after_alert", "span", p.span(d))
}
