package main

import (
	"fmt"

	"twokey/bot/api"
	"twokey/incident"
)

type verifyCmd struct {
	recordFlags

	Heads string `placeholder:"FILE" help:"File of heads kept outside of the store, as audit.heads names it."`
}

// Help is shown below the flags.
func (verifyCmd) Help() string {
	return `Checks the chain of every incident and of the system log, and prints where each ends. A history whose last records were
cut off still holds together: compare the heads with those on the cards, or keep a file of heads (audit.heads), which is
compared by itself.`
}

// Run prints a line for each history; it fails if any is broken.
func (c *verifyCmd) Run(e *env, g *globals) error {
	record, err := c.open(e, g)
	if err != nil {
		return err
	}
	defer record.close()
	v, err := record.Verify(e.ctx)
	if err != nil {
		return err
	}
	broken, total := 0, 0
	for _, log := range v.Logs {
		if total += log.Records; !log.OK {
			broken++
		}
		e.printf("%s\n", verdict(log))
	}
	cut, err := c.compareHeads(e, record)
	if err != nil {
		return err
	}
	if broken+cut > 0 {
		e.printf("BROKEN: the record in %s does not hold: keep the file as it is and find out who wrote to it\n", record.from)
		return errSaid
	}
	e.printf("the record holds: %d records in %d histories, in %s\n", total, len(v.Logs), record.from)
	return nil
}

func verdict(log api.Checked) string {
	switch {
	case log.OK && log.Records == 0:
		return fmt.Sprintf("%-8s ok      no records", log.ID)
	case log.OK:
		return fmt.Sprintf("%-8s ok      %d records, head %s", log.ID, log.Records, log.Head.Short())
	case log.Broken > 0:
		return fmt.Sprintf("%-8s BROKEN  at record %d: %s", log.ID, log.Broken, whyBroken(log.Why))
	}
	return fmt.Sprintf("%-8s BROKEN  %s", log.ID, whyBroken(log.Why))
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
	} {
		if name == why {
			return words
		}
	}
	return why
}

// compareHeads counts the heads known outside that the record does not have.
func (c *verifyCmd) compareHeads(e *env, record *record) (missing int, err error) {
	file := or(c.Heads, record.heads)
	if file == "" {
		return 0, nil
	}
	known, err := readHeads(file)
	if err != nil {
		return 0, fmt.Errorf("heads %s: %w", file, err)
	}
	for _, h := range known {
		ok, err := has(e, record, h)
		if err != nil {
			return missing, err
		}
		if !ok {
			missing++
			e.printf("%-8s CUT     %s knows record %d as %s\n", h.ID, file, h.Seq, h.Hash.Short())
		}
	}
	e.printf("compared with %d heads in %s\n", len(known), file)
	return missing, nil
}

func has(e *env, record *record, h head) (bool, error) {
	entries, err := record.Timeline(e.ctx, h.ID, "")
	switch {
	case e.ctx.Err() != nil:
		return false, e.ctx.Err()
	case err != nil:
		return false, nil //nolint:nilerr // whatever stands there is not the record that was known
	}
	return h.in(entries), nil
}

func (h head) in(entries []api.Entry) bool {
	n := int(h.Seq) //nolint:gosec // bounded by the next line
	return n >= 1 && n <= len(entries) && entries[n-1].Seq == h.Seq && incident.Hash(h.Hash) == entries[n-1].Hash
}
