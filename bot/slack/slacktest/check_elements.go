package slacktest

import "slices"

// inside is where an element may stand.
type inside int

const (
	inSection inside = 1 << iota
	inActions
	inInput
)

// kindOfElement is one type of element: where it may stand, what it may hold, and
// what else is to be checked.
type kindOfElement struct {
	where      inside
	properties []string
	check      func(*checker, string, object)
}

// What the elements may hold beside type and action_id.
var (
	choice = []string{
		"placeholder", "options", "option_groups", "initial_option", "initial_options", "max_selected_items", "confirm",
		"focus_on_load",
	}
	picker = []string{
		"placeholder", "initial_user", "initial_users", "initial_channel", "initial_conversation", "initial_date",
		"initial_time", "confirm", "focus_on_load", "response_url_enabled", "default_to_current_conversation", "filter",
	}
	typed  = []string{"initial_value", "placeholder", "dispatch_action_config", "focus_on_load"}
	long   = slices.Concat(typed, []string{"multiline", "min_length", "max_length"})
	number = slices.Concat(typed, []string{"is_decimal_allowed", "min_value", "max_value"})
)

const everywhere = inSection | inActions | inInput

// elementKinds are the types that are checked, by their names: Slack docs, block
// elements.
var elementKinds = map[string]kindOfElement{
	"button": {
		inSection | inActions, []string{"text", "value", "url", "style", "confirm", "accessibility_label"}, (*checker).button,
	},
	"overflow":             {inSection | inActions, []string{"options", "confirm"}, (*checker).overflow},
	"static_select":        {everywhere, choice, (*checker).selection},
	"multi_static_select":  {inSection | inInput, choice, (*checker).selection},
	"radio_buttons":        {everywhere, choice, (*checker).tenChoices},
	"checkboxes":           {everywhere, choice, (*checker).tenChoices},
	"users_select":         {everywhere, picker, nil},
	"multi_users_select":   {inSection | inInput, picker, nil},
	"channels_select":      {everywhere, picker, nil},
	"conversations_select": {everywhere, picker, nil},
	"datepicker":           {everywhere, picker, nil},
	"timepicker":           {everywhere, picker, nil},
	"plain_text_input":     {inInput, long, (*checker).textInput},
	"email_text_input":     {inInput, typed, nil},
	"url_text_input":       {inInput, typed, nil},
	"number_input":         {inInput, number, nil},
	"image":                {inSection, []string{"image_url", "slack_file", "alt_text"}, (*checker).picture},
}

func (c *checker) element(where string, v any, place inside) {
	o := asObject(v)
	name := asText(o["type"])
	kind, known := elementKinds[name]
	if !known || kind.where&place == 0 {
		c.fault(where+"/type", "unsupported type: %s", name)
		return
	}
	c.only(where, o, append([]string{"type", "action_id"}, kind.properties...)...)
	c.short(where+"/action_id", o["action_id"], 255)
	c.optional(where+"/placeholder", o["placeholder"], 150)
	if o["confirm"] != nil {
		c.confirm(where+"/confirm", asObject(o["confirm"]))
	}
	if kind.check != nil {
		kind.check(c, where, o)
	}
}

func (c *checker) button(where string, o object) {
	c.plain(where+"/text", o["text"], 75)
	c.short(where+"/value", o["value"], 2000)
	c.short(where+"/url", o["url"], 3000)
	c.short(where+"/accessibility_label", o["accessibility_label"], 75)
	c.style(where, o)
}

func (c *checker) style(where string, o object) {
	if s, ok := o["style"]; ok && !slices.Contains([]any{"primary", "danger"}, s) {
		c.fault(where+"/style", "invalid style: %v", s)
	}
}

// confirm: Slack docs, confirmation dialog object.
func (c *checker) confirm(where string, o object) {
	c.only(where, o, "title", "text", "confirm", "deny", "style")
	c.plain(where+"/title", o["title"], 100)
	c.either(where+"/text", o["text"], 300)
	c.plain(where+"/confirm", o["confirm"], 30)
	c.plain(where+"/deny", o["deny"], 30)
	c.style(where, o)
}

func (c *checker) overflow(where string, o object) { c.options(where, o, 5, "plain_text") }

func (c *checker) tenChoices(where string, o object) {
	c.options(where, o, 10, "plain_text", "mrkdwn")
}

func (c *checker) selection(where string, o object) {
	if o["option_groups"] == nil {
		c.options(where, o, 100, "plain_text")
		return
	}
	groups := asList(o["option_groups"])
	c.count(where+"/option_groups", groups, 1, 100)
	for i, each := range groups {
		g, place := asObject(each), at(where+"/option_groups", i)
		c.plain(place+"/label", g["label"], 75)
		c.options(place, g, 100, "plain_text")
	}
}

// options: Slack docs, option object. A link is for overflow menus only.
func (c *checker) options(where string, o object, most int, texts ...string) {
	options := asList(o["options"])
	c.count(where+"/options", options, 1, most)
	for i, each := range options {
		option, place := asObject(each), at(where+"/options", i)
		c.only(place, option, "text", "value", "description", "url")
		c.text(place+"/text", option["text"], 75, texts...)
		c.length(place+"/value", option["value"], 1, 150)
		if option["description"] != nil {
			c.text(place+"/description", option["description"], 75, texts...)
		}
		if url, ok := option["url"]; ok {
			c.length(place+"/url", url, 1, 3000)
			if asText(o["type"]) != "overflow" {
				c.fault(place, "invalid additional property: url")
			}
		}
	}
}

// textInput: Slack docs, plain-text input: up to 3,000 characters.
func (c *checker) textInput(where string, o object) {
	least, most := whole(o["min_length"]), 3000
	if given, ok := o["max_length"]; ok {
		most = whole(given)
		if most < 1 || most > 3000 {
			c.fault(where+"/max_length", "must be from 1 to 3000")
		}
	}
	if least < 0 || least > 3000 {
		c.fault(where+"/min_length", "must be from 0 to 3000")
	}
	if least > most {
		c.fault(where+"/min_length", "must not be more than max_length")
	}
	c.short(where+"/initial_value", o["initial_value"], most)
}
