package slacktest

import (
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"
)

// trigger lets a bot open a modal for the person who acted.
type trigger struct {
	user string
	at   time.Time
	used bool
}

// triggerLife is how long a trigger works: Slack docs, modals.
const triggerLife = 3 * time.Second

// newTrigger makes a trigger for somebody who has just acted. The lock is held.
func (w *Workspace) newTrigger(user string) string {
	id := digits(w.o.Now().UnixMicro()) + "." + w.App.Team + "." + rand.Text()
	w.triggers[id] = &trigger{user: user, at: w.o.Now()}
	return id
}

// pull uses a trigger up: once, and within three seconds.
func (w *Workspace) pull(id string) (user string, refused *refusal) {
	t := w.triggers[id]
	switch {
	case t == nil:
		return "", refuse("invalid_trigger_id")
	case t.used:
		return "", refuse("exchanged_trigger_id")
	case w.o.Now().Sub(t.at) > triggerLife:
		return "", refuse("expired_trigger_id")
	}
	t.used = true
	return t.user, nil
}

// view is one modal that somebody has open.
type view struct {
	id, user, hash string
	root, previous string
	doc            object // as sent, with the ids filled in
}

func viewMethods() map[string]method {
	return map[string]method{
		"views.open":   {run: (*Workspace).openView},
		"views.push":   {run: (*Workspace).pushView},
		"views.update": {run: (*Workspace).updateView},
	}
}

// readView reads and checks a modal.
func (w *Workspace) readView(a args) (object, *refusal) {
	v, ok := a.value("view")
	doc := asObject(v)
	if !ok || doc == nil {
		return nil, &refusal{Code: "invalid_arguments", Messages: []string{"view is no object [json-pointer:/view]"}}
	}
	w.drawn = append(w.drawn, Drawn{Kind: ForView, JSON: raw(doc)})
	if found := checkView(doc); len(found) > 0 {
		return nil, &refusal{Code: "invalid_arguments", Messages: texts(inView(found))}
	}
	fillIDs(asList(doc["blocks"]))
	return doc, nil
}

// inView says where things are as seen from the call's arguments.
func inView(found []error) []error {
	for i, err := range found {
		if f, is := errors.AsType[Finding](err); is {
			f.Pointer = "/view" + f.Pointer
			found[i] = f
		}
	}
	return found
}

// openView replaces what the person has open.
func (w *Workspace) openView(a args) (object, *refusal) {
	return w.newView(a, func(user string) *refusal {
		w.leave(user)
		return nil
	})
}

// maxStack is how many modals lie on each other: Slack docs, modals.
const maxStack = 3

func (w *Workspace) pushView(a args) (object, *refusal) {
	return w.newView(a, func(user string) *refusal {
		if len(w.stacks[user]) >= maxStack {
			return refuse("push_limit_reached")
		}
		return nil
	})
}

func (w *Workspace) newView(a args, before func(user string) *refusal) (object, *refusal) {
	doc, refused := w.readView(a)
	if refused != nil {
		return nil, refused
	}
	user, refused := w.pull(a.text("trigger_id"))
	if refused != nil {
		return nil, refused
	}
	if refused = before(user); refused != nil {
		return nil, refused
	}
	return object{"view": w.viewObject(w.putOnTop(user, doc))}, nil
}

func (w *Workspace) putOnTop(user string, doc object) *view {
	v := &view{id: newID("V"), user: user, doc: doc}
	v.root = v.id
	if stack := w.stacks[user]; len(stack) > 0 {
		v.root, v.previous = stack[0].id, stack[len(stack)-1].id
	}
	w.views[v.id] = v
	w.stacks[user] = append(w.stacks[user], v)
	w.draw(v)
	return v
}

// draw shows a modal anew.
func (w *Workspace) draw(v *view) {
	v.hash = strconv.FormatInt(w.o.Now().Unix(), 10) + "." + rand.Text()[:8]
	w.show(v.user, Shown{Kind: ByView, View: v.id, Text: w.renderedView(v.doc)})
	w.touch()
}

func (w *Workspace) updateView(a args) (object, *refusal) {
	v := w.namedView(a)
	if v == nil || !slices.Contains(w.stacks[v.user], v) {
		return nil, refuse("not_found")
	}
	if hash := a.text("hash"); hash != "" && hash != v.hash {
		return nil, refuse("hash_conflict")
	}
	doc, refused := w.readView(a)
	if refused != nil {
		return nil, refused
	}
	v.doc = doc
	w.draw(v)
	return object{"view": w.viewObject(v)}, nil
}

func (w *Workspace) namedView(a args) *view {
	if id := a.text("view_id"); id != "" {
		return w.views[id]
	}
	for _, v := range w.views {
		if external := asText(v.doc["external_id"]); external != "" && external == a.text("external_id") {
			return v
		}
	}
	return nil
}

// leave closes everything that a person has open.
func (w *Workspace) leave(user string) {
	w.stacks[user] = nil
	w.touch()
}

// closeTop closes the modal on top.
func (w *Workspace) closeTop(user string) {
	if stack := w.stacks[user]; len(stack) > 0 {
		w.stacks[user] = stack[:len(stack)-1]
		w.touch()
	}
}

// viewObject is a modal as the API and payloads show it.
func (w *Workspace) viewObject(v *view) object {
	o := object{
		"private_metadata": "", "callback_id": "", "external_id": "", "clear_on_close": false, "notify_on_close": false,
		"submit": nil, "close": nil,
	}
	maps.Copy(o, v.doc)
	o["id"], o["hash"], o["root_view_id"], o["team_id"] = v.id, v.hash, v.root, w.App.Team
	o["app_id"], o["bot_id"], o["app_installed_team_id"] = w.App.ID, w.App.BotID, w.App.Team
	o["previous_view_id"] = nil
	if v.previous != "" {
		o["previous_view_id"] = v.previous
	}
	o["state"] = object{"values": object{}}
	return o
}
