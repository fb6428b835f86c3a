package slack

import "twokey/bot"

// IsButton reports whether a button's value on the wire is that of b.
func IsButton(value string, b bot.Button) bool {
	w, ok := decode(value)
	return ok && w.Act == b.Act && w.Incident == b.Incident && w.Number == b.Number && w.Digest == b.Digest && w.Value == b.Value
}
