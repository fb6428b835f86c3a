package bolt_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// image is what a file holds, page by page.
type image struct {
	pages map[int64][]byte
	size  int64
}

func (i image) clone() image { return image{maps.Clone(i.pages), i.size} }

func (i *image) write(at int64, data []byte) {
	i.size = max(i.size, at+int64(len(data)))
	for len(data) > 0 {
		page, from := at/pageSize, at%pageSize
		body := make([]byte, pageSize) // pages are shared between images: never changed
		copy(body, i.pages[page])
		n := copy(body[from:], data)
		i.pages[page] = body
		at, data = at+int64(n), data[n:]
	}
}

// change is a write that may or may not have reached the disk. Without data it
// makes the file longer or shorter.
type change struct {
	at    int64
	data  []byte
	began int
	ended int
}

func (i *image) apply(c change) {
	switch {
	case c.data != nil:
		i.write(c.at, c.data)
	case c.at < i.size:
		maps.DeleteFunc(i.pages, func(page int64, _ []byte) bool { return page >= (c.at+pageSize-1)/pageSize })
		i.size = c.at
	default:
		i.size = c.at
	}
}

// applyTorn writes some sectors of a change and not the others.
func (i *image) applyTorn(c change, r *rand.Rand) {
	const sector = 512
	if c.data == nil {
		i.apply(c)
		return
	}
	for from := 0; from < len(c.data); from += sector {
		if r.IntN(2) == 0 {
			i.write(c.at+int64(from), c.data[from:min(from+sector, len(c.data))])
		}
	}
}

// inode is a file on the disk: what is there for certain, and what is not.
type inode struct {
	sure    image
	pending []change
}

// naming is a change of the directory: a name for a file, or for none.
type naming struct {
	name string
	to   *inode
}

// disk is one directory of which the power may fail: what was not waited for is
// there or not, in any order and in parts.
type disk struct {
	dir     string
	files   map[int64]*inode // by descriptor
	folders map[int64]bool
	now     map[string]*inode // the names as the program sees them
	sure    map[string]*inode
	pending []naming
	deaf    bool // ignores every second barrier: the control that must fail
	waits   int
	heard   func(line string) error
}

func newDisk(dir string, heard func(string) error) *disk {
	return &disk{
		dir: dir, files: map[int64]*inode{}, folders: map[int64]bool{}, now: map[string]*inode{}, sure: map[string]*inode{}, heard: heard,
	}
}

func (d *disk) name(name string, to *inode) {
	d.pending = append(d.pending, naming{name, to})
	if d.now[name] = to; to == nil {
		delete(d.now, name)
	}
}

// inside is the name of a path in the directory.
func (d *disk) inside(path []byte) (string, bool) {
	name, ok := strings.CutPrefix(string(path), d.dir+"/")
	return name, ok && !strings.Contains(name, "/")
}

// happen is one call of the program, at the time when it began. A barrier holds
// from then on: what could be lost until it ended is lost one moment earlier.
func (d *disk) happen(c call) error {
	switch c.name {
	case "openat":
		return d.open(c)
	case "close":
		delete(d.files, c.number(0))
		delete(d.folders, c.number(0))
	case "write":
		return d.say(c)
	case "pwrite64", "ftruncate", "fallocate":
		return d.change(c)
	case "fdatasync", "fsync":
		d.wait(c)
	default:
		return d.rename(c)
	}
	return nil
}

func (d *disk) open(c call) error {
	path, err := c.text(1)
	fd := int64(c.result)
	if err != nil || fd < 0 {
		return err
	}
	delete(d.files, fd)
	if d.folders[fd] = string(path) == d.dir; d.folders[fd] {
		return nil
	}
	name, ok := d.inside(path)
	if !ok {
		return nil
	}
	if d.now[name] == nil {
		d.name(name, &inode{sure: image{pages: map[int64][]byte{}}})
	}
	d.files[fd] = d.now[name]
	return nil
}

func (d *disk) say(c call) error {
	text, err := c.text(1)
	if c.number(0) != 1 || err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if err := d.heard(strings.TrimSuffix(line, "\n")); err != nil {
			return err
		}
	}
	return nil
}

func (d *disk) change(c call) error {
	f := d.files[c.number(0)]
	if f == nil {
		return nil
	}
	switch c.name {
	case "ftruncate":
		f.pending = append(f.pending, change{c.number(1), nil, c.began, c.ended})
	case "pwrite64":
		data, err := c.text(1)
		if err != nil || int64(len(data)) != c.number(2) {
			return fmt.Errorf("line %d: %d bytes: %w", c.began, len(data), err)
		}
		f.pending = append(f.pending, change{c.number(3), data, c.began, c.ended})
	default:
		return fmt.Errorf("line %d: this disk knows no %s", c.began, c.name)
	}
	return nil
}

// wait is a barrier: what had ended before it began is on the disk after it.
func (d *disk) wait(c call) {
	if d.waits++; d.deaf && d.waits%2 == 1 || c.result != 0 {
		return
	}
	if d.folders[c.number(0)] {
		for _, n := range d.pending {
			if d.sure[n.name] = n.to; n.to == nil {
				delete(d.sure, n.name)
			}
		}
		d.pending = nil
	}
	f := d.files[c.number(0)]
	if f == nil {
		return
	}
	var rest []change
	for _, w := range f.pending {
		if w.ended > c.began {
			rest = append(rest, w)
			continue
		}
		f.sure.apply(w)
	}
	f.pending = rest
}

// rename takes link, rename and unlink in all their forms: the paths are what is
// in quotes.
func (d *disk) rename(c call) error {
	if c.result != 0 {
		return nil
	}
	var names []string
	for i, arg := range c.args {
		if !strings.HasPrefix(arg, `"`) {
			continue
		}
		path, err := c.text(i)
		if err != nil {
			return err
		}
		name, ok := d.inside(path)
		if !ok {
			return nil
		}
		names = append(names, name)
	}
	if len(names) == 2 {
		d.name(names[1], d.now[names[0]])
	}
	if !strings.HasPrefix(c.name, "link") {
		d.name(names[0], nil)
	}
	return nil
}

// fate is what a power failure leaves of what was not waited for.
type fate string

const (
	nothing  fate = "nothing"
	allOfIt  fate = "all of it"
	some     fate = "some writes"
	torn     fate = "some sectors"
	lastOnly fate = "the last write only"
)

// lose writes down what is in the directory after a power failure.
func (d *disk) lose(to string, how fate, r *rand.Rand) error {
	names := maps.Clone(d.sure)
	kept := r.IntN(len(d.pending) + 1) // a directory changes in order
	switch how {
	case nothing:
		kept = 0
	case allOfIt:
		kept = len(d.pending)
	}
	for _, n := range d.pending[:kept] {
		if names[n.name] = n.to; n.to == nil {
			delete(names, n.name)
		}
	}
	for name, f := range names {
		if err := f.lose(how, r).save(filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

func (f *inode) lose(how fate, r *rand.Rand) image {
	left := f.sure.clone()
	for i, c := range f.pending {
		switch {
		case how == allOfIt, how == some && r.IntN(2) == 0, how == lastOnly && i == len(f.pending)-1:
			left.apply(c)
		case how == torn:
			left.applyTorn(c, r)
		}
	}
	return left
}

func (i image) save(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(i.size); err != nil {
		return err
	}
	for _, page := range slices.Sorted(maps.Keys(i.pages)) {
		body := i.pages[page]
		if _, err := f.WriteAt(body[:min(pageSize, i.size-page*pageSize)], page*pageSize); err != nil {
			return err
		}
	}
	return nil
}
