package rampolicy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Canonical writes the document as compact JSON with sorted keys, every list as a
// list, sorted and without repeats: two documents that differ only in layout, in
// the order of a list or in "text or list of one" have the same canonical form.
// The order of statements stays as it is.
func (d Document) Canonical() []byte {
	statements := make([]any, len(d.Statements))
	for i, s := range d.Statements {
		statements[i] = s.members()
	}
	return []byte(compact(map[string]any{"Version": d.Version, "Statement": statements}))
}

// Hash is the SHA-256 of the canonical form, in hex. Compare documents by it.
func (d Document) Hash() string {
	sum := sha256.Sum256(d.Canonical())
	return hex.EncodeToString(sum[:])
}

func (s Statement) members() map[string]any {
	out := map[string]any{"Effect": string(s.Effect)}
	for name, list := range map[string][]string{
		"Action": s.Actions, "NotAction": s.NotActions, "Resource": s.Resources, "NotResource": s.NotResources,
	} {
		if len(list) > 0 {
			out[name] = slices.Compact(slices.Sorted(slices.Values(list)))
		}
	}
	if s.Condition != "" {
		out["Condition"] = json.RawMessage(s.Condition)
	}
	return out
}

// compact encodes without HTML escapes, so that text stays as a person wrote it.
// The values it is given are made here and always encode.
func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "null"
	}
	return string(bytes.TrimSpace(b.Bytes()))
}
