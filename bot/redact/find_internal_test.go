package redact

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// announcements are texts in which words for secrets stand in all the ways that
// fold to them, or halves of them, with something or nothing between them and
// what may be a value.
func announcements() *rapid.Generator[string] {
	part := func(of ...string) *rapid.Generator[string] { return rapid.SampledFrom(of) }
	word := part("secret", "SECRET", "Secret", "\u017fecret", "secre", "sk", "SK", "s\u212a", "_sk", "ask", "sk_", "rahasia", "RAHASIA", "密钥", "シークレット", "CAIS")
	between := part("", "", "access", "key", "keys", "value", " ", ": ", "=", "-", "_", "/", " is ", "\u200b", "é", "\xff")
	value := part("", "x", strings.Repeat("aB3/", 8), strings.Repeat("k", 31), strings.Repeat("aB3d", 4), "LTAI"+strings.Repeat("x1", 14))
	return rapid.Custom(func(t *rapid.T) string {
		var text strings.Builder
		for range rapid.IntRange(1, 5).Draw(t, "parts") {
			for _, from := range []*rapid.Generator[string]{between, word, between, value} {
				text.WriteString(from.Draw(t, "part"))
			}
		}
		return text.String()
	})
}

// Looking for the words first finds what the expression alone finds.
func TestFirstWordHidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := announcements().Draw(t, "text")
		var want []span
		for _, m := range keyword.FindAllStringSubmatchIndex(text, -1) {
			want = append(want, span{m[2], m[3]})
		}
		first := firstWord(text)
		var got []span
		if first >= 0 {
			for _, m := range keyword.FindAllStringSubmatchIndex(text[first:], -1) {
				got = append(got, span{first + m[2], first + m[3]})
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: found %v from %d on, want %v", text, got, first, want)
		}
	})
}

// Bytes that are passed over unread hold nothing that reading them would find.
func TestShortBytesHoldNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(announcements().Draw(t, "text"))
		text, _ := visible(string(b))
		if got, want := holdsPlain(b), len(plain(text)) > 0; got != want {
			t.Errorf("%q: holds a secret: %v, want %v", b, got, want)
		}
	})
}

// A text without anything to find costs one look at each byte, however many words
// it has.
func BenchmarkText(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	secret := make([]byte, secretLen)
	for i := range secret {
		secret[i] = "aB3dE5gH7jK9mN2pQ4sT6vW8xY"[r.IntN(26)]
	}
	for _, c := range []struct{ name, text string }{
		{"link", "https://github.com/acme/web/blob/3a9005e4218e70147c47a810c93f57c3b56d6522/deploy/.env#L12"},
		{"title", "AccessKey in deploy/.env of acme/web"},
		{"secret", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + string(secret)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Text(c.text)
			}
		})
	}
}
