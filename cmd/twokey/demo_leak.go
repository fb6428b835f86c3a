package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"twokey/incident"
	"twokey/store"
)

// leak sends the alert as gitleaks 8.30.1 writes it, over HTTP like any scanner,
// unless an incident of an earlier run holds the key.
func leak(ctx context.Context, a *app, url, token string) error {
	key := a.drills[0].scene.Leaked.ID
	known, err := a.store.Find(ctx, store.Query{Key: incident.KeyID(key), Limit: 1})
	if err != nil || len(known) > 0 {
		return err
	}
	body, err := json.Marshal(report(key)) //nolint:gosec // the secret is pretend, and must not survive its arrival
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("report the leak: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("report the leak: %s %s: %w", resp.Status, answer, err)
	}
	return nil
}

// finding has the fields of gitleaks 8.30.1, in its order.
type finding struct {
	RuleID, Description                        string
	StartLine, EndLine, StartColumn, EndColumn int
	Match, Secret, File, SymlinkFile           string
	Commit, Link                               string
	Entropy                                    float64
	Author, Email, Date, Message               string
	Tags                                       []string
	Fingerprint                                string
}

// report finds the key id, and a secret one line below that must not survive
// its arrival.
func report(key string) []finding {
	const commit, file = "3a9005e4218e70147c47a810c93f57c3b56d6522", "deploy/.env"
	found := func(rule, match, secret string, line int) finding {
		return finding{
			RuleID: rule, Description: "Detected an Alibaba Cloud credential.", StartLine: line, EndLine: line, StartColumn: 1,
			EndColumn: len(match), Match: match, Secret: secret, File: file, Commit: commit, Entropy: 4.2,
			Link:   fmt.Sprintf("https://github.com/acme/web/blob/%s/%s#L%d", commit, file, line),
			Author: "Dewi", Email: "dewi@acme.example", Date: time.Now().UTC().Add(-20 * time.Second).Format(time.RFC3339),
			Message: "deploy from the laptop for now", Tags: []string{}, Fingerprint: fmt.Sprintf("%s:%s:%s:%d", commit, file, rule, line),
		}
	}
	secret := rand.Text() + "aB3x" // 30 characters, like a real one
	return []finding{
		found("alibaba-access-key-id", key, key, 12),
		found("generic-api-key", "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+secret, secret, 13),
	}
}
