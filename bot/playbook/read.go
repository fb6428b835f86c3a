package playbook

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"twokey/incident"
)

type node = yaml.Node

// reader turns a YAML document into a playbook and goes on after each problem.
type reader struct {
	name     string
	known    []string
	problems []*Problem
	book     incident.Playbook
	raise    map[string]incident.Tier
}

// read reads the document node by node, not into structs: every message needs
// its line, and nothing may be guessed or left out in silence.
func read(name string, b []byte, known []string) *reader {
	r := &reader{name: name, known: known, raise: make(map[string]incident.Tier)}
	var doc node
	if err := yaml.Load(b, &doc); err != nil {
		r.syntax(err)
		return r
	}
	r.playbook(doc.Content[0])
	return r
}

// syntax keeps the line and the reason of what the YAML reader says.
func (r *reader) syntax(err error) {
	p := &Problem{File: r.name, Why: err.Error()}
	if e, ok := errors.AsType[*yaml.LoadError](err); ok {
		p.Line, p.Why = max(e.Mark.Line, 0), strings.TrimPrefix(e.Message, "yaml: ")
	}
	r.problems = append(r.problems, p)
}

func (r *reader) playbook(top *node) {
	r.book.SecondLook = MinSecondLook
	fields := r.fields(top, "", "name", "second_look", "raise", "rows")
	r.book.Name = r.text(fields["name"], top, "name")
	if n := fields["second_look"]; n != nil {
		r.secondLook(n)
	}
	if n := fields["raise"]; n != nil {
		r.raises(n)
	}
	r.rows(fields["rows"], top)
}

func (r *reader) secondLook(n *node) {
	value := r.scalar(n, "second_look")
	wait, err := time.ParseDuration(value)
	switch {
	case value == "": // said already
	case err != nil:
		r.wrong(n, "second_look", "%q is not a duration such as 1h or 90m", n.Value)
	case wait < MinSecondLook:
		r.wrong(n, "second_look", "%v is less than %v, and a playbook can't lower it", wait, MinSecondLook)
	default:
		r.book.SecondLook = wait
	}
}

func (r *reader) raises(n *node) {
	tiers := []string{string(incident.Look), string(incident.Reversible), string(incident.Disruptive), string(incident.Destructive)}
	for step, v := range r.pairs(n, "raise") {
		key := "raise." + step.Value
		tier, now := incident.Tier(r.scalar(v, key)), incident.StepTier(step.Value)
		switch {
		case !r.knows(step.Value):
			r.wrong(step, key, "no step is called so")
		case tier == "": // said already
		case !slices.Contains(tiers, string(tier)):
			r.wrong(v, key, "%q is no tier; %s", tier, oneOf(tiers))
		case !tier.AtLeast(now):
			r.wrong(v, key, "%s is lower than %s, and a playbook can't lower it", tier, now)
		default:
			r.raise[step.Value] = tier
		}
	}
}

func (r *reader) rows(n, top *node) {
	items, ok := r.list(n, top, "rows")
	if !ok {
		return
	}
	lines := make(map[string]int)
	always := ""
	for i, item := range items {
		key := fmt.Sprintf("rows[%d]", i)
		if always != "" {
			r.wrong(item, key, "is never reached: the row %q always holds", always)
			always = ""
		}
		row := r.row(item, key)
		if first, taken := lines[row.Name]; taken && row.Name != "" {
			r.wrong(item, key+".name", "%q is the name of the row in line %d", row.Name, first)
		}
		lines[row.Name] = item.Line
		if i < len(items)-1 && item.Kind == yaml.MappingNode && unconditional(row.When) {
			always = row.Name
		}
		r.book.Rows = append(r.book.Rows, row)
	}
}

func unconditional(c incident.Conditions) bool {
	for _, values := range c {
		if !slices.Contains(values, incident.Any) {
			return false
		}
	}
	return true
}

func (r *reader) row(n *node, key string) incident.Row {
	fields := r.fields(n, key, "name", "when", "steps")
	if n.Kind != yaml.MappingNode {
		return incident.Row{}
	}
	row := incident.Row{
		Name: r.text(fields["name"], n, key+".name"),
		When: r.conditions(fields["when"], key+".when"),
	}
	items, _ := r.list(fields["steps"], n, key+".steps")
	for i, item := range items {
		row.Steps = append(row.Steps, r.step(item, fmt.Sprintf("%s.steps[%d]", key, i)))
	}
	r.order(items, row.Steps, key)
	return row
}

func (r *reader) step(n *node, key string) incident.PlayStep {
	if n.Kind == yaml.ScalarNode { // a name alone
		p := incident.PlayStep{Step: r.text(n, n, key)}
		r.checkStep(p, n, key, nil)
		return p
	}
	fields := r.fields(n, key, "step", "needs", "after", "guided")
	if n.Kind != yaml.MappingNode {
		return incident.PlayStep{}
	}
	p := incident.PlayStep{
		Step:   r.text(fields["step"], n, key+".step"),
		Needs:  r.conditions(fields["needs"], key+".needs"),
		After:  r.words(fields["after"], key+".after"),
		Guided: r.truth(fields["guided"], key+".guided"),
	}
	r.checkStep(p, n, key, fields)
	return p
}

// conditions reads facts and the values that satisfy them.
func (r *reader) conditions(n *node, key string) incident.Conditions {
	if n == nil {
		return nil
	}
	c := make(incident.Conditions)
	for fact, v := range r.pairs(n, key) {
		key := key + "." + fact.Value
		allowed, ok := incident.ConditionValues(fact.Value)
		if !ok {
			r.wrong(fact, key, "no fact is called so")
			continue
		}
		values := r.words(v, key)
		for _, value := range values {
			if value != incident.Any && !slices.Contains(allowed, value) {
				r.wrong(v, key, "%q is no value of this fact; any or %s", value, oneOf(allowed))
			}
		}
		c[fact.Value] = values
	}
	return c
}

// manual is the form of a manual step of a deployment's own.
var manual = regexp.MustCompile(`^manual\.[a-z][a-z0-9_]{0,39}$`)

// knows reports whether a playbook may name the step.
func (r *reader) knows(step string) bool {
	return slices.Contains(r.known, step) || slices.Contains(guided, step) || manual.MatchString(step)
}
