package intake

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"twokey/bot/redact"
	"twokey/incident"
)

// masked is a long-term id with a part of it hidden, as consoles, documents and
// scanners write it.
var masked = regexp.MustCompile(`^(LTAI[A-Za-z0-9]{0,26})((?:\*|•|●|＊){2,26}|\.{3}|…)([A-Za-z0-9]{0,10})$`)

// documented are beginnings of ids that Alibaba Cloud's documents print, after
// LTAI and before the stars ("LTAI4GFTgcR8m8…": RAM docs, CreateAccessKey).
var documented = []string{"4GFTgcR8m8cZQDTH"}

// identify makes a finding of what stands where a key id belongs. All of it must
// be one: only then may it become a parameter, a path or a name in the store.
// Format characters are stepped over, as copying adds them; letters that look
// alike are not taken for the real ones.
func identify(id string) *finding {
	id = strings.TrimSpace(withoutFormat(id))
	kind := redact.KeyType(id)
	switch {
	case id == "":
		return rejected(EmptyKey)
	case template(id), kind == longTerm && redact.Placeholder(id):
		return ignored(Placeholder)
	case kind != "unknown":
		return &finding{alert: incident.Alert{
			Kind: incident.KindOpen, KeyID: incident.KeyID(id), KeyType: kind, Confidence: likely,
		}}
	}
	m := masked.FindStringSubmatch(id)
	switch {
	case m == nil:
		f := rejected(NotAKey)
		f.shown = imitation(id)
		return f
	case slices.Contains(documented, strings.TrimPrefix(m[1], "LTAI")):
		return ignored(Placeholder)
	}
	return lookup(Masked, m[1]+stars(m[2])+m[3], likely)
}

// lookalikes are letters of other alphabets that are drawn like those of an id's
// beginning; full-width ones and the like are known by their normal form.
var lookalikes = strings.NewReplacer("Т", "T", "Τ", "T", "А", "A", "Α", "A", "І", "I", "Ӏ", "I", "Ι", "I", "ꓡ", "L", "ꓔ", "T", "ꓮ", "A", "ꓲ", "I")

// imitation is a value that a person would take for a key id and that is none, with
// what gives it away written out; empty for anything else.
func imitation(id string) string {
	letters := []rune(id)
	if len(letters) < 16 || len(letters) > 30 || slices.ContainsFunc(letters, between) {
		return ""
	}
	if start := lookalikes.Replace(norm.NFKC.String(string(letters[:4]))); !strings.EqualFold(start, "LTAI") {
		return ""
	}
	return strings.Trim(strconv.QuoteToASCII(id), `"`)
}

// lookup is a finding whose key a person must find out.
func lookup(why Reason, mask, confidence string) *finding {
	return &finding{reason: why, alert: incident.Alert{
		Kind: incident.KindLookup, KeyMask: mask, KeyType: "unknown", Confidence: confidence,
	}}
}

// The values of an alert's fields that are set here.
const (
	longTerm  = "long_term"
	likely    = "likely"
	confirmed = "confirmed"
	weak      = "weak"
)

func stars(hidden string) string {
	if hidden[0] == '*' {
		return hidden
	}
	return "****"
}

// template reports whether a value was never filled in.
func template(id string) bool {
	for _, start := range []string{"<", "${", "$(", "{{", "%("} {
		if strings.HasPrefix(id, start) {
			return true
		}
	}
	low := strings.ToLower(id)
	return strings.HasPrefix(low, "your") || strings.HasPrefix(low, "my_") || strings.Contains(low, "example")
}

func withoutFormat(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
}

// search finds key ids in text, in its order and each once. Text is cut into
// words first, so that a long one with many ids takes no longer than its length.
func search(text string, found func(*finding)) {
	if text = withoutFormat(text); !hinted(text) {
		return // nearly always
	}
	if follows(text) {
		text = escapes.ReplaceAllString(text, " ")
	}
	var ids []string
	times := make(map[string]int)
	for word := range strings.FieldsFuncSeq(text, between) {
		word = unbold(word)
		if len(word) > maxWord || !hinted(word) {
			continue
		}
		in := redact.IDs(word)
		for _, id := range slices.Concat(in.Keys, in.Temporary, in.Masked, in.Placeholders) {
			if times[id]++; times[id] == 1 {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return
	}
	signed := signedURLs(text)
	for _, id := range ids {
		f := identify(id)
		if n := signed[id]; n > 0 && n == times[id] {
			f.alert.Confidence = weak
		}
		found(f)
	}
}

// escapes are what programs write before a value when they quote it in JSON, in a
// URL, in a mail or on a terminal: their letters are none of the value's.
var escapes = regexp.MustCompile(`\\(?:[nrtbfv]|u00[0-7][0-9A-Fa-f]|x[0-7][0-9A-Fa-f])|[%=][0-7][0-9A-Fa-f]|\x1b\[[0-9;:]*[A-Za-z]`)

// follows reports whether an id may stand right after a letter or a digit: seldom, and
// much faster than to look for escapes.
func follows(text string) bool {
	for _, start := range idStarts {
		for from := 0; ; {
			at := strings.Index(text[from:], start)
			if at < 0 {
				break
			}
			if from += at; from > 0 && letterOrDigit(rune(text[from-1])) {
				return true
			}
			from += len(start)
		}
	}
	return false
}

// maxWord is longer than any word that holds an id.
const maxWord = 16 << 10

// between reports whether r stands between words. The dot belongs to temporary
// ids, it and what looks like a star to masked ones.
func between(r rune) bool {
	return !strings.ContainsRune(".*•●＊…", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// idStarts are how ids begin.
var idStarts = []string{"LTAI", "STS.", "TMP."}

func hinted(word string) bool {
	return slices.ContainsFunc(idStarts, func(start string) bool { return strings.Contains(word, start) })
}

// unbold takes off the stars of Markdown: with them an id looks masked.
func unbold(word string) string {
	bare := strings.TrimLeft(word, "*")
	edge := word[:len(word)-len(bare)]
	if edge != "" && len(edge) <= 3 && strings.HasSuffix(bare, edge) {
		return bare[:len(bare)-len(edge)]
	}
	return word
}

// signedURL is a link that shows who signed it (OSS docs: signed URLs, version 1
// and 4). The signer's id in it is no leak by itself: the secret is not told.
var signedURL = regexp.MustCompile(`(?i:OSSAccessKeyId|x-oss-credential)(?:=|%3[Dd])((?:LTAI|STS\.|TMP\.)[A-Za-z0-9]{12,128})`)

func signedURLs(text string) map[string]int {
	n := make(map[string]int)
	for _, m := range signedURL.FindAllStringSubmatch(text, -1) {
		n[m[1]]++
	}
	return n
}

// withoutTrail is text without ActionTrail events, line by line; one that goes over
// several lines takes the whole text with it.
func withoutTrail(text string) (rest string, trail bool) {
	if !callers(text) {
		return text, false
	}
	var others strings.Builder
	for line := range strings.Lines(text) {
		if !callers(line) {
			others.WriteString(line)
		}
	}
	if rest = others.String(); callers(rest) || len(rest) == len(text) {
		rest = ""
	}
	return rest, true
}

// callers reports whether text is an ActionTrail event: the id in it is who
// called, often the auditor, and not what leaked (ActionTrail docs: event
// structure, userIdentity.accessKeyId).
func callers(text string) bool {
	low := strings.ToLower(text)
	return strings.Contains(low, "useridentity") && strings.Contains(low, "accesskeyid")
}
