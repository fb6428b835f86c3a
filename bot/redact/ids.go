package redact

import (
	"regexp"
	"slices"
	"strings"
)

// Long-term key ids: a prefix and letters and digits; 16 to 30 in all.
const (
	idPrefix = "LTAI"
	minID    = 16
	maxID    = 30
)

// usual are the lengths of ids that have been seen. Old ids have 16 characters,
// today's have 24.
var usual = []int{16, 20, 24}

var (
	// longID is a whole id between other text. It may follow a word directly, as
	// in mails and short messages of Alibaba Cloud.
	longID = regexp.MustCompile(`(?:^|[^A-Za-z0-9]|(?i:accesskey|key|id|ak))(LTAI[A-Za-z0-9]{12,26})(?:[^A-Za-z0-9*]|$)`)

	// temporaryID is the id of a key that STS or the console gave out.
	temporaryID = regexp.MustCompile(`(?:^|[^A-Za-z0-9.])((?:STS|TMP)\.[A-Za-z0-9]{16,128})(?:[^A-Za-z0-9*]|$)`)

	// maskedID is an id with stars in it, or cut with dots while it is too short to
	// be whole.
	maskedID = regexp.MustCompile(`(?:^|[^A-Za-z0-9])(LTAI(?:[A-Za-z0-9]*(?:\*|•|●|＊){2,}|[A-Za-z0-9]{1,11}(?:…|\.{3}))[A-Za-z0-9]*)`)

	// idWord is the end of a word that an id may follow directly.
	idWord = regexp.MustCompile(`(?i)(?:^|accesskey|key|id|ak)$`)
)

// masks are the signs of masked ids.
var masks = []string{"**", "••", "●●", "＊＊", "…", "..."}

// Found is what a text says about keys. Each list is in the order of the text,
// without repeats. Finding proposes; a person who sees the whole id confirms.
type Found struct {
	Keys         []string // long-term ids
	Odd          []string // those of Keys with a length that has not been seen
	Temporary    []string // ids of STS and console keys: they cannot be disabled
	Masked       []string // ids with stars: never acted upon
	Placeholders []string // ids of examples; not in Keys
}

// IDs finds key ids. Format characters inside an id are stepped over; letters
// that only look alike are not taken for the real ones.
func IDs(s string) Found {
	s = withoutFormat(s)
	var f Found
	for _, id := range matches(longID, s, idPrefix) {
		switch {
		case Placeholder(id):
			f.Placeholders = add(f.Placeholders, id)
			continue
		case !slices.Contains(usual, len(id)):
			f.Odd = add(f.Odd, id)
		}
		f.Keys = add(f.Keys, id)
	}
	for _, id := range matches(temporaryID, s, "STS.", "TMP.") {
		f.Temporary = add(f.Temporary, id)
	}
	for _, id := range matches(maskedID, s, masks...) {
		f.Masked = add(f.Masked, id)
	}
	return f
}

// matches lists the first group of every match. Only the group is stepped over:
// neighbours share what stands between them. A text without any of the signs has
// none.
func matches(form *regexp.Regexp, s string, signs ...string) []string {
	var all []string
	if !slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(s, sign) }) {
		return nil // by far the most texts, and much faster
	}
	for {
		m := form.FindStringSubmatchIndex(s)
		if m == nil {
			return all
		}
		all = append(all, s[m[2]:m[3]])
		s = s[m[3]:]
	}
}

func add(list []string, id string) []string {
	if slices.Contains(list, id) {
		return list
	}
	return append(list, id)
}

// ValidKey reports whether all of id has the form of a long-term AccessKey id:
// LTAI and ASCII letters and digits, 16 to 30 characters in all. Only what
// passes may become a parameter, a path or a key of a database.
func ValidKey(id string) bool {
	return len(id) >= minID && len(id) <= maxID && strings.HasPrefix(id, idPrefix) && alphanumeric(id)
}

// KeyType is the kind of key by the form of its id alone: "long_term", "sts",
// "tmp" or "unknown". Whether it is root's or a RAM user's does not show.
func KeyType(id string) string {
	kind, tail, dotted := strings.Cut(id, ".")
	switch {
	case ValidKey(id):
		return "long_term"
	case dotted && (kind == "STS" || kind == "TMP") && len(tail) >= 16 && len(tail) <= 128 && alphanumeric(tail):
		return strings.ToLower(kind)
	}
	return "unknown"
}

// Placeholder reports whether an id stands for one, as in documents and
// examples.
func Placeholder(id string) bool {
	low := strings.ToLower(id)
	for _, sign := range []string{"example", "xxxx", "12345678", "abcdefgh"} {
		if strings.Contains(low, sign) {
			return true
		}
	}
	tail := strings.TrimPrefix(id, idPrefix)
	if len(tail) < 16 {
		return entropy(tail) < 2 // one random tail of 12 in 100,000 has less than 2.5
	}
	return entropy(tail) < 2.5
}

func alphanumeric(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return true
}
