package room_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/room"
)

func TestARoomSpeaksWhatThereIsACatalogFor(t *testing.T) {
	c := room.Common{Languages: []string{"en", "zh"}, Language: "zh"}
	for lang, want := range map[string]string{"en": "en", "zh": "zh", "fr": "zh", "": "zh"} {
		if got := c.Spoken(lang); got != want {
			t.Errorf("%q: %q, want %q", lang, got, want)
		}
	}
}

func TestASentenceHasItsBlanksAndItsLanguage(t *testing.T) {
	c := room.Common{Language: "zh", Words: func(lang, id string, blanks map[string]string) string { return fmt.Sprint(lang, " ", id, " ", blanks) }}
	if got := c.Say("en", "more", "n", "3", "incident", "inc-1"); got != "en more map[incident:inc-1 n:3]" {
		t.Error(got)
	}
	if got := c.Say("", "who"); got != "zh who map[]" {
		t.Error(got)
	}
}

func TestWhatIsLeftOpenIsFilledAndWhatIsGivenStays(t *testing.T) {
	c := room.Common{}.Whole()
	c.Refused("counted by nobody")
	c.Log.Info("kept by nobody")
	if c.Now().IsZero() {
		t.Error("there is no time")
	}
	refused := ""
	c = room.Common{Refused: func(why string) { refused = why }, Now: func() time.Time { return start }}.Whole()
	if c.Refused("stale"); refused != "stale" || c.Now() != start {
		t.Error("what was given is gone")
	}
}

// refusing is a way to nowhere.
type refusing struct{ calls int }

func (r *refusing) RoundTrip(*http.Request) (*http.Response, error) {
	r.calls++
	return nil, http.ErrServerClosed
}

func TestACallGoesTheGivenWayAndEnds(t *testing.T) {
	way := &refusing{}
	client := room.Common{Transport: way}.Client()
	if _, err := client.Head("http://127.0.0.1:1/"); !errors.Is(err, http.ErrServerClosed) || way.calls != 1 { //nolint:noctx // nothing is called
		t.Errorf("%v after %d calls", err, way.calls)
	}
	if client.Timeout <= 0 || client.Timeout > time.Minute {
		t.Errorf("whoever pressed waits for %s", client.Timeout)
	}
}

func TestAStrangerIsNobodyAndIsCounted(t *testing.T) {
	var why []string
	c := room.Common{Refused: func(reason string) { why = append(why, reason) }}
	ana, nobody := bot.Account{Platform: "slack", Tenant: "T1", User: "U1"}, bot.Account{Platform: "slack"}
	if got, err := c.Admit("slack", ana, nil); got != ana || err != nil || why != nil {
		t.Errorf("%+v, %v, refused: %q", got, err, why)
	}
	if got, err := c.Admit("slack", ana, fmt.Errorf("ask: %w", room.Stranger{Why: "guest"})); got != nobody || err != nil || len(why) != 1 || why[0] != "guest" {
		t.Errorf("%+v, %v, refused: %q", got, err, why)
	}
	lost := errors.New("lost")
	if _, err := c.Admit("slack", bot.Account{}, lost); !errors.Is(err, lost) || len(why) != 1 {
		t.Errorf("who could not be asked about was taken for a stranger: %v, %q", err, why)
	}
}
