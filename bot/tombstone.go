package bot

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"twokey/incident"
	"twokey/store"
)

// Tombstone is what stays in the store of an incident that left it: where its
// record ended, and which file holds it. By itself it proves nothing: the digest
// of all tombstones of a file stands in the chained record [incident.Archived].
type Tombstone struct {
	incident.End

	File string // name of the archive
}

const tombstones = "purged/"

func (t Tombstone) value() store.Value {
	return store.Value{Key: tombstones + string(t.Incident), Body: fmt.Appendf(nil, "%d %s %s", t.Seq, t.Hash, t.File)}
}

// readTombstone reports false for what no tombstone says.
func readTombstone(v store.Value) (Tombstone, bool) {
	id := incident.ID(strings.TrimPrefix(v.Key, tombstones))
	words := strings.Fields(string(v.Body))
	if len(words) != 3 || id.Number() == 0 {
		return Tombstone{}, false
	}
	seq, err := strconv.ParseUint(words[0], 10, 64)
	return Tombstone{incident.End{Incident: id, Seq: seq, Hash: incident.Hash(words[1])}, words[2]}, err == nil
}

// Buried returns the tombstone of an incident; false if it has none. An incident
// can have one and be there: then it is on its way out.
func Buried(ctx context.Context, s store.Store, id incident.ID) (Tombstone, bool, error) {
	body, ok, err := s.Value(ctx, tombstones+string(id))
	if err != nil {
		return Tombstone{}, false, fmt.Errorf("load tombstone of %s: %w", id, err)
	}
	t, good := readTombstone(store.Value{Key: tombstones + string(id), Body: body})
	return t, ok && good, nil
}

// Tombstones lists all there are, in no order that matters. What no tombstone
// says is left out.
func Tombstones(ctx context.Context, s store.Store) ([]Tombstone, error) {
	values, err := s.Values(ctx, tombstones)
	if err != nil {
		return nil, fmt.Errorf("load tombstones: %w", err)
	}
	all := make([]Tombstone, 0, len(values))
	for _, v := range values {
		if t, ok := readTombstone(v); ok {
			all = append(all, t)
		}
	}
	return all, nil
}

// What other incidents still need to know of one that left: that its key was
// named, and by which user. Order rules ask for "any incident ever", and a key
// that leaks again is told where it leaked before.

func formerKeys(key incident.KeyID) string { return "purged-key/" + string(key) + "/" }

func formerUser(account, user string) string {
	return "purged-user/" + url.PathEscape(account) + "/" + url.PathEscape(user) + "/"
}

// memories are the side values that say so.
func memories(e incident.Index) []store.Value {
	if e.Key == "" {
		return nil
	}
	all := []store.Value{{Key: formerKeys(e.Key) + string(e.Incident), Body: []byte{}}}
	if e.Account != "" && e.UserID != "" {
		all = append(all, store.Value{Key: formerUser(e.Account, e.UserID) + string(e.Key), Body: []byte{}})
	}
	return all
}

// former lists the incidents of a key that left the store, newest first.
func (b *Bot) former(ctx context.Context, key incident.KeyID) ([]incident.ID, error) {
	names, err := b.namesUnder(ctx, formerKeys(key))
	if err != nil {
		return nil, err
	}
	ids := make([]incident.ID, len(names))
	for i, name := range names {
		ids[i] = incident.ID(name)
	}
	slices.SortFunc(ids, func(a, b incident.ID) int { return -byNumber(a, b) })
	return ids, nil
}

// formerlyNamed lists the keys of a user that incidents named which left.
func (b *Bot) formerlyNamed(ctx context.Context, account, user string) ([]incident.KeyID, error) {
	names, err := b.namesUnder(ctx, formerUser(account, user))
	if err != nil {
		return nil, err
	}
	keys := make([]incident.KeyID, len(names))
	for i, name := range names {
		keys[i] = incident.KeyID(name)
	}
	return keys, nil
}

func (b *Bot) namesUnder(ctx context.Context, prefix string) ([]string, error) {
	values, err := b.Store.Values(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("look at what left the store: %w", err)
	}
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = strings.TrimPrefix(v.Key, prefix)
	}
	return names, nil
}

func byNumber(a, b incident.ID) int {
	switch m, n := a.Number(), b.Number(); {
	case m < n:
		return -1
	case m > n:
		return 1
	}
	return 0
}
