package slacktest

import (
	"regexp"
	"strings"
)

// Text is what a channel shows to everybody: its messages in order, each with its
// blocks and the labels of its buttons, replies set in under their parent.
func (w *Workspace) Text(channelID string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channel(channelID)
	if c == nil {
		return ""
	}
	var b strings.Builder
	for _, m := range c.messages {
		if m.Thread != "" || m.Ephemeral {
			continue
		}
		b.WriteString(w.nameOf(m.User) + ": " + w.rendered(m) + "\n")
		for _, r := range c.messages {
			if r.Thread == m.TS && !r.Ephemeral {
				reply := w.nameOf(r.User) + ": " + w.rendered(r)
				b.WriteString("\t" + strings.ReplaceAll(reply, "\n", "\n\t") + "\n")
			}
		}
	}
	return b.String()
}

// rendered is what a message shows: its blocks, or its text if it has none.
func (w *Workspace) rendered(m *Message) string {
	lines := w.renderedBlocks(m.Blocks)
	if len(m.Blocks) == 0 && m.Text != "" {
		lines = []string{w.readable(m.Text)}
	}
	for _, a := range m.Attachments {
		o := asObject(a)
		lines = append(lines, w.renderedBlocks(asList(o["blocks"]))...)
		for _, part := range []string{"pretext", "title", "text", "footer"} {
			if s := asText(o[part]); s != "" {
				lines = append(lines, w.readable(s))
			}
		}
	}
	return strings.Join(lines, "\n")
}

func (w *Workspace) renderedView(doc object) string {
	lines := []string{w.textOf(doc["title"])}
	lines = append(lines, w.renderedBlocks(asList(doc["blocks"]))...)
	for _, button := range []string{"submit", "close"} {
		if label := w.textOf(doc[button]); label != "" {
			lines = append(lines, "["+label+"]")
		}
	}
	return strings.Join(lines, "\n")
}

func (w *Workspace) renderedBlocks(blocks []any) []string {
	var lines []string
	for _, b := range blocks {
		if s := w.block(asObject(b)); s != "" {
			lines = append(lines, s)
		}
	}
	return lines
}

func (w *Workspace) block(b object) string {
	switch asText(b["type"]) {
	case "header":
		return w.textOf(b["text"])
	case "markdown":
		return asText(b["text"])
	case "section":
		return lined(w.textOf(b["text"]), w.each(b["fields"], "\n", w.textOf), w.element(b["accessory"]))
	case "context":
		return w.each(b["elements"], " ", w.textOf)
	case "actions":
		return w.each(b["elements"], " ", w.element)
	case "rich_text":
		return w.each(b["elements"], "\n", w.rich)
	case "input":
		return lined(w.textOf(b["label"]), w.element(b["element"]), w.textOf(b["hint"]))
	case "image":
		return asText(b["alt_text"])
	case "table":
		return w.each(b["rows"], "\n", func(row any) string { return w.each(row, " | ", w.rich) })
	}
	return ""
}

func (w *Workspace) each(v any, between string, render func(any) string) string {
	var parts []string
	for _, e := range asList(v) {
		if s := render(e); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, between)
}

func lined(parts ...string) string {
	var full []string
	for _, p := range parts {
		if p != "" {
			full = append(full, p)
		}
	}
	return strings.Join(full, "\n")
}

// textOf is a text object, read as its type says, or the description of an image.
func (w *Workspace) textOf(v any) string {
	o := asObject(v)
	switch asText(o["type"]) {
	case "mrkdwn":
		return w.readable(asText(o["text"]))
	case "image":
		return asText(o["alt_text"])
	}
	return asText(o["text"])
}

// element is a button as [Label], or a choice as [Label: One | Two].
func (w *Workspace) element(v any) string {
	o := asObject(v)
	if o == nil {
		return ""
	}
	var options []string
	for _, option := range optionsOf(o) {
		options = append(options, w.textOf(option["text"]))
	}
	label := w.textOf(o["text"])
	if label == "" {
		label = w.textOf(o["placeholder"])
	}
	if len(options) > 0 {
		label = strings.TrimPrefix(label+": "+strings.Join(options, " | "), ": ")
	}
	if label == "" {
		return asText(o["alt_text"])
	}
	return "[" + label + "]"
}

// optionsOf are the choices of a select, an overflow menu, and the like.
func optionsOf(element object) []object {
	var out []object
	for _, o := range asList(element["options"]) {
		out = append(out, asObject(o))
	}
	for _, g := range asList(element["option_groups"]) {
		for _, o := range asList(asObject(g)["options"]) {
			out = append(out, asObject(o))
		}
	}
	return out
}

// rich is an element of rich text, or the cell of a table.
func (w *Workspace) rich(v any) string {
	o := asObject(v)
	switch asText(o["type"]) {
	case "rich_text_list":
		return w.each(o["elements"], "\n", func(e any) string { return "- " + w.rich(e) })
	case "rich_text_section", "rich_text_preformatted", "rich_text_quote", "rich_text":
		return w.each(o["elements"], "", w.rich)
	case "link":
		if s := asText(o["text"]); s != "" {
			return s
		}
		return asText(o["url"])
	case "user":
		return "@" + w.nameOf(asText(o["user_id"]))
	case "usergroup":
		return "@" + asText(o["usergroup_id"])
	case "channel":
		return "#" + asText(o["channel_id"])
	case "broadcast":
		return "@" + asText(o["range"])
	case "emoji":
		return ":" + asText(o["name"]) + ":"
	case "date":
		return asText(o["fallback"])
	}
	return asText(o["text"])
}

var token = regexp.MustCompile(`<([^<>|]+)(?:\|([^<>]*))?>`)

// readable is text in Slack's own markup as a person reads it: links by their
// names, mentions by name, entities as characters. Stars and underscores stay.
func (w *Workspace) readable(s string) string {
	s = token.ReplaceAllStringFunc(s, func(found string) string {
		m := token.FindStringSubmatch(found)
		switch target, label := m[1], m[2]; {
		case strings.HasPrefix(target, "@"):
			return "@" + w.nameOf(target[1:])
		case strings.HasPrefix(target, "!date^"):
			return label
		case label != "":
			return label
		case strings.HasPrefix(target, "!subteam^"):
			return "@" + target[len("!subteam^"):]
		case strings.HasPrefix(target, "!"):
			return "@" + target[1:]
		default:
			return target
		}
	})
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}
