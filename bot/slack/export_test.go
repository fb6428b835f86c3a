package slack

import (
	"context"

	"twokey/bot"
)

// IsButton reports whether a button's value on the wire is that of b.
func IsButton(value string, b bot.Button) bool {
	w, ok := decode(value)
	return ok && w.Act == b.Act && w.Incident == b.Incident && w.Number == b.Number && w.Digest == b.Digest && w.Value == b.Value
}

// ScopeNames are the scopes that the bot asks for, in the order of the table.
func ScopeNames() []string {
	var all []string
	for _, s := range scopes {
		all = append(all, s.Name)
	}
	return all
}

// ScopeRows are the rows of the table of scopes, as docs/slack.md has them.
func ScopeRows() []string {
	var all []string
	for _, s := range scopes {
		all = append(all, "| `"+s.Name+"` | "+s.For+" | "+s.Without+" |")
	}
	return all
}

// Without is what does not work without a scope.
func Without(name string) string {
	for _, s := range scopes {
		if s.Name == name {
			return s.Without
		}
	}
	return ""
}

// Advised are the words that there is advice for.
func Advised() map[string]string { return advice }

// ShortcutReport is the callback id of the message shortcut.
const ShortcutReport = shortcutReport

// Attach lets a handler hear from now on, as Listen does.
func (c *Chat) Attach(ctx context.Context, h bot.Handler) { c.heard.attach(ctx, h) }
