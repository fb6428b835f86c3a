package slacktest

import (
	"regexp"
	"slices"
	"strings"
)

// Pings are whom a message calls: "channel", "here", "everyone", and the ids of
// people and groups. Text that only looks like a mention calls nobody.
func (m Message) Pings() []string {
	var out []string
	m.walk(func(s span) {
		if s.ping != "" && !slices.Contains(out, s.ping) {
			out = append(out, s.ping)
		}
	})
	return out
}

// Links are the addresses that a reader can follow from a message: links, buttons,
// and what Slack makes a link by itself.
func (m Message) Links() []string {
	var out []string
	m.walk(func(s span) {
		if s.link != "" && !slices.Contains(out, s.link) {
			out = append(out, s.link)
		}
	})
	return out
}

// span is a piece of a message that does something.
type span struct{ ping, link string }

func (m Message) walk(see func(span)) {
	markup(m.Text, see)
	walk(m.Blocks, see)
	for _, a := range m.Attachments {
		for _, part := range []string{"pretext", "title", "text", "fallback"} {
			markup(asText(asObject(a)[part]), see)
		}
		walk(asObject(a)["blocks"], see)
	}
}

func walk(v any, see func(span)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walk(e, see)
		}
	case object:
		if !active(v, see) {
			for _, e := range v {
				walk(e, see)
			}
		}
	}
}

// active tells what an object does itself; false: look into it.
func active(o object, see func(span)) bool {
	switch asText(o["type"]) {
	case "mrkdwn", "markdown":
		markup(asText(o["text"]), see)
	case "user":
		see(span{ping: asText(o["user_id"])})
	case "usergroup":
		see(span{ping: asText(o["usergroup_id"])})
	case "broadcast":
		see(span{ping: asText(o["range"])})
	case "link":
		see(span{link: asText(o["url"])})
	case "button":
		see(span{link: asText(o["url"])})
		return false
	default:
		return false
	}
	return true
}

var address = regexp.MustCompile(`https?://[^\s<>|]+`)

// markup finds what Slack's own markup does in a text.
func markup(s string, see func(span)) {
	for _, m := range token.FindAllStringSubmatch(s, -1) {
		target := m[1]
		switch {
		case strings.HasPrefix(target, "@"):
			see(span{ping: target[1:]})
		case strings.HasPrefix(target, "!subteam^"):
			see(span{ping: target[len("!subteam^"):]})
		case strings.HasPrefix(target, "!date^"), strings.HasPrefix(target, "#"):
		case strings.HasPrefix(target, "!"):
			see(span{ping: target[1:]})
		default:
			see(span{link: target})
		}
	}
	for _, found := range address.FindAllString(token.ReplaceAllString(s, " "), -1) {
		see(span{link: found})
	}
}
