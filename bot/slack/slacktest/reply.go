package slacktest

import (
	"encoding/json"
	"strings"
)

// Reply is what came back to one person for one thing that they did: the answer
// itself, and whatever they were shown privately since.
type Reply struct {
	Answer  json.RawMessage // the payload of the answer, if it may have one
	Problem string          // what Slack says when the bot did not answer well: "operation_timeout"; empty: it did

	p    *Person
	from int
}

// Told is what the person was shown privately since they acted, up to now.
func (r *Reply) Told() []Shown {
	r.p.w.mu.Lock()
	defer r.p.w.mu.Unlock()
	return r.p.w.since(r.p.ID, r.from)
}

// Text is the words of [Reply.Told].
func (r *Reply) Text() string { return joined(r.Told()) }

// Await waits until the person is shown anything, and returns the words of all of
// it.
func (r *Reply) Await() string {
	r.p.t.Helper()
	return r.AwaitText("")
}

// AwaitText waits until what the person is shown has this in it, and returns all of
// it.
func (r *Reply) AwaitText(part string) string {
	r.p.t.Helper()
	var text string
	r.p.w.await(r.p.t, "a private answer with "+part, func() bool {
		told := r.p.w.since(r.p.ID, r.from)
		text = joined(told)
		return len(told) > 0 && strings.Contains(text, part)
	})
	return text
}

// AwaitModal waits until a modal is opened or changed for the person.
func (r *Reply) AwaitModal() *Modal {
	r.p.t.Helper()
	var v *view
	r.p.w.await(r.p.t, "a modal", func() bool {
		v = nil
		for _, s := range r.p.w.since(r.p.ID, r.from) {
			if s.Kind == ByView {
				v = r.p.w.views[s.View]
			}
		}
		return v != nil
	})
	return &Modal{p: r.p, v: v}
}
