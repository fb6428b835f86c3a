package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"twokey/bot/api"
	"twokey/incident"
	"twokey/store/heads"
)

// files compares every line of files of heads with the record, holding one line
// at a time. Every line counts: a history that was written anew may have grown
// since.
func (v *verifying) files(files []string) error {
	for _, file := range files {
		n, newest := 0, false
		for h, err := range heads.Read(file) {
			if err == nil {
				n++
				newest, err = v.compare(file, h)
			}
			if err != nil {
				return fmt.Errorf("heads %s: %w", file, err)
			}
		}
		v.printf("compared with %d heads in %s\n", n, file)
		if n > 0 && !newest {
			v.printf("the newest head in %s is not in the record: the store is an old copy, or its end was cut off\n", file)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(v.purged)) {
		if !v.purged[id] {
			v.found(id, "CUT", "", "taken out of the store, and %s knows it but not that", strings.Join(files, " "))
		}
	}
	return nil
}

// compare reports whether the record has what a head says, and tells if not.
func (v *verifying) compare(file string, h heads.Head) (bool, error) {
	c, err := v.look(h.ID, h.Seq)
	if err != nil {
		return false, err
	}
	here := c.Hashes[h.Seq]
	if c.Purged != "" {
		last := uint64(c.Records) //nolint:gosec // a count of records
		v.purged[h.ID] = v.purged[h.ID] || h.Purged
		switch {
		case h.Seq == last:
			here = c.Head
		case h.Seq < last && !h.Purged:
			return true, nil // the archive has it
		}
	}
	at := fmt.Sprintf(" record %d", h.Seq)
	switch here {
	case h.Hash:
		return true, nil
	case "":
		v.found(h.ID, "CUT", at, "%s knows record %d as %s, of %s", file, h.Seq, h.Hash.Short(), h.At.Format("2006-01-02 15:04:05"))
	default:
		v.found(h.ID, "OTHER", at, "%s knows record %d as %s; here it is %s", file, h.Seq, h.Hash.Short(), here.Short())
	}
	return false, nil
}

// maxCache bounds the histories that are kept for the next line: lines of one
// history stand near each other.
const maxCache = 256

// look returns a history with its hashes. One that was kept is asked for again
// if it ends before seq: a running bot's histories grow.
func (v *verifying) look(id incident.ID, seq uint64) (api.Checked, error) {
	if c, ok := v.cache[id]; ok && (c.Hashes[seq] != "" || c.Purged != "") {
		return c, nil
	}
	c, err := v.record.VerifyOne(v.ctx, id)
	if errors.Is(err, api.ErrNotFound) {
		err = nil
	}
	if err != nil {
		return c, err
	}
	if len(v.cache) >= maxCache {
		clear(v.cache)
	}
	v.cache[id] = c
	return c, nil
}

// cardHead is a head that somebody read from a card.
type cardHead struct {
	id   incident.ID
	head string
}

// cardHeads reads "inc-7=0123 4567 89ab cdef", spaces or not.
func cardHeads(texts []string) ([]cardHead, error) {
	var all []cardHead
	for _, text := range texts {
		name, head, _ := strings.Cut(text, "=")
		head = strings.ToLower(strings.Join(strings.Fields(head), ""))
		if len(head) < 16 || len(head) > 64 || strings.Trim(head, "0123456789abcdef") != "" {
			return nil, usageError(fmt.Sprintf("--head %q: want an incident and at least 16 characters of its head, such as inc-7=0123456789abcdef", text))
		}
		id, err := incidentID(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		all = append(all, cardHead{id, head})
	}
	return all, nil
}

// cards compares heads from cards with the record.
func (v *verifying) cards(all []cardHead) error {
	for _, card := range all {
		c, err := v.look(card.id, 0)
		if err != nil {
			return err
		}
		hashes := c.Hashes
		if c.Purged != "" {
			hashes = map[uint64]incident.Hash{uint64(c.Records): c.Head} //nolint:gosec // a count of records
		}
		short := incident.Hash(card.head).Short()
		at := uint64(0)
		for seq, h := range hashes {
			if strings.HasPrefix(string(h), card.head) {
				at = seq
			}
		}
		switch {
		case at > 0:
			v.printf("%-8s ok      the head %s is that of record %d of %d\n", card.id, short, at, c.Records)
		case c.Purged != "":
			v.found(card.id, "CUT", "", "the head %s is not the last one of what was taken out: look for it in %s", short, c.Purged)
		default:
			v.found(card.id, "CUT", "", "no record has the head %s: its end was cut off, or it was written anew", short)
		}
	}
	return nil
}
