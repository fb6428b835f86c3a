package alicloud

import (
	"fmt"
	"slices"

	"twokey/actions/rampolicy"
)

// MaxPolicy is how long a custom policy may be, in bytes (RAM docs: Limits).
const MaxPolicy = 6144

// Fit splits a document into as few as hold its statements in their order, none
// of them longer than limit bytes. What the documents say together is what the
// one said: RAM adds up all policies of an identity, and a Deny in one of them
// beats an Allow in another (RAM docs: Policy evaluation process). A statement that
// is longer than limit by itself is [ErrConfig].
func Fit(doc rampolicy.Document, limit int) ([]rampolicy.Document, error) {
	var out []rampolicy.Document
	var filling rampolicy.Document
	for _, s := range doc.Statements {
		more := rampolicy.Document{Version: doc.Version, Statements: append(slices.Clip(filling.Statements), s)}
		if len(more.Canonical()) <= limit {
			filling = more
			continue
		}
		if len(filling.Statements) > 0 {
			out = append(out, filling)
		}
		filling = rampolicy.Document{Version: doc.Version, Statements: []rampolicy.Statement{s}}
		if size := len(filling.Canonical()); size > limit {
			return nil, fmt.Errorf("%w: a statement takes %d bytes, a policy may have %d", ErrConfig, size, limit)
		}
	}
	return append(out, filling), nil
}
