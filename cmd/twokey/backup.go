package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"twokey/bot/api"
	"twokey/bot/view"
	"twokey/incident"
	"twokey/store/bolt"
)

// copied is what a copy of a store holds.
type copied struct {
	incidents, records int
	bytes              int64
	newest             incident.Record // the last one that was written; none: the zero record
	broken             []api.Checked
}

// String says it to people.
func (c copied) String() string {
	head := "nothing written yet"
	if c.newest.Seq > 0 {
		head = fmt.Sprintf("newest head %s record %d %s of %s", c.newest.Incident, c.newest.Seq, c.newest.Hash.Short(),
			c.newest.At.UTC().Format("2006-01-02 15:04:05Z"))
	}
	return fmt.Sprintf("%d incidents, %d records, %d bytes, %s", c.incidents, c.records, c.bytes, head)
}

// noting is a source that notes the newest record of all that are read.
type noting struct {
	ledger

	newest incident.Record
}

// Load implements [api.Source].
func (n *noting) Load(ctx context.Context, id incident.ID) ([]incident.Record, error) {
	records, err := n.ledger.Load(ctx, id)
	if len(records) > 0 && !records[len(records)-1].At.Before(n.newest.At) {
		n.newest = records[len(records)-1]
	}
	return records, err
}

// examine reads a copy to its end: its pages, its format, and every chain.
func (p place) examine(e *env, path string) (c copied, err error) {
	err = bolt.Examine(path, func(db *bolt.Store) error {
		words, err := view.New()
		if err != nil {
			return err
		}
		rules, err := p.config.rules()
		if err != nil {
			return err
		}
		reader, source := local(db, p.config, rules, words, e.now), &noting{ledger: ledger{db}}
		reader.Source = source
		err = reader.Verify(e.ctx, func(log api.Checked) error {
			if log.Purged != "" && log.OK {
				return nil
			}
			if c.records += log.Records; log.ID != incident.System {
				c.incidents++
			}
			if !log.OK {
				c.broken = append(c.broken, log)
			}
			return nil
		})
		c.newest = source.newest
		return err
	})
	if err != nil {
		return c, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return c, err
	}
	c.bytes = info.Size()
	return c, nil
}

// brokenError says that a copy is whole and its record does not hold.
func (c copied) brokenError(what, but string, keyed bool) error {
	hint := ""
	if !keyed {
		hint = "; no key was given: does the bot have an audit.key_file (--key-file)?"
	}
	return fmt.Errorf("%s: the record in it does not hold (%s)%s; %s", what, verdict(c.broken[0]), hint, but)
}

// scratch makes an empty file beside path, readable for its owner only. Whoever
// gets it removes it.
func scratch(path, pattern string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), pattern)
	if err != nil {
		return nil, fmt.Errorf("make a file beside %s: %w", path, withoutPath(err))
	}
	return f, nil
}

// written fills a file and makes it durable.
func written(f *os.File, fill func(io.Writer) error) error {
	err := fill(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
