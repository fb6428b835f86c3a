package sandbox

import (
	"crypto/rand"
	"log/slog"
	"strings"
)

// Secret is an AccessKey secret. Printing, logging and encoding it give
// "[redacted]"; string(s) is the one way to the text.
type Secret string

const redacted = "[redacted]"

// String hides the secret.
func (Secret) String() string { return redacted }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return redacted }

// LogValue hides the secret from logs.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the secret from JSON and YAML.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Key is an AccessKey for a client of the sandbox.
type Key struct {
	ID     string
	Secret Secret
}

// The shapes of real ones: 24 and 30 letters and digits.
const (
	idLength     = 24
	secretLength = 30
)

func newKeyID() string { return "LTAI" + "5t" + letters(idLength-6) }

func newSecret() Secret { return Secret(letters(secretLength)) }

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// letters draws n characters evenly, by throwing away bytes beyond the last whole
// multiple of the alphabet.
func letters(n int) string {
	var b strings.Builder
	for b.Len() < n {
		var raw [64]byte
		_, _ = rand.Read(raw[:]) // never fails: crypto/rand
		for _, x := range raw {
			if int(x) < 256-256%len(alphabet) && b.Len() < n {
				b.WriteByte(alphabet[int(x)%len(alphabet)])
			}
		}
	}
	return b.String()
}

func digits(n int) string {
	var b strings.Builder
	b.WriteByte('2') // ids never start with a zero
	for b.Len() < n {
		var raw [64]byte
		_, _ = rand.Read(raw[:])
		for _, x := range raw {
			if x < 250 && b.Len() < n {
				b.WriteByte('0' + x%10)
			}
		}
	}
	return b.String()
}

// requestID has the form of a real one, five groups of capital hex.
func requestID() string {
	const hexes = "0123456789ABCDEF"
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	var b strings.Builder
	for i, x := range raw {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b.WriteByte('-')
		}
		b.WriteByte(hexes[x&15])
	}
	return b.String()
}
