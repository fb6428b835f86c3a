package room_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"twokey/bot/room"
)

var start = time.Date(2026, 11, 21, 2, 50, 0, 0, time.UTC)

func stamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

func TestWhyARequestIsNotLetIn(t *testing.T) {
	for name, c := range map[string]struct{ stamp, signature, want, why string }{
		"genuine":           {stamp(start), "s", "s", ""},
		"nearly old":        {stamp(start.Add(-room.SignedFor)), "s", "s", ""},
		"old":               {stamp(start.Add(-room.SignedFor - time.Second)), "s", "s", room.Stale},
		"from the future":   {stamp(start.Add(room.SignedFor + time.Second)), "s", "s", room.Stale},
		"another signature": {stamp(start), "z", "s", room.Forged},
		"unsigned":          {stamp(start), "", "s", room.Forged},
		"no secret":         {stamp(start), "", "", room.Forged},
		"no time":           {"", "s", "s", room.Forged},
		"no number":         {"now", "s", "s", room.Forged},
		"old and forged":    {stamp(start.Add(-time.Hour)), "z", "s", room.Forged},
	} {
		d := room.NewDoorkeeper(func() time.Time { return start })
		if why := d.Verify(c.stamp, c.signature, c.want); why != c.why {
			t.Errorf("%s: %q, want %q", name, why, c.why)
		}
	}
}

func TestARequestIsLetInOnce(t *testing.T) {
	now := start
	d := room.NewDoorkeeper(func() time.Time { return now })
	at := now.Add(room.SignedFor) // of a sender whose clock is fast: good for longest
	verify := func(signature string) string { return d.Verify(stamp(at), signature, signature) }
	if verify("a") != "" || verify("b") != "" {
		t.Fatal("not let in at all")
	}
	for _, later := range []time.Duration{0, room.SignedFor, 2*room.SignedFor - time.Second} {
		now = start.Add(later)
		if why := verify("a"); why != room.Replayed {
			t.Errorf("after %s: %q", later, why)
		}
	}
	if d.Again("a"); verify("a") != "" {
		t.Error("what could not be taken is not let in again")
	}
	if verify("b") != room.Replayed {
		t.Error("another one is let in again, too")
	}
}

// sent is a request, and how it was answered; body is empty where it was.
func sent(t *testing.T, method string, body io.Reader) (status int, text string, why []string) {
	t.Helper()
	w := httptest.NewRecorder()
	got, ok := room.Body(w, httptest.NewRequestWithContext(t.Context(), method, "/", body), func(reason string) { why = append(why, reason) })
	if ok {
		return 0, string(got), why
	}
	return w.Code, "", why
}

func TestABodyIsReadUpToItsLimit(t *testing.T) {
	longest := strings.Repeat("x", room.MaxRequest)
	if status, text, why := sent(t, http.MethodPost, strings.NewReader(longest)); status != 0 || text != longest || why != nil {
		t.Errorf("the longest: %d, %d bytes, refused: %q", status, len(text), why)
	}
	if status, _, why := sent(t, http.MethodPost, strings.NewReader(longest+"x")); status != http.StatusRequestEntityTooLarge || len(why) != 1 || why[0] != room.TooLong {
		t.Errorf("longer: %d, refused: %q", status, why)
	}
	if status, _, why := sent(t, http.MethodPost, iotest.ErrReader(errors.New("broken"))); status != http.StatusBadRequest || why != nil {
		t.Errorf("broken: %d, refused: %q", status, why)
	}
	if status, _, why := sent(t, http.MethodGet, http.NoBody); status != http.StatusMethodNotAllowed || why != nil {
		t.Errorf("GET: %d, refused: %q", status, why)
	}
}

func TestOnlyThePlatformIsTrusted(t *testing.T) {
	for address, want := range map[string]bool{
		"https://hooks.example.com/a": true, "https://other.example.com/a": true, "http://127.0.0.1:1/a": true,
		"http://hooks.example.com/a": false, "https://hooks.example.com.evil.example/": false, "https://evil.example/hooks.example.com": false,
		"https://hooks.example.com@evil.example/": false, "https://u:p@hooks.example.com/": false, "https://127.0.0.1:1/": false,
		"http://127.0.0.1:2/": false, "http://169.254.169.254/": false, "//hooks.example.com/": false, "": false, "%": false,
	} {
		if got := room.Trusted(address, "http://127.0.0.1:1/api/", "hooks.example.com", "other.example.com"); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
	for _, api := range []string{"", "%"} {
		for _, address := range []string{"", "/a", "https://evil.example/", "https:///a"} {
			if room.Trusted(address, api, "") {
				t.Errorf("%q is trusted where the API has no address", address)
			}
		}
	}
}
