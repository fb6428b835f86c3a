package incident

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"slices"
	"time"
)

// Target names what a step acts on. A plan never names its target by anything
// that could mean "the caller" or change hands: users by id, keys by id.
type Target struct {
	Account   string `json:"account,omitempty"` // the account's name in the configuration
	AccountID string `json:"account_id,omitempty"`
	User      string `json:"user,omitempty"`
	UserID    string `json:"user_id,omitempty"`
	Key       KeyID  `json:"key,omitempty"`
}

// Fact is one thing that was true of one identity.
type Fact struct {
	Of    Identity `json:"of"`
	Name  FactName `json:"name"`
	Value string   `json:"value"`
}

// Impact is the predicted effect of a step on what is known to use the key.
type Impact struct {
	Breaks []string  `json:"breaks,omitempty"` // known uses that would stop, sorted: "ecs:RunInstances"
	Blind  []string  `json:"blind,omitempty"`  // what the prediction cannot see, sorted: "oss data events"
	Since  time.Time `json:"since,omitzero"`   // start of the known history; zero: nothing is known
}

// Nil reports whether the prediction rests on at least history before sign, the
// first sign of the leak, and finds nothing that would break. Use after it is no
// evidence: an alert that claims to be old leaves less to rest on, never more.
func (i Impact) Nil(sign time.Time, history time.Duration) bool {
	return len(i.Breaks) == 0 && !i.Since.IsZero() && sign.Sub(i.Since) >= history
}

// WorseThan reports whether i would break something that was not known to break
// when people agreed to old, or rests on less.
func (i Impact) WorseThan(old Impact) bool {
	for _, b := range i.Breaks {
		if !slices.Contains(old.Breaks, b) {
			return true
		}
	}
	return i.Since.IsZero() && !old.Since.IsZero()
}

// Plan is exactly what one step would do, to what, and what the cloud looked
// like. People approve a plan, not a button.
type Plan struct {
	Step   string            `json:"step"` // "key.disable"
	Target Target            `json:"target"`
	Params map[string]string `json:"params,omitempty"`

	Guarded []Fact `json:"guarded,omitempty"` // compared again, exactly, right before the step runs
	Shown   []Fact `json:"shown,omitempty"`   // evidence that people voted on; not compared
	Impact  Impact `json:"impact,omitzero"`   // recomputed before the step runs; worse is drift

	Undoes int    `json:"undoes,omitempty"` // number of the plan that this one takes back
	Undo   string `json:"undo,omitempty"`   // step that would take this one back; empty: none
	Raise  Tier   `json:"raise,omitempty"`  // the action asks for a higher tier
}

// Guard returns the guarded value of a fact, and whether the plan has one.
func (p Plan) Guard(of Identity, n FactName) (string, bool) {
	i := slices.IndexFunc(p.Guarded, func(f Fact) bool { return f.Of == of && f.Name == n })
	if i < 0 {
		return "", false
	}
	return p.Guarded[i].Value, true
}

// ParamOf is the parameter of a plan that aims at something else than the target's
// user or key: an [Identity].
const ParamOf = "of"

// Rivals reports whether two plans are for the same step on the same thing: only
// one of them can wait or run.
func (p Plan) Rivals(o Plan) bool { return p.Step == o.Step && p.sameAim(o) }

func (p Plan) sameAim(o Plan) bool {
	return p.Target.UserID == o.Target.UserID && p.Params[ParamOf] == o.Params[ParamOf]
}

// OnWord reports whether nothing but people's word decides that the step is done:
// no action reads anything back.
func (p Plan) OnWord() bool { return Guided(p.Step) && len(p.Guarded) == 0 }

// Drift is a guarded fact that has moved since people agreed.
type Drift struct {
	Fact Fact   `json:"fact"` // as agreed
	Now  string `json:"now"`
}

// DriftFrom lists what has moved in now, compared with what people agreed to.
func (p Plan) DriftFrom(now Plan) []Drift {
	var moved []Drift
	for _, f := range p.Guarded {
		if v, ok := now.Guard(f.Of, f.Name); !ok || v != f.Value {
			moved = append(moved, Drift{f, v})
		}
	}
	for _, f := range now.Guarded {
		if _, ok := p.Guard(f.Of, f.Name); !ok {
			moved = append(moved, Drift{Fact{f.Of, f.Name, Absent}, f.Value})
		}
	}
	return append(moved, p.Target.driftFrom(now.Target)...)
}

