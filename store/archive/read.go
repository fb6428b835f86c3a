package archive

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"

	"twokey/incident"
)

// A line is {"hash":"<64 hex>","record":<the record's bytes>}: the bytes stand as
// they were hashed.
const (
	lineHead   = `{"hash":"`
	lineMiddle = `","record":`
	lineTail   = `}`
	hashLen    = 64
)

// errSeveralLines says that a record was not written by this program: it would
// break the format of one record in one line.
var errSeveralLines = errors.New("the record has several lines; verify tells more")

func writeLine(w io.Writer, r incident.Record) error {
	if bytes.ContainsAny(r.Bytes, "\r\n") {
		return errSeveralLines
	}
	_, err := fmt.Fprintf(w, "%s%s%s%s%s\n", lineHead, r.Hash, lineMiddle, r.Bytes, lineTail)
	return err
}

func readLine(line []byte) (incident.Record, error) {
	const before = len(lineHead) + hashLen
	if len(line) < before+len(lineMiddle)+len(lineTail) ||
		string(line[:len(lineHead)]) != lineHead ||
		string(line[before:before+len(lineMiddle)]) != lineMiddle || !bytes.HasSuffix(line, []byte(lineTail)) {
		return incident.Record{}, ErrDamaged
	}
	stored := append(bytes.Clone(line[len(lineHead):before]), ' ')
	r, err := incident.DecodeRecord(append(stored, line[before+len(lineMiddle):len(line)-len(lineTail)]...))
	if err != nil {
		return incident.Record{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return r, nil
}

// maxLine bounds one record in memory.
const maxLine = 64 << 20

// reading goes through an archive with one incident in memory at a time.
type reading struct {
	chain   incident.Chain
	history []incident.Record
	got     Contents
}

func (r *reading) all(ctx context.Context, from io.Reader) error {
	z, err := gzip.NewReader(from)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.line(lines.Bytes()); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return r.ended()
}

func (r *reading) line(line []byte) error {
	record, err := readLine(line)
	if err != nil {
		return err
	}
	if len(r.history) > 0 && r.history[0].Incident != record.Incident {
		if err := r.ended(); err != nil {
			return err
		}
		r.history = r.history[:0]
	}
	r.history = append(r.history, record)
	r.got.Records++
	return nil
}

// ended checks an incident that was read to its end: its chain, that it was
// retired for this very file, and that the one before has a lower number, so
// that none is in it twice.
func (r *reading) ended() error {
	if len(r.history) == 0 {
		return nil // nothing was archived
	}
	if err := r.chain.Check(r.history); err != nil {
		return err
	}
	end := incident.EndOf(r.history)
	retired, ok := r.history[len(r.history)-1].Event.(incident.Retired)
	switch n := len(r.got.Last); {
	case !ok:
		return fmt.Errorf("%w: %s does not end with its retirement", ErrDamaged, end.Incident)
	case n == 0:
		r.got.File = retired.File
	case retired.File != r.got.File:
		return fmt.Errorf("%w: %s belongs into %s", ErrDamaged, end.Incident, retired.File)
	case r.got.Last[n-1].Incident.Number() >= end.Incident.Number():
		return fmt.Errorf("%w: %s does not come after %s", ErrDamaged, end.Incident, r.got.Last[n-1].Incident)
	}
	r.got.Last = append(r.got.Last, end)
	return nil
}
