package lark

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
)

// Why something was not let in, besides the reasons of all rooms.
const (
	refusedOdd = "odd"
	refusedApp = "other_app"
)

// verify reports why a request is not from Lark, or not a new one; empty: it is. The body
// is compared as it came, before anything reads it (Feishu docs: event subscription,
// security check).
func (c *Chat) verify(h http.Header, body []byte) (why string) {
	stamp, want := h.Get("X-Lark-Request-Timestamp"), ""
	if c.config.EncryptKey != "" {
		sum := sha256.New()
		sum.Write([]byte(stamp + h.Get("X-Lark-Request-Nonce") + c.config.EncryptKey))
		sum.Write(body)
		want = hex.EncodeToString(sum.Sum(nil))
	}
	return c.keeper.Verify(stamp, h.Get("X-Lark-Signature"), want)
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
