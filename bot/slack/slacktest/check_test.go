package slacktest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"twokey/bot/slack/slacktest"
)

type object = map[string]any

// Builders of JSON by hand: what a bot's library would not let through is sent too.

func text(kind string, n int) object { return object{"type": kind, "text": chars(n)} }

// chars are n characters, of more bytes.
func chars(n int) string { return strings.Repeat("界", n) }

func many(n int, e func(i int) any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = e(i)
	}
	return out
}

func press(with object) object {
	b := object{"type": "button", "text": text("plain_text", 1)}
	maps.Copy(b, with)
	return b
}

func inActions(elements ...any) object { return object{"type": "actions", "elements": elements} }

func inSection(e any) object {
	return object{"type": "section", "text": text("mrkdwn", 1), "accessory": e}
}

func option(label, value int) object {
	return object{"text": text("plain_text", label), "value": chars(value)}
}

func choices(kind string, n int) object {
	return object{"type": kind, "options": many(n, func(int) any { return option(1, 1) })}
}

func confirming(title, words, yes, no int) object {
	return inActions(press(object{"confirm": object{
		"title": text("plain_text", title), "text": text("mrkdwn", words), "confirm": text("plain_text", yes), "deny": text("plain_text", no),
	}}))
}

func field(with object) object {
	in := object{"type": "plain_text_input", "action_id": "v"}
	maps.Copy(in, with)
	return object{"type": "input", "label": text("plain_text", 1), "element": in}
}

// limit is the most that passes, and where Slack points when there is one more.
type limit struct {
	most    int
	pointer string
	of      func(n int) any // a block, or a list of blocks
}

func limitsOfBlocks() map[string]limit {
	return map[string]limit{
		"section text":  {3000, "/blocks/0/text/text", func(n int) any { return object{"type": "section", "text": text("mrkdwn", n)} }},
		"header":        {150, "/blocks/0/text/text", func(n int) any { return object{"type": "header", "text": text("plain_text", n)} }},
		"context":       {3000, "/blocks/0/elements/0/text", func(n int) any { return object{"type": "context", "elements": []any{text("mrkdwn", n)}} }},
		"block id":      {255, "/blocks/0/block_id", func(n int) any { return object{"type": "divider", "block_id": chars(n)} }},
		"field":         {2000, "/blocks/0/fields/0/text", func(n int) any { return object{"type": "section", "fields": []any{text("mrkdwn", n)}} }},
		"markdown":      {10000, "/blocks", func(n int) any { return object{"type": "markdown", "text": chars(n)} }},
		"button text":   {75, "/blocks/0/elements/0/text/text", func(n int) any { return inActions(press(object{"text": text("plain_text", n)})) }},
		"button value":  {2000, "/blocks/0/elements/0/value", func(n int) any { return inActions(press(object{"value": chars(n)})) }},
		"button url":    {3000, "/blocks/0/elements/0/url", func(n int) any { return inActions(press(object{"url": chars(n)})) }},
		"action id":     {255, "/blocks/0/accessory/action_id", func(n int) any { return inSection(press(object{"action_id": chars(n)})) }},
		"confirm title": {100, "/blocks/0/elements/0/confirm/title/text", func(n int) any { return confirming(n, 1, 1, 1) }},
		"confirm text":  {300, "/blocks/0/elements/0/confirm/text/text", func(n int) any { return confirming(1, n, 1, 1) }},
		"confirm yes":   {30, "/blocks/0/elements/0/confirm/confirm/text", func(n int) any { return confirming(1, 1, n, 1) }},
		"confirm no":    {30, "/blocks/0/elements/0/confirm/deny/text", func(n int) any { return confirming(1, 1, 1, n) }},
		"placeholder": {150, "/blocks/0/elements/0/placeholder/text", func(n int) any {
			s := choices("static_select", 1)
			s["placeholder"] = text("plain_text", n)
			return inActions(s)
		}},
		"option text":  {75, "/blocks/0/accessory/options/0/text/text", func(n int) any { return inSection(object{"type": "overflow", "options": []any{option(n, 1)}}) }},
		"option value": {150, "/blocks/0/accessory/options/0/value", func(n int) any { return inSection(object{"type": "overflow", "options": []any{option(1, n)}}) }},
	}
}

