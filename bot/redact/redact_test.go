package redact_test

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"twokey/bot/redact"
)

const (
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
)

// draw is n random characters. Key-shaped strings are made here and never
// written down: scanners would trip over them.
func draw(r *rand.Rand, n int, from string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = from[r.IntN(len(from))]
	}
	return string(b)
}

// secret is one as the cloud makes them; it has a digit, as 199 of 200 do.
func secret(r *rand.Rand) string {
	for {
		s := draw(r, 30, letters+digits)
		if strings.ContainsAny(s, digits) && !strings.Contains(s, "LTAI") {
			return s
		}
	}
}

func key(r *rand.Rand, n int) string { return "LTAI" + draw(r, n-4, letters+digits) }

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// Where secrets stand in the texts that people and scanners send.
var places = []string{
	"%s",
	"auth = oss2.Auth('u', '%s')",
	"ALIBABA_CLOUD_ACCESS_KEY_SECRET=%s\nGIT_SHA=abc\n",
	"UNNAMED=%s",
	`{"accessKeySecret": "%s"}`,
	"シークレットは「%s」です。",
	"密钥：%s，请尽快处理",
	"<p>Secret:&nbsp;<b>%s</b></p>",
	"https://host.example/%s/x?y=%[1]s",
	"-i **** -k %s",
	"token-%s-tail",
	"a_%s_b",
	`line one\n%s`,
	"AccessKeySecret%s",
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx%sxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	"\u202e%s\u202c",
}

func TestNoPlaceHidesASecret(t *testing.T) {
	for i, place := range places {
		for seed := range uint64(200) {
			s := secret(source(seed))
			got, found := redact.Text(fmt.Sprintf(place, s))
			if !found || strings.Contains(got, s) {
				t.Fatalf("place %d, seed %d: found %v, left %q", i, seed, found, got)
			}
		}
	}
}

func TestSecretsWithoutDigitsGoToo(t *testing.T) {
	r := source(2)
	for range 1000 {
		s := draw(r, 30, letters)
		if got, found := redact.Text("key " + s + "."); !found || strings.Contains(got, s) {
			t.Fatalf("left %q", got)
		}
	}
}

func TestInvisibleCharactersHideNothing(t *testing.T) {
	for _, odd := range []string{"\u200b", "\u00ad", "\u2066", "\ufeff", "\U000e0041", "\ufe0f", "\x00", "\x1b", "\u034f"} {
		s := secret(source(3))
		planted := s[:7] + odd + s[7:19] + odd + odd + s[19:]
		got, found := redact.Text("👩\u200d💻 says " + planted + odd + "!")
		if !found || strings.Contains(redact.Clean(got, 1000), s) || strings.Contains(got, s[19:]) {
			t.Errorf("%q: left %q", odd, got)
		}
		if want := "👩\u200d💻 says [redacted]" + odd + "!"; got != want {
			t.Errorf("%q: got %q, want %q", odd, got, want)
		}
	}
}

// Whatever a keyword announces goes, also what has not the usual form.
func TestKeywordsAnnounceSecrets(t *testing.T) {
	r := source(4)
	lower := draw(r, 34, "abcdefghijklmnopqrstuvwxyz"+digits)
	slashed := draw(r, 20, letters) + "/1a+B" + draw(r, 20, letters)
	for _, value := range []string{lower, strings.ToUpper(lower), slashed, draw(r, 64, digits)} {
		for _, before := range []string{
			"secret=", "secret: ", `"secret_key" : "`, "SecretAccessKey => '", "sk=", "SK: ", "access key secret is ",
			"my secret value was `", "kunci rahasia: ", "AccessKey Secret adalah ", "secretKey", "密钥 ",
		} {
			got, found := redact.Text(before + value)
			if !found || strings.Contains(got, value) {
				t.Errorf("%q: left %q", before, got)
			}
		}
	}
}

func TestSecurityTokensGo(t *testing.T) {
	r := source(5)
	for _, place := range []string{"%s", `"SecurityToken": "%s"`, "https://h.example/?security-token=%s&x=1", "token%s"} {
		tok := "CAIS" + draw(r, 200, letters+digits) + "%2B/" + draw(r, 40, letters+"+/") + "=="
		got, found := redact.Text(fmt.Sprintf(place, tok))
		if !found || strings.Contains(got, tok[4:40]) || strings.Contains(got, tok[210:240]) {
			t.Errorf("%s: left %q", place, got)
		}
	}
}

func TestEncodedSecretsGo(t *testing.T) {
	r := source(6)
	for range 300 {
		for _, plain := range []string{
			draw(r, 30, letters),
			key(r, 24) + ":" + secret(r),
			"access_key_secret = \"" + draw(r, 30, letters) + "\" # ?>~\n",
		} {
			for _, code := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding} {
				b := code.EncodeToString([]byte(plain))
				got, found := redact.Text("Authorization: Basic " + b + "\n")
				if !found || strings.Contains(got, strings.TrimRight(b, "=")) {
					t.Fatalf("left %q", got)
				}
			}
			for _, before := range []string{" ", "0x", "f"} {
				h := hex.EncodeToString([]byte(plain))
				if got, found := redact.Text(before + h + "\n"); !found || strings.Contains(got, h) {
					t.Fatalf("left %q", got)
				}
			}
		}
		sum := sha512.Sum512([]byte(draw(r, 30, letters)))
		if got, found := redact.Text("sha512: " + hex.EncodeToString(sum[:])); found {
			t.Fatalf("a sum was taken for a secret: %q", got)
		}
	}
}

