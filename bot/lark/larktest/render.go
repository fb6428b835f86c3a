package larktest

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Text is everything that a chat shows, with buttons' labels in brackets, threads after
// what they hang on.
func (x *Tenant) Text(chat string) string {
	all := x.Messages(chat)
	var out strings.Builder
	for _, m := range all {
		if m.Root != "" {
			continue
		}
		out.WriteString(m.Text() + "\n")
		for _, r := range all {
			if r.Root == m.ID {
				out.WriteString("    " + r.Text() + "\n")
			}
		}
	}
	return out.String()
}

// Text is what a message shows.
func (m Message) Text() string {
	var v any
	if json.Unmarshal([]byte(m.Content), &v) != nil {
		return m.Content
	}
	if m.Type == "text" {
		return text(obj(v)["text"])
	}
	var lines []string
	if m.Type == "post" {
		for _, lang := range obj(v) {
			for _, line := range list(obj(lang)["content"]) {
				var words strings.Builder
				walk(line, func(o object) { words.WriteString(text(o["text"])) })
				lines = append(lines, words.String())
			}
		}
		return strings.Join(lines, "\n")
	}
	walkInOrder(obj(v)["header"], &lines)
	walkInOrder(obj(v)["body"], &lines)
	return strings.Join(lines, "\n")
}

// walkInOrder gathers what is read, from above to below.
func walkInOrder(v any, lines *[]string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walkInOrder(e, lines)
		}
	case object:
		switch text(v["tag"]) {
		case "plain_text", "lark_md", "markdown":
			*lines = append(*lines, text(v["content"]))
			return
		case "button":
			*lines = append(*lines, "["+text(obj(v["text"])["content"])+"]")
			return
		}
		for _, name := range []string{"title", "subtitle", "header", "text", "label", "elements", "columns"} {
			walkInOrder(v[name], lines)
		}
	}
}

func walk(v any, see func(object)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walk(e, see)
		}
	case object:
		see(v)
		for name, e := range v {
			if name != "value" {
				walk(e, see)
			}
		}
	}
}

var (
	atTag   = regexp.MustCompile(`<at\s+(?:user_)?id\s*=\s*["']?([^"'>\s]+)`)
	address = regexp.MustCompile(`https?://[^\s<>)\]]+`)
)

// Pings are whom a message calls: "all", and ids of people. What only looks like a
// mention calls nobody.
func (m Message) Pings() []string {
	out, _ := m.acts()
	return out
}

// Links are the addresses that a message makes into links: those that its writer marked
// as such, not those that a client finds in plain words.
func (m Message) Links() []string {
	_, out := m.acts()
	return out
}

func (m Message) acts() (pings, links []string) {
	var v any
	if json.Unmarshal([]byte(m.Content), &v) != nil {
		return nil, nil
	}
	if m.Type == "text" {
		return markup(text(obj(v)["text"]))
	}
	walk(v, func(o object) {
		switch text(o["tag"]) {
		case "at":
			pings = append(pings, text(o["user_id"]))
		case "a":
			links = append(links, text(o["href"]))
		case "markdown", "lark_md", "md":
			p, l := markup(text(o["content"]) + text(o["text"]))
			pings, links = slices.Concat(pings, p), slices.Concat(links, l)
		}
	})
	return pings, links
}

// markup is what Lark's own markup does in a text.
func markup(s string) (pings, links []string) {
	for _, found := range atTag.FindAllStringSubmatch(s, -1) {
		pings = append(pings, found[1])
	}
	return pings, address.FindAllString(s, -1)
}
