// Package heads keeps the newest hash of every history in a file beside the
// store, as a witness: an edit that was sealed anew, a cut tail and an old copy
// of the store show against it.
//
// It is not a store and not a journal: nothing is ever restored from it, and it
// decides nothing. A head is written only after its record was committed, and
// nobody waits for that. So the store may be ahead of the file, by what came in
// during one write (a second's worth after a loss of power, [SyncEvery]); the
// file is never ahead of the store that it belongs to. Heads that were left out
// are no harm, as the next head of the same history stands for them too.
//
// A line is "time id seq hash"; a fifth word "purged" says that the history was
// exported and taken out of the store after this head. Anything else is passed
// over: a full disk leaves halves of lines.
package heads

import (
	"strconv"
	"strings"
	"time"

	"twokey/incident"
)

// Head is the last record of a history at some time.
type Head struct {
	At     time.Time // when it was noted
	ID     incident.ID
	Seq    uint64
	Hash   incident.Hash
	Purged bool // the history was exported and taken out after this head
}

// purgedWord ends the line of a history that was taken out.
const purgedWord = "purged"

// String is the head as a line of the file, without its end.
func (h Head) String() string { return string(h.line(nil)) }

func (h Head) line(b []byte) []byte {
	b = h.At.UTC().AppendFormat(b, time.RFC3339)
	b = append(append(b, ' '), h.ID...)
	b = strconv.AppendUint(append(b, ' '), h.Seq, 10)
	b = append(append(b, ' '), h.Hash...)
	if h.Purged {
		b = append(append(b, ' '), purgedWord...)
	}
	return b
}

// Parse reads a line of the file; false if it is none.
func Parse(line string) (Head, bool) {
	words := strings.Fields(line)
	if len(words) != 4 && (len(words) != 5 || words[4] != purgedWord) {
		return Head{}, false
	}
	at, err := time.Parse(time.RFC3339, words[0])
	if err != nil || !isHash(words[3]) {
		return Head{}, false
	}
	id := incident.ID(words[1])
	seq, err := strconv.ParseUint(words[2], 10, 64)
	if err != nil || seq == 0 || id.Number() == 0 && id != incident.System {
		return Head{}, false
	}
	return Head{At: at, ID: id, Seq: seq, Hash: incident.Hash(words[3]), Purged: len(words) == 5}, true
}

// hashLen is the length of a hash in characters.
const hashLen = 64

func isHash(text string) bool {
	return len(text) == hashLen && strings.Trim(text, "0123456789abcdef") == ""
}
