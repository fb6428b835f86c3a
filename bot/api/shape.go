package api

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"twokey/incident"
)

// Status is the bot as a whole.
type Status struct {
	Version  string    `json:"version"`
	Now      time.Time `json:"now"`
	Open     int       `json:"open"`           // incidents, counted up to [MaxLimit]
	Held     string    `json:"held,omitempty"` // why no step may start
	Config   string    `json:"config,omitempty"`
	Drill    bool      `json:"drill"`
	Accounts []Account `json:"accounts"`
	Rooms    []Room    `json:"rooms"`
	Lanes    []Lane    `json:"lanes"`
	Record   *Record   `json:"record,omitempty"` // of a running bot only
}

// Record is whether the record holds, as far as the running bot has checked it
// since its start.
type Record struct {
	Broken  []Broken  `json:"broken"`
	Checked time.Time `json:"checked,omitzero"` // when everything was last read through; zero: not yet
	Heads   string    `json:"heads,omitempty"`  // why the file of heads can't be written at present
}

// Broken is a history that does not hold.
type Broken struct {
	ID  incident.ID `json:"id"`
	At  uint64      `json:"broken_at,omitempty"` // the first record that does not hold
	Why string      `json:"why"`                 // as in [Checked]
}

// Account is a configured cloud account.
type Account struct {
	Name string `json:"name"`
	ID   string `json:"id"`
	Mode string `json:"mode"` // act, observe or sandbox
}

// Room is a chat room.
type Room struct {
	Name     string    `json:"name"`
	Platform string    `json:"platform"`
	Inbound  time.Time `json:"last_inbound,omitzero"`  // when somebody last pressed or typed, since the start
	Failing  time.Time `json:"failing_since,omitzero"` // since when nothing could be shown there; zero: the last call got through
	Why      string    `json:"failing,omitempty"`      // code of the last failure
}

// Lane is a queue of work.
type Lane struct {
	Name string    `json:"name"`
	Due  time.Time `json:"next_due,omitzero"` // zero: nothing to do
}

// The states of an incident.
const (
	StateOpen      = "open"
	StateContained = "contained" // open, and the key was last seen unable to act
	StateClosed    = "closed"
	StateMerged    = "merged" // into the incident that Merged names
)

// Incident is one incident as it stands.
type Incident struct {
	ID        incident.ID                  `json:"id"`
	Key       incident.KeyID               `json:"key"` // empty: not known yet
	State     string                       `json:"state"`
	Opened    time.Time                    `json:"opened"`
	Closed    time.Time                    `json:"closed,omitzero"`
	Owner     Owner                        `json:"owner"`
	Evidence  []Evidence                   `json:"evidence"`
	Answers   map[incident.Question]Answer `json:"answers"`
	Proposals []Proposal                   `json:"proposals"`
	Commander incident.Person              `json:"commander,omitempty"`
	Links     []incident.ID                `json:"links,omitempty"`
	Merged    incident.ID                  `json:"merged_into,omitempty"`
	Records   uint64                       `json:"records"`
	Head      incident.Hash                `json:"head"`
}

// Owner is whose key it is, as far as an answer is honest.
type Owner struct {
	Kind      string          `json:"kind,omitempty"` // ram, root, sts, deleted, foreign or unknown; empty: not asked yet
	Account   string          `json:"account,omitempty"`
	AccountID string          `json:"account_id,omitempty"`
	User      string          `json:"user,omitempty"`
	UserID    string          `json:"user_id,omitempty"`
	Person    incident.Person `json:"person,omitempty"` // who answers for it
}

// Evidence is one observed fact.
type Evidence struct {
	Of     incident.Identity `json:"of"`
	Name   incident.FactName `json:"name"`
	Value  string            `json:"value"`
	AsOf   time.Time         `json:"as_of"`
	Since  time.Time         `json:"since"`
	Source string            `json:"source"`
}

// Answer is what is believed of one of the playbook's questions.
type Answer struct {
	Value  string          `json:"value"`
	By     incident.Person `json:"by,omitempty"` // empty: worked out from evidence
	Source string          `json:"source,omitempty"`
	AsOf   time.Time       `json:"as_of,omitzero"`
}

