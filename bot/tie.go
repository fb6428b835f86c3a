package bot

import (
	"context"
	"errors"
	"fmt"

	"twokey/incident"
	"twokey/store"
)

// A secret is known again by its fingerprint when it is found alone: that is news
// about the key that it was found beside, or about the same look-up, and no look-up
// of its own. Nobody can make a fingerprint who does not have the secret.

func secretKey(fingerprint string) string { return "secret/" + fingerprint }

// secretOf remembers where an alert's secret is dealt with: the last one counts,
// which has the key if any has.
func secretOf(a incident.Alert, id incident.ID) []store.Value {
	if a.SecretPrint == "" {
		return nil
	}
	return []store.Value{{Key: secretKey(a.SecretPrint), Body: []byte(id)}}
}

// tie adds an alert without a key to the open incident that its secret belongs to;
// false if there is none.
func (b *Bot) tie(ctx context.Context, a incident.Alert, words text) (Verdict, incident.ID, bool, error) {
	if a.KeyID != "" || a.SecretPrint == "" {
		return "", "", false, nil
	}
	kept, known, err := b.Store.Value(ctx, secretKey(a.SecretPrint))
	if err != nil {
		return "", "", false, fmt.Errorf("find the incident of a secret: %w", err)
	}
	id := incident.ID(kept)
	if !known {
		return "", "", false, nil
	}
	if s, err := b.state(ctx, id); err != nil || !s.Open() {
		return "", "", false, nil // closed, or gone: the alert stands for itself
	}
	verdict, err := b.hear(ctx, id, a, words)
	if errors.Is(err, incident.NotOpen) {
		return "", "", false, nil
	}
	return verdict, id, true, err
}
