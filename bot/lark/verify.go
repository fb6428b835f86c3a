package lark

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// signedFor is how far a request's time may be from ours.
const signedFor = 5 * time.Minute

// Why something was not let in.
const (
	refusedForged   = "forged"
	refusedStale    = "stale"
	refusedReplayed = "replayed"
	refusedTooLong  = "too_long"
	refusedOdd      = "odd"
	refusedApp      = "other_app"
	refusedButton   = "unknown_button"
)

// doorkeeper lets each genuine request in once.
type doorkeeper struct {
	key string
	now func() time.Time

	mu   sync.Mutex
	seen map[string]time.Time // signatures, until when they would count
}

func newDoorkeeper(key string, now func() time.Time) *doorkeeper {
	return &doorkeeper{key: key, now: now, seen: map[string]time.Time{}}
}

// verify reports why a request is not from Lark, or not a new one; empty: it is. The body
// is compared as it came, before anything reads it (Feishu docs: event subscription,
// security check).
func (d *doorkeeper) verify(h http.Header, body []byte) (signature, why string) {
	stamp := h.Get("X-Lark-Request-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || d.key == "" {
		return "", refusedForged
	}
	sum := sha256.New()
	sum.Write([]byte(stamp + h.Get("X-Lark-Request-Nonce") + d.key))
	sum.Write(body)
	want := hex.EncodeToString(sum.Sum(nil))
	now := d.now()
	switch {
	case subtle.ConstantTimeCompare([]byte(want), []byte(h.Get("X-Lark-Signature"))) != 1:
		return "", refusedForged
	case now.Sub(time.Unix(seconds, 0)).Abs() > signedFor:
		return "", refusedStale
	case !d.first(want, now):
		return "", refusedReplayed
	}
	return want, ""
}

func (d *doorkeeper) first(signature string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if until, seen := d.seen[signature]; seen && now.Before(until) {
		return false
	}
	for s, until := range d.seen {
		if !now.Before(until) {
			delete(d.seen, s)
		}
	}
	d.seen[signature] = now.Add(2 * signedFor)
	return true
}

// forget lets a request in once more: it was not taken.
func (d *doorkeeper) forget(signature string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.seen, signature)
}

// decrypt opens what Lark encrypted: base64 of a vector and AES-256-CBC under the SHA-256
// of the key, padded as in PKCS #7; false: it is no such thing. go-lark's own panics on
// what is not.
func decrypt(sealed, key string) ([]byte, bool) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(raw) < 2*aes.BlockSize || len(raw)%aes.BlockSize != 0 {
		return nil, false
	}
	sum := sha256.Sum256([]byte(key))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, false
	}
	out := make([]byte, len(raw)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, raw[:aes.BlockSize]).CryptBlocks(out, raw[aes.BlockSize:])
	pad := int(out[len(out)-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, false
	}
	for _, b := range out[len(out)-pad:] {
		if int(b) != pad {
			return nil, false
		}
	}
	return out[:len(out)-pad], true
}
