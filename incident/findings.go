package incident

import (
	"cmp"
	"slices"
	"time"
)

// Findings is what a look found, for people to read. It names addresses and
// strangers, so it is kept beside the chain, which holds its hash; what rules and
// playbooks go by is observed as facts.
type Findings struct {
	Items []Finding `json:"items,omitempty"` // what matters most first
	More  int       `json:"more,omitempty"`  // found and not listed
	AsOf  time.Time `json:"as_of,omitzero"`  // the moment the sources vouch for
	Blind []string  `json:"blind,omitempty"` // what could not be seen: "oss data events"; the words are in the catalogs
	From  []string  `json:"from,omitempty"`  // the APIs asked: "actiontrail:LookupEvents"
}

// Finding is one thing that a look found. Its words are in the catalogs, under
// its kind, with the values in their blanks.
type Finding struct {
	Kind   string            `json:"kind"`             // "event", "address", "fee_new", "idle_key", …
	Weight Weight            `json:"weight,omitempty"` // how much it matters
	At     time.Time         `json:"at,omitzero"`
	Values map[string]string `json:"values,omitempty"` // blanks of the words: names and numbers, never sentences
	Step   string            `json:"step,omitempty"`   // what can be done about it
}

// Weight is how much a finding matters.
type Weight int

// The weights, from what everybody expected to what is an attack.
const (
	Known   Weight = iota // was so before the leak, or is harmless
	Notable               // worth a look: new, or unexpected
	Grave                 // looks like theft
)

// Sort puts what matters most first, newest first within.
func (f Findings) Sort() {
	slices.SortStableFunc(f.Items, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), b.At.Compare(a.At))
	})
}

// Keep cuts the list to n items; the rest is only counted.
func (f *Findings) Keep(n int) {
	if len(f.Items) > n {
		f.More += len(f.Items) - n
		f.Items = f.Items[:n]
	}
}
