package slack

import (
	"context"
	"strings"

	"twokey/bot"
)

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
func (c *Chat) Attach(ctx context.Context, h bot.Handler) { c.heard.Attach(ctx, h) }

// Hears reports whether the bot answers an event, by its name in a manifest.
func Hears(name string) bool {
	kind, where, _ := strings.Cut(name, ".")
	return forBot(event{Type: kind, ChannelType: where, User: "U1"})
}
