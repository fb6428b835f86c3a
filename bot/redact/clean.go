package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes foreign text fit for one line: no control, format (zero-width,
// bidirectional) or other invisible characters, line breaks and tabs as single
// blanks, bad UTF-8 replaced. Longer than limit runes, it is cut and ends in an
// ellipsis. Cleaning clean text changes nothing.
func Clean(s string, limit int) string {
	if isClean(s) {
		return cut(s, limit)
	}
	line := strings.Map(func(r rune) rune {
		switch {
		case breaks(r):
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
	return cut(flatten(line), limit)
}

// isClean reports whether there is nothing to do but to cut, for text in ASCII.
func isClean(s string) bool {
	blank := true // so is what stands before the first character
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && blank {
			return false
		}
		blank = s[i] == ' '
	}
	return !blank || s == ""
}

// flatten leaves one blank where there were several, and none at the ends.
func flatten(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " ")
}

func cut(s string, limit int) string {
	switch {
	case limit <= 0:
		return ""
	case utf8.RuneCountInString(s) <= limit:
		return s
	}
	return strings.TrimRight(string([]rune(s)[:limit-1]), " ") + "…"
}

// breaks reports whether r ends a line or moves far to the side.
func breaks(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

// invisible reports whether r shows as nothing, so that a secret with r inside
// looks whole to a reader. [Text] looks through exactly what [Clean] removes:
// else cleaning could put a secret back together.
func invisible(r rune) bool {
	const joiner = 0x034f // combining grapheme joiner
	if ' ' <= r && r <= '~' {
		return false // nearly always
	}
	return !breaks(r) && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) ||
		unicode.Is(unicode.Variation_Selector, r) || r == joiner)
}

// visible returns s without what is invisible, and a function from an offset of
// a byte there to its offset in s.
func visible(s string) (string, func(int) int) {
	if strings.IndexFunc(s, invisible) < 0 {
		return s, func(i int) int { return i }
	}
	kept, at := make([]byte, 0, len(s)), make([]int, 0, len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !invisible(r) {
			for j := i; j < i+n; j++ {
				kept, at = append(kept, s[j]), append(at, j)
			}
		}
		i += n
	}
	return string(kept), func(i int) int { return at[i] }
}

// withoutFormat removes format characters only: a control character inside an
// id is no accident of copying.
func withoutFormat(s string) string {
	return strings.Map(func(r rune) rune {
		if r > '~' && unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
}
