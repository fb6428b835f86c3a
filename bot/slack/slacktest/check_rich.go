package slacktest

import "slices"

// richText: Slack docs, rich text block.
func (c *checker) richText(where string, b object) {
	c.only(where, b, "type", "block_id", "elements")
	elements := asList(b["elements"])
	if len(elements) == 0 {
		c.fault(where+"/elements", "no fewer than 1 items allowed")
	}
	for i, e := range elements {
		c.richPart(at(where+"/elements", i), asObject(e))
	}
}

func (c *checker) richPart(where string, o object) {
	switch kind := asText(o["type"]); kind {
	case "rich_text_section":
		c.only(where, o, "type", "elements")
		c.spans(where, o)
	case "rich_text_preformatted":
		c.only(where, o, "type", "elements", "border", "language")
		c.spans(where, o)
	case "rich_text_quote":
		c.only(where, o, "type", "elements", "border")
		c.spans(where, o)
	case "rich_text_list":
		c.richList(where, o)
	default:
		c.fault(where+"/type", "unsupported type: %s", kind)
	}
}

func (c *checker) richList(where string, o object) {
	c.only(where, o, "type", "style", "elements", "indent", "offset", "border")
	if style := asText(o["style"]); style != "bullet" && style != "ordered" {
		c.fault(where+"/style", "invalid style: %s", style)
	}
	for i, e := range asList(o["elements"]) {
		item, place := asObject(e), at(where+"/elements", i)
		if kind := asText(item["type"]); kind != "rich_text_section" {
			c.fault(place+"/type", "unsupported type: %s", kind)
			continue
		}
		c.spans(place, item)
	}
}

// spanKinds are the pieces of a line and what each must have.
var spanKinds = map[string][]string{
	"text": {"text"}, "link": {"url"}, "user": {"user_id"}, "usergroup": {"usergroup_id"}, "channel": {"channel_id"},
	"emoji": {"name"}, "broadcast": {"range"}, "date": {"timestamp", "format"}, "color": {"value"}, "team": {"team_id"},
}

func (c *checker) spans(where string, o object) {
	spans, ok := o["elements"].([]any)
	if !ok {
		c.fault(where, "missing required field: elements")
	}
	for i, e := range spans {
		c.span(at(where+"/elements", i), asObject(e))
	}
}

func (c *checker) span(where string, o object) {
	kind := asText(o["type"])
	required, known := spanKinds[kind]
	if !known {
		c.fault(where+"/type", "unsupported type: %s", kind)
		return
	}
	may := []string{"type", "style", "text", "unsafe", "unicode", "skin_tone", "url", "fallback"}
	c.only(where, o, append(may, required...)...)
	for _, name := range required {
		if o[name] == nil || o[name] == "" {
			c.fault(where, "missing required field: %s", name)
		}
	}
	if kind == "broadcast" && !slices.Contains([]any{"here", "channel", "everyone"}, o["range"]) {
		c.fault(where+"/range", "invalid range: %v", o["range"])
	}
	for name, on := range asObject(o["style"]) {
		_, isBool := on.(bool)
		if !isBool || !slices.Contains([]string{"bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"}, name) {
			c.fault(where+"/style", "invalid additional property: %s", name)
		}
	}
}
