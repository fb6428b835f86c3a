package slacktest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// applyToView does with a modal what the answer to its submission says: Slack docs,
// view submissions. The lock is held.
func (w *Workspace) applyToView(d *delivery, answer json.RawMessage) string {
	var said struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   object            `json:"view"`
	}
	if len(answer) > 0 && json.Unmarshal(answer, &said) != nil {
		return "the answer is no JSON object: " + string(answer)
	}
	switch said.Action {
	case "":
		w.closeTop(d.user)
	case "clear":
		w.leave(d.user)
	case "errors":
		return w.sendBack(d, said.Errors)
	case "update", "push":
		return w.answerWithView(d, said.Action, said.View)
	default:
		return "unknown response_action " + said.Action
	}
	return ""
}

// sendBack leaves the modal open and shows what is wrong with each input.
func (w *Workspace) sendBack(d *delivery, errors map[string]string) string {
	if len(errors) == 0 {
		return "response_action errors without errors"
	}
	var lines []string
	for _, block := range slices.Sorted(maps.Keys(errors)) {
		b := blockOf(d.view.doc, block)
		if b == nil || asText(b["type"]) != "input" {
			return "an error for " + block + ", which is no input of this view"
		}
		lines = append(lines, errors[block])
	}
	w.show(d.user, Shown{Kind: ByErrors, View: d.view.id, Text: strings.Join(lines, "\n")})
	return ""
}

func (w *Workspace) answerWithView(d *delivery, action string, doc object) string {
	doc, refused := w.readView(args{"view": doc})
	if refused != nil {
		return refused.String()
	}
	if action == "push" {
		if len(w.stacks[d.user]) >= maxStack {
			return "push_limit_reached"
		}
		w.putOnTop(d.user, doc)
		return ""
	}
	d.view.doc = doc
	w.draw(d.view)
	return ""
}

func blockOf(doc object, id string) object {
	for _, b := range asList(doc["blocks"]) {
		if o := asObject(b); asText(o["block_id"]) == id {
			return o
		}
	}
	return nil
}
