package intake

import (
	"slices"

	"twokey/bot"
	"twokey/incident"
)

// finding is one entry of a body: an alert, a part of another finding's alert,
// or nothing to act on.
type finding struct {
	alert    incident.Alert
	text     incident.AlertText
	external map[string]bool // what its source calls it; kept as a hash only
	news     string          // what its source tells about it later; the same again is no news

	verdict bot.Verdict // set: nothing is received
	reason  Reason
	shown   string // see [result]

	asks  *ghAlert           // whom GitHub can be asked about
	alone incident.AlertKind // what it is by itself, where GitHub is asked: it may come before what it belongs to

	of    *finding // whose alert it is a part of
	added bool     // it told something that the other did not
}

func ignored(why Reason) *finding  { return &finding{verdict: bot.Ignored, reason: why} }
func rejected(why Reason) *finding { return &finding{verdict: bot.Rejected, reason: why} }

// Bounds of one request. Entries of one key are one alert, whatever their
// number; beyond maxAlerts different ones the sender must split.
const (
	maxEntries = 20_000
	maxAlerts  = 1000
	maxPlaces  = 20
)

// bundle makes one alert of all findings of one key.
func bundle(all []*finding) error {
	if len(all) > maxEntries {
		return errTooMany
	}
	type about struct {
		key  incident.KeyID
		kind incident.AlertKind
	}
	heads, alerts := make(map[about]*finding), 0
	for _, f := range all {
		if f.verdict != "" || f.of != nil {
			continue
		}
		of := about{f.alert.KeyID, f.alert.Kind}
		if head := heads[of]; head != nil && of.key != "" {
			f.join(head, SameKey)
			continue
		}
		heads[of] = f
		if alerts++; alerts > maxAlerts {
			return errTooMany
		}
	}
	return nil
}

// join makes f a part of another finding's alert.
func (f *finding) join(head *finding, why Reason) {
	f.of, f.reason = head, why
	for name := range f.external {
		f.added = f.added || !head.external[name]
		head.external[name] = true
	}
	for _, p := range f.text.Places {
		head.found(p)
	}
	head.text.More += f.text.More
	a, b := &head.alert, f.alert
	a.SecretSeen = a.SecretSeen || b.SecretSeen
	if a.SecretPrint == "" {
		a.SecretPrint = b.SecretPrint
	}
	if a.Confidence == weak || b.Confidence == confirmed {
		a.Confidence = b.Confidence
	}
	if b.Public == incident.Yes {
		a.Public = b.Public
	}
	if b.DetectedAt.Before(a.DetectedAt) && !b.DetectedAt.IsZero() {
		a.DetectedAt = b.DetectedAt
	}
}

func (f *finding) head() *finding {
	for f.of != nil {
		f = f.of
	}
	return f
}

// found adds a place, if it is new and there is room.
func (f *finding) found(p incident.Place) {
	switch {
	case p == incident.Place{} || slices.Contains(f.text.Places, p):
	case len(f.text.Places) >= maxPlaces:
		f.text.More++
	default:
		f.text.Places = append(f.text.Places, p)
	}
}
