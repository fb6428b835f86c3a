package larktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Finding is one thing that is wrong with a card or a rich text, and where.
type Finding struct {
	Path    string // "/body/elements/0/text"
	Problem string
}

// Error is both.
func (f Finding) Error() string { return f.Problem + " at " + f.Path }

// Limits of a card (Feishu docs: card JSON 2.0 structure, button, input, containers).
const (
	maxElements = 200
	maxNested   = 5
	maxLabel    = 100
	maxInput    = 1000
)

// CheckCard tells everything that Lark has against a card of JSON 2.0. It is strict with
// what it does not know: in 2.0 an unknown tag or property is an error.
func CheckCard(doc []byte) []error {
	var o object
	if err := json.Unmarshal(doc, &o); err != nil {
		return []error{Finding{"", "no JSON: " + err.Error()}}
	}
	c := &checker{names: map[string]bool{}}
	c.only("", o, "schema", "config", "header", "body")
	if text(o["schema"]) != "2.0" {
		c.fault("/schema", "want 2.0")
	}
	c.config(obj(o["config"]))
	c.header(obj(o["header"]))
	body := obj(o["body"])
	c.only("/body", body, "elements", "direction", "padding", "vertical_spacing", "horizontal_spacing")
	c.elements("/body/elements", body["elements"], 0, "")
	if n := count(o); n > maxElements {
		c.fault("", "%d elements, and %d are allowed", n, maxElements)
	}
	return c.found
}

// count is how many elements and components there are: all that have a tag.
func count(v any) (n int) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += count(e)
		}
	case object:
		if text(v["tag"]) != "" {
			n++
		}
		for name, e := range v {
			if name != "value" {
				n += count(e)
			}
		}
	}
	return n
}

// checker gathers what is wrong with one card.
type checker struct {
	found []error
	names map[string]bool // of what stands in forms
}

func (c *checker) fault(at, format string, a ...any) {
	c.found = append(c.found, Finding{at, fmt.Sprintf(format, a...)})
}

// only refuses properties that there are none of.
func (c *checker) only(at string, o object, names ...string) {
	for name := range o {
		if !slices.Contains(names, name) {
			c.fault(at+"/"+name, "unknown property")
		}
	}
}

func (c *checker) config(o object) {
	c.only("/config", o, "update_multi", "enable_forward", "enable_forward_interaction", "summary", "width_mode", "locales")
	if o["update_multi"] != true {
		c.fault("/config/update_multi", "must be true, or the card can't be updated")
	}
	if s, ok := o["summary"]; ok {
		c.only("/config/summary", obj(s), "content", "i18n_content")
	}
}

var templates = []string{"blue", "wathet", "turquoise", "green", "yellow", "orange", "red", "carmine", "violet", "purple", "indigo", "grey", "default"}

func (c *checker) header(o object) {
	c.only("/header", o, "title", "subtitle", "template", "text_tag_list", "icon", "padding")
	c.label("/header/title", o["title"], 0)
	if t := text(o["template"]); t != "" && !slices.Contains(templates, t) {
		c.fault("/header/template", "no colour %s", t)
	}
}

// label is a plain_text object with words in it.
func (c *checker) label(at string, v any, most int) {
	o := obj(v)
	c.only(at, o, "tag", "content", "text_size", "text_color", "text_align", "lines")
	words := text(o["content"])
	if text(o["tag"]) != "plain_text" || words == "" {
		c.fault(at, "want plain_text with content")
	}
	if n := utf8.RuneCountInString(words); most > 0 && n > most {
		c.fault(at, "%d characters, and %d are allowed", n, most)
	}
}

func (c *checker) elements(at string, v any, depth int, inside string) {
	all := list(v)
	if len(all) == 0 {
		c.fault(at, "nothing in it")
	}
	if depth > maxNested {
		c.fault(at, "nested too deep")
	}
	for i, e := range all {
		c.element(at+"/"+strconv.Itoa(i), obj(e), depth, inside)
	}
}

