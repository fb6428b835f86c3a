package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"twokey/incident"
)

// The buckets of the file. A time is its microseconds as 8 bytes that sort, a
// seq or number 8 bytes big endian, \0 a zero byte, which no name holds.
const (
	bucketTwokey  = "twokey"  // format                                     version of this layout
	bucketMeta    = "meta"    // number, token                              the last one given out
	bucketRecords = "records" // incident \0 seq                            Record.Encode
	bucketJobs    = "jobs"    // job's key                                  entry, as JSON
	bucketDue     = "due"     // lane \0 time job's key                     empty
	bucketMarks   = "marks"   // name                                       end (zeros: none), incident
	bucketEnds    = "ends"    // time name                                  empty
	bucketValues  = "values"  // key                                        body
	bucketIndex   = "index"   // incident                                   Index, as JSON
	bucketFind    = "find"    // view, what it is found by, place (find.go) empty
)

// format is the version of this layout.
const format = "1"

func bucketNames() []string {
	return []string{
		bucketTwokey, bucketMeta, bucketRecords, bucketJobs, bucketDue,
		bucketMarks, bucketEnds, bucketValues, bucketIndex, bucketFind,
	}
}

func makeLayout(tx *bbolt.Tx) error {
	for _, name := range bucketNames() {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	return bucket(tx, bucketTwokey).Put([]byte("format"), []byte(format))
}

func checkLayout(tx *bbolt.Tx) error {
	marker := bucket(tx, bucketTwokey)
	if marker == nil {
		return ErrForeign
	}
	if v := marker.Get([]byte("format")); string(v) != format {
		return fmt.Errorf("%w: %q, want %q", ErrFormat, v, format)
	}
	for _, name := range bucketNames() {
		if bucket(tx, name) == nil {
			return fmt.Errorf("%w: no bucket %q", ErrForeign, name)
		}
	}
	return nil
}

func bucket(tx *bbolt.Tx, name string) *bbolt.Bucket { return tx.Bucket([]byte(name)) }

// number appends n so that keys sort by it.
func number(b []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(b, n) }

// stamp appends t so that keys sort by it, also before 1970.
func stamp(b []byte, t time.Time) []byte {
	b, err := binary.Append(b, binary.BigEndian, t.UnixMicro()^math.MinInt64)
	if err != nil {
		panic(fmt.Sprintf("bolt: a number does not encode: %v", err)) // cannot happen
	}
	return b
}

// stampLen is the length of a stamp in bytes.
const stampLen = 8

// readStamp is the reverse of [stamp].
func readStamp(b []byte) (time.Time, error) {
	var us int64
	if _, err := binary.Decode(b, binary.BigEndian, &us); err != nil {
		return time.Time{}, err
	}
	return time.UnixMicro(us ^ math.MinInt64).UTC(), nil
}

// micro cuts a time to what the file keeps.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// under is the beginning of all keys below name, and of no others.
func under(name string) []byte { return append([]byte(name), 0) }

// before moves c to the last key that sorts before key.
func before(c *bbolt.Cursor, key []byte) []byte {
	if k, _ := c.Seek(key); k == nil {
		k, _ = c.Last()
		return k
	}
	k, _ := c.Prev()
	return k
}

// ErrName says that a name cannot be kept: it is empty, longer than 1024 bytes,
// not UTF-8 or holds a zero byte.
var ErrName = errors.New("a name is empty, too long, not UTF-8 or holds a zero byte")

// maxName is far more than any name needs and far less than bbolt refuses.
const maxName = 1024

// unfit reports whether a text cannot be part of a key.
func unfit(text string) bool {
	return len(text) > maxName || strings.Contains(text, "\x00") || !utf8.ValidString(text)
}

func recordKey(id incident.ID, seq uint64) []byte { return number(under(string(id)), seq) }

// counter gives out numbers without gaps: what the transaction does not keep
// was not given out.
type counter string

const (
	lastNumber counter = "number" // of incidents
	lastToken  counter = "token"  // of leases
)

func (c counter) read(tx *bbolt.Tx) uint64 {
	v := bucket(tx, bucketMeta).Get([]byte(c))
	if len(v) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

func (c counter) write(tx *bbolt.Tx, n uint64) error {
	return bucket(tx, bucketMeta).Put([]byte(c), number(nil, n))
}
