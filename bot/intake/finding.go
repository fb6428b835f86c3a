package intake

import (
	"context"
	"maps"
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

	asks *ghAlert // whom GitHub can be asked about

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

// receive hands on what stands for itself, one after the other, and says what
// became of each entry, in their order. What was received before an error stays
// received: the sender asks again and hears "duplicate".
func (h *hooks) receive(ctx context.Context, s *source, in input, all []*finding) ([]result, error) {
	became := make(map[*finding]result)
	for _, f := range all {
		if f.verdict != "" || f.of != nil {
			continue
		}
		v, id, err := h.Receive(ctx, f.normal(s, in), f.text)
		if err != nil {
			return nil, err
		}
		became[f] = f.result(v, id)
		h.delivered(ctx, s, f)
	}
	results := make([]result, len(all))
	for i, f := range all {
		switch {
		case f.verdict != "":
			results[i] = result{Verdict: f.verdict, Reason: f.reason, Shown: f.shown}
		case f.of != nil:
			results[i] = f.part(became[f.head()])
		default:
			results[i] = became[f]
		}
	}
	return results, nil
}

// delivered remembers an alert that the same source may list one day, so that its
// list does not bring it anew. Failing in that costs a duplicate.
func (h *hooks) delivered(ctx context.Context, s *source, f *finding) {
	if f.asks == nil || f.alert.KeyID == "" || h.Keep == nil {
		return
	}
	if err := h.Keep(ctx, polledName(s.Name, githubAccount, f.asks.name())); err != nil {
		h.Log.Warn("remember alert", "source", s.Name, "error", err)
	}
}

// result is what became of a finding. News about what is not open are what they
// are, and change nothing.
func (f *finding) result(v bot.Verdict, id incident.ID) result {
	news := map[incident.AlertKind]bot.Verdict{incident.KindEnrich: bot.Enriched, incident.KindResolve: bot.Resolved}
	if kind, ok := news[f.alert.Kind]; ok && v == bot.Ignored {
		return result{Verdict: kind, Reason: NothingOpen}
	}
	return result{Verdict: v, Incident: id, Reason: f.reason}
}

// part is what became of a finding in another one's alert.
func (f *finding) part(head result) result {
	v := head.Verdict
	switch v {
	case bot.Opened, bot.LookedUp, bot.Enriched:
		v = bot.Duplicate
		if f.added {
			v = bot.Enriched
		}
	}
	return result{Verdict: v, Incident: head.Incident, Reason: f.reason}
}

// normal is the alert as it is handed on. A delivery is remembered per key, not
// per request: a sender that calls everything by one Idempotency-Key loses no
// key by that.
func (f *finding) normal(s *source, in input) incident.Alert {
	a := f.alert
	a.Source, a.Type = s.Name, s.Type
	a.ReceivedAt, a.BodySHA256 = in.at, in.sha256
	a.ExternalKey = hash(slices.Sorted(maps.Keys(f.external))...)
	if f.news != "" {
		a.News = hash(f.news)[:16]
	}
	about := string(a.KeyID)
	if about == "" {
		about = a.ExternalKey
	}
	if a.Kind != incident.KindOpen && a.Kind != incident.KindLookup {
		about += string(a.Kind)
	}
	a.Delivery = in.sent + "/" + hash(about)[:16]
	return a
}
