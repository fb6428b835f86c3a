// Package playbook reads playbooks from YAML and holds the default one.
//
// It checks what a file says against the steps and facts that exist and reports
// everything that is wrong with its place. It decides nothing: which row is
// followed, what may be offered and how many people it takes are the business
// of package incident, and no file can lower that.
package playbook

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"twokey/incident"
)

//go:embed default.yaml
var defaultYAML []byte

// MinSecondLook is the shortest time between seeing a key disabled and deleting
// it that a file may ask for: that long its owner has to notice.
const MinSecondLook = time.Hour

// guided are steps that people do in the console and say so. They are known to
// every playbook; a deployment may add manual ones of its own.
var guided = []string{
	"manual.bind_mfa",       // the user binds a device at the next logon; no seed passes a chat
	"manual.find_owner",     // search the key in the consoles of all accounts
	"manual.free_slot",      // the user has two keys: find out which one is dead
	"manual.replace_key",    // the owner has put the new key in place and it works
	"manual.reset_password", // the user gets a new password in the console; none passes a chat
	"manual.report_foreign", // tell whose key it is, or Alibaba Cloud
	"root.create_key",
	"root.delete_key",
	"root.disable_key",
	"root.find_key", // look for the key on root's AccessKey page
	"root.mfa",
	"root.password",
	"root.replace_key",
}

// Guided lists the guided steps that have names in every language, sorted.
func Guided() []string { return slices.Clone(guided) }

// Steps lists every step that a playbook may name, sorted: those with a tier
// and the guided ones. Manual steps of a deployment come on top.
func Steps() []string {
	return slices.Sorted(slices.Values(append(incident.Steps(), guided...)))
}

// Default returns the playbook that is built in: Alibaba Cloud's documents on
// AccessKey leaks as a table of ten cases.
func Default() incident.Playbook {
	b, err := Parse("default.yaml", defaultYAML, incident.Steps())
	if err != nil {
		panic(fmt.Sprintf("playbook: the embedded one: %v", err)) // a test reads it
	}
	return b
}

// Parse reads a playbook. Name is the file's, for messages. Known are the steps
// that the bot can carry out; guided ones need not be among them. Everything
// that is wrong is reported at once: the error joins a [*Problem] for each.
// What the file raises is read by [Raise].
func Parse(name string, b []byte, known []string) (incident.Playbook, error) {
	r := read(name, b, known)
	if err := r.err(); err != nil {
		return incident.Playbook{}, err
	}
	return r.book, nil
}

// Raise reads the tiers that a playbook raises, by step, for [incident.Rules].
// It reports the same problems as [Parse].
func Raise(name string, b []byte, known []string) (map[string]incident.Tier, error) {
	r := read(name, b, known)
	if err := r.err(); err != nil {
		return nil, err
	}
	return maps.Clone(r.raise), nil
}

// Problem is one thing that is wrong with a playbook.
type Problem struct {
	File string
	Line int    // from 1; 0 if the whole file is meant
	Key  string // "rows[2].steps[0].needs.status"; empty for the whole file
	Why  string
}

func (p *Problem) Error() string {
	place := p.File
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	if p.Key != "" {
		return place + ": " + p.Key + ": " + p.Why
	}
	return place + ": " + p.Why
}

// err joins all problems in the order of the file.
func (r *reader) err() error {
	slices.SortStableFunc(r.problems, func(a, b *Problem) int { return a.Line - b.Line })
	errs := make([]error, len(r.problems))
	for i, p := range r.problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

func (r *reader) wrong(n *node, key, why string, blanks ...any) {
	if len(blanks) > 0 {
		why = fmt.Sprintf(why, blanks...)
	}
	line := 0
	if n != nil {
		line = n.Line
	}
	r.problems = append(r.problems, &Problem{File: r.name, Line: line, Key: key, Why: why})
}

// oneOf names what would have been right.
func oneOf(values []string) string { return "one of " + strings.Join(values, ", ") }
