package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"twokey/store/bolt"
)

type restoreCmd struct {
	Backup    string `arg:"" help:"The backup: a file that twokey backup made, or a copy of a stopped bot's file."`
	DB        string `name:"db" placeholder:"FILE" help:"Where the store belongs; store.bolt.path of the configuration when not given."`
	Data      string `placeholder:"DIR" help:"The folder of a demo: the same as --db DIR/twokey.db."`
	KeyFile   string `placeholder:"FILE" help:"Key of the record, as audit.key_file names it."`
	Aside     bool   `help:"A store that is there already keeps the name FILE.aside-<time> instead."`
	BrokenToo bool   `help:"Restore also a backup whose record does not hold."`
}

// Help is shown below the flags.
func (restoreCmd) Help() string {
	return `Copies the backup, checks the copy (pages, format, every chain), marks it, and gives it the store's name in one step: cut off at
any moment, the old store is still there or the new one is. Run it as the user that the bot runs as, with the bot stopped.
The bot then starts on hold and says so in every room. What happened after the backup it does not know: so no vote in it
counts any more, and nothing starts until an approver has looked at the cloud and says go.`
}

// Run puts the backup in place.
func (c *restoreCmd) Run(e *env, g *globals) error {
	p, err := recordFlags{DB: c.DB, Data: c.Data, KeyFile: c.KeyFile}.place(e, g)
	if err != nil {
		return err
	}
	if err := c.mayReplace(p.db); err != nil {
		return err
	}
	temp, err := scratch(p.db, ".twokey-restore-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // it has its real name by then, or is of no use
	if err := written(temp, c.copyTo); err != nil {
		return err
	}
	held, err := c.examine(e, p, temp.Name())
	if err != nil {
		return err
	}
	if err := markRestored(context.WithoutCancel(e.ctx), temp.Name(), e.now()); err != nil {
		return fmt.Errorf("mark the restored store: %w", err)
	}
	aside, err := c.install(e, temp.Name(), p.db)
	if err != nil {
		return err
	}
	e.printf("%s: restored from %s: %s\n", p.db, c.Backup, held)
	if aside != "" {
		e.printf("the store that was there is now %s\n", aside)
	}
	e.printf("The bot will start on hold. What happened after the backup it does not know: look at the cloud, then an approver says go.\n")
	return nil
}

// mayReplace refuses early what installing would refuse.
func (c *restoreCmd) mayReplace(db string) error {
	there, err := os.Stat(db)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", db, withoutPath(err))
	}
	backup, err := os.Stat(c.Backup)
	switch {
	case err == nil && os.SameFile(there, backup):
		return fmt.Errorf("%s is the store itself, not a backup of it", c.Backup)
	case !c.Aside:
		return fmt.Errorf("%s: a store is there already: move it away, or keep it under another name with --aside", db)
	}
	return nil
}

// copyTo copies the backup, but not while somebody has it open: a store that a
// bot writes to is never whole.
func (c *restoreCmd) copyTo(w io.Writer) error {
	return bolt.Examine(c.Backup, func(*bolt.Store) error {
		f, err := os.Open(c.Backup)
		if err != nil {
			return withoutPath(err)
		}
		defer func() { _ = f.Close() }() // only read
		_, err = io.Copy(w, f)
		return err
	})
}

// examine looks at the copy: it is what will be in place.
func (c *restoreCmd) examine(e *env, p place, temp string) (copied, error) {
	held, err := p.examine(e, temp)
	if err != nil {
		return held, fmt.Errorf("check the copy of %s: %w", c.Backup, err)
	}
	if len(held.broken) == 0 {
		return held, nil
	}
	if !c.BrokenToo {
		return held, held.brokenError(c.Backup, "nothing was restored (--broken-too restores it all the same)", p.config.Audit.Key.given())
	}
	_, _ = fmt.Fprintf(e.stderr, "twokey: BROKEN: the record in %s does not hold, in %d histories: nothing in it proves anything\n", c.Backup, len(held.broken))
	return held, nil
}

func (c *restoreCmd) install(e *env, temp, db string) (aside string, err error) {
	if _, err := os.Lstat(db); err == nil && c.Aside {
		aside = db + ".aside-" + e.now().UTC().Format(timeInName)
	}
	err = bolt.Install(temp, db, aside)
	switch {
	case errors.Is(err, bolt.ErrLocked):
		return "", fmt.Errorf("%w: stop the bot first", err)
	case errors.Is(err, fs.ErrExist):
		return "", fmt.Errorf("%w: %s is there too; try again in a second", err, aside)
	case err != nil:
		return "", err
	}
	return aside, nil
}
