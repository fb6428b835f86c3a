package view

import (
	"strings"

	"twokey/bot"
)

// Plain is a card as plain text: for a terminal, for comparing in tests, and for
// platforms that have nothing better. Buttons show what to type instead.
func Plain(c bot.Card) string {
	var b strings.Builder
	top(&b, c, true)
	if len(c.Folded) > 0 {
		line(&b, "", "▸ "+c.More)
		for _, s := range c.Folded {
			stepText(&b, s, "  ", true)
		}
	}
	buttons(&b, "", c.Actions, true)
	line(&b, "", c.Foot)
	return b.String()
}

// Top is the part of a card that stands before the fold, as people see it where
// there are buttons.
func Top(c bot.Card) string {
	var b strings.Builder
	top(&b, c, false)
	return b.String()
}

func top(b *strings.Builder, c bot.Card, commands bool) {
	line(b, "", strings.TrimSpace(c.Drill+" "+c.Title))
	fields(b, "", c.Fields)
	for _, n := range c.Notices {
		line(b, "", "! "+n.Text)
		buttons(b, "  ", n.Buttons, commands)
	}
	if c.Heading != "" {
		line(b, "", "\n"+c.Heading)
	}
	for _, s := range c.Steps {
		stepText(b, s, "", commands)
	}
	for _, a := range c.Asks {
		line(b, "", "? "+a.Text)
		buttons(b, "  ", a.Buttons, commands)
	}
}

// PlainStep is one plan as plain text.
func PlainStep(s bot.Step) string {
	var b strings.Builder
	stepText(&b, s, "", true)
	return b.String()
}

func stepText(b *strings.Builder, s bot.Step, indent string, commands bool) {
	line(b, indent, dots("• "+s.Title, s.State, s.Digest))
	for _, text := range []string{s.Effect, s.Undo, s.People} {
		if text != "" {
			line(b, indent+"  ", text)
		}
	}
	fields(b, indent+"  ", s.Facts)
	buttons(b, indent+"  ", s.Buttons, commands)
}

func fields(b *strings.Builder, indent string, fields []bot.Field) {
	for _, f := range fields {
		line(b, indent, f.Label+": "+f.Text)
	}
}

// buttons shows each button, if wanted with the command that does the same.
func buttons(b *strings.Builder, indent string, all []bot.Button, commands bool) {
	if len(all) == 0 {
		return
	}
	shown := make([]string, len(all))
	for i, button := range all {
		shown[i] = "[" + button.Label + "]"
		if commands && button.Command != "" {
			shown[i] += " `" + button.Command + "`"
		}
	}
	line(b, indent, strings.Join(shown, "  "))
}

func line(b *strings.Builder, indent, text string) {
	b.WriteString(indent)
	b.WriteString(text)
	b.WriteByte('\n')
}
