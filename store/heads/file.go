package heads

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	// SyncEvery is how often at most the file is forced to the disk: what a loss
	// of power can take from its end.
	SyncEvery = time.Second
	// gatherFor is how long a head may wait for others.
	gatherFor = 2 * time.Millisecond
	// retryEvery is how often a file that can't be written is tried again.
	retryEvery = time.Second
	// maxWaiting is how many histories can wait for a file that can't be written.
	// Beyond that the oldest are left out: the newest say most.
	maxWaiting = 100_000
)

// ErrClosed says that the file was closed before what was asked of it.
var ErrClosed = errors.New("heads file is closed")

// File is the file of heads, written by one goroutine of its own. A nil File
// writes nothing.
type File struct {
	path string
	log  *slog.Logger
	wake chan struct{} // something waits; of capacity 1
	quit chan struct{}
	done chan struct{}
	once sync.Once

	mu      sync.Mutex
	waiting queue
	flushes []chan<- error // who waits for the next write to be on the disk
	closed  bool
	failing error
	lost    uint64

	// Of the writing goroutine only.
	file  *os.File
	torn  bool // the last write may have ended in the middle of a line
	dirty bool // written since the last sync
}

// Open makes sure that the file can be written, making it if it does not exist
// (readable for its owner only), and starts writing. Whoever gets a File closes
// it.
func Open(path string, log *slog.Logger) (*File, error) {
	f := &File{
		path: path, log: log,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	go f.run()
	return f, nil
}

// Check reports whether the file can be written, making it if it does not exist.
// It writes nothing, and says nothing of a full disk.
func Check(path string) error {
	f := &File{path: path}
	if err := f.open(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return f.file.Close()
}

// Note takes heads to be written. It never waits for the disk.
func (f *File) Note(heads ...Head) {
	if f == nil || len(heads) == 0 {
		return
	}
	f.mu.Lock()
	if !f.closed {
		f.lost += f.waiting.add(heads...)
	}
	f.mu.Unlock()
	f.poke()
}

// Purge writes down that histories are about to be taken out of the store after
// these heads, and returns when that is on the disk. If it fails, take nothing
// out: verify would call it a cut.
func (f *File) Purge(ctx context.Context, heads ...Head) error {
	heads = slices.Clone(heads)
	for i := range heads {
		heads[i].Purged = true
	}
	f.Note(heads...)
	return f.Flush(ctx)
}

// Flush returns when everything noted before is on the disk, or why it is not.
func (f *File) Flush(ctx context.Context) error {
	if f == nil {
		return nil
	}
	done := make(chan error, 1)
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return ErrClosed
	}
	f.flushes = append(f.flushes, done)
	f.mu.Unlock()
	f.poke()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Failing says why the file can't be written at present; nil: it can.
func (f *File) Failing() error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failing
}

// Lost counts the heads that were left out because too many waited.
func (f *File) Lost() uint64 {
	if f == nil {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}

// Close writes what waits and ends the writing. What is noted afterwards is left
// out. Closing again does nothing.
func (f *File) Close() error {
	if f == nil {
		return nil
	}
	f.once.Do(func() { close(f.quit) })
	<-f.done
	return f.Failing()
}

func (f *File) poke() {
	select {
	case f.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// run writes whatever waits, all in one write, until it is told to end. While
// that fails, what comes in waits for the next try.
func (f *File) run() {
	defer close(f.done)
	var sync, retry <-chan time.Time
	for {
		due := false
		select {
		case <-f.wake:
			if f.awaited() {
				break
			}
			if retry != nil {
				continue
			}
			f.gather()
		case <-retry:
			due = true
		case <-sync:
			due = true
		case <-f.quit:
			f.end()
			return
		}
		sync, retry = f.next(sync, f.write(due))
	}
}

// gather lets more come in: nobody waits for a head, and a busy store makes
// hundreds in the time of one write.
func (f *File) gather() {
	select {
	case <-time.After(gatherFor):
	case <-f.quit:
	}
}

// next says when the file is to be forced to the disk, or to be tried again,
// after a write that ended so.
func (f *File) next(sync <-chan time.Time, err error) (syncAt, retryAt <-chan time.Time) {
	switch {
	case err != nil:
		return nil, time.After(retryEvery)
	case !f.dirty:
		return nil, nil
	case sync == nil:
		return time.After(SyncEvery), nil
	}
	return sync, nil
}

// awaited reports whether somebody waits to hear of the next write.
func (f *File) awaited() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.flushes) > 0
}

// end writes the rest; nothing is taken any more.
func (f *File) end() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	err := f.write(true)
	if f.file == nil {
		return
	}
	if closed := f.file.Close(); err == nil {
		f.settle(closed)
	}
}

// write writes what waits, and forces it to the disk if somebody waits for that.
// What could not be written waits on.
func (f *File) write(sync bool) error {
	f.mu.Lock()
	batch, flushes := f.waiting.take(), f.flushes
	f.flushes = nil
	f.mu.Unlock()
	err := f.append(batch.lines())
	if err == nil && (sync || len(flushes) > 0) {
		err = f.sync()
	}
	if err != nil {
		f.mu.Lock()
		f.lost += f.waiting.putBack(batch)
		f.mu.Unlock()
	}
	f.settle(err)
	for _, done := range flushes {
		done <- err
	}
	return err
}

// settle remembers how it stands, and tells of a change.
func (f *File) settle(err error) {
	f.mu.Lock()
	before := f.failing
	f.failing = err
	f.mu.Unlock()
	switch {
	case err != nil && before == nil:
		f.log.Error("heads file can't be written; what stands in it goes on being true, new heads wait", slog.String("file", f.path), slog.Any("error", err))
	case err == nil && before != nil:
		f.log.Info("heads file can be written again", slog.String("file", f.path))
	}
}
