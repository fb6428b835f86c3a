package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"twokey/incident"
	"twokey/store"
)

// head is the last record of a history at some time.
type head struct {
	ID   incident.ID
	Seq  uint64
	Hash incident.Hash
}

// headed is a store that also writes the newest heads into a file beside it, so
// that a cut tail shows. The file is best kept where the bot can only append.
type headed struct {
	store.Store

	file string
	log  *slog.Logger
	now  func() time.Time
	mu   sync.Mutex
}

// Append implements [store.Store].
func (s *headed) Append(ctx context.Context, b store.Batch) error {
	err := s.Store.Append(ctx, b)
	if err == nil {
		s.note(b.Records)
	}
	return err
}

// Create implements [store.Store].
func (s *headed) Create(ctx context.Context, open func(incident.ID) store.Batch) (incident.ID, error) {
	var records []incident.Record
	id, err := s.Store.Create(ctx, func(id incident.ID) store.Batch {
		b := open(id)
		records = b.Records
		return b
	})
	if err == nil {
		s.note(records)
	}
	return id, err
}

// note writes the head of each incident in a batch. The record is on disk by
// then: what goes wrong here is told and holds nothing up.
func (s *headed) note(records []incident.Record) {
	last := make(map[incident.ID]incident.Record)
	for _, r := range records {
		last[r.Incident] = r
	}
	var lines strings.Builder
	for _, r := range last {
		fmt.Fprintf(&lines, "%s %s %d %s\n", s.now().UTC().Format(time.RFC3339), r.Incident, r.Seq, r.Hash)
	}
	if lines.Len() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := appendTo(s.file, lines.String()); err != nil {
		s.log.Error("heads file", slog.String("file", s.file), slog.Any("error", err))
	}
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return withoutPath(err)
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}

// readHeads reads the newest head of each history, in the order in which they
// first appear. Lines that a full disk cut short are passed over.
func readHeads(file string) ([]head, error) {
	f, err := os.Open(file) //nolint:gosec // the operator's own path
	if err != nil {
		return nil, withoutPath(err)
	}
	defer func() { _ = f.Close() }() // only read
	var order []incident.ID
	newest := make(map[incident.ID]head)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		h, ok := parseHead(lines.Text())
		if !ok {
			continue
		}
		if _, known := newest[h.ID]; !known {
			order = append(order, h.ID)
		}
		if h.Seq >= newest[h.ID].Seq {
			newest[h.ID] = h
		}
	}
	all := make([]head, len(order))
	for i, id := range order {
		all[i] = newest[id]
	}
	return all, lines.Err()
}

func parseHead(line string) (head, bool) {
	words := strings.Fields(line)
	if len(words) != 4 || len(words[3]) != 64 {
		return head{}, false
	}
	seq, err := strconv.ParseUint(words[2], 10, 64)
	return head{incident.ID(words[1]), seq, incident.Hash(words[3])}, err == nil && seq > 0
}

// tailLen is how much of a heads file is read at start: enough for many lines.
const tailLen = 16 << 10

// behind reports whether the newest head known outside is ahead of the store:
// then the store is an old copy, or its end was cut off.
func behind(ctx context.Context, file string, s store.Store) (bool, error) {
	h, ok, err := newestHead(file)
	if err != nil || !ok {
		return false, err
	}
	records, err := s.Load(ctx, h.ID)
	if err != nil {
		return false, err
	}
	if h.Seq > uint64(len(records)) {
		return true, nil
	}
	return records[h.Seq-1].Hash != h.Hash, nil
}

// newestHead reads the end of the file only, however long it has grown.
func newestHead(file string) (newest head, ok bool, err error) {
	f, err := os.Open(file) //nolint:gosec // the operator's own path
	if errors.Is(err, fs.ErrNotExist) {
		return head{}, false, nil
	}
	if err != nil {
		return head{}, false, err
	}
	defer func() { _ = f.Close() }() // only read
	if info, err := f.Stat(); err == nil && info.Size() > tailLen {
		if _, err := f.Seek(-tailLen, io.SeekEnd); err != nil {
			return head{}, false, err
		}
	}
	tail, err := io.ReadAll(io.LimitReader(f, tailLen))
	for line := range strings.Lines(string(tail)) {
		if h, good := parseHead(line); good {
			newest, ok = h, true
		}
	}
	return newest, ok, err
}