// Scanners glue ids and secrets together; the id is worth keeping where its end
// is known.
func TestGluedPairsKeepTheID(t *testing.T) {
	for seed := range uint64(100) {
		r := source(seed)
		for _, n := range []int{16, 20, 24} {
			id, s := key(r, n), secret(r)
			for _, glued := range []string{s + id, id + s} {
				got, found := redact.Text("RawV2 " + glued)
				if !found || strings.Contains(got, s) || !strings.Contains(got, id) {
					t.Fatalf("%d: left %q", n, got)
				}
			}
		}
	}
}

func TestInnocentTextStays(t *testing.T) {
	r := source(7)
	for _, s := range []string{
		"", "plain words, 中文, 日本語", "Secret detected in commit " + draw(r, 40, "0123456789abcdef"),
		"https://api.example/repos/acme/web/secret-scanning/alerts/1423/locations",
		"md5 " + draw(r, 32, "0123456789abcdef"), "request " + strings.ToUpper("4f1f0c6e-2a58-5f5b-9d4e-0f3c7a1b2c3d"),
		"DescribeAccessKeyLeakDetailResponseBodyAndMore", "key " + key(r, 16) + ", " + key(r, 24) + " and " + key(r, 30),
		"您的AccessKey" + key(r, 24) + "疑似泄露", "OSSAccessKeyId=" + key(r, 24) + "&Signature=x",
		"LTAI4G****", "STS." + draw(r, 25, letters+digits), "secret " + key(r, 24), "secret: " + key(r, 30),
		"[redacted] secret: [redacted]", "👩\u200d💻", "bad \xff utf-8",
	} {
		if got, found := redact.Text(s); found || got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestFingerprint(t *testing.T) {
	s := secret(source(8))
	one := redact.Fingerprint([]byte("pepper"), s)
	if len(one) != 32 || one != redact.Fingerprint([]byte("pepper"), s[:5]+"\u200b"+s[5:]) {
		t.Errorf("fingerprint %q", one)
	}
	if one == redact.Fingerprint([]byte("other"), s) || one == redact.Fingerprint([]byte("pepper"), s+"x") {
		t.Error("another pepper or secret gives the same fingerprint")
	}
	if redact.Fingerprint(nil, s) != "" || redact.Fingerprint([]byte("pepper"), "") != "" {
		t.Error("a fingerprint of nothing, or under no pepper")
	}
}

// What Clean removes, Text looks through: in this order nothing comes together.
func TestTextThenCleanLeavesNoSecret(t *testing.T) {
	odd := []rune("\u200b\u200d\u00ad\u2060\u2066\x00\x07\x7f\ufe0f\u034f\U000e0001")
	rapid.Check(t, func(t *rapid.T) {
		s := secret(source(rapid.Uint64().Draw(t, "seed")))
		var b strings.Builder
		for _, c := range s {
			b.WriteRune(c)
			b.WriteString(string(rapid.SliceOfN(rapid.SampledFrom(odd), 0, 2).Draw(t, "odd")))
		}
		clean, _ := redact.Text(rapid.String().Draw(t, "before") + " " + b.String() + " " + rapid.String().Draw(t, "after"))
		if line := redact.Clean(clean, 10000); strings.Contains(line, s) {
			t.Fatalf("left %q", line)
		}
	})
}

func FuzzText(f *testing.F) {
	for i, place := range places {
		before, after, _ := strings.Cut(place, "%s")
		f.Add(before, after, uint64(i), i)
	}
	f.Add("LTAI", "TAI0aZ9bY8cX7dW6", uint64(9), 3)
	f.Add("secret CAIS", "====", uint64(10), 29)
	f.Fuzz(func(t *testing.T, before, after string, seed uint64, at int) {
		s := secret(source(seed))
		planted := s
		if at > 0 && at < len(s) {
			planted = s[:at] + "\u200b" + s[at:]
		}
		for _, text := range []string{before + planted + after, before + " " + base64.StdEncoding.EncodeToString([]byte(s)) + " " + after} {
			got, found := redact.Text(text)
			bare := strings.ReplaceAll(got, "\u200b", "")
			if !found || strings.Contains(bare, s) || strings.Contains(bare, base64.StdEncoding.EncodeToString([]byte(s))) {
				t.Fatalf("%q: left %q", text, got)
			}
			if again, more := redact.Text(got); more || again != got {
				t.Fatalf("%q, cleaned again, became %q", got, again)
			}
		}
	})
}
