package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"twokey/bot/redact"
	"twokey/incident"
	"twokey/store"
)

// maxText is how many runes of a note or a reason are kept.
const maxText = 2000

// text is a redacted text on its way beside the chain.
type text struct {
	Words incident.Words
	salt  string
	body  string
}

// redacted cleans what a person typed before anything is decided upon it, and
// reports whether a secret was in it.
func (b *Bot) redacted(typed string) (t text, secret bool) {
	clean, secret := redact.Text(typed)
	return b.text(redact.Clean(clean, maxText)), secret
}

func (b *Bot) text(body string) text {
	if body == "" {
		return text{}
	}
	salt := b.Salt()
	sum := sha256.Sum256([]byte(salt + "\n" + body))
	return text{incident.Words(hex.EncodeToString(sum[:])), salt, body}
}

// value is the text as it is kept: the salt makes a guessed text hard to prove
// once it was erased.
func (t text) value(id incident.ID) []store.Value {
	if t.Words == "" {
		return nil
	}
	return []store.Value{{Key: textPrefix(id) + string(t.Words), Body: []byte(t.salt + "\n" + t.body)}}
}

func textPrefix(id incident.ID) string { return "text/" + string(id) + "/" }

// Texts loads what the words of an incident stand for. Erased ones are missing,
// altered ones too: the chain holds their hash.
func Texts(ctx context.Context, s store.Store, id incident.ID) (map[incident.Words]string, error) {
	values, err := s.Values(ctx, textPrefix(id))
	if err != nil {
		return nil, fmt.Errorf("load texts of %s: %w", id, err)
	}
	texts := make(map[incident.Words]string, len(values))
	for _, v := range values {
		words := incident.Words(strings.TrimPrefix(v.Key, textPrefix(id)))
		sum := sha256.Sum256(v.Body)
		_, body, ok := strings.Cut(string(v.Body), "\n")
		if ok && hex.EncodeToString(sum[:]) == string(words) {
			texts[words] = body
		}
	}
	return texts, nil
}

// details is an alert's free text on its way beside the chain.
func (b *Bot) details(t incident.AlertText) (text, error) {
	if t.Title == "" && t.Author == "" && len(t.Places) == 0 {
		return text{}, nil
	}
	body, err := json.Marshal(t)
	if err != nil {
		return text{}, fmt.Errorf("encode alert text: %w", err)
	}
	return b.text(string(body)), nil
}
