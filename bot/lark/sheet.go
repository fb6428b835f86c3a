package lark

import "twokey/bot/room"

// node is a part of a card, as JSON.
type node = map[string]any

// Kept for what stands around the elements: the request, the header, the fold, the line
// that says how much is left out. The title may be long, and stands twice.
const (
	spare         = 8000
	spareElements = 8
)

// newSheet is a card with nothing on it yet.
func newSheet() *room.Sheet[node] {
	return &room.Sheet[node]{
		Most: maxElements - spareElements, Longest: maxBody - spare,
		Measure: func(part []node) (count, size int) { return elements(part), sizeOf(packed(part)) },
	}
}

// elements is how many there are in a part: each thing with a tag is one.
func elements(v any) (n int) {
	switch v := v.(type) {
	case []node:
		for _, e := range v {
			n += elements(e)
		}
	case node:
		if _, ok := v["tag"]; ok {
			n++
		}
		for _, e := range v {
			n += elements(e)
		}
	}
	return n
}
