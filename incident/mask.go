package incident

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Mask is a key id with its middle hidden, as a source shows it: "LTAI5t8a****Xk9Q".
// Whatever the number of stars, nothing is known of how much they hide.
type Mask string

// leastShown is how many characters a mask must show beside LTAI. Fewer fit too many
// keys, and would let whoever makes an alert try them out.
const leastShown = 8

// Tells reports whether a mask shows enough of an id to look for it. One that does is
// made of ASCII letters, digits and stars.
func (m Mask) Tells() bool {
	start, end, ok := m.shown()
	return ok && len(start)+len(end) >= leastShown
}

// Fits reports whether a key id has the same beginning and end, and something between.
// Nothing fits a mask that tells too little.
func (m Mask) Fits(k KeyID) bool {
	start, end, _ := m.shown()
	id, isLong := strings.CutPrefix(string(k), longTerm)
	return m.Tells() && isLong && bare(id) && len(id) > len(start)+len(end) &&
		strings.HasPrefix(id, start) && strings.HasSuffix(id, end)
}

// longTerm is how the ids of lasting keys begin.
const longTerm = "LTAI"

// shown is what a mask shows before and after its stars, without LTAI; false if it is
// no mask.
func (m Mask) shown() (start, end string, ok bool) {
	id, isLong := strings.CutPrefix(string(m), longTerm)
	start, rest, hidden := strings.Cut(id, "*")
	end = strings.TrimLeft(rest, "*")
	return start, end, isLong && hidden && bare(start) && bare(end)
}

func bare(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// OfMask is the identity of whatever key a mask hides.
func OfMask(m Mask) Identity { return Identity("mask " + string(m)) }

// Mask is how the first alert that shows enough of it shows a look-up's key; empty if
// none does, or once the key is known.
func (s State) Mask() Mask {
	if !s.Lookup() {
		return ""
	}
	for _, a := range s.Alerts {
		if m := Mask(a.KeyMask); m.Tells() {
			return m
		}
	}
	return ""
}

// Fit is which keys of the configured accounts fit a look-up's mask. It is evidence
// and no more: only a person's word makes one of them the incident's key.
type Fit struct {
	Keys int
	Only KeyID // if it is just one
	AsOf time.Time
}

// FitOf is the fit of keys, of which any may be named twice.
func FitOf(keys []KeyID, asOf time.Time) Fit {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	f := Fit{Keys: len(keys), AsOf: asOf}
	if len(keys) == 1 {
		f.Only = keys[0]
	}
	return f
}

// Fit is the last that was seen of that; false if some account did not say yet.
func (s State) Fit() (Fit, bool) {
	mask := s.Mask()
	seen := s.Seen[OfMask(mask)]
	n, err := strconv.Atoi(seen[FactFits].Value)
	if mask == "" || err != nil {
		return Fit{}, false
	}
	f := Fit{Keys: n, AsOf: seen[FactFits].AsOf}
	if only := KeyID(seen[FactFit].Value); n == 1 && mask.Fits(only) {
		f.Only = only
	}
	return f, true
}

// Facts are what is written down of a fit.
func (f Fit) Facts() map[FactName]string {
	facts := map[FactName]string{FactFits: strconv.Itoa(f.Keys), FactFit: Absent}
	if f.Keys == 1 {
		facts[FactFit] = string(f.Only)
	}
	return facts
}

// Told is the key that a source answered about a look-up which people have in hand;
// empty if none did, or once the key is known. It too takes a person's yes.
func (s State) Told() KeyID {
	for _, a := range slices.Backward(s.Alerts) {
		if s.Lookup() && a.Asked {
			return a.KeyID
		}
	}
	return ""
}
