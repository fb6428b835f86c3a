package lark

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"twokey/bot"
	"twokey/bot/room"
)

// What Lark takes (Feishu docs: card JSON 2.0 structure, button, input, send a message,
// create a group). Lengths are in characters where nothing else is said.
const (
	maxBody     = 30_000 // bytes: the whole request with a card or a rich text
	maxElements = 200    // all that have a tag
	maxButton   = 100
	maxReason   = 1000
	maxAbout    = 100 // description of a group
	maxName     = 60  // of a group
	maxUUID     = 50
	maxMembers  = 50 // asked into a group at a time

	maxText    = 3000 // one text of a card; Lark names no figure
	maxTitle   = 500
	maxConfirm = 300
	maxToast   = 120 // what can be read before it is gone
)

// plainText is a text that Lark takes as it is: nothing in it is read as a mention, a
// link or a format. It is foreign text's only way onto a card. Lark takes none that is
// empty.
func plainText(text string, most int) node {
	return node{"tag": "plain_text", "content": room.Cut(cmp.Or(bot.Inert(text), "…"), most)}
}

// rich is a message of rich text. Its parts are plain, too: what is in a text is not
// read.
type rich struct{ lines [][]node }

func (r *rich) line() { r.lines = append(r.lines, nil) }

func (r *rich) add(n node) {
	if len(r.lines) == 0 {
		r.line()
	}
	last := len(r.lines) - 1
	r.lines[last] = append(r.lines[last], n)
}

func (r *rich) plain(text string) {
	for i, line := range strings.Split(bot.Inert(text), "\n") {
		if i > 0 {
			r.line()
		}
		if line != "" {
			r.add(node{"tag": "text", "text": line})
		}
	}
}

func (r *rich) bold(text string) {
	r.add(node{"tag": "text", "text": bot.Inert(text), "style": []string{"bold"}})
}

func (r *rich) mention(user string) { r.add(node{"tag": "at", "user_id": user}) }

// postLangs are the names of languages in a rich text. It is shown whichever is named.
var postLangs = map[string]string{"zh": "zh_cn", "ja": "ja_jp"}

// content is the message as Lark wants it, shortened until it fits.
func (r *rich) content(lang string) string {
	lines := r.lines
	if len(slices.Concat(lines...)) == 0 {
		lines = [][]node{{{"tag": "text", "text": "…"}}} // Lark takes none that is empty
	}
	whole := func(lines [][]node) string {
		return packed(node{cmp.Or(postLangs[lang], "en_us"): node{"title": "", "content": lines}})
	}
	for range 32 { // each time about half as long
		if body := whole(lines); sizeOf(body) <= maxBody-spare {
			return body
		}
		lines = shorter(lines)
	}
	return whole([][]node{{{"tag": "text", "text": "…"}}})
}

// shorter is rich text with its end left out: lines while there are many, then the ends
// of those that stay.
func shorter(lines [][]node) [][]node {
	if len(lines) > 8 {
		return slices.Concat(lines[:len(lines)/2], [][]node{{{"tag": "text", "text": "…"}}})
	}
	var out [][]node
	for _, line := range lines {
		var half []node
		for _, n := range line {
			if text, ok := n["text"].(string); ok {
				n = node{"tag": "text", "text": room.Cut(text, max(1, utf8.RuneCountInString(text)/2))}
			}
			half = append(half, n)
		}
		out = append(out, half)
	}
	return out
}

func packed(v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	return string(body)
}

// sizeOf is how many bytes a content takes in a request: it travels as a string in JSON.
func sizeOf(content string) int { return len(packed(content)) }
