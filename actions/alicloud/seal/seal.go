// Package seal encrypts a new AccessKey for the one person who shall have it. It
// holds no key that could open what it made, keeps nothing, and knows no cloud.
package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// ErrRecipient says that a text is no age recipient.
var ErrRecipient = errors.New("want a recipient of age-keygen: age1… or age1pq1…")

// Recipient is somebody's public key. The zero value seals nothing.
type Recipient struct {
	key  age.Recipient
	text string
}

// Parse reads a recipient as age-keygen prints it: X25519, or hybrid with a
// post-quantum half.
func Parse(text string) (Recipient, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "age1pq1") {
		key, err := age.ParseHybridRecipient(text)
		if err != nil {
			return Recipient{}, ErrRecipient // never the cause: it quotes the text
		}
		return Recipient{key, text}, nil
	}
	key, err := age.ParseX25519Recipient(text)
	if err != nil {
		return Recipient{}, ErrRecipient
	}
	return Recipient{key, text}, nil
}

// Fingerprint tells this public key from any other: 16 characters of its SHA-256.
func (r Recipient) Fingerprint() string {
	sum := sha256.Sum256([]byte(r.text))
	return hex.EncodeToString(sum[:])[:16]
}

// Seal encrypts plain for the recipient, as armored text that `age --decrypt` reads.
func (r Recipient) Seal(plain []byte) ([]byte, error) {
	if r.key == nil {
		return nil, ErrRecipient
	}
	var out bytes.Buffer
	text := armor.NewWriter(&out)
	w, err := age.Encrypt(text, r.key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	_, err = w.Write(plain)
	if err = errors.Join(err, w.Close(), text.Close()); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return out.Bytes(), nil
}
