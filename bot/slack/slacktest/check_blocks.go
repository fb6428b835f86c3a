package slacktest

import (
	"slices"
	"strconv"
)

// at is a place in a list.
func at(list string, i int) string { return list + "/" + strconv.Itoa(i) }

func (c *checker) blocks(where string, v any) {
	if v == nil {
		return
	}
	blocks, ok := v.([]any)
	if !ok {
		c.fault(where, "must be an array")
		return
	}
	c.count(where, blocks, 0, c.max)
	tables := 0
	for i, b := range blocks {
		c.block(at(where, i), asObject(b))
		if asText(asObject(b)["type"]) == "table" {
			tables++
		}
	}
	if tables > 1 {
		c.fault(where, "only_one_table_allowed")
	}
}

// blockChecks know each type of block that is checked, by its name.
var blockChecks = map[string]func(*checker, string, object){
	"section": (*checker).section, "header": (*checker).header, "divider": (*checker).divider, "image": (*checker).image,
	"actions": (*checker).actions, "context": (*checker).context, "input": (*checker).input,
	"rich_text": (*checker).richText, "markdown": (*checker).markdown, "table": (*checker).table,
}

func (c *checker) block(where string, b object) {
	kind := asText(b["type"])
	check, known := blockChecks[kind]
	if !known {
		c.fault(where+"/type", "unsupported type: %s", kind)
		return
	}
	c.short(where+"/block_id", b["block_id"], 255)
	if id := asText(b["block_id"]); id != "" {
		if slices.Contains(c.ids, id) {
			c.fault(where+"/block_id", "duplicate block_id: %s", id)
		}
		c.ids = append(c.ids, id)
	}
	check(c, where, b)
}

// section: Slack docs, section block: 3,000 characters, ten fields of 2,000.
func (c *checker) section(where string, b object) {
	c.only(where, b, "type", "block_id", "text", "fields", "accessory", "expand")
	if b["text"] == nil && b["fields"] == nil {
		c.fault(where, "must define either text or fields")
	}
	if b["text"] != nil {
		c.either(where+"/text", b["text"], 3000)
	}
	if b["fields"] != nil {
		fields := asList(b["fields"])
		c.count(where+"/fields", fields, 1, 10)
		for i, f := range fields {
			c.either(at(where+"/fields", i), f, 2000)
		}
	}
	if b["accessory"] != nil {
		c.element(where+"/accessory", b["accessory"], inSection)
	}
}

func (c *checker) header(where string, b object) {
	c.only(where, b, "type", "block_id", "text")
	c.plain(where+"/text", b["text"], 150)
}

func (c *checker) divider(where string, b object) { c.only(where, b, "type", "block_id") }

func (c *checker) image(where string, b object) {
	c.only(where, b, "type", "block_id", "image_url", "slack_file", "alt_text", "title")
	c.picture(where, b)
	c.optional(where+"/title", b["title"], 2000)
}

func (c *checker) picture(where string, o object) {
	if o["slack_file"] == nil {
		c.length(where+"/image_url", o["image_url"], 1, 3000)
	}
	c.length(where+"/alt_text", o["alt_text"], 1, 2000)
}

// actions: Slack docs, actions block: 25 elements, each with an id of its own.
func (c *checker) actions(where string, b object) {
	c.only(where, b, "type", "block_id", "elements")
	elements := asList(b["elements"])
	c.count(where+"/elements", elements, 1, 25)
	var ids []string
	for i, e := range elements {
		place := at(where+"/elements", i)
		c.element(place, e, inActions)
		id := asText(asObject(e)["action_id"])
		if id != "" && slices.Contains(ids, id) {
			c.fault(place+"/action_id", "duplicate action_id: %s", id)
		}
		ids = append(ids, id)
	}
}

// context: Slack docs, context block: ten texts or images.
func (c *checker) context(where string, b object) {
	c.only(where, b, "type", "block_id", "elements")
	elements := asList(b["elements"])
	c.count(where+"/elements", elements, 1, 10)
	for i, e := range elements {
		place := at(where+"/elements", i)
		if o := asObject(e); asText(o["type"]) == "image" {
			c.only(place, o, "type", "image_url", "slack_file", "alt_text")
			c.picture(place, o)
		} else {
			c.either(place, e, 3000)
		}
	}
}

func (c *checker) input(where string, b object) {
	c.inputs = true
	c.only(where, b, "type", "block_id", "label", "element", "dispatch_action", "hint", "optional")
	c.plain(where+"/label", b["label"], 2000)
	c.optional(where+"/hint", b["hint"], 2000)
	c.element(where+"/element", b["element"], inInput)
}

// markdown: Slack docs, markdown block: 12,000 characters in all blocks together.
func (c *checker) markdown(where string, b object) {
	c.only(where, b, "type", "block_id", "text")
	c.length(where+"/text", b["text"], 1, 12000)
}

// table: Slack docs, table block: 100 rows, 20 cells each.
func (c *checker) table(where string, b object) {
	c.only(where, b, "type", "block_id", "rows", "column_settings")
	rows := asList(b["rows"])
	c.count(where+"/rows", rows, 1, 100)
	c.count(where+"/column_settings", asList(b["column_settings"]), 0, 20)
	for i, r := range rows {
		row := at(where+"/rows", i)
		cells := asList(r)
		c.count(row, cells, 1, 20)
		for j, cell := range cells {
			c.cell(at(row, j), asObject(cell))
		}
	}
}

func (c *checker) cell(where string, o object) {
	switch kind := asText(o["type"]); kind {
	case "raw_text":
		c.only(where, o, "type", "text")
		c.length(where+"/text", o["text"], 1, 3000)
	case "rich_text":
		c.richText(where, o)
	default:
		c.fault(where+"/type", "unsupported type: %s", kind)
	}
}
