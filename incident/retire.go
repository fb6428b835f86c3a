package incident

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"time"
)

type (
	// Retire ends the log of an incident that is long over, before it leaves the
	// store for a file. Nothing can be added after it, so what the file holds is
	// all there ever was.
	Retire struct {
		File   string    // name of the archive
		Closed time.Time // only if it was closed before this
	}
	// Archive writes down that a file holds incidents, and was read back. System
	// log only. What is written down already is not written again.
	Archive Archived
)

func (Retire) botOnly()  {}
func (Archive) botOnly() {}

func (Archive) systemOnly() {}

// Rest is how long nothing may have been written to an incident that is retired,
// whatever the configuration says: looks go on for a day after closing, a sender
// may deliver again for three, and who wrote last may want to read it.
const Rest = 7 * 24 * time.Hour

func (c Retire) decide(_ Rules, s State, _ Person, at time.Time) ([]Event, error) {
	switch {
	case c.File == "":
		return nil, BadAnswer
	case s.Seq == 0:
		return nil, NotOpen
	case s.Open():
		return nil, AlreadyOpen
	case slices.ContainsFunc(s.Proposals, func(p Proposal) bool { return p.Status == StatusRunning }):
		return nil, InProgress
	case s.At.After(at.Add(-Rest)), s.over().After(c.Closed):
		return nil, TooEarly
	}
	return []Event{Retired{c.File}}, nil
}

// over is when an incident that is not open ended. The end of a look-up that was
// merged is its last record.
func (s State) over() time.Time {
	if s.MergedInto != "" {
		return s.At
	}
	return s.Closed
}

func (c Archive) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	switch {
	case c.File == "" || c.SHA256 == "" || c.Ends == "":
		return nil, BadAnswer
	case slices.ContainsFunc(s.Archives, func(a Archived) bool { return a.File == c.File }):
		return nil, nil
	}
	return []Event{Archived(c)}, nil
}

func (e Retired) apply(s *State, _ Record)  { s.Archive = e.File }
func (e Archived) apply(s *State, _ Record) { s.Archives = append(s.Archives, e) }

// End is where a history ends: its last record.
type End struct {
	Incident ID
	Seq      uint64
	Hash     Hash
}

// EndOf is the end of a history of at least one record.
func EndOf(records []Record) End {
	last := records[len(records)-1]
	return End{last.Incident, last.Seq, last.Hash}
}

// EndsDigest is SHA-256 over the lines "incident seq hash\n", one for each end, by
// the numbers of the incidents. It binds an archive's whole list of incidents into
// one record: none can be added to it or taken out. The zero value is ready.
type EndsDigest struct {
	Count int // of ends so far
	sum   hash.Hash
}

// Add takes one more end. Its number must be higher than the last one's.
func (d *EndsDigest) Add(e End) {
	if d.sum == nil {
		d.sum = sha256.New()
	}
	d.Count++
	d.sum.Write(fmt.Appendf(nil, "%s %d %s\n", e.Incident, e.Seq, e.Hash))
}

// Sum is the digest of what was added.
func (d *EndsDigest) Sum() Hash {
	if d.sum == nil {
		d.sum = sha256.New()
	}
	return Hash(hex.EncodeToString(d.sum.Sum(nil)))
}

// DigestEnds is the [EndsDigest] of some ends, in any order.
func DigestEnds(ends []End) Hash {
	var d EndsDigest
	for _, e := range slices.SortedFunc(slices.Values(ends), func(a, b End) int { return cmp.Compare(a.Incident.Number(), b.Incident.Number()) }) {
		d.Add(e)
	}
	return d.Sum()
}
