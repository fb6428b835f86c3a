package bolt_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// call is one call of the system, as strace saw it: from one line of the trace
// to another one.
type call struct {
	name   string
	args   []string
	result int
	began  int // line
	ended  int
}

// tracedCalls are those that change files, and those that say which file it is.
const tracedCalls = "openat,close,pwrite64,write,fdatasync,fsync,ftruncate,fallocate,rename,renameat,renameat2,link,linkat,unlink,unlinkat"

// traced runs a toiling child under strace and returns the calls in the order in
// which they began.
func traced(t *testing.T, path string, turns int) []call {
	t.Helper()
	strace := findStrace(t)
	trace := filepath.Join(t.TempDir(), "trace")
	c := child(t, "toil", path, "1", strconv.Itoa(turns))
	c.Args = append([]string{strace, "-f", "-qq", "-xx", "-s", "33554432", "-e", "trace=" + tracedCalls, "-e", "signal=none", "-o", trace, c.Path}, c.Args[1:]...)
	c.Path = strace
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("strace: %v\n%.2000s", err, out)
	}
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return readTrace(t, f)
}

func readTrace(t *testing.T, f *os.File) []call {
	t.Helper()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 256<<20)
	var calls []call
	begun := map[string]int{} // by thread: the call that has not ended
	for n := 0; lines.Scan(); n++ {
		thread, text, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		text = strings.TrimSpace(text)
		switch {
		case strings.HasPrefix(text, "<... "):
			i, ok := begun[thread]
			if !ok {
				t.Fatalf("trace line %d ends what never began: %.200s", n, text)
			}
			delete(begun, thread)
			calls[i].ended = n
			calls[i].result = resultOf(text)
		case strings.HasSuffix(text, "<unfinished ...>"):
			begun[thread] = len(calls)
			c := parseCall(t, text)
			c.began, c.ended, c.result = n, 1<<62, -1 // perhaps never
			calls = append(calls, c)
		case strings.Contains(text, "("):
			c := parseCall(t, text)
			c.began, c.ended, c.result = n, n, resultOf(text)
			calls = append(calls, c)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return calls
}

var endOfCall = regexp.MustCompile(`\)\s+= (-?\d+)`)

func resultOf(text string) int {
	m := endOfCall.FindStringSubmatch(text[max(0, len(text)-200):])
	if m == nil {
		return -1
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return -1
	}
	return n
}

// parseCall reads what stands before the result. All texts are in hex, so no
// comma or bracket is inside of one.
func parseCall(t *testing.T, text string) call {
	t.Helper()
	name, rest, ok := strings.Cut(text, "(")
	if !ok {
		t.Fatalf("no call: %.200s", text)
	}
	rest = strings.TrimSuffix(rest, "<unfinished ...>")
	if at := strings.LastIndex(rest, ")"); at >= 0 {
		rest = rest[:at]
	}
	c := call{name: name}
	for arg := range strings.SplitSeq(rest, ",") {
		c.args = append(c.args, strings.TrimSpace(arg))
	}
	return c
}

// text is an argument that was printed in hex: "\x74\x77\x6f".
func (c call) text(i int) ([]byte, error) {
	if i >= len(c.args) || strings.HasSuffix(c.args[i], "...") {
		return nil, fmt.Errorf("%s: argument %d was cut short", c.name, i)
	}
	return hex.DecodeString(strings.ReplaceAll(strings.Trim(c.args[i], `"`), `\x`, ""))
}

func (c call) number(i int) int64 {
	n, err := strconv.ParseInt(c.args[i], 0, 64)
	if err != nil {
		return -1
	}
	return n
}
