package slacktest

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Modal is a modal that a person has before them.
type Modal struct {
	p *Person
	v *view
}

// Modal is the one on top. It fails the test if none is open.
func (p *Person) Modal() *Modal {
	p.t.Helper()
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	stack := p.w.stacks[p.ID]
	if len(stack) == 0 {
		p.t.Fatalf("%s has no modal open", p.ID)
	}
	return &Modal{p: p, v: stack[len(stack)-1]}
}

// HasModal reports whether a modal is open.
func (p *Person) HasModal() bool {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return len(p.w.stacks[p.ID]) > 0
}

// Text is what the modal shows.
func (m *Modal) Text() string {
	m.p.w.mu.Lock()
	defer m.p.w.mu.Unlock()
	return m.p.w.renderedView(m.v.doc)
}

// Input is one field of a modal.
type Input struct {
	Block, ID, Label, Type string
	Optional               bool
	Initial, Placeholder   string
	Min, Max               int // characters; 0: no limit

	element object
}

// Inputs are the fields of the modal in order.
func (m *Modal) Inputs() []Input {
	m.p.w.mu.Lock()
	defer m.p.w.mu.Unlock()
	var out []Input
	for _, each := range asList(m.v.doc["blocks"]) {
		b := asObject(each)
		e := asObject(b["element"])
		if asText(b["type"]) != "input" || e == nil {
			continue
		}
		out = append(out, Input{
			Block: asText(b["block_id"]), ID: asText(e["action_id"]), Type: asText(e["type"]), Label: m.p.w.textOf(b["label"]),
			Optional: b["optional"] == true, Initial: asText(e["initial_value"]), Placeholder: m.p.w.textOf(e["placeholder"]),
			Min: whole(e["min_length"]), Max: whole(e["max_length"]), element: e,
		})
	}
	return out
}

func whole(v any) int { n, _ := v.(float64); return int(n) }

// Submit fills the modal in and sends it. Values go by the field's label or block
// id: text, the value of a choice, or several of them with commas between. What
// Slack does not let people send fails the test.
func (m *Modal) Submit(values map[string]string) *Reply {
	m.p.t.Helper()
	state, problem := m.fill(values)
	if problem != "" {
		m.p.t.Fatalf("Slack does not let the modal be sent: %s", problem)
	}
	m.p.w.mu.Lock()
	if !slices.Contains(m.p.w.stacks[m.p.ID], m.v) {
		m.p.w.mu.Unlock()
		m.p.t.Fatalf("the modal is closed")
	}
	o := m.p.w.viewObject(m.v)
	o["state"] = object{"values": state}
	payload := m.p.interaction("view_submission")
	payload["view"], payload["response_urls"] = o, []object{}
	d := &delivery{kind: interactions, takesAnswer: true, payload: raw(payload), user: m.p.ID, view: m.v}
	m.p.w.mu.Unlock()
	return m.p.send(d)
}

func (m *Modal) fill(values map[string]string) (state object, problem string) {
	state = object{}
	known := map[string]bool{}
	for _, in := range m.Inputs() {
		text, given := values[in.Block]
		if !given {
			text, given = values[in.Label]
		}
		if !given {
			text = in.Initial
		}
		known[in.Block], known[in.Label] = true, true
		if problem = in.refuses(text); problem != "" {
			return nil, problem
		}
		state[in.Block] = object{in.ID: in.state(text)}
	}
	for name := range values {
		if !known[name] {
			return nil, "it has no field " + name
		}
	}
	return state, ""
}

func (in Input) refuses(text string) string {
	n := utf8.RuneCountInString(text)
	switch {
	case text == "" && !in.Optional:
		return in.Label + " is empty"
	case text != "" && n < in.Min:
		return in.Label + " is too short"
	case in.Max > 0 && n > in.Max:
		return in.Label + " is too long"
	}
	for _, value := range in.chosen(text) {
		if in.option(value) == nil {
			return in.Label + " offers no " + value
		}
	}
	return ""
}

// chosen are the values that a text means in a field of choices; nil: it is none.
func (in Input) chosen(text string) []string {
	if text == "" || len(optionsOf(in.element)) == 0 {
		return nil
	}
	if strings.HasPrefix(in.Type, "multi_") || in.Type == "checkboxes" {
		return strings.Split(text, ",")
	}
	return []string{text}
}

func (in Input) option(value string) object {
	for _, o := range optionsOf(in.element) {
		if asText(o["value"]) == value {
			return o
		}
	}
	return nil
}

// state is the field as view.state.values shows it: Slack docs, view submissions.
func (in Input) state(text string) object {
	s := object{"type": in.Type}
	switch in.Type {
	case "checkboxes", "multi_static_select":
		chosen := []object{}
		for _, value := range in.chosen(text) {
			chosen = append(chosen, in.option(value))
		}
		s["selected_options"] = chosen
	case "static_select", "radio_buttons":
		s["selected_option"] = nil
		if o := in.option(text); o != nil {
			s["selected_option"] = o
		}
	case "users_select":
		s["selected_user"] = text
	default:
		s["value"] = nil
		if text != "" {
			s["value"] = text
		}
	}
	return s
}

// Close gives the modal up. The bot hears of it only if it asked to.
func (m *Modal) Close() *Reply {
	m.p.t.Helper()
	m.p.w.mu.Lock()
	m.p.w.closeTop(m.p.ID)
	if m.v.doc["notify_on_close"] != true {
		m.p.w.mu.Unlock()
		return &Reply{p: m.p}
	}
	payload := m.p.interaction("view_closed")
	payload["view"], payload["is_cleared"] = m.p.w.viewObject(m.v), false
	d := &delivery{kind: interactions, payload: raw(payload), user: m.p.ID}
	m.p.w.mu.Unlock()
	return m.p.send(d)
}
