package lark

// node is a part of a card, as JSON.
type node = map[string]any

// sheet is a card that fills up. One element or one byte too many, and Lark takes none
// of it: so what does not fit is left out, and counted.
type sheet struct {
	nodes  []node
	folded []node
	foot   []node // stands last, and has its room before all others
	size   int
	count  int
	left   int
}

// Kept for what stands around the elements: the request, the header, the fold, the line
// that says how much is left out. The title may be long, and stands twice.
const (
	spare         = 8000
	spareElements = 8
)

// add puts a part on the sheet, whole or not at all; it reports whether it fitted.
func (s *sheet) add(part []node) bool { return s.put(&s.nodes, part) }

// end puts a part at the end of the sheet.
func (s *sheet) end(part []node) { s.put(&s.foot, part) }

// each puts parts on the sheet in their order, up to the first that does not fit.
func (s *sheet) each(where *[]node, parts [][]node) {
	for i, part := range parts {
		if !s.put(where, part) {
			s.left += len(parts) - i - 1
			return
		}
	}
}

func (s *sheet) put(where *[]node, part []node) bool {
	size, count := sizeOf(packed(part)), elements(part)
	if s.count+count+spareElements > maxElements || s.size+size+spare > maxBody {
		s.left++
		return false
	}
	s.size += size
	s.count += count
	*where = append(*where, part...)
	return true
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
