package redact

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// secretLen is the length of an AccessKey secret. Those of temporary keys are
// longer: 36 and 44 have been seen.
const secretLen = 30

var (
	// keyword is a word for a secret with the value that it announces.
	keyword = regexp.MustCompile(`(?i)(?:secret|\bsk|密钥|シークレット|rahasia)` +
		`[_. -]{0,2}(?:access)?[_. -]{0,2}(?:keys?|value)?` +
		`(?:[^A-Za-z0-9]{1,24}(?:(?:is|was|are|adalah)[^A-Za-z0-9]{1,8})?)?` +
		`([A-Za-z0-9+/]{30,})`)

	// token is a security token of STS, also inside a URL or a quoted string.
	token = regexp.MustCompile(`CAIS[A-Za-z0-9+/=_%\\-]{16,}`)
)

// The characters of which runs are made.
var (
	alphanumerics = set("")
	standard      = set("+/")   // and those of base64
	anyBase64     = set("+/-_") // and those of base64 in URLs
	wordByte      = set("_")    // and what \b of an expression counts as part of a word
	tokenByte     = set("+/=_%\\-")
)

func set(extra string) (in [256]bool) {
	for c := range in {
		in[c] = '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || strings.IndexByte(extra, byte(c)) >= 0
	}
	return in
}

// runs lists the unbroken runs of at least so many characters. Most text has
// none, and is done with after one look.
func runs(text string, in *[256]bool, least int) []span {
	var long []span
	from := 0
	for i := range len(text) {
		if in[text[i]] {
			continue
		}
		if i-from >= least {
			long = append(long, span{from, i})
		}
		from = i + 1
	}
	if len(text)-from >= least {
		long = append(long, span{from, len(text)})
	}
	return long
}

// find lists all secrets in text that holds nothing invisible.
func find(text string) []span {
	found := plain(text)
	for _, run := range runs(text, &anyBase64, 40) {
		if holdsEncoded(text[run.from:run.to]) {
			found = append(found, run)
		}
	}
	for _, run := range runs(text, &alphanumerics, 2*shortest) {
		if holdsHex(text[run.from:run.to]) {
			found = append(found, run)
		}
	}
	return found
}

// plain lists the secrets that are not encoded.
func plain(text string) []span {
	var found []span
	for _, run := range runs(text, &standard, secretLen) {
		found = append(found, afterKeyword(text, run)...)
	}
	if strings.Contains(text, "CAIS") {
		for _, m := range token.FindAllStringIndex(text, -1) {
			found = append(found, span{m[0], m[1]})
		}
	}
	for _, run := range runs(text, &alphanumerics, secretLen) {
		if from, to := secretIn(text[run.from:run.to]); from < to {
			found = append(found, span{run.from + from, run.from + to})
		}
	}
	return found
}

// reach is how far before a value its keyword may begin, in bytes.
const reach = 160

// afterKeyword lists what of a run a word for a secret announces. The word may
// stand before the run or at its start.
func afterKeyword(text string, run span) []span {
	start := max(0, run.from-reach)
	first := firstWord(text[start:run.to])
	if first < 0 {
		return nil // by far the most runs, and much faster
	}
	start += first
	var found []span
	for _, m := range keyword.FindAllStringSubmatchIndex(text[start:run.to], -1) {
		if announced(text[start+m[2] : start+m[3]]) {
			found = append(found, span{start + m[2], start + m[3]})
		}
	}
	return found
}

// firstWord is where the first word of [keyword] may begin in text; below 0 if
// there is none. It looks for the ASCII ones only: text with anything else in it
// is left to the expression, which knows what else folds to an s or a k.
func firstWord(text string) int {
	found := -1
	for i := range len(text) {
		switch c := text[i]; {
		case c >= utf8.RuneSelf:
			return 0
		case found < 0 && announces(text, i):
			found = i
		}
	}
	return found
}

// announces reports whether a word of [keyword] may begin at i.
func announces(text string, i int) bool {
	switch text[i] {
	case 's', 'S':
		return begins(text[i:], "secret") || begins(text[i:], "sk") && (i == 0 || !wordByte[text[i-1]])
	case 'r', 'R':
		return begins(text[i:], "rahasia")
	}
	return false
}

// begins is whether text starts with an ASCII word, in any case.
func begins(text, word string) bool {
	return len(text) >= len(word) && strings.EqualFold(text[:len(word)], word)
}

// announced reports whether what follows a word for a secret is one. With a
// slash or a plus it may be a path, unless all kinds of characters are there.
func announced(value string) bool {
	if ValidKey(value) || strings.Contains(value, idPrefix) {
		return false // secretIn knows where an id ends
	}
	if !strings.ContainsAny(value, "+/") {
		return true
	}
	upper, lower, digit := kinds(value)
	return upper && lower && digit
}

