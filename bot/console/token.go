package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"twokey/bot"
	"twokey/incident"
)

// signer vouches for what a page was drawn with. A form that carries its mark came
// from a page of this process, for this identity, unchanged.
type signer struct{ key []byte }

func newSigner() signer {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails (crypto/rand docs: Read)
	return signer{key}
}

// mark is 128 bits over the parts, each with its length before it.
func (s signer) mark(parts ...string) string {
	mac := hmac.New(sha256.New, s.key)
	for _, p := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		mac.Write(size[:])
		mac.Write([]byte(p))
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// press is what the form of a button carries. Its mark is the id of the click: the
// same for a double click and for a replayed request, another one as soon as the
// click was answered, since then pressing again is meant.
type press struct {
	Who      string // the identity it was drawn for
	Ref      string // message or answer it stands on
	Act      bot.Act
	Incident incident.ID
	Number   int
	Digest   incident.Digest
	Value    string
	Ask      bool // a confirmation or a reason is asked for first
	Turn     int  // how often it was answered before
}

// form names the button for good, whatever the turn.
func (p press) form(s signer) string {
	return s.mark("form", p.Who, p.Ref, string(p.Act), string(p.Incident), strconv.Itoa(p.Number), string(p.Digest), p.Value)
}

func (p press) mark(s signer) string {
	return s.mark("press", p.form(s), strconv.FormatBool(p.Ask), strconv.Itoa(p.Turn))
}

// The command line and the small forms (who, language, dismiss, attack) are marked
// too, so that a strange page can't fill them in even where a browser tells nothing.
func sayForm(s signer, who string) string { return s.mark("say", who) }

func sayMark(s signer, who string, turn int) string {
	return s.mark("say", who, strconv.Itoa(turn))
}

func smallMark(s signer, who string) string { return s.mark("small", who) }

// answered ends a turn of a form. A replay of an earlier turn changes nothing.
func (c *Console) answered(form string, turn int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turns[form] == turn {
		c.turns[form]++
		c.change()
	}
}
