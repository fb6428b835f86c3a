package slacktest

import (
	"fmt"
	"strconv"
	"strings"
)

// stamp makes the next message's timestamp: seconds and six digits, unique in the
// workspace and never going back, whatever the clock does. The lock is held.
func (w *Workspace) stamp() string {
	w.lastTS = max(w.lastTS+1, w.o.Now().UnixMicro())
	return fmt.Sprintf("%d.%06d", w.lastTS/1e6, w.lastTS%1e6)
}

// micros reads a timestamp; false: it is none.
func micros(ts string) (int64, bool) {
	whole, part, _ := strings.Cut(ts, ".")
	if len(part) > 6 {
		part = part[:6]
	}
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return 0, false
	}
	rest, err := strconv.ParseInt((part + "000000")[:6], 10, 64)
	if err != nil {
		return 0, false
	}
	return seconds*1e6 + rest, true
}

func digits(n int64) string { return strconv.FormatInt(n, 10) }
