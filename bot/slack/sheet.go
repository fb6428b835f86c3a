package slack

import (
	"encoding/json"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"twokey/bot/room"
)

// spare is kept for the line that says how much is left out.
const spare = 300

// newSheet is a message with nothing on it yet.
func newSheet() *room.Sheet[slackgo.Block] {
	return &room.Sheet[slackgo.Block]{
		Most: maxBlocks - 1, Longest: maxMessage - spare,
		Measure: func(part []slackgo.Block) (count, size int) { return len(part), length(part) },
	}
}

// length is how many characters of blocks count: all texts in them.
func length(blocks []slackgo.Block) int {
	body, err := json.Marshal(blocks)
	var v any
	if err != nil || json.Unmarshal(body, &v) != nil {
		return maxMessage
	}
	return texts(v)
}

func texts(v any) (n int) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += texts(e)
		}
	case map[string]any:
		for name, e := range v {
			if text, ok := e.(string); ok && name == "text" {
				n += utf8.RuneCountInString(text)
				continue
			}
			n += texts(e)
		}
	}
	return n
}
