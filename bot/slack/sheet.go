package slack

import (
	"encoding/json"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"
)

// sheet is a message that fills up. One block or one letter too many, and Slack takes
// none of it: so what does not fit is left out, and counted.
type sheet struct {
	blocks []slackgo.Block
	foot   []slackgo.Block // stands last, and has its room before all others
	size   int
	left   int
}

// spare is kept for the line that says how much is left out.
const spare = 300

// add puts a part on the sheet, whole or not at all; it reports whether it fitted.
func (s *sheet) add(part []slackgo.Block) bool { return s.put(&s.blocks, part) }

// end puts a part at the end of the sheet.
func (s *sheet) end(part []slackgo.Block) { s.put(&s.foot, part) }

// each puts parts on the sheet in their order, up to the first that does not fit.
func (s *sheet) each(parts [][]slackgo.Block) {
	for i, part := range parts {
		if !s.add(part) {
			s.left += len(parts) - i - 1
			return
		}
	}
}

func (s *sheet) put(where *[]slackgo.Block, part []slackgo.Block) bool {
	size := length(part)
	if len(s.blocks)+len(s.foot)+len(part) >= maxBlocks || s.size+size+spare > maxMessage {
		s.left++
		return false
	}
	s.size += size
	*where = append(*where, part...)
	return true
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
