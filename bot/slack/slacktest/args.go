package slacktest

import (
	"encoding/json"
	"strconv"
	"strings"
)

// args are a call's arguments: texts from a form, anything from JSON.
type args map[string]any

func (a args) has(name string) bool { _, ok := a[name]; return ok }

func (a args) text(name string) string { s, _ := a[name].(string); return s }

func (a args) flag(name string) bool {
	switch v := a[name].(type) {
	case bool:
		return v
	case string:
		return v == "true" || v == "1"
	}
	return false
}

// number is a positive number, or what stands for a missing one.
func (a args) number(name string, missing int) int {
	n := 0
	switch v := a[name].(type) {
	case float64:
		n = int(v)
	case string:
		n, _ = strconv.Atoi(v)
	}
	if n <= 0 {
		return missing
	}
	return n
}

// list is a list of texts, with commas in a form.
func (a args) list(name string) []string {
	var out []string
	switch v := a[name].(type) {
	case string:
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	case []any:
		for _, each := range v {
			if s, ok := each.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

// value is JSON, which a form carries as text; false: it is not JSON.
func (a args) value(name string) (any, bool) {
	s, ok := a[name].(string)
	if !ok {
		return a[name], true
	}
	if s == "" {
		return nil, true
	}
	var v any
	return v, json.Unmarshal([]byte(s), &v) == nil
}

// raw is what was sent, as JSON again.
func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return nil // it came from JSON
	}
	return b
}

func asObject(v any) object { o, _ := v.(object); return o }

func asList(v any) []any { l, _ := v.([]any); return l }

func asText(v any) string { s, _ := v.(string); return s }
