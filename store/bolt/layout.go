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

// The buckets of the file. Those that are tables hold what was settled; over them
// lies what the journal holds. A time is its microseconds as 8 bytes that sort, a
// seq or number 8 bytes big endian, \0 a zero byte, which no name holds.
const (
	bucketTwokey  = "twokey"  // format   version of this layout
	bucketJournal = "journal" // number   the changes of one commit, [layer.encode], and their sum
)

// tableID names a table. It stands in the journal: the order is part of the
// format.
type tableID byte

const (
	tableMeta    tableID = iota // number, token                              the last one given out
	tableRecords                // incident \0 seq                            Record.Encode
	tableJobs                   // job's key                                  entry, packed
	tableDue                    // lane \0 time job's key                     empty
	tableMarks                  // name                                       end (zeros: none), incident
	tableEnds                   // time name                                  empty
	tableValues                 // key                                        body
	tableIndex                  // incident                                   Index, packed
	tableFind                   // view, what it is found by, place (find.go) empty
	tableCount
)

// tableNames are the names of their buckets.
var tableNames = [tableCount]string{"meta", "records", "jobs", "due", "marks", "ends", "values", "index", "find"}

// format is the version of this layout.
const format = "2"

func makeLayout(tx *bbolt.Tx) error {
	for _, name := range append(tableNames[:], bucketTwokey, bucketJournal) {
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
	for _, name := range append(tableNames[:], bucketJournal) {
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

func (c counter) read(t tables) uint64 {
	v := t.of(tableMeta).get([]byte(c))
	if len(v) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

func (c counter) write(t tables, n uint64) { t.of(tableMeta).put([]byte(c), number(nil, n)) }
