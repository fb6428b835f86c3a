package main

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"testing"

	"twokey/actions/sandbox"
)

const (
	stolenHook = "alerts: {sources: [{name: scans, type: generic, token: ${SCANS}, may_automate: true}, {name: leaks, type: generic, token: ${LEAKS}%s}]}\n"
	flood      = 10_000 // random key ids
	atOnce     = 1000   // that one request may hold
	leaky      = "idle-5"
)

// VULNERABILITY: whoever holds a hook's token can name any key id, as often as the
// pace allows.
// ATTACK: the thief posts ten thousand random ids, placeholders, and keys of another
// account; where the token starts nothing, every key of the account as well. In the
// middle of it a key leaks, and another source says so.
// THIS STORY VERIFIES: the leak is contained long before the bot has looked at the
// flood, with one look per unknown id and no list of the account's users; nothing is
// contained but the leak.
func TestALeakAmidAFloodOfAStolenTokenDoesNotWait(t *testing.T) {
	for name, row := range map[string]struct {
		automates string
		every     bool // key of the account is posted
	}{
		"that starts nothing": {"", true},
		"that may automate":   {", may_automate: true", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, fmt.Sprintf(stolenHook, row.automates)+allAutomation, nil)
			cloud := r.drills[0].cloud
			crowd(t, cloud)
			r.posts(placeholders(), othersKeys(t))
			if row.every {
				r.posts(everyKey(cloud, "twokey", leaky))
			}
			for n := 0; n < flood; n += atOnce {
				if n == flood/2 {
					r.post("scans", r.env["SCANS"], map[string]any{"access_key_id": leakedOf(cloud, leaky)})
				}
				r.posts(randomKeys(n, n+atOnce))
			}
			p := r.as("ana")
			if err := p.until(t.Context(), func(string) bool { return slices.Contains(contained(cloud), leaky) }); err != nil {
				t.Fatalf("the leak was never contained: %v", err)
			}
			looked := cloud.Calls("GetUser")
			t.Logf("%d looks when it was", looked)
			if looked > flood/10 {
				t.Errorf("the leak waited behind %d looks at the flood", looked)
			}
			if names := slices.Compact(contained(cloud)); !slices.Equal(names, []string{leaky}) {
				t.Errorf("done to %q", names)
			}
			if n := cloud.Calls("ListUsers"); n > 0 {
				t.Errorf("the users were listed %d times", n)
			}
		})
	}
}

// posts sends ids with the stolen token, as many requests as it takes.
func (r *running) posts(lists ...[]string) {
	r.t.Helper()
	for ids := range slices.Chunk(slices.Concat(lists...), atOnce) {
		var batch []any
		for _, id := range ids {
			batch = append(batch, map[string]any{"access_key_id": id, "approved": true, "may_automate": true, "do": "key.delete"})
		}
		r.post("leaks", r.env["LEAKS"], batch)
	}
}

// randomKeys are ids that nobody has.
func randomKeys(from, to int) []string {
	var ids []string
	for n := from; n < to; n++ {
		sum := sha256.Sum256(fmt.Append(nil, n))
		ids = append(ids, "LTAI"+"5t"+base32.StdEncoding.EncodeToString(sum[:])[:18])
	}
	return ids
}

// placeholders are ids as documents have them.
func placeholders() []string {
	return []string{"LTAI" + strings.Repeat("x", 20), "LTAI" + "5tEXAMPLEEXAMPLE1234", "LTAI" + strings.Repeat("*", 12), "<your-access-key-id>"}
}

// othersKeys are keys of an account that the bot does not know.
func othersKeys(t *testing.T) []string {
	t.Helper()
	other, err := sandbox.Open(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	crowd(t, other)
	return everyKey(other)
}

// everyKey are the ids of all keys of an account, root's too, but those of some users.
func everyKey(cloud *sandbox.Cloud, but ...string) []string {
	var ids []string
	snapshot := cloud.Snapshot()
	for _, u := range snapshot.Users {
		for _, k := range u.Keys {
			if !slices.Contains(but, u.Name) {
				ids = append(ids, k.ID)
			}
		}
	}
	for _, k := range snapshot.RootKeys {
		ids = append(ids, k.ID)
	}
	return ids
}

func leakedOf(cloud *sandbox.Cloud, user string) string {
	for _, u := range cloud.Snapshot().Users {
		if u.Name == user {
			return u.Keys[0].ID
		}
	}
	return ""
}
