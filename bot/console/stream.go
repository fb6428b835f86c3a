package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	maxStreams  = 64               // open pages at a time
	glance      = time.Second      // how often the pretend account is looked at
	patience    = 10 * time.Second // for a reader that takes nothing
	reconnectMS = 1000
)

// events streams what changes. The first event is everything, so that a page that
// was away needs nothing else; a slow page skips what is outdated.
func (c *Console) events(w http.ResponseWriter, r *http.Request) {
	me, known := c.whoIs(r)
	switch site := r.Header.Get("Sec-Fetch-Site"); {
	case !known:
		c.refuse(w, r, problem{http.StatusForbidden, "console.problem.identity"})
		return
	case site != "" && site != "same-origin":
		c.refuse(w, r, problem{http.StatusForbidden, "console.problem.origin"})
		return
	case !c.follow():
		c.refuse(w, r, problem{http.StatusServiceUnavailable, "console.problem.busy"})
		return
	}
	defer c.leave()
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	out := http.NewResponseController(w)
	tick := time.NewTicker(glance)
	defer tick.Stop()
	sent := map[string][32]byte{}
	lang := language(r, me)
	for {
		changed, err := c.send(w, out, me, lang, sent)
		if err != nil {
			return
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-c.closed:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// send writes what the page has not seen yet.
func (c *Console) send(w http.ResponseWriter, out *http.ResponseController, me Identity, lang string, sent map[string][32]byte) (<-chan struct{}, error) {
	screen, changed := c.screen(me, lang)
	parts, err := screen.parts()
	if err != nil {
		return nil, err
	}
	parts = fresh(parts, sent)
	if len(parts) == 0 {
		return changed, nil
	}
	body, err := json.Marshal(update{Boot: c.boot, Seq: screen.Seq, Who: me.User, Parts: parts})
	if err != nil {
		return nil, fmt.Errorf("encode update: %w", err)
	}
	_ = out.SetWriteDeadline(time.Now().Add(patience)) // a writer without deadlines has none to miss
	if _, err := fmt.Fprintf(w, "retry: %d\nevent: state\ndata: %s\n\n", reconnectMS, body); err != nil {
		return nil, fmt.Errorf("write update: %w", err)
	}
	if err := out.Flush(); err != nil {
		return nil, fmt.Errorf("flush update: %w", err)
	}
	return changed, nil
}

func (c *Console) follow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.following >= maxStreams {
		return false
	}
	c.following++
	return true
}

func (c *Console) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.following--
}
