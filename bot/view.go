package bot

import (
	"errors"
	"time"

	"twokey/incident"
)

// ErrGone says that a message is no longer there: post it anew.
var ErrGone = errors.New("message is gone")

// View turns state into words. It is pure, so every card in every language can
// be kept as a golden file.
type View interface {
	// Card is the incident's card.
	Card(s Scene) Card

	// Line is a record as an entry of the timeline; false if people need not
	// see it.
	Line(s Scene, r incident.Record) (Line, bool)

	// Flood is the message that stands for cards held back.
	Flood(f Flood) Card

	// Plan is one plan in full, for one person who asked to see it.
	Plan(s Scene, number int) Step

	// Refusal says why not, and what to do next.
	Refusal(s Scene, err error) string

	// Say is a sentence of the catalog with its blanks filled in.
	Say(lang, id string, blanks map[string]string) string

	// Languages lists the languages that there are catalogs for.
	Languages() []string
}

// Scene is everything that a view reads.
type Scene struct {
	State  incident.State
	Rules  incident.Rules
	Lang   string
	Now    time.Time
	Reader incident.Person                      // for whom, if for one person
	Plan   int                                  // what a refusal is about; 0: no plan
	Names  map[incident.Person]string           // display names
	Texts  map[incident.Words]string            // what words stand for; a missing one was erased
	Owners map[incident.RAMUser]incident.Person // who answers for a RAM user
	Steps  []string                             // steps that the account's catalog has
	Drill  bool                                 // a pretend account
	Site   string                               // "china" or "international": console links
	Links  map[string]string                    // pages of the console that have another address here, by name
	Behind []Behind                             // other rooms that can't be told of the incident
}

// Flood is what a room was spared: cards of incidents that may be nothing, of
// which there were too many at once.
type Flood struct {
	Lang        string
	Drill       bool
	Began, Last time.Time // first and last card held back
	Held        int
	Sources     []SourceCount // most first; an empty name is all others
	Newest      []incident.ID // newest first
}

// SourceCount is how many came from one source.
type SourceCount struct {
	Name  string
	Count int
}
