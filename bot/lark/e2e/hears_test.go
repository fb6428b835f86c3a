package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/bot/lark/larktest"
)

// scene is a card in a group.
type scene struct {
	*larktest.Person

	user larktest.User
	room string
	yes  larktest.Button
}

func setScene(t *testing.T, x *larktest.Tenant, v vendor) scene {
	t.Helper()
	user := x.AddUser(larktest.User{Name: "Ana"})
	room := x.Group("leaks", user.Union)
	if got := v.create(room, "interactive", card, ""); got.Code != 0 {
		t.Fatal(got.Code)
	}
	ana := x.As(t, user.Union)
	return scene{ana, user, room, ana.Buttons()[0]}
}

// hears lets Ana press and write; the client must hear both and its answer reach her.
func (s scene) hears(t *testing.T, x *larktest.Tenant, v vendor) {
	t.Helper()
	if got := s.Press(s.yes).Await(); got != "seen" {
		t.Errorf("the toast says %q", got)
	}
	if diff := cmp.Diff([]string{"press", s.yes.Message, s.user.Open, `{"a":"yes"}`}, v.heard()); diff != "" {
		t.Error(diff)
	}
	if r := s.Mention(s.room, "", "help"); r.Problem != "" {
		t.Error(r.Problem)
	}
	if diff := cmp.Diff([]string{"message", `{"text":"@_user_1 help"}`, s.user.Open, x.App.OpenID}, v.heard()); diff != "" {
		t.Error(diff)
	}
}

func TestTheVendorsClientsHearPeopleOverTheLongConnection(t *testing.T) {
	onEach(t, func(t *testing.T, x *larktest.Tenant, v vendor) {
		s := setScene(t, x, v)
		v.listen()
		s.hears(t, x, v)
		if got := v.complaints(); len(got) > 0 {
			t.Errorf("the client complains: %q", got)
		}
	})
}

// TestTheVendorsCodeOpensTheRequests lets the vendor's own code check the signature of
// what the tenant posts, and decrypt it.
func TestTheVendorsCodeOpensTheRequests(t *testing.T) {
	onEach(t, func(t *testing.T, x *larktest.Tenant, v vendor) {
		s := setScene(t, x, v)
		for path, handler := range v.receivers() {
			x.PostTo(larktest.Receiver{Handler: handler, Path: path})
			if path == "/events" {
				s.hears(t, x, v)
			}
			if got := s.Press(s.yes).Await(); got != "seen" {
				t.Errorf("%s: the toast says %q", path, got)
			}
			if got := v.heard(); got[0] != "press" || got[1] != s.yes.Message {
				t.Errorf("%s: %q", path, got)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, x.Challenge(path, "ajls384"))
			if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != `{"challenge":"ajls384"}` {
				t.Errorf("%s: challenged, it answers %d %s", path, w.Code, got)
			}
		}
	})
}

func TestTheVendorsCodeRefusesWhatIsSpoiled(t *testing.T) {
	onEach(t, func(t *testing.T, x *larktest.Tenant, v vendor) {
		ana := x.AddUser(larktest.User{Name: "Ana"})
		press := func(word string) *http.Request {
			return x.Request("/", x.PressBody(ana.Union, larktest.Button{Message: word, Value: json.RawMessage(`{}`)}))
		}
		for path, handler := range v.receivers() {
			for _, header := range []string{"X-Lark-Signature", "X-Lark-Request-Timestamp", "X-Lark-Request-Nonce"} {
				r := press("spoiled " + header)
				r.Header.Set(header, r.Header.Get(header)+"0")
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}
			other := press("another's body")
			other.Body = press("taken over").Body
			handler.ServeHTTP(httptest.NewRecorder(), other)
			handler.ServeHTTP(httptest.NewRecorder(), press("genuine"))
			if got := v.heard(); got[1] != "genuine" {
				t.Errorf("%s hears what is %s", path, got[1])
			}
		}
	})
}
