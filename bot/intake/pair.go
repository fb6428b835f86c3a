package intake

import (
	"cmp"
	"slices"
)

// near is how many lines may lie between a key id and its secret.
const near = 20

// pair finds out what the entries without an id belong to.
func pair(hits []*hit, all []*finding, in input) {
	type file struct{ commit, path string }
	keys, orphans := make(map[file][]neighbour), make(map[file]*finding)
	for i, f := range all {
		if f != nil && f.verdict == "" {
			at := file{hits[i].commit, hits[i].file}
			keys[at] = append(keys[at], neighbour{hits[i].line, f})
		}
	}
	for _, of := range keys {
		slices.SortStableFunc(of, func(a, b neighbour) int { return cmp.Compare(a.line, b.line) })
	}
	for i, h := range hits {
		if all[i] != nil {
			continue
		}
		at := file{h.commit, h.file}
		head := h.nearest(keys[at])
		switch {
		case head != nil && h.maybeOurs():
			all[i] = h.tell(lookup(SecretOnly, "", weak), in)
			all[i].join(head, SecretOfKey)
		case !h.ours():
			all[i] = ignored(NotAlibaba)
		case orphans[at] != nil:
			all[i] = h.tell(lookup(SecretOnly, "", weak), in)
			all[i].join(orphans[at], SecretOnly)
		default:
			all[i] = h.tell(lookup(SecretOnly, "", weak), in)
			orphans[at] = all[i]
		}
	}
}

// neighbour is a key id in a file.
type neighbour struct {
	line int
	*finding
}

// nearest is the key id that stands closest, in the same file, whose ids come in
// the order of lines; nil if none is near enough, or if nobody says where.
func (h *hit) nearest(keys []neighbour) *finding {
	if h.file == "" && h.line == 0 {
		return nil
	}
	var best *finding
	least := near + 1
	from, _ := slices.BinarySearchFunc(keys, h.line-near, func(k neighbour, line int) int { return cmp.Compare(k.line, line) })
	for i := from; i < len(keys) && keys[i].line <= h.line+near; i++ {
		if d := max(h.line-keys[i].line, keys[i].line-h.line); d < least {
			best, least = keys[i].finding, d
		}
		if keys[i].line == h.line {
			break // and those in the same line are as near
		}
	}
	return best
}
