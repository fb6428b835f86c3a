package heads

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"twokey/incident"
	"twokey/store"
)

// Purge is what the store keeps of a history that was exported and taken out:
// a side value with the key "purged/<incident>" and the body "<seq> <hash>
// <archive>". It stands beside the chain, so it proves nothing by itself: the
// file of heads does, and the chain in the archive.
type Purge struct {
	Seq     uint64        // of the last record
	Hash    incident.Hash // of the last record
	Archive string        // the file it was exported to; may hold spaces
}

// ErrPurge says that a side value is not what was kept of a purged history.
var ErrPurge = errors.New("not a purged history")

// PurgeKey is the key of the side value for one history.
func PurgeKey(id incident.ID) string { return "purged/" + string(id) }

// Value is the side value to be written for one history.
func (p Purge) Value(id incident.ID) store.Value {
	return store.Value{Key: PurgeKey(id), Body: fmt.Appendf(nil, "%d %s %s", p.Seq, p.Hash, p.Archive)}
}

// ParsePurge reads the body of a side value; [ErrPurge].
func ParsePurge(body []byte) (Purge, error) {
	seq, rest, _ := strings.Cut(string(body), " ")
	hash, archive, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(seq, 10, 64)
	if err != nil || n == 0 || !isHash(hash) {
		return Purge{}, ErrPurge
	}
	return Purge{Seq: n, Hash: incident.Hash(hash), Archive: archive}, nil
}

// Purged returns what a store keeps of a history that was taken out; false if
// it was not.
func Purged(ctx context.Context, s store.Store, id incident.ID) (Purge, bool, error) {
	body, ok, err := s.Value(ctx, PurgeKey(id))
	if err != nil || !ok {
		return Purge{}, false, err
	}
	p, err := ParsePurge(body)
	if err != nil {
		return p, false, fmt.Errorf("read %s: %w", PurgeKey(id), err)
	}
	return p, true, nil
}

// Covers reports whether a head may have been of the history that was taken out:
// of a record before its last one, or of the last one with the same hash.
func (p Purge) Covers(h Head) bool {
	return h.Seq < p.Seq || h.Seq == p.Seq && h.Hash == p.Hash
}