func limitsOfCounts() map[string]limit {
	return map[string]limit{
		"blocks": {50, "/blocks", func(n int) any { return many(n, func(int) any { return object{"type": "divider"} }) }},
		"fields": {10, "/blocks/0/fields", func(n int) any {
			return object{"type": "section", "fields": many(n, func(int) any { return text("mrkdwn", 1) })}
		}},
		"buttons": {25, "/blocks/0/elements", func(n int) any { return inActions(many(n, func(int) any { return press(nil) })...) }},
		"context": {10, "/blocks/0/elements", func(n int) any {
			return object{"type": "context", "elements": many(n, func(int) any { return text("mrkdwn", 1) })}
		}},
		"options":  {100, "/blocks/0/elements/0/options", func(n int) any { return inActions(choices("static_select", n)) }},
		"overflow": {5, "/blocks/0/elements/0/options", func(n int) any { return inActions(choices("overflow", n)) }},
		"checks":   {10, "/blocks/0/elements/0/options", func(n int) any { return inActions(choices("checkboxes", n)) }},
		"rows":     {100, "/blocks/0/rows", func(n int) any { return table(n, 1) }},
		"cells":    {20, "/blocks/0/rows/0", func(n int) any { return table(1, n) }},
		"all texts": {10000, "/blocks", func(n int) any {
			return []any{object{"type": "section", "text": text("mrkdwn", 3000)}, object{"type": "section", "text": text("mrkdwn", 3000)}, object{"type": "section", "text": text("mrkdwn", 3000)}, object{"type": "section", "text": text("mrkdwn", n-9000)}}
		}},
	}
}

func table(rows, cells int) object {
	return object{"type": "table", "rows": many(rows, func(int) any {
		return many(cells, func(int) any { return object{"type": "raw_text", "text": "x"} })
	})}
}

func limitsOfViews() map[string]limit {
	view := func(with object) object {
		v := object{"type": "modal", "title": text("plain_text", 1), "submit": text("plain_text", 1), "blocks": []any{}}
		maps.Copy(v, with)
		return v
	}
	all := map[string]limit{
		"blocks": {100, "/blocks", func(n int) any {
			return view(object{"blocks": many(n, func(int) any { return object{"type": "divider"} })})
		}},
		"private metadata": {3000, "/private_metadata", func(n int) any { return view(object{"private_metadata": chars(n)}) }},
		"callback id":      {255, "/callback_id", func(n int) any { return view(object{"callback_id": chars(n)}) }},
		"max length":       {3000, "/blocks/0/element/max_length", func(n int) any { return view(object{"blocks": []any{field(object{"max_length": n})}}) }},
	}
	for _, name := range []string{"title", "submit", "close"} {
		all[name] = limit{24, "/" + name + "/text", func(n int) any { return view(object{name: text("plain_text", n)}) }}
	}
	return all
}

func TestEveryLimitIsExact(t *testing.T) {
	try := func(name string, kind slacktest.Kind, l limit) {
		t.Run(name, func(t *testing.T) {
			doc := func(n int) any {
				v := l.of(n)
				if o, is := v.(object); is && kind == slacktest.ForMessage {
					return []any{o}
				}
				return v
			}
			if found := check(t, kind, doc(l.most)); len(found) != 0 {
				t.Errorf("%d is refused: %v", l.most, found)
			}
			found := check(t, kind, doc(l.most+1))
			if len(found) != 1 || !strings.HasSuffix(found[0].Error(), "[json-pointer:"+l.pointer+"]") {
				t.Errorf("%d: %v, want a fault at %s", l.most+1, found, l.pointer)
			}
		})
	}
	for name, l := range limitsOfBlocks() {
		try(name, slacktest.ForMessage, l)
	}
	for name, l := range limitsOfCounts() {
		try("number of "+name, slacktest.ForMessage, l)
	}
	for name, l := range limitsOfViews() {
		try("view "+name, slacktest.ForView, l)
	}
}

func check(t *testing.T, kind slacktest.Kind, v any) []error {
	t.Helper()
	b, err := json.Marshal(v)
	ok(t, err)
	return slacktest.Check(kind, b)
}