// secretIn says which part of a word is secret; nothing if from is not below to.
// Scanners glue ids and secrets together: TruffleHog's RawV2 is secret and id.
func secretIn(w string) (from, to int) {
	id := strings.LastIndex(w, idPrefix)
	switch {
	case id >= 0 && ValidKey(w[id:]):
		if id < secretLen && idWord.MatchString(w[:id]) {
			return 0, 0
		}
		return 0, id
	case id == 0 && gluedLen(len(w)-secretLen) && looksRandom(w[len(w)-secretLen:]):
		return len(w) - secretLen, len(w)
	case len(w) == secretLen && looksRandom(w), len(w) > secretLen && holdsRandom(w):
		return 0, len(w)
	}
	return 0, 0
}

// gluedLen reports whether ids of that length exist.
func gluedLen(n int) bool { return slices.Contains(usual, n) }

// minEntropy is below anything seen in 200,000 random secrets (3.69 bits per
// character at the least) and above most names and words.
const minEntropy = 3.3

// looksRandom is the form of a secret: upper and lower case, high entropy. No
// digit is asked for: one secret in 200 has none.
func looksRandom(s string) bool {
	upper, lower, _ := kinds(s)
	return upper && lower && entropy(s) >= minEntropy
}

// holdsRandom reports whether any part of a longer word has the form of a
// secret. Here a digit is asked for: LongNamesOfTypesAndOperations are common.
// It slides a window, so that a megabyte of letters takes one look at each.
func holdsRandom(w string) bool {
	if upper, lower, digit := kinds(w); !upper || !lower || !digit {
		return false // as in the sum of a commit
	}
	var count [256]int
	var upper, lower, digit int
	sum := 0.0 // of n·log2(n) over the counts in the window
	change := func(c byte, by int) {
		sum -= nlogn[count[c]]
		count[c] += by
		sum += nlogn[count[c]]
		switch {
		case c <= '9':
			digit += by
		case c <= 'Z':
			upper += by
		default:
			lower += by
		}
	}
	for i := range len(w) {
		change(w[i], 1)
		if i >= secretLen {
			change(w[i-secretLen], -1)
		}
		bits := math.Log2(secretLen) - sum/secretLen
		if i >= secretLen-1 && upper > 0 && lower > 0 && digit > 0 && bits >= minEntropy {
			return true
		}
	}
	return false
}

// nlogn is n·log2(n), for as many equal characters as a window can have and the
// one that is about to leave.
var nlogn = func() (table [secretLen + 2]float64) {
	for n := 2; n < len(table); n++ {
		table[n] = float64(n) * math.Log2(float64(n))
	}
	return table
}()

// holdsEncoded reports whether w is base64 of text that holds a secret.
func holdsEncoded(w string) bool {
	code := base64.RawStdEncoding
	if strings.ContainsAny(w, "-_") {
		code = base64.RawURLEncoding
	}
	for cut := range 4 { // the end may have lost characters, or gained some
		if len(w)-cut < 40 {
			return false
		}
		if b, err := code.DecodeString(w[:len(w)-cut]); err == nil {
			return holdsPlain(b)
		}
	}
	return false
}

// holdsHex reports whether w is hexadecimal for text that holds a secret. Sums are
// too, and hold none.
func holdsHex(w string) bool {
	for from := range 3 { // before it may stand half of something else, or 0x
		if b, err := hex.DecodeString(w[from : len(w)-(len(w)-from)%2]); err == nil && holdsPlain(b) {
			return true
		}
	}
	return false
}

// shortest is the length of the shortest secret there is: a token's.
const shortest = len("CAIS") + 16

// holdsPlain reports whether decoded bytes hold a secret. Most are no text at all:
// then too few of them could be part of one.
func holdsPlain(b []byte) bool {
	fit := 0
	for _, c := range b {
		if tokenByte[c] {
			fit++
		}
	}
	if fit < shortest {
		return false
	}
	text, _ := visible(string(b))
	return len(plain(text)) > 0
}

func kinds(s string) (upper, lower, digit bool) {
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z':
			upper = true
		case 'a' <= c && c <= 'z':
			lower = true
		case '0' <= c && c <= '9':
			digit = true
		}
	}
	return upper, lower, digit
}

// entropy is Shannon's, in bits per byte.
func entropy(s string) float64 {
	var count [256]int
	for i := range len(s) {
		count[s[i]]++
	}
	bits := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// merge sorts spans and joins those that overlap or touch.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var merged []span
	for _, x := range spans {
		if n := len(merged); n > 0 && x.from <= merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, x.to)
			continue
		}
		merged = append(merged, x)
	}
	return merged
}
