package intake

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Headers of GitHub's message to a partner (GitHub docs: secret scanning partner
// program).
const (
	partnerKey       = "Github-Public-Key-Identifier"
	partnerSignature = "Github-Public-Key-Signature"
)

// partnerKeys are the keys that a partner message may be signed with, by their
// identifiers.
type partnerKeys map[string]*ecdsa.PublicKey

// readKeys reads what api.github.com/meta/public_keys/secret_scanning answers.
// Keys that are none are left out; there must be one.
func readKeys(body []byte) (partnerKeys, error) {
	var listed struct {
		Keys []struct {
			ID  string `json:"key_identifier"`
			Key string `json:"key"`
		} `json:"public_keys"`
	}
	if err := json.Unmarshal(body, &listed); err != nil {
		return nil, errors.New("the public keys are not what GitHub lists")
	}
	keys := make(partnerKeys)
	for _, k := range listed.Keys {
		block, _ := pem.Decode([]byte(k.Key))
		if block == nil {
			continue
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		if key, ok := parsed.(*ecdsa.PublicKey); ok && err == nil && k.ID != "" {
			keys[k.ID] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no public key in the list of keys")
	}
	return keys, nil
}

// partnerProof is the signature of a partner message: ECDSA over the SHA-256 of
// the body.
type partnerProof struct{}

func (partnerProof) proves(s *source, h http.Header, body []byte, now time.Time) bool {
	sig, err := base64.StdEncoding.DecodeString(h.Get(partnerSignature))
	key := s.partner.key(h.Get(partnerKey), now)
	if err != nil || key == nil {
		return false
	}
	hashed := sha256.Sum256(body)
	return ecdsa.VerifyASN1(key, hashed[:], sig)
}

// keyring has GitHub's keys: those that it was given, or those that GitHub lists,
// asked for again when one is unknown.
type keyring struct {
	ask *GitHub // nil: what was given is all

	mu    sync.Mutex
	keys  partnerKeys
	asked time.Time
}

// keysEvery bounds how often strangers can make the bot ask for keys.
const keysEvery = time.Minute

// key is nil if the key is unknown.
func (r *keyring) key(id string, now time.Time) *ecdsa.PublicKey {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if key := r.keys[id]; key != nil || r.ask == nil || now.Sub(r.asked) < keysEvery {
		return key
	}
	r.asked = now
	var listed json.RawMessage
	if err := r.ask.get(context.Background(), "/meta/public_keys/secret_scanning", nil, &listed); err != nil {
		return nil
	}
	if keys, err := readKeys(listed); err == nil {
		r.keys = keys
	}
	return r.keys[id]
}

// partner reads a partner message: a list of tokens found, of whatever type, and
// where.
func partner(in input) ([]*finding, error) {
	var raw []json.RawMessage
	if err := decode(in.body, &raw); err != nil {
		return nil, err
	}
	return report(in, len(raw), func(i int) (hit, Reason) {
		var m struct{ Token, Type, URL, Source string }
		wrong := entry(raw[i], &m, func() bool { return m.Type != "" })
		return hit{
			rule: m.Type, value: m.Token, link: m.URL, public: true, title: "GitHub: " + m.Type,
			name: "partner:" + m.Type + ":" + m.URL, file: m.URL,
		}, wrong
	})
}
