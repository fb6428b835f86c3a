// Package redact takes secrets out of foreign text and finds key ids in it.
//
// It is the second net: readers of alerts drop what they do not need by
// allow-list, and whatever strings remain go through [Text] before they are
// stored, shown or logged. It would rather remove too much than too little, but
// a secret that somebody cut short does not look like one any more, and only
// the allow-list stops that. What text asks for is not this package's business.
package redact

import "strings"

// mark stands where a secret stood. It must hold no word that [keyword] looks
// for and nothing that looks like a secret.
const mark = "[redacted]"

// Text returns s without AccessKey secrets and security tokens, and whether
// there were any. AccessKey ids stay. Cleaning clean text changes nothing. Call
// it before [Clean], which may cut a secret in half.
func Text(s string) (clean string, found bool) {
	if len(s) < shortest {
		return s, false
	}
	for {
		next, again := pass(s)
		if !again {
			return s, found
		}
		s, found = next, true // taking one out may give another its proper edges
	}
}

// pass replaces what is found in s when invisible characters are not there.
// They are kept everywhere else.
func pass(s string) (string, bool) {
	seen, at := visible(s)
	secrets := merge(find(seen))
	if len(secrets) == 0 {
		return s, false
	}
	var b strings.Builder
	kept := 0
	for _, x := range secrets {
		b.WriteString(s[kept:at(x.from)])
		b.WriteString(mark)
		kept = at(x.to-1) + 1 // its last byte: what is invisible after it stays
	}
	b.WriteString(s[kept:])
	return b.String(), true
}

// span is a part of a text, as byte offsets.
type span struct{ from, to int }
