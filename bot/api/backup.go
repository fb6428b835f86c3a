package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Backup is what GET /api/backup needs. The store is copied into a file first and
// sent from there, so that a slow reader holds up nothing and nobody has to know
// in advance how long it takes.
type Backup struct {
	// Copy writes the whole store as it is now.
	Copy func(ctx context.Context, w io.Writer) error

	// Dir is where the copy lies until it is sent: as safe a place as the store's.
	Dir string

	// Room is how many bytes a copy may take there; nil: as many as it likes. It
	// must leave enough for the store to go on.
	Room func(dir string) (int64, error)
}

// Errors of a backup.
var (
	// ErrNoRoom says that a copy would take more of the disk than it may.
	ErrNoRoom = errors.New("a copy would take more than half of the free disk space beside the store")
	// ErrBusy says that one backup is being made: each takes its part of the disk.
	ErrBusy = errors.New("another backup is being made")
	// ErrDigest says that what arrived is not what was sent.
	ErrDigest = errors.New("what arrived is not what the bot sent")
)

// headerDigest is the SHA-256 of the whole file, as RFC 9530 writes it.
const headerDigest = "Repr-Digest"

const (
	paceBytes = 1 << 20     // a reader must take so much
	paceTime  = time.Minute // in this time, or is cut off
	spoolTime = 10 * time.Minute
)

func (h handler) backup(w http.ResponseWriter, r *http.Request) {
	if h.Backup == nil {
		fail(w, http.StatusNotFound, "no backups here")
		return
	}
	select {
	case h.copying <- struct{}{}:
		defer func() { <-h.copying }()
	default:
		fail(w, http.StatusConflict, ErrBusy.Error())
		return
	}
	c, err := h.Backup.spool(r.Context())
	switch {
	case errors.Is(err, ErrNoRoom):
		fail(w, http.StatusInsufficientStorage, ErrNoRoom.Error())
		return
	case err != nil:
		h.answer(w, r, nil, err)
		return
	}
	defer func() { _ = c.file.Close() }() // was only read
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="twokey.backup"`)
	w.Header().Set("Content-Length", strconv.FormatInt(c.size, 10))
	w.Header().Set(headerDigest, digestHeader(c.sum))
	if err := paced(w, c); err != nil {
		h.Log.ErrorContext(r.Context(), "backup", slog.Any("error", err))
		panic(http.ErrAbortHandler) // the length tells the reader; so does the closed connection
	}
}

// paced sends a copy for as long as the reader takes some of it each minute.
func paced(w http.ResponseWriter, c *spooled) error {
	control := http.NewResponseController(w)
	for left := c.size; left > 0; left -= min(left, paceBytes) {
		if err := control.SetWriteDeadline(time.Now().Add(paceTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := io.CopyN(w, c.file, min(left, paceBytes)); err != nil {
			return err
		}
	}
	if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_ = control.SetWriteDeadline(time.Time{}) // the connection may be used again
	return nil
}

// spooled is a copy that lies on disk, without a name: it is gone with the
// process, however that ends.
type spooled struct {
	file *os.File
	size int64
	sum  hash.Hash
}

func (b *Backup) spool(ctx context.Context) (_ *spooled, err error) {
	ctx, cancel := context.WithTimeout(ctx, spoolTime)
	defer cancel()
	file, err := os.CreateTemp(b.Dir, ".twokey-backup-*") // readable for its owner only
	if err != nil {
		return nil, fmt.Errorf("make a file for the copy: %w", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close() // has no name any more
		}
	}()
	if err := os.Remove(file.Name()); err != nil {
		return nil, fmt.Errorf("make a file for the copy: %w", err)
	}
	c := &spooled{file: file, sum: sha256.New()}
	out := &roomy{w: io.MultiWriter(file, c.sum), left: -1}
	if b.Room != nil {
		if out.left, err = b.Room(b.Dir); err != nil {
			return nil, fmt.Errorf("find room for the copy: %w", err)
		}
	}
	if err := b.Copy(ctx, out); err != nil {
		return nil, err
	}
	if c.size, err = file.Seek(0, io.SeekCurrent); err != nil {
		return nil, err
	}
	_, err = file.Seek(0, io.SeekStart)
	return c, err
}

// roomy is a writer for so many bytes and no more; fewer than none is any number.
type roomy struct {
	w    io.Writer
	left int64
}

// Write implements [io.Writer].
func (r *roomy) Write(b []byte) (int, error) {
	switch {
	case r.left < 0:
	case int64(len(b)) > r.left:
		return 0, ErrNoRoom
	default:
		r.left -= int64(len(b))
	}
	return r.w.Write(b)
}

func digestHeader(h hash.Hash) string {
	return "sha-256=:" + base64.StdEncoding.EncodeToString(h.Sum(nil)) + ":"
}

// Backup writes a copy of the running bot's store to w. It returns an error
// unless every byte arrived as it was sent; then w has part of a copy, which is
// of no use.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(spoolTime, func() { cancel(ErrPartial) })
	defer stalled.Stop()
	unhurried := *c.HTTP
	unhurried.Timeout = 0 // the clock above is set anew as long as something comes
	answer, err := (&Client{URL: c.URL, Token: c.Token, HTTP: &unhurried}).ask(ctx, "/api/backup", nil)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // read to the end or given up
	sum, total, to := sha256.New(), int64(0), &keeper{w: w}
	for {
		stalled.Reset(2 * paceTime)
		n, err := io.CopyN(io.MultiWriter(to, sum), answer.Body, paceBytes)
		if total += n; errors.Is(err, io.EOF) {
			break
		}
		switch {
		case to.err != nil:
			return to.err
		case err != nil:
			return fmt.Errorf("backup from %s: %w", c.URL, ErrPartial)
		}
	}
	switch {
	case answer.ContentLength != total:
		return fmt.Errorf("backup from %s: %w", c.URL, ErrPartial)
	case answer.Header.Get(headerDigest) != digestHeader(sum):
		return fmt.Errorf("backup from %s: %w", c.URL, ErrDigest)
	}
	return nil
}

// keeper remembers that writing went wrong, rather than reading.
type keeper struct {
	w   io.Writer
	err error
}

// Write implements [io.Writer].
func (k *keeper) Write(b []byte) (n int, err error) {
	n, k.err = k.w.Write(b)
	return n, k.err
}
