package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// What opening a file can refuse; compare with errors.Is.
var (
	ErrDamaged      = errors.New("the file of the pretend account is damaged, or not one: move it away to start with a new account")
	ErrOtherAccount = errors.New("the file holds another pretend account")
)

// format is the number of the file's format; [ErrDamaged] refuses any other.
const format = 1

// envelope is the file: the state and its SHA-256, so that no damage is taken for
// an account.
type envelope struct {
	Format int
	Sum    string
	State  json.RawMessage
}

// Open is New with [Options.File]: the account that is in the file, or a new one if
// there is no such file. Without a file it is New.
//
// From then on every write is in the file before its answer is sent, so the process
// may be killed at any moment. Reads and refused calls reach the file with the next
// write or with Close; nonces, faults, counters, credential
// reports and [Behaviour] never do. One
// process at a time may have the file open: nothing here keeps a second one away.
//
// Errors: ErrDamaged, ErrOtherAccount when [Options.Account] is not the one in the
// file, and those of the file system.
func Open(o Options) (*Cloud, error) {
	c := New(o)
	if o.File == "" {
		return c, nil
	}
	c.file = o.File
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open sandbox %s: %w", o.File, cause(err))
	}
	if err := c.save(); err != nil { // now rather than at the first write, and with mode 0600
		return nil, fmt.Errorf("open sandbox %s: %w", o.File, err)
	}
	return c, nil
}

// load reads the file into a Cloud that nobody else knows yet.
func (c *Cloud) load() error {
	text, err := os.ReadFile(c.file)
	if err != nil {
		return err
	}
	var e envelope
	if err := strictly(text, &e); err != nil {
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	if e.Format != format || e.Sum != sum(e.State) {
		return ErrDamaged
	}
	var s saved
	if err := strictly(e.State, &s); err != nil {
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	if s.Account != c.account {
		return ErrOtherAccount
	}
	if err := c.restore(s); err != nil {
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	return nil
}

// strictly decodes one JSON value with nothing unknown in it and nothing after it.
func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the end")
	}
	return nil
}

// change lets f change the account and saves the result. If either goes wrong, the
// account with a file is again as it was, and so is the file. The caller holds the
// lock.
func (c *Cloud) change(f func() error) error {
	if c.file == "" {
		return f()
	}
	undo := c.undo()
	err := f()
	if err == nil {
		err = c.save()
	}
	if err != nil {
		undo()
	}
	return err
}

// undo remembers the account and returns how to go back to it.
func (c *Cloud) undo() func() {
	was, logs, trail, seq, furnished := c.world.clone(), maps.Clone(c.logs), slices.Clone(c.trail), c.seq, c.furnished
	return func() { c.world, c.logs, c.trail, c.seq, c.furnished = was, logs, trail, seq, furnished }
}

// save replaces the file, which is at every moment either the old or the new one.
// The caller holds the lock.
func (c *Cloud) save() error {
	if c.closed {
		return fmt.Errorf("save sandbox: %w", fs.ErrClosed)
	}
	state, err := json.Marshal(c.state())
	if err != nil {
		return fmt.Errorf("encode sandbox: %w", err)
	}
	text := fmt.Appendf(nil, `{"Format":%d,"Sum":%q,"State":%s}`, format, sum(state), state) // an envelope, encoded once
	if err := replace(c.file, text); err != nil {
		return fmt.Errorf("save sandbox: %w", cause(err))
	}
	c.unsaved = false
	return nil
}

func sum(state []byte) string {
	s := sha256.Sum256(state)
	return hex.EncodeToString(s[:])
}

// replace puts a new file in the old one's place. Of a process that was killed it
// may find half a file under the temporary name; that one was never the account.
func replace(path string, text []byte) error {
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the new name durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// cause is the error without the path, which the wrapping names.
func cause(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}

// finish saves what is still unsaved and ends saving, so that the file is free for
// the next Open. The caller holds the lock.
func (c *Cloud) finish() error {
	if c.file == "" || c.closed {
		return nil
	}
	var err error
	if c.unsaved {
		err = c.save()
	}
	c.closed = true
	return err
}
