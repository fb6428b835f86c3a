package intake

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"

	"twokey/incident"
)

// events reads CloudEvents (CloudEvents 1.0, HTTP binding): one, a list, or the
// data alone with the rest in headers. EventBridge sends them too, and what
// ActionTrail tells through it is looked at as what it is.
func events(in input) ([]*finding, error) {
	if in.head.Get("Ce-Specversion") != "" {
		return binaryEvent(in)
	}
	doc, err := document(in.body)
	if err != nil {
		return nil, err
	}
	list, batch := doc.([]any)
	if !batch {
		list = []any{doc}
	}
	switch {
	case len(list) == 0:
		return []*finding{ignored(NoFindings)}, nil
	case len(list) > maxEntries:
		return nil, errTooMany
	}
	var all []*finding
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			if !batch {
				return nil, errShape
			}
			all = append(all, rejected(WrongType))
			continue
		}
		all = append(all, event(m, in)...)
	}
	return all, nil
}

// binaryEvent reads an event whose attributes came as headers: the body is its data,
// of whatever type.
func binaryEvent(in input) ([]*finding, error) {
	e := map[string]any{"data": strings.ToValidUTF8(string(in.body), "\ufffd")}
	if in.media == "" || strings.HasSuffix(in.media, "json") {
		var err error
		if e["data"], err = document(in.body); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"specversion", "id", "source", "type", "subject", "time"} {
		e[name] = in.head.Get("Ce-" + name)
	}
	return event(e, in), nil
}

// event reads one event, or what is none but stands where one belongs.
func event(e map[string]any, in input) []*finding {
	o := newObject(e)
	data := o.data(e)
	if f := insight(newObject(data), in); f != nil {
		return []*finding{f}
	}
	return cloudEvent.findings(o.named(data), in)
}

// data is what an event is about; text becomes an object with a text, and what has
// no data is it.
func (o object) data(e map[string]any) map[string]any {
	value := o["data"]
	if packed, ok := o["database64"].(string); ok && value == nil {
		value = unpacked(packed)
	}
	switch v := value.(type) {
	case map[string]any:
		return v
	case string:
		return map[string]any{"text": v}
	}
	return e
}

// named is an event's data with what the event is called: by its source and id.
func (o object) named(data map[string]any) map[string]any {
	all := maps.Clone(data)
	if _, ok := o["id"]; ok {
		text := func(name string) string { return o.text([]string{name}) }
		all["cloudevent"] = map[string]any{"eventname": text("source") + " " + text("id"), "subject": text("subject"), "eventtime": text("time")}
	}
	return all
}

// unpacked is JSON in base64; text that is none stays text.
func unpacked(text string) any {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	if doc, err := document(raw); err == nil {
		return doc
	}
	return string(raw)
}

// insight is an ActionTrail Insight about a key: something unusual was done with
// it, which is no proof of a leak (ActionTrail docs: Insights event structure).
// Nil if it is none; what else ActionTrail tells is for [trail].
func insight(o object, in input) *finding {
	details, _ := o["insightdetails"].(map[string]any)
	if details == nil {
		return nil
	}
	d := newObject(details)
	if d.text([]string{"insighttype"}) != "AkInsight" {
		return ignored(NotAnAlert)
	}
	f := identify(d.text([]string{"insightobject"}))
	if f.verdict != "" {
		return f
	}
	f.alert.Confidence = weak
	if strings.EqualFold(d.text([]string{"state"}), "End") {
		f.alert.Kind = incident.KindEnrich
	}
	f.text.Title = "ActionTrail Insight: AkInsight"
	f.alert.DetectedAt = moment(o.text([]string{"eventtime"}), in.at)
	f.external = map[string]bool{"insight:" + or(o.text([]string{"sharedeventid"}), in.sha256): true}
	return f
}

// trails reads events of ActionTrail as its delivery writes them: one, or a list.
func trails(in input) ([]*finding, error) {
	var one struct{ Events json.RawMessage }
	if err := decode(in.body, &one); err == nil && one.Events != nil {
		in.body = one.Events
	}
	return events(in)
}
