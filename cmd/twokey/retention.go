package main

import (
	"context"
	"fmt"
	"time"

	"twokey/bot"
	"twokey/incident"
	"twokey/store/archive"
	"twokey/store/bolt"
	"twokey/store/heads"
)

// leavePause is the rest after each hundred incidents that leave the store: the
// disk is for what comes in.
const leavePause = 200 * time.Millisecond

// retention is when closed incidents leave the store; nil if nobody said where
// to.
func (a *app) retention(db *bolt.Store) *bot.Retention {
	c := a.config.Retention
	if c.Export == "" {
		return nil
	}
	r := &bot.Retention{Closed: c.Closed, Archive: archives(a.config), Compacter: db, Pause: leavePause}
	if a.heads != nil {
		r.Witness = outside{a.heads, a.now}
	}
	return r
}

func archives(c *config) archive.Dir {
	return archive.Dir{Path: c.Retention.Export, Chain: c.chain()}
}

// outside is the file of heads, told of histories that are about to leave.
type outside struct {
	file *heads.File
	now  func() time.Time
}

var _ bot.Witness = outside{}

// Leaving implements [bot.Witness].
func (o outside) Leaving(ctx context.Context, ends []incident.End) error {
	lines := make([]heads.Head, len(ends))
	for i, e := range ends {
		lines[i] = heads.Head{At: o.now(), ID: e.Incident, Seq: e.Seq, Hash: e.Hash}
	}
	if err := o.file.Purge(ctx, lines...); err != nil {
		return fmt.Errorf("write audit.heads: %w", err)
	}
	return nil
}

// retention says whether closed incidents leave, and tries the place they go to.
func (f *findings) retention(c *config) {
	r := c.Retention
	if r.Export == "" {
		f.ok("retention: closed incidents stay in the store: retention.export names no directory")
		return
	}
	if err := archives(c).Try(); err != nil {
		f.fail("retention.export: %s: give the bot's user a directory it may write to; until then closed incidents stay", err)
		return
	}
	f.ok("retention: incidents leave for %s after %s", r.Export, r.Closed)
}
