// Package archive keeps the records of incidents that leave a store in files:
// gzip over JSON Lines, one record in a line, as the command export writes them.
//
// It is no store: a file is written once, checked, and never changed. It holds
// records only. Texts that lie beside the chain are what people may want erased,
// and nothing can be erased from a file that was copied to a shelf.
package archive

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"

	"twokey/incident"
)

var (
	// ErrOther says that a file of this name is there and holds something else. It
	// is never written over.
	ErrOther = errors.New("the file is there and holds something else: move it away")
	// ErrChanged says that a file is not, byte for byte, what was written down.
	ErrChanged = errors.New("the file is not the one that was written down")
	// ErrUnlike says that what was to be written is not what was said about it.
	ErrUnlike = errors.New("the histories do not end as was written down")
	// ErrDamaged says that a file is no archive, or a damaged one.
	ErrDamaged = errors.New("not an archive, or a damaged one")
)

// Dir is a directory of archives. One process at a time writes to it.
type Dir struct {
	Path  string
	Chain incident.Chain

	create func(name string) (file, error) // nil: a real one
}

// file is what writing needs of one.
type file interface {
	io.WriteCloser
	Sync() error
}

// Name is a name that no file in the directory has.
func (d Dir) Name(at time.Time) (string, error) {
	stamp := at.UTC().Format("20060102T150405Z")
	for n := 1; ; n++ {
		name := fmt.Sprintf("closed-%s.jsonl.gz", stamp)
		if n > 1 {
			name = fmt.Sprintf("closed-%s-%d.jsonl.gz", stamp, n)
		}
		switch _, err := os.Lstat(d.path(name)); {
		case errors.Is(err, fs.ErrNotExist):
			return name, nil
		case err != nil:
			return "", fmt.Errorf("name an archive: %w", err)
		}
	}
}

func (d Dir) path(name string) string { return filepath.Join(d.Path, filepath.Base(name)) }

// Write makes a file of that name that holds whole histories, ordered by number,
// and reads it back: it must end as want says. A file that is there and holds
// just these was written before a crash, and is taken. It returns want with the
// file's SHA256. When it returns, the file is on disk; when it fails, no file of
// that name has come to be.
func (d Dir) Write(ctx context.Context, want incident.Archived, histories iter.Seq2[[]incident.Record, error]) (incident.Archived, error) {
	path := d.path(want.File)
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = d.make(ctx, path, want, histories)
	}
	if err != nil {
		return incident.Archived{}, fmt.Errorf("write archive %s: %w", path, err)
	}
	got, err := Inspect(ctx, path, d.Chain)
	if err == nil && !sameAs(got.Archived, want) {
		err = fmt.Errorf("write archive %s: %w", path, ErrOther)
	}
	return got.Archived, err
}

// sameAs compares all but the bytes, which another version of gzip may make
// otherwise.
func sameAs(got, want incident.Archived) bool {
	return got.File == want.File && got.Count == want.Count && got.Ends == want.Ends
}

// make writes a file beside its place, checks it, and then gives it its name.
func (d Dir) make(ctx context.Context, path string, want incident.Archived, histories iter.Seq2[[]incident.Record, error]) error {
	part := filepath.Join(d.Path, "."+filepath.Base(path)+".part") // the same at each try: a crash leaves one at most
	defer os.Remove(part)                                          //nolint:errcheck // it has its real name by then, or is of no use
	if err := d.fill(ctx, part, histories); err != nil {
		return err
	}
	got, err := Inspect(ctx, part, d.Chain)
	switch {
	case err != nil:
		return err
	case !sameAs(got.Archived, want):
		return ErrUnlike
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncDir(d.Path)
}

func (d Dir) fill(ctx context.Context, part string, histories iter.Seq2[[]incident.Record, error]) error {
	create := d.create
	if create == nil {
		create = createFile
	}
	f, err := create(part)
	if err != nil {
		return err
	}
	err = writeAll(ctx, f, histories)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func createFile(name string) (file, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own path
}

func writeAll(ctx context.Context, w io.Writer, histories iter.Seq2[[]incident.Record, error]) error {
	z := gzip.NewWriter(w)
	for records, err := range histories {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		for _, r := range records {
			if err := writeLine(z, r); err != nil {
				return fmt.Errorf("%s/%d: %w", r.Incident, r.Seq, err)
			}
		}
	}
	return z.Close()
}

// Check reads the file that a record of the system log names, and demands that
// it is that file and holds what was written down. It returns where each incident
// in it ends.
func (d Dir) Check(ctx context.Context, a incident.Archived) ([]incident.End, error) {
	got, err := Inspect(ctx, d.path(a.File), d.Chain)
	if err == nil && got.Archived != a {
		err = fmt.Errorf("archive %s: %w", d.path(a.File), ErrChanged)
	}
	if err != nil {
		return nil, err
	}
	return got.Last, nil
}

// Try reports whether a file can be made here, and makes none that stays.
func (d Dir) Try() error {
	f, err := os.CreateTemp(d.Path, ".twokey-try-*")
	if err != nil {
		return fmt.Errorf("try %s: %w", d.Path, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// syncDir makes a new name durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Contents is what a file holds, as it was read.
type Contents struct {
	incident.Archived

	Records int
	Last    []incident.End // where each incident ends, by number
}

// Inspect reads a whole archive and checks each record and each chain. What is
// wrong is [ErrDamaged], or an [incident.BrokenError] that names the first record
// that does not follow.
func Inspect(ctx context.Context, path string, chain incident.Chain) (Contents, error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own path
	if err != nil {
		return Contents{}, fmt.Errorf("read archive: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	sum := sha256.New()
	r := &reading{chain: chain}
	if err := r.all(ctx, io.TeeReader(f, sum)); err != nil {
		return Contents{}, fmt.Errorf("read archive %s: %w", path, err)
	}
	if _, err := io.Copy(sum, f); err != nil { // what gzip did not ask for
		return Contents{}, fmt.Errorf("read archive %s: %w", path, err)
	}
	r.got.SHA256 = hex.EncodeToString(sum.Sum(nil))
	r.got.Count, r.got.Ends = len(r.got.Last), incident.DigestEnds(r.got.Last)
	return r.got, nil
}