func TestWhatIsNoBlockIsRefused(t *testing.T) {
	rich := func(parts ...any) object { return object{"type": "rich_text", "elements": parts} }
	line := func(spans ...any) object { return object{"type": "rich_text_section", "elements": spans} }
	for problem, blocks := range map[string][]any{
		"unsupported type: card2":               {object{"type": "card2"}},
		"unsupported type: mrkdwn":              {object{"type": "header", "text": text("mrkdwn", 1)}},
		"invalid style: warning":                {inActions(press(object{"style": "warning"}))},
		"invalid additional property: emoji":    {object{"type": "section", "text": object{"type": "mrkdwn", "text": "x", "emoji": true}}},
		"invalid additional property: color":    {object{"type": "section", "text": text("mrkdwn", 1), "color": "red"}},
		"must define either text or fields":     {object{"type": "section"}},
		"must be more than 0 characters":        {object{"type": "section", "text": text("mrkdwn", 0)}},
		"duplicate block_id: a":                 {object{"type": "divider", "block_id": "a"}, object{"type": "divider", "block_id": "a"}},
		"duplicate action_id: x":                {inActions(press(object{"action_id": "x"}), press(object{"action_id": "x"}))},
		"no fewer than 1 items allowed":         {inActions()},
		"unsupported type: plain_text_input":    {inActions(field(nil)["element"])},
		"unsupported type: button":              {object{"type": "input", "label": text("plain_text", 1), "element": press(nil)}},
		"unsupported type: rich_text_table":     {rich(object{"type": "rich_text_table"})},
		"unsupported type: shout":               {rich(line(object{"type": "shout", "text": "x"}))},
		"missing required field: text":          {rich(line(object{"type": "text", "text": ""}))},
		"invalid style: square":                 {rich(object{"type": "rich_text_list", "style": "square", "elements": []any{line(object{"type": "text", "text": "x"})}})},
		"invalid range: world":                  {rich(line(object{"type": "broadcast", "range": "world"}))},
		"invalid additional property: loud":     {rich(line(object{"type": "text", "text": "x", "style": object{"loud": true}}))},
		"invalid additional property: url":      {inActions(object{"type": "static_select", "options": []any{object{"text": text("plain_text", 1), "value": "v", "url": "https://x"}}})},
		"missing required field: a text object": {inActions(object{"type": "button"})},
		"only_one_table_allowed":                {table(1, 1), table(1, 1)},
	} {
		found := check(t, slacktest.ForMessage, blocks)
		if len(found) != 1 || !strings.HasPrefix(found[0].Error(), problem+" [") {
			t.Errorf("want %q, got %v", problem, found)
		}
	}
	for problem, view := range map[string]object{
		"missing required field: submit, for a view with inputs": {"type": "modal", "title": text("plain_text", 1), "blocks": []any{field(nil)}},
		"unsupported type: popup":                                {"type": "popup", "title": text("plain_text", 1), "blocks": []any{}},
		"missing required field: blocks":                         {"type": "modal", "title": text("plain_text", 1)},
	} {
		if found := check(t, slacktest.ForView, view); len(found) != 1 || !strings.HasPrefix(found[0].Error(), problem+" [") {
			t.Errorf("want %q, got %v", problem, found)
		}
	}
}

func TestARichMessageIsFine(t *testing.T) {
	doc := object{
		"text": "fallback",
		"blocks": []any{
			object{"type": "rich_text", "elements": []any{
				object{"type": "rich_text_section", "elements": []any{
					object{"type": "text", "text": "x", "style": object{"bold": true, "code": true}},
					object{"type": "user", "user_id": "U1"},
					object{"type": "link", "url": "https://x", "text": "y"},
					object{"type": "emoji", "name": "eyes"},
				}},
				object{"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": []any{object{"type": "rich_text_section", "elements": []any{}}}},
				object{"type": "rich_text_preformatted", "elements": []any{object{"type": "text", "text": "x"}}},
			}},
			object{"type": "context", "elements": []any{object{"type": "image", "image_url": "https://x", "alt_text": "y"}}},
			inActions(press(object{"style": "danger", "action_id": "a"}), press(object{"style": "primary", "action_id": "b"}), press(object{"url": "https://x"})),
		},
		"attachments": []any{object{"color": "#f00", "blocks": []any{object{"type": "divider"}}}},
	}
	if found := check(t, slacktest.ForMessage, doc); len(found) != 0 {
		t.Error(found)
	}
}

func TestCheckTakesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]slacktest.Kind{slacktest.ForMessage, slacktest.ForView}).Draw(t, "kind")
		doc := fmt.Sprintf(`{"blocks":%s,"title":%s}`, anyJSON(4).Draw(t, "blocks"), anyJSON(1).Draw(t, "title"))
		slacktest.Check(kind, []byte(doc)) // must not panic
	})
}

// anyJSON is JSON with the names that Slack knows in the wrong places.
func anyJSON(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		leaves := []string{`1`, `null`, `true`, `""`, `"x"`, `"section"`, `"actions"`, `"button"`, `"rich_text"`, `"table"`}
		shape := rapid.IntRange(0, 2).Draw(t, "shape")
		if depth == 0 || shape == 0 {
			return rapid.SampledFrom(leaves).Draw(t, "leaf")
		}
		inner := rapid.SliceOfN(anyJSON(depth-1), 0, 3).Draw(t, "inner")
		if shape == 1 {
			return "[" + strings.Join(inner, ",") + "]"
		}
		names := []string{"type", "text", "elements", "fields", "accessory", "options", "rows", "confirm", "element", "option_groups"}
		for i, v := range inner {
			inner[i] = fmt.Sprintf("%q:%s", rapid.SampledFrom(names).Draw(t, "name"), v)
		}
		return "{" + strings.Join(inner, ",") + "}"
	})
}