func (c *checker) element(at string, o object, depth int, inside string) {
	switch tag := text(o["tag"]); tag {
	case "div":
		c.only(at, o, "tag", "text", "margin", "width", "icon")
		if t := obj(o["text"]); text(t["tag"]) == "lark_md" {
			c.only(at+"/text", t, "tag", "content", "text_size", "text_align")
		} else {
			c.label(at+"/text", o["text"], 0)
		}
	case "markdown":
		c.only(at, o, "tag", "content", "text_size", "text_align", "margin", "icon")
	case "hr":
		c.only(at, o, "tag", "margin")
	case "button":
		c.button(at, o, inside)
	case "input":
		c.input(at, o, inside)
	case "column_set":
		c.only(at, o, "tag", "columns", "flex_mode", "horizontal_spacing", "horizontal_align", "margin", "background_style")
		for i, col := range list(o["columns"]) {
			at, column := at+"/columns/"+strconv.Itoa(i), obj(col)
			c.only(at, column, "tag", "width", "weight", "elements", "vertical_align", "vertical_spacing", "padding", "background_style")
			if text(column["tag"]) != "column" {
				c.fault(at, "want a column")
			}
			c.elements(at+"/elements", column["elements"], depth+1, inside)
		}
	case "collapsible_panel":
		c.only(at, o, "tag", "expanded", "header", "elements", "border", "background_color", "padding", "margin", "vertical_spacing")
		c.label(at+"/header/title", obj(o["header"])["title"], 0)
		c.elements(at+"/elements", o["elements"], depth+1, "panel")
	case "form":
		c.form(at, o, depth)
	default:
		c.fault(at, "cards of schema V2 no longer support this capability; unsupported tag %s", tag)
	}
}

// form stands at the root only, and ends with a button that sends it.
func (c *checker) form(at string, o object, depth int) {
	c.only(at, o, "tag", "name", "elements", "direction", "padding", "margin", "vertical_spacing", "horizontal_spacing")
	if depth > 0 {
		c.fault(at, "a form stands at the root")
	}
	c.unique(at, o)
	c.elements(at+"/elements", o["elements"], depth+1, "form")
}

func (c *checker) unique(at string, o object) {
	name := text(o["name"])
	if name == "" || c.names[name] {
		c.fault(at+"/name", "want a name that nothing else has: %q", name)
	}
	c.names[name] = true
}

var kinds = []string{"", "default", "primary", "danger", "text", "primary_text", "danger_text", "primary_filled", "danger_filled"}

func (c *checker) button(at string, o object, inside string) {
	c.only(at, o, "tag", "type", "size", "width", "text", "behaviors", "confirm", "name", "form_action_type", "disabled", "margin")
	c.label(at+"/text", o["text"], maxLabel)
	if !slices.Contains(kinds, text(o["type"])) {
		c.fault(at+"/type", "no such type %s", text(o["type"]))
	}
	if inside == "form" {
		c.unique(at, o)
		if kind := text(o["form_action_type"]); kind != "submit" && kind != "reset" {
			c.fault(at+"/form_action_type", "want submit or reset")
		}
	}
	if q, ok := o["confirm"]; ok {
		c.only(at+"/confirm", obj(q), "title", "text")
		c.label(at+"/confirm/title", obj(q)["title"], 0)
		c.label(at+"/confirm/text", obj(q)["text"], 0)
	}
	if len(list(o["behaviors"])) == 0 {
		c.fault(at+"/behaviors", "a button that does nothing")
	}
	for i, b := range list(o["behaviors"]) {
		at, b := at+"/behaviors/"+strconv.Itoa(i), obj(b)
		c.only(at, b, "type", "value", "default_url")
		if text(b["type"]) == "callback" && obj(b["value"]) == nil {
			c.fault(at+"/value", "want an object")
		}
	}
}

func (c *checker) input(at string, o object, inside string) {
	c.only(at, o, "tag", "name", "required", "placeholder", "label", "label_position", "default_value", "width", "max_length", "input_type",
		"rows", "auto_resize", "max_rows")
	if inside != "form" {
		c.fault(at, "an input outside of a form")
	}
	c.unique(at, o)
	if n, ok := o["max_length"].(float64); ok && (n < 1 || n > maxInput) {
		c.fault(at+"/max_length", "want 1 to %d", maxInput)
	}
	if v, ok := o["placeholder"]; ok {
		c.label(at+"/placeholder", v, maxLabel)
	}
	if v, ok := o["label"]; ok {
		c.label(at+"/label", v, 0)
	}
}

// CheckPost tells what Lark has against a rich text.
func CheckPost(doc []byte) []error {
	var langs map[string]struct {
		Title   string     `json:"title"`
		Content [][]object `json:"content"`
	}
	if err := json.Unmarshal(doc, &langs); err != nil || len(langs) == 0 {
		return []error{Finding{"", "want a language with content"}}
	}
	var found []error
	for lang, p := range langs {
		if len(p.Content) == 0 {
			found = append(found, Finding{"/" + lang, "nothing in it"})
		}
		for _, e := range slices.Concat(p.Content...) {
			switch tag := text(e["tag"]); tag {
			case "text", "at", "a", "md", "hr":
			default:
				found = append(found, Finding{"/" + lang, "unknown tag " + tag})
			}
		}
	}
	return found
}
