package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

type backupCmd struct {
	recordFlags

	Out       string `short:"o" placeholder:"FILE|-" help:"Where to; - is standard output. twokey-<time>.backup when not given."`
	Force     bool   `help:"Replace a file that is there already."`
	BrokenToo bool   `help:"Keep the copy also if the record in it does not hold: evidence, and nothing to go on with."`
}

// Help is shown below the flags.
func (backupCmd) Help() string {
	return `Copies the bot's file, or asks the running bot when that has the file open; then the copy has everything that was acknowledged
before this began, and nobody waits for it. Nothing gets its name before it is whole, checked and on disk; - is copied to
$TMPDIR first. A backup holds what the store holds, with free text, names and sealed secrets: keep it as safe as the store. The
key of the record (audit.key_file) is not in it: keep that elsewhere. See: twokey restore`
}

// Run writes the copy and says what it holds.
func (c *backupCmd) Run(e *env, g *globals) error {
	record, err := c.open(e, g)
	if err != nil {
		return err
	}
	defer record.close()
	out := or(c.Out, "twokey-"+e.now().UTC().Format(timeInName)+".backup")
	if err := c.mayWrite(out, record.place.db); err != nil {
		return err
	}
	beside := out
	if out == "-" {
		beside = filepath.Join(os.TempDir(), "backup")
	}
	temp, err := scratch(beside, ".twokey-backup-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // it has its real name by then, or is of no use
	held, err := c.fetch(e, record, temp)
	if err != nil {
		return err
	}
	if out == "-" {
		return c.toStdout(e, temp.Name(), held)
	}
	if err := c.settle(temp.Name(), out); err != nil {
		return err
	}
	e.printf("%s: backup of %s: %s\n", out, record.from, held)
	return nil
}

// timeInName is a time that sorts, as part of a file's name.
const timeInName = "20060102T150405Z"

// mayWrite refuses early what settle would refuse, and what it could not know:
// that the file is the store itself.
func (c *backupCmd) mayWrite(out, db string) error {
	if out == "-" {
		return nil
	}
	there, err := os.Stat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", out, withoutPath(err))
	}
	if store, err := os.Stat(db); err == nil && os.SameFile(there, store) {
		return fmt.Errorf("%s is the store itself: choose another name", out)
	}
	switch {
	case !there.Mode().IsRegular():
		return fmt.Errorf("%s is no file that can be replaced: choose another name", out)
	case !c.Force:
		return fmt.Errorf("%s is there already: choose another name, or replace it with --force", out)
	}
	return nil
}

// fetch fills the file, checks what is in it, and marks it as a backup.
func (c *backupCmd) fetch(e *env, record *record, temp *os.File) (held copied, err error) {
	if err := written(temp, func(w io.Writer) error { return record.backup(e.ctx, w) }); err != nil {
		return held, err
	}
	if held, err = record.place.examine(e, temp.Name()); err != nil {
		return held, fmt.Errorf("check the copy: %w", err)
	}
	if len(held.broken) > 0 {
		err := held.brokenError(record.from, "no backup was kept (--broken-too keeps one)", record.place.config.Audit.Key.given())
		if !c.BrokenToo {
			return held, err
		}
		_, _ = fmt.Fprintf(e.stderr, "twokey: BROKEN: %s: the record does not hold: this backup is evidence of that, keep it apart\n", record.from)
	}
	return held, markRestored(context.WithoutCancel(e.ctx), temp.Name(), e.now())
}

func (c *backupCmd) toStdout(e *env, temp string, held copied) error {
	f, err := os.Open(temp) //nolint:gosec // made here
	if err != nil {
		return withoutPath(err)
	}
	defer func() { _ = f.Close() }() // only read
	if _, err := io.Copy(e.stdout, f); err != nil {
		return fmt.Errorf("standard output: %w", withoutPath(err))
	}
	_, _ = fmt.Fprintf(e.stderr, "twokey: backup: %s\n", held)
	return nil
}

// settle gives the copy its name, durably. Without --force it overwrites nothing,
// also nothing that came there meanwhile; a file system that has no links can't
// promise that.
func (c *backupCmd) settle(temp, out string) error {
	f, err := os.OpenFile(temp, os.O_RDWR, 0) //nolint:gosec // made here
	if err != nil {
		return withoutPath(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", out, withoutPath(err))
	}
	if !c.Force {
		err = os.Link(temp, out)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there already: choose another name, or replace it with --force", out)
	case c.Force, err != nil:
		err = os.Rename(temp, out)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", out, linkReason(err))
	}
	return syncDir(filepath.Dir(out))
}

func linkReason(err error) error {
	if link := (*os.LinkError)(nil); errors.As(err, &link) {
		return link.Err
	}
	return err
}

// syncDir makes a new name durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
