package slacktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Kind is what a piece of JSON is for.
type Kind string

// The kinds.
const (
	ForMessage Kind = "message" // a list of blocks, or an object with text, blocks and attachments
	ForView    Kind = "view"    // a modal
)

// Finding is one thing that is wrong with a message or a modal, and where, as Slack
// says it.
type Finding struct {
	Pointer string // "/blocks/0/text/text"
	Problem string // "must be less than 3001 characters"
}

// Error is both.
func (f Finding) Error() string { return f.Problem + " [json-pointer:" + f.Pointer + "]" }

// Check tells everything that Slack has against a message or a modal: shapes,
// counts, and lengths in characters. The limits are those of Slack docs, Block Kit
// reference. It is strict with what it does not know: an unknown block, element or
// property is a fault.
func Check(kind Kind, doc []byte) []error {
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		return []error{Finding{"", "no JSON: " + err.Error()}}
	}
	if blocks, ok := v.([]any); ok {
		v = object{"blocks": blocks}
	}
	o := asObject(v)
	if o == nil {
		return []error{Finding{"", "must be an object"}}
	}
	if kind == ForView {
		return checkView(o)
	}
	return checkMessage(o)
}

// Limits of a message.
const (
	maxBlocks     = 50
	maxViewBlocks = 100
	maxAttached   = 100
	// maxMessageSize is for all texts in the blocks of a message together. Slack
	// names no figure for msg_blocks_too_long; 9,597 characters were seen to pass
	// and 11,341 to be refused: slackapi/bolt-js issues 2867 and 2509.
	maxMessageSize = 10000
)

func checkMessage(o object) []error {
	found := checkShape(o)
	if size := sizeOf(asList(o["blocks"])); size > maxMessageSize {
		found = append(found, Finding{"/blocks", fmt.Sprintf("msg_blocks_too_long: %d characters of text", size)})
	}
	return found
}

// checkShape is everything but the size of it all.
func checkShape(o object) []error {
	c := &checker{max: maxBlocks}
	if text, ok := o["text"]; ok {
		c.length("/text", text, 0, maxPosted)
	}
	c.blocks("/blocks", o["blocks"])
	attachments := asList(o["attachments"])
	c.count("/attachments", attachments, 0, maxAttached)
	for i, a := range attachments {
		c.blocks("/attachments/"+strconv.Itoa(i)+"/blocks", asObject(a)["blocks"])
	}
	return c.found
}

// sizeOf is the characters of all texts in blocks.
func sizeOf(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += sizeOf(e)
		}
	case object:
		for name, e := range v {
			if s, ok := e.(string); ok && name == "text" {
				n += utf8.RuneCountInString(s)
			} else {
				n += sizeOf(e)
			}
		}
	}
	return n
}

func checkView(o object) []error {
	c := &checker{max: maxViewBlocks}
	c.only("", o, "type", "title", "submit", "close", "blocks", "private_metadata", "callback_id", "external_id",
		"clear_on_close", "notify_on_close", "submit_disabled")
	if kind := asText(o["type"]); kind != "modal" {
		c.fault("/type", "unsupported type: %s", kind)
	}
	c.plain("/title", o["title"], 24)
	c.optional("/submit", o["submit"], 24)
	c.optional("/close", o["close"], 24)
	c.short("/private_metadata", o["private_metadata"], 3000)
	c.short("/callback_id", o["callback_id"], 255)
	c.short("/external_id", o["external_id"], 255)
	if o["blocks"] == nil {
		c.fault("", "missing required field: blocks")
	}
	c.blocks("/blocks", o["blocks"])
	if c.inputs && o["submit"] == nil {
		c.fault("/submit", "missing required field: submit, for a view with inputs")
	}
	return c.found
}

// checker gathers what is wrong with one message or modal.
type checker struct {
	max    int // blocks
	found  []error
	ids    []string // block ids so far
	inputs bool
}

func (c *checker) fault(at, format string, a ...any) {
	c.found = append(c.found, Finding{at, fmt.Sprintf(format, a...)})
}

// only refuses properties that the type does not have.
func (c *checker) only(at string, o object, names ...string) {
	for name := range o {
		if !slices.Contains(names, name) {
			c.fault(at, "invalid additional property: %s", name)
		}
	}
}

func (c *checker) count(at string, list []any, least, most int) {
	switch n := len(list); {
	case n < least:
		c.fault(at, "no fewer than %d items allowed", least)
	case n > most:
		c.fault(at, "no more than %d items allowed", most)
	}
}

// length is for a text that must be there; in characters, as Slack counts.
func (c *checker) length(at string, v any, least, most int) {
	s, ok := v.(string)
	switch n := utf8.RuneCountInString(s); {
	case !ok:
		c.fault(at, "must be a string")
	case n < least:
		c.fault(at, "must be more than %d characters", least-1)
	case n > most:
		c.fault(at, "must be less than %d characters", most+1)
	}
}

// short is for a text that may be missing.
func (c *checker) short(at string, v any, most int) {
	if v != nil {
		c.length(at, v, 0, most)
	}
}

// plain is a plain_text object that must be there.
func (c *checker) plain(at string, v any, most int) { c.text(at, v, most, "plain_text") }

// either is a text object of any type that must be there.
func (c *checker) either(at string, v any, most int) { c.text(at, v, most, "plain_text", "mrkdwn") }

// optional is a plain_text object that may be missing.
func (c *checker) optional(at string, v any, most int) {
	if v != nil {
		c.plain(at, v, most)
	}
}

func (c *checker) text(at string, v any, most int, types ...string) {
	o := asObject(v)
	if o == nil {
		c.fault(at, "missing required field: a text object")
		return
	}
	kind := asText(o["type"])
	if !slices.Contains(types, kind) {
		c.fault(at+"/type", "unsupported type: %s", kind)
	}
	if kind == "mrkdwn" {
		c.only(at, o, "type", "text", "verbatim")
	} else {
		c.only(at, o, "type", "text", "emoji")
	}
	c.length(at+"/text", o["text"], 1, most)
}
