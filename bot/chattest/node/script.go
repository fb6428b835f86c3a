package node

import (
	"bufio"
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Script is a running script that speaks through lines.mjs. Its methods may be called
// from any goroutine.
type Script struct {
	heard chan json.RawMessage
	ended chan struct{} // closed when the script writes no more

	mu      sync.Mutex // of in, too
	in      io.Writer
	last    int
	waiting map[int]chan line
}

// line is what a script writes.
type line struct {
	ID     int             `json:"id"`
	Done   json.RawMessage `json:"done"`
	Failed string          `json:"failed"`
	Heard  json.RawMessage `json:"heard"`
}

// Start runs a script that speaks through lines.mjs.
func Start(t T, folder, script string, args ...string) *Script {
	t.Helper()
	var reading sync.WaitGroup
	t.Cleanup(reading.Wait) // after the script has ended
	in, out := Run(t, folder, script, args...)
	s := &Script{heard: make(chan json.RawMessage, 1000), ended: make(chan struct{}), in: in, waiting: map[int]chan line{}}
	reading.Go(func() { s.read(out) })
	return s
}

func (s *Script) read(out *bufio.Reader) {
	defer close(s.ended)
	for lines := json.NewDecoder(out); ; {
		var l line
		if lines.Decode(&l) != nil {
			return
		}
		if l.Heard != nil {
			s.heard <- l.Heard
			continue
		}
		s.mu.Lock()
		answer := s.waiting[l.ID]
		delete(s.waiting, l.ID)
		s.mu.Unlock()
		if answer != nil {
			answer <- l
		}
	}
}

// patience bounds the wait for what never comes.
const patience = 20 * time.Second

// Call makes a call of the script and reads its answer into out, if that is not nil. A
// call that throws fails the test.
func (s *Script) Call(t T, call string, with, out any) {
	t.Helper()
	answer := make(chan line, 1)
	if err := s.write(call, with, answer); err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	select {
	case l := <-answer:
		if l.Failed != "" {
			t.Fatalf("%s: %s", call, l.Failed)
		}
		decode(t, l.Done, out)
	case <-s.ended:
		t.Fatalf("%s: the script has ended", call)
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", call)
	case <-t.Context().Done():
		t.Fatalf("the test ended during %s", call)
	}
}

func (s *Script) write(call string, with any, answer chan line) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.waiting[s.last] = answer
	return json.NewEncoder(s.in).Encode(map[string]any{"id": s.last, "call": call, "with": with})
}

// Heard reads the next that the script heard into out. It fails the test if nothing
// comes.
func (s *Script) Heard(t T, out any) {
	t.Helper()
	select {
	case got := <-s.heard:
		decode(t, got, out)
	case <-s.ended:
		t.Fatalf("the script has ended")
	case <-time.After(patience):
		t.Fatalf("waited in vain for something to be heard")
	case <-t.Context().Done():
		t.Fatalf("the test ended before something was heard")
	}
}

func decode(t T, got json.RawMessage, out any) {
	t.Helper()
	if out == nil {
		return
	}
	if err := json.Unmarshal(got, out); err != nil {
		t.Fatalf("the script says %s: %v", got, err)
	}
}
