package main

import (
	"fmt"

	"twokey/bot/api"
	"twokey/incident"
)

type verifyCmd struct {
	recordFlags

	Heads   []string `placeholder:"FILE" sep:"none" help:"File of heads kept outside of the store, as audit.heads names it. Give older ones that were rotated away too."`
	Archive []string `placeholder:"FILE" sep:"none" help:"An archive of incidents that left the store: is it the one that the system log names, and does it hold?"`
	Head    []string `placeholder:"INCIDENT=HEAD" sep:"none" help:"A head from a card, such as inc-7='0123 4567 89ab cdef': the 16 characters at its foot, or more."`
}

// Help is shown below the flags.
func (verifyCmd) Help() string {
	return `Checks the chain of every incident and of the system log, and prints where each ends. What it says of a history:

  ok       it holds together, up to this head
  purged   it was exported and taken out of the store after this head; the archive holds it
  archive  what the store keeps of an archive's incidents is what the system log says; check the file itself with --archive
  BROKEN   at the first record that is edited, missing, in another order or of another incident
  CUT      a record that is known outside is not there: its end was cut off, or the file is an old copy
  OTHER    a record that is known outside stands there as another one: the history was written anew

A history whose last records were cut off still holds together, and so does one that was written anew by somebody with the key
(without audit.key_file: by anybody). Only who kept heads elsewhere can tell: a file of heads (audit.heads) is compared by
itself, and heads from cards with --head.`
}

// Run prints a line for each history; it fails if any is broken.
func (c *verifyCmd) Run(e *env, g *globals) error {
	cards, err := cardHeads(c.Head)
	if err != nil {
		return err
	}
	record, err := c.open(e, g)
	if err != nil {
		return err
	}
	defer record.close()
	v := &verifying{env: e, record: record, cache: make(map[incident.ID]api.Checked), purged: make(map[incident.ID]bool)}
	if err := record.Verify(e.ctx, v.chain); err != nil {
		return err
	}
	if len(c.Heads) == 0 && record.heads != "" {
		c.Heads = []string{record.heads}
	}
	if err := v.files(c.Heads); err != nil {
		return err
	}
	if err := v.cards(cards); err != nil {
		return err
	}
	if err := v.archives(c.Archive); err != nil {
		return err
	}
	return v.end()
}

// verifying is one run of verify.
type verifying struct {
	*env

	record    *record
	histories int
	records   int
	bad       int    // findings
	first     string // the first of them
	cache     map[incident.ID]api.Checked
	purged    map[incident.ID]bool // histories that are taken out, by whether a file of heads says so
}

// found prints a finding.
func (v *verifying) found(id incident.ID, verdict, at, format string, args ...any) {
	v.printf("%-8s %-7s %s\n", id, verdict, fmt.Sprintf(format, args...))
	v.count(id, at)
}

// count remembers the first finding.
func (v *verifying) count(id incident.ID, at string) {
	if v.bad++; v.bad == 1 {
		v.first = string(id) + at
	}
}

// chain tells of one history that was checked.
func (v *verifying) chain(c api.Checked) error {
	if c.Archive == "" {
		v.histories++
	}
	if c.Purged == "" {
		v.records += c.Records
	}
	v.printf("%s\n", verdict(c))
	if !c.OK {
		at := ""
		switch {
		case c.Broken > 0:
			at = fmt.Sprintf(" record %d", c.Broken)
		case c.Archive != "":
			at = " archive " + c.Archive
		}
		v.count(c.ID, at)
	}
	return nil
}

// verdict is one line about one history, or about what is kept of an archive.
func verdict(c api.Checked) string {
	switch {
	case c.OK && c.Archive != "":
		return fmt.Sprintf("%-8s archive %d incidents, into %s", c.ID, c.Incidents, c.Archive)
	case c.Archive != "":
		return fmt.Sprintf("%-8s BROKEN  archive %s: what is kept of its %d incidents is not what was written down: one was added to it, taken out or changed",
			c.ID, c.Archive, c.Incidents)
	case c.OK && c.Purged != "":
		return fmt.Sprintf("%-8s purged  %d records, head %s, into %s", c.ID, c.Records, c.Head.Short(), c.Purged)
	case c.OK && c.Records == 0:
		return fmt.Sprintf("%-8s ok      no records", c.ID)
	case c.OK:
		return fmt.Sprintf("%-8s ok      %d records, head %s", c.ID, c.Records, c.Head.Short())
	case c.Broken > 0:
		return fmt.Sprintf("%-8s BROKEN  at record %d: %s", c.ID, c.Broken, whyBroken(c.Why))
	}
	return fmt.Sprintf("%-8s BROKEN  %s", c.ID, whyBroken(c.Why))
}

func (v *verifying) end() error {
	if v.bad > 0 {
		v.printf("BROKEN: the record in %s does not hold; the first: %s. Keep the file as it is and find out who wrote to it\n", v.record.from, v.first)
		return errSaid
	}
	v.printf("the record holds: %d records in %d histories, in %s\n", v.records, v.histories, v.record.from)
	return nil
}

// whyBroken says in words what [incident.BrokenError] and package api name.
func whyBroken(why string) string {
	for name, words := range map[string]string{
		"edited":          "edited: it is not what was sealed, or the key of the record is another (audit.key_file, --key-file)",
		"gap":             "gap: the record of this number is missing",
		"reordered":       "reordered: it does not follow from the one before it",
		"foreign":         "foreign: it is of another incident",
		api.WhyMissing:    "missing: the whole incident is gone",
		api.WhyUnreadable: "unreadable: something there is no record",
		api.WhyUnarchived: "unarchived: it is gone, and the archive that is said to hold it is not in the system log",
	} {
		if name == why {
			return words
		}
	}
	return why
}
