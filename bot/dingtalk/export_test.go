package dingtalk

import "twokey/bot"

// IsButton reports whether a button's id on the wire is that of b.
func IsButton(id string, b bot.Button) bool {
	w, ok := decode(id)
	return ok && w.Act == b.Act && w.Incident == b.Incident && w.Number == b.Number && w.Digest == b.Digest && w.Value == b.Value
}
