package room

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"twokey/bot"
)

// Common is what every room is told, whatever its platform. Words is mandatory.
type Common struct {
	Languages []string // that there are catalogs for
	Language  string   // of the room

	// Words is a sentence of the catalog, for the ids in the room's WordIDs.
	Words func(lang, id string, blanks map[string]string) string
	// Refused is told why something that came in was not let in; nil: nobody counts.
	Refused   func(why string)
	Transport http.RoundTripper // nil: [http.DefaultTransport]
	Now       func() time.Time  // nil: [time.Now]
	Log       *slog.Logger      // nil: no log
}

// Whole is the same with nothing left open that a room would trip over.
func (c Common) Whole() Common {
	if c.Refused == nil {
		c.Refused = func(string) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// callTimeout bounds one call; nobody who pressed waits longer.
const callTimeout = 20 * time.Second

// Client calls a platform.
func (c Common) Client() *http.Client {
	return &http.Client{Transport: c.Transport, Timeout: callTimeout}
}

// Say is a sentence in a language, with what stands in its blanks: a name, a text, a
// name, a text. Where no language is known it is the room's.
func (c Common) Say(lang, id string, blanks ...string) string {
	filled := map[string]string{}
	for pair := range slices.Chunk(blanks, 2) {
		filled[pair[0]] = pair[1]
	}
	return c.Words(cmp.Or(lang, c.Language), id, filled)
}

// Spoken is a language that there is a catalog for: the one that is wanted, else the
// room's.
func (c Common) Spoken(lang string) string {
	if slices.Contains(c.Languages, lang) {
		return lang
	}
	return c.Language
}

// Stranger is the error of an account that may not speak here, whoever it is.
type Stranger struct{ Why string }

func (s Stranger) Error() string { return "stranger: " + s.Why }

// Admit is an account, if it is no stranger's. A stranger is counted and is nobody: the
// bot says so in words.
func (c Common) Admit(platform string, account bot.Account, err error) (bot.Account, error) {
	if who, strange := errors.AsType[Stranger](err); strange {
		c.Refused(who.Why)
		return bot.Account{Platform: platform}, nil
	}
	return account, err
}
