package redact_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"twokey/bot/redact"
)

func TestIDs(t *testing.T) {
	r := source(20)
	k16, k20, k24, k30, more := key(r, 16), key(r, 20), key(r, 24), key(r, 30), key(r, 24)
	sts, tmp := "STS."+draw(r, 25, letters+digits), "TMP."+draw(r, 40, letters+digits)
	example := "LTAI" + "exampleexample00"
	wide := "ＬＴＡＩ" + k24[4:]
	homoglyph := "LT\u0410I" + k24[4:] // a Cyrillic letter
	for _, c := range []struct {
		name, text string
		want       redact.Found
	}{
		{"none", "The LTAI-2 tokenizer, ALTAIR and id LTAI12345", redact.Found{}},
		{"every usual length", k16 + " " + k20 + "," + k24, redact.Found{Keys: []string{k16, k20, k24}}},
		{"neighbours share a separator", k16 + " " + k20 + " " + k16, redact.Found{Keys: []string{k16, k20}}},
		{"unusual length", "(" + k30 + ")", redact.Found{Keys: []string{k30}, Odd: []string{k30}}},
		{"too short, too long", k16[:15] + " " + k30 + "a", redact.Found{}},
		{"right after a word", "您的AccessKey" + k24 + "疑似泄露; id" + k16 + "; AK" + k20, redact.Found{Keys: []string{k24, k16, k20}}},
		{"inside another word", "x" + k24 + " " + k16 + "é", redact.Found{Keys: []string{k16}}},
		{"in a signed URL", "https://b.example/a?OSSAccessKeyId=" + k24 + "&Signature=x", redact.Found{Keys: []string{k24}}},
		{"format characters inside", k24[:5] + "\u200b" + k24[5:9] + "\u202e\u00ad" + k24[9:], redact.Found{Keys: []string{k24}}},
		{"a control character inside", k24[:10] + "\x00" + k24[10:], redact.Found{}},
		{"full width is not folded", wide, redact.Found{}},
		{"homoglyphs are not folded", homoglyph, redact.Found{}},
		{"lower case", strings.ToLower(k24), redact.Found{}},
		{"temporary", `{"AccessKeyId": "` + sts + `"} ` + tmp, redact.Found{Temporary: []string{sts, tmp}}},
		{"the console's alone", "id=" + tmp, redact.Found{Temporary: []string{tmp}}},
		{
			"masked is never a key", k24[:20] + "****, " + k24[:6] + "******" + k24[20:] + " " + more,
			redact.Found{Keys: []string{more}, Masked: []string{k24[:20] + "****", k24[:6] + "******" + k24[20:]}},
		},
		{
			"masked in other ways", k24[:8] + "…" + k24[20:] + " " + k24[:12] + "... " + k24[:6] + "••••" + k24[20:] + " " + k24[:6] + "＊＊＊" + k24[22:],
			redact.Found{Masked: []string{k24[:8] + "…" + k24[20:], k24[:12] + "...", k24[:6] + "••••" + k24[20:], k24[:6] + "＊＊＊" + k24[22:]}},
		},
		{"whole, and an ellipsis", k16 + "... " + k24 + "…", redact.Found{Keys: []string{k16, k24}}},
		{
			"placeholders", example + " LTAI" + strings.Repeat("x", 20) + " LTAI" + strings.Repeat("0", 12) + " " + k16,
			redact.Found{Keys: []string{k16}, Placeholders: []string{example, "LTAI" + strings.Repeat("x", 20), "LTAI" + strings.Repeat("0", 12)}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, redact.IDs(c.text), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Redaction first, extraction second: both orders find the same ids.
func TestRedactionKeepsWhatExtractionNeeds(t *testing.T) {
	for seed := range uint64(200) {
		r := source(seed)
		text := "id " + key(r, 24) + " secret " + secret(r) + ", old " + key(r, 16) + " masked " + key(r, 24)[:8] + "****"
		clean, _ := redact.Text(text)
		if diff := cmp.Diff(redact.IDs(text), redact.IDs(clean)); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestValidKeyMatchesTheWhole(t *testing.T) {
	r := source(21)
	good := key(r, 24)
	for _, id := range []string{key(r, 16), key(r, 20), good, key(r, 30)} {
		if !redact.ValidKey(id) {
			t.Errorf("%d characters are refused", len(id))
		}
	}
	for _, id := range []string{
		"", "LTAI", key(r, 15), key(r, 31), good + "\n", " " + good, good[:20] + "/../", "LTAI.." + good[6:], good[:20] + "\x00abc",
		strings.ToLower(good), "STS." + good, good[:23] + "é", good[:20] + "?x=y",
	} {
		if redact.ValidKey(id) {
			t.Errorf("%q passes", id)
		}
	}
}

func TestKeyType(t *testing.T) {
	r := source(22)
	tail := draw(r, 25, letters+digits)
	for id, want := range map[string]string{
		key(r, 24): "long_term", "STS." + tail: "sts", "TMP." + tail: "tmp",
		"": "unknown", tail: "unknown", "STS.short": "unknown", "sts." + tail: "unknown", "STS." + tail + "/x": "unknown", "ABC." + tail: "unknown",
	} {
		if got := redact.KeyType(id); got != want {
			t.Errorf("%q: %s, want %s", id, got, want)
		}
	}
}

func TestRandomIDsAreNoPlaceholders(t *testing.T) {
	r := source(23)
	for range 100_000 {
		if id := key(r, 16); redact.Placeholder(id) {
			t.Fatalf("%s is called a placeholder", id)
		}
	}
}

func TestClean(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"plain", 10, "plain"},
		{"two\r\nlines\tand\u2028more\n\n", 40, "two lines and more"},
		{"\x1b[31mred\x00\x07", 40, "[31mred"},
		{"evil\u202etxt.exe\u2066\u200b\ufeff", 40, "eviltxt.exe"},
		{"bad \xff bytes", 40, "bad \ufffd bytes"},
		{"漏洩した可能性", 4, "漏洩し…"},
		{"漏洩した", 4, "漏洩した"},
		{"cut at a blank", 5, "cut…"},
		{"any", 1, "…"},
		{"any", 0, ""},
		{"   ", 5, ""},
	} {
		if got := redact.Clean(c.in, c.limit); got != c.want {
			t.Errorf("Clean(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\r\nb \u202e", 3)
	f.Add("\xff\u200d  …", 1)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		got := redact.Clean(s, limit)
		switch {
		case !utf8.ValidString(got):
			t.Fatalf("not UTF-8: %q", got)
		case utf8.RuneCountInString(got) > max(limit, 0):
			t.Fatalf("%q is longer than %d", got, limit)
		case strings.ContainsAny(got, "\r\n\t\x00\x1b\u202e\u2066\u200b"):
			t.Fatalf("not clean: %q", got)
		case redact.Clean(got, limit) != got:
			t.Fatalf("%q, cleaned again, became %q", got, redact.Clean(got, limit))
		}
	})
}

func FuzzIDs(f *testing.F) {
	r := source(24)
	f.Add(key(r, 16) + " LTAI****\u200b STS." + draw(r, 25, digits))
	f.Fuzz(func(t *testing.T, s string) {
		found := redact.IDs(s)
		for _, id := range found.Keys {
			if !redact.ValidKey(id) || redact.KeyType(id) != "long_term" {
				t.Fatalf("%q is no key id", id)
			}
		}
		for _, id := range found.Temporary {
			if kind := redact.KeyType(id); kind != "sts" && kind != "tmp" {
				t.Fatalf("%q is no temporary id", id)
			}
		}
	})
}
