package slacktest

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"
)

func historyMethods() map[string]method {
	return map[string]method{
		"conversations.history": {scopes: needsFor("history"), run: (*Workspace).history},
		"conversations.replies": {scopes: needsFor("history"), run: (*Workspace).replies},
	}
}

// history has top-level messages only, the newest first: Slack docs,
// conversations.history.
func (w *Workspace) history(a args) (object, *refusal) {
	c, refused := w.entered(a.channel())
	if refused != nil {
		return nil, refused
	}
	wanted, refused := between(a)
	if refused != nil {
		return nil, refused
	}
	var found []*Message
	for _, m := range slices.Backward(c.messages) {
		if m.Thread == "" && !m.Ephemeral && wanted(m) {
			found = append(found, m)
		}
	}
	return w.messagePage(c, found, a, object{"pin_count": len(c.pins)})
}

// replies has the parent first, then its replies, the oldest first: Slack docs,
// conversations.replies.
func (w *Workspace) replies(a args) (object, *refusal) {
	c, refused := w.entered(a.channel())
	if refused != nil {
		return nil, refused
	}
	parent := c.find(a.text("ts"))
	if parent == nil {
		return nil, refuse("thread_not_found")
	}
	wanted, refused := between(a)
	if refused != nil {
		return nil, refused
	}
	found := []*Message{parent}
	for _, m := range c.messages {
		if m.Thread == parent.TS && !m.Ephemeral && wanted(m) {
			found = append(found, m)
		}
	}
	return w.messagePage(c, found, a, object{})
}

// between is the filter that oldest, latest and inclusive make.
func between(a args) (func(*Message) bool, *refusal) {
	oldest, latest := int64(math.MinInt64), int64(math.MaxInt64)
	for name, bound := range map[string]*int64{"oldest": &oldest, "latest": &latest} {
		if a.text(name) == "" {
			continue
		}
		at, ok := micros(a.text(name))
		if !ok {
			return nil, refuse("invalid_ts_" + name)
		}
		*bound = at
	}
	return func(m *Message) bool {
		at, _ := micros(m.TS)
		if a.flag("inclusive") && (at == oldest || at == latest) {
			return true
		}
		return oldest < at && at < latest
	}, nil
}

func (w *Workspace) messagePage(c *channel, found []*Message, a args, answer object) (object, *refusal) {
	page, next, refused := paged(found, a, 100)
	if refused != nil {
		return nil, refused
	}
	shown := make([]object, len(page))
	for i, m := range page {
		shown[i] = w.messageObject(c, m, a.flag("include_all_metadata"))
	}
	answer["messages"], answer["has_more"] = shown, next != ""
	answer["response_metadata"] = object{"next_cursor": next}
	return answer, nil
}

// maxPage is the most that one page holds: Slack docs, conversations.history.
const maxPage = 999

// paged is one page of a list, and the cursor of the next.
func paged[E any](all []E, a args, limit int) (page []E, next string, refused *refusal) {
	from := 0
	if cursor := a.text("cursor"); cursor != "" {
		b, err := base64.StdEncoding.DecodeString(cursor)
		n, ok := strings.CutPrefix(string(b), "next:")
		if from, _ = strconv.Atoi(n); err != nil || !ok || from <= 0 || from > len(all) {
			return nil, "", refuse("invalid_cursor")
		}
	}
	to := min(len(all), from+min(a.number("limit", limit), maxPage))
	if to < len(all) {
		next = base64.StdEncoding.EncodeToString([]byte("next:" + strconv.Itoa(to)))
	}
	return all[from:to], next, nil
}