// Proposal is one plan and what became of it.
type Proposal struct {
	Number  int              `json:"number"`
	Digest  incident.Digest  `json:"digest"`
	Step    string           `json:"step"`
	Tier    incident.Tier    `json:"tier"`
	Need    int              `json:"need"`
	Votes   []Vote           `json:"votes"`
	Status  incident.Status  `json:"status"`
	Outcome incident.Outcome `json:"outcome"`
	Code    string           `json:"code,omitempty"` // the cloud's error code
	Auto    bool             `json:"auto,omitempty"` // by automation, nobody voted
}

// Vote is one person's yes.
type Vote struct {
	By    incident.Person `json:"by"`
	At    time.Time       `json:"at"`
	Until time.Time       `json:"until"`
}

// Entry is one record of a timeline.
type Entry struct {
	Seq  uint64          `json:"seq"`
	At   time.Time       `json:"at"`
	By   incident.Person `json:"by"`
	Kind string          `json:"kind"`
	Step string          `json:"step,omitempty"`
	Plan int             `json:"plan,omitempty"`
	Text string          `json:"text"` // empty: a record that people need not read
	Hash incident.Hash   `json:"hash"`
}

// Exported is one line of an export. Hash is over exactly the bytes of Record,
// as they stand in the line.
type Exported struct {
	Hash   incident.Hash   `json:"hash"`
	Record json.RawMessage `json:"record"`
}

func shape(s incident.State, owners map[incident.RAMUser]incident.Person) Incident {
	t := s.Target()
	i := Incident{
		ID: s.ID, Key: s.Key, State: stateOf(s), Opened: s.Opened, Closed: s.Closed,
		Owner: Owner{
			Kind: s.KeyFact(incident.FactOwner), Account: t.Account, AccountID: t.AccountID, User: t.User, UserID: t.UserID,
			Person: owners[incident.RAMUser{Account: t.Account, User: t.User}],
		},
		Evidence: evidence(s), Answers: map[incident.Question]Answer{}, Proposals: []Proposal{},
		Commander: s.Commander, Links: s.Links, Merged: s.MergedInto, Records: s.Seq, Head: s.Head,
	}
	for _, q := range []incident.Question{incident.InUse, incident.Rotatable} {
		a := s.Answer(q)
		i.Answers[q] = Answer{Value: a.Value, By: a.By, Source: a.Source, AsOf: a.AsOf}
	}
	for _, p := range s.Proposals {
		i.Proposals = append(i.Proposals, proposal(p))
	}
	return i
}

func stateOf(s incident.State) string {
	switch {
	case s.MergedInto != "":
		return StateMerged
	case !s.Open():
		return StateClosed
	case s.Contained():
		return StateContained
	}
	return StateOpen
}

func evidence(s incident.State) []Evidence {
	all := []Evidence{}
	for of, facts := range s.Seen {
		for _, name := range slices.Sorted(maps.Keys(facts)) {
			f := facts[name]
			all = append(all, Evidence{of, name, f.Value, f.AsOf, f.Since, f.Source})
		}
	}
	slices.SortStableFunc(all, func(a, b Evidence) int { return cmp.Compare(a.Of, b.Of) })
	return all
}

func proposal(p incident.Proposal) Proposal {
	out := Proposal{
		Number: p.Number, Digest: p.Digest, Step: p.Plan.Step, Tier: p.Tier, Need: p.Need, Votes: []Vote{},
		Status: p.Status, Outcome: p.Outcome, Code: p.Code, Auto: p.Auto,
	}
	for _, v := range p.Votes {
		out.Votes = append(out.Votes, Vote{v.By, v.At, v.Until})
	}
	return out
}

// planOf is the plan that a record is about; 0: none. Every event about a plan
// keeps its number under the same name.
func planOf(r incident.Record) int {
	var b struct {
		Event struct {
			Number int `json:"number"`
		} `json:"event"`
	}
	if err := json.Unmarshal(r.Bytes, &b); err != nil {
		return 0
	}
	return b.Event.Number
}
