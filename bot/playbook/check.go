package playbook

import (
	"slices"
	"strings"

	"twokey/incident"
)

// checkStep checks a step against what exists and against what no file may
// lower. Fields are its nodes by name; nil if it is a name alone.
func (r *reader) checkStep(p incident.PlayStep, n *node, key string, fields map[string]*node) {
	at := func(field string) (*node, string) {
		if f := fields[field]; f != nil {
			return f, key + "." + field
		}
		return n, key + "." + field
	}
	byHand := strings.HasPrefix(p.Step, "root.") || strings.HasPrefix(p.Step, "manual.")
	switch {
	case p.Step == "":
		return
	case !r.knows(p.Step):
		f, key := at("step")
		r.wrong(f, key, "no step is called %q", p.Step)
		return
	case byHand && !p.Guided:
		f, key := at("guided")
		r.wrong(f, key, "must be true: only people can do %s", p.Step)
	case !byHand && p.Guided:
		f, key := at("guided")
		r.wrong(f, key, "can't be true: %s is done and read back, a word is not enough", p.Step)
	}
	f, k := at("after")
	for _, step := range p.After {
		switch {
		case !r.knows(step):
			r.wrong(f, k, "no step is called %q", step)
		case step == p.Step:
			r.wrong(f, k, "%s can't come after itself", step)
		}
	}
	if p.Step == incident.StepPolicyDetach && !slices.Contains(p.After, incident.StepKeyDelete) {
		r.wrong(f, k, "%s must come after %s", p.Step, incident.StepKeyDelete)
	}
	if p.Step == incident.StepKeyDelete && !slices.Equal(p.Needs["status"], []string{incident.KeyInactive}) {
		f, k := at("needs")
		r.wrong(f, k, "%s needs status: %s", p.Step, incident.KeyInactive)
	}
}

// order checks the steps of a row against each other: no step twice, none
// waiting for one further down.
func (r *reader) order(items []*node, steps []incident.PlayStep, key string) {
	for i, p := range steps {
		if p.Step == "" {
			continue
		}
		if slices.ContainsFunc(steps[:i], func(q incident.PlayStep) bool { return q.Step == p.Step }) {
			r.wrong(items[i], key+".steps", "%s is there already", p.Step)
		}
		for _, q := range steps[i+1:] {
			if q.Step != p.Step && slices.Contains(p.After, q.Step) {
				r.wrong(items[i], key+".steps", "%s waits for %s, which stands below it", p.Step, q.Step)
			}
		}
	}
}
