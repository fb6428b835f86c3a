package larktest_test

import (
	"strings"
	"testing"

	"twokey/bot/lark/larktest"
)

func TestWhatLarkRefuses(t *testing.T) {
	frame := func(elements string) string {
		return `{"schema":"2.0","config":{"update_multi":true},"header":{"title":{"tag":"plain_text","content":"t"}},"body":{"elements":[` + elements + `]}}`
	}
	div := `{"tag":"div","text":{"tag":"plain_text","content":"x"}}`
	push := func(more string) string {
		return `{"tag":"button","text":{"tag":"plain_text","content":"x"},"behaviors":[{"type":"callback","value":{}}]` + more + `}`
	}
	send := push(`,"name":"s","form_action_type":"submit"`)
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat(div+",", n), ",") }
	label := func(n int) string {
		return `{"tag":"button","text":{"tag":"plain_text","content":"` + strings.Repeat("字", n) + `"},"behaviors":[{"type":"callback","value":{}}]}`
	}
	for name, c := range map[string]struct {
		card string
		ok   bool
	}{
		"plain":               {frame(div), true},
		"1.0":                 {`{"elements":[]}`, false},
		"not shared":          {strings.Replace(frame(div), "true", "false", 1), false},
		"unknown property":    {frame(`{"tag":"div","text":{"tag":"plain_text","content":"x"},"colour":"red"}`), false},
		"tag of 1.0":          {frame(`{"tag":"action","actions":[]}`), false},
		"empty text":          {frame(`{"tag":"div","text":{"tag":"plain_text","content":""}}`), false},
		"200 elements":        {frame(many(99)), true}, // each has two tags, and the title is one
		"201 elements":        {frame(many(100)), false},
		"label of 100":        {frame(label(100)), true},
		"label of 101":        {frame(label(101)), false},
		"button that is mute": {frame(`{"tag":"button","text":{"tag":"plain_text","content":"x"}}`), false},
		"form":                {frame(`{"tag":"form","name":"f","elements":[` + send + `]}`), true},
		"names alike":         {frame(`{"tag":"form","name":"s","elements":[` + send + `]}`), false},
		"button without name": {frame(`{"tag":"form","name":"f","elements":[` + push("") + `]}`), false},
		"form in a fold": {frame(`{"tag":"collapsible_panel","header":{"title":{"tag":"plain_text","content":"x"}},"elements":[` +
			`{"tag":"form","name":"f","elements":[` + send + `]}]}`), false},
		"input alone": {frame(`{"tag":"input","name":"i"}`), false},
	} {
		if found := larktest.CheckCard([]byte(c.card)); (len(found) == 0) != c.ok {
			t.Errorf("%s: %v", name, found)
		}
	}
}