func (t Target) driftFrom(now Target) []Drift {
	var moved []Drift
	field := func(n FactName, was, is string) {
		if was != is {
			moved = append(moved, Drift{Fact{OfKey(t.Key), n, was}, is})
		}
	}
	field(FactAccount, t.Account, now.Account)
	field(FactAccountID, t.AccountID, now.AccountID)
	field(FactUser, t.User, now.User)
	field(FactUserID, t.UserID, now.UserID)
	field(FactKeys, string(t.Key), string(now.Key))
	return moved
}

// Digest identifies one plan of one incident, with all that people see of it.
type Digest string

// Short is enough of d to compare by eye: 8 characters.
func (d Digest) Short() string { return string(d[:min(8, len(d))]) }

// digest binds a plan to its incident and number and to how many people it
// takes, so that no vote can be carried over to anything else.
func digest(id ID, number int, p Plan, tier Tier, need int) Digest {
	w := canon{sha256.New()}
	w.text("twokey plan 1", string(id))
	w.count(number)
	w.text(p.Target.Account, p.Target.AccountID, p.Target.UserID, p.Target.User, string(p.Target.Key), p.Step)
	w.count(len(p.Params))
	for _, k := range slices.Sorted(maps.Keys(p.Params)) {
		w.text(k, p.Params[k])
	}
	w.facts(p.Guarded)
	w.facts(p.Shown)
	w.list(p.Impact.Breaks)
	w.list(p.Impact.Blind)
	w.text(p.Impact.Since.UTC().Format(time.RFC3339Nano), p.Undo, string(p.Raise), string(tier))
	w.count(p.Undoes)
	w.count(need)
	return Digest(hex.EncodeToString(w.h.Sum(nil)))
}

// canon writes values so that no two different lists give the same bytes.
type canon struct{ h hash.Hash }

func (c canon) count(n int) {
	c.h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) //nolint:gosec // a length, or a number given out here: never negative
}

func (c canon) text(values ...string) {
	for _, v := range values {
		c.count(len(v))
		c.h.Write([]byte(v))
	}
}

func (c canon) list(values []string) {
	c.count(len(values))
	c.text(values...)
}

func (c canon) facts(facts []Fact) {
	c.count(len(facts))
	for _, f := range facts {
		c.text(string(f.Of), string(f.Name), f.Value)
	}
}

// SamePlan reports whether two plans ask people for the same thing, so that
// offering one again would only waste votes. Evidence that is merely shown may
// differ.
func SamePlan(a, b Plan) bool {
	return a.Step == b.Step && a.Target == b.Target && a.Undoes == b.Undoes && a.Raise == b.Raise &&
		maps.Equal(a.Params, b.Params) && slices.Equal(a.Guarded, b.Guarded) &&
		slices.Equal(a.Impact.Breaks, b.Impact.Breaks) && slices.Equal(a.Impact.Blind, b.Impact.Blind)
}

// voids reports whether p, seen now, means that a vote for old can't count any
// more: what would end old as drift when it runs. Other parameters do not: old
// is still what people saw, and a sender of alerts could move them at will.
func (p Plan) voids(old Plan) bool {
	return len(old.DriftFrom(p)) > 0 || p.Impact.WorseThan(old.Impact) || p.Undoes != old.Undoes || p.Raise != old.Raise
}

// keeps reports whether p survives being written down: else its digest would be
// of something that no record holds.
func (p Plan) keeps() bool {
	var kept Plan
	b, err := json.Marshal(p)
	if err != nil || json.Unmarshal(b, &kept) != nil {
		return false
	}
	return digest("", 0, kept, "", 0) == digest("", 0, p, "", 0)
}

// String is for logs and test failures, never for people.
func (p Plan) String() string { return fmt.Sprintf("%s %s/%s", p.Step, p.Target.Account, p.Target.Key) }
