package escalation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/bot/escalation"
)

const key = escalation.Key("R0UT1NGKEY0F4TEST")

var page = bot.Page{
	Dedup: "twokey/inc-7/2/1", Incident: "inc-7", Summary: "inc-7 needs one more vote", Step: "key.delete", Missing: 1, Who: []string{"Bo"},
}

// receiver answers like the real one and keeps what it was sent.
type receiver struct {
	*httptest.Server

	bodies []string
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.bodies = append(r.bodies, string(body))
		answer(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) hook() *escalation.Webhook {
	return &escalation.Webhook{URL: r.URL + "/v2/enqueue?token=inTheURL", Key: key, HTTP: &http.Client{Timeout: 5 * time.Second}}
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, `{"status":"whatever"}`)
	}
}

func TestTriggerIsAnEventOfVersion2(t *testing.T) {
	r := newReceiver(t, status(http.StatusAccepted))
	if err := r.hook().Trigger(t.Context(), page); err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal([]byte(r.bodies[0]), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"routing_key": string(key), "event_action": "trigger", "dedup_key": "twokey/inc-7/2/1", "client": "twokey",
		"payload": map[string]any{
			"summary": "inc-7 needs one more vote", "source": "twokey", "severity": "critical", "class": "leaked access key",
			"custom_details": map[string]any{
				"incident": "inc-7", "step": "key.delete", "missing_people": float64(1), "who_can_vote": []any{"Bo"},
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestALongSummaryIsCutBetweenCharacters(t *testing.T) {
	r := newReceiver(t, status(http.StatusAccepted))
	long := page
	long.Summary = strings.Repeat("鍵", 2000)
	if err := r.hook().Trigger(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	var got struct{ Payload struct{ Summary string } }
	if err := json.Unmarshal([]byte(r.bodies[0]), &got); err != nil || got.Payload.Summary != strings.Repeat("鍵", 1024) {
		t.Errorf("summary of %d bytes, %v", len(got.Payload.Summary), err)
	}
}

func TestErrorsSayHowLongToWait(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		wait   time.Duration
	}{
		{"busy", status(http.StatusTooManyRequests), 10 * time.Second},
		{"busy and says so", status(http.StatusTooManyRequests, "Retry-After", "42"), 42 * time.Second},
		{"says too much", status(http.StatusTooManyRequests, "Retry-After", "99999999999"), 5 * time.Minute},
		{"says nonsense", status(http.StatusServiceUnavailable, "Retry-After", "-3"), 10 * time.Second},
		{"down", status(http.StatusInternalServerError), 10 * time.Second},
		{"wrong event", status(http.StatusBadRequest), 5 * time.Minute},
		{"elsewhere", status(http.StatusTemporaryRedirect, "Location", "http://127.0.0.1:1/"), 5 * time.Minute},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := newReceiver(t, row.answer).hook().Trigger(t.Context(), page)
			var w bot.Waiter
			if !errors.As(err, &w) || w.Wait() != row.wait {
				t.Errorf("got %v, want to wait %s", err, row.wait)
			}
		})
	}
}

func TestNoAnswerIsAnErrorToTryAgain(t *testing.T) {
	r := newReceiver(t, status(http.StatusAccepted))
	r.Close()
	var failed *escalation.Error
	if err := r.hook().Trigger(t.Context(), page); !errors.As(err, &failed) || failed.Status != 0 {
		t.Errorf("got %v", err)
	}
}

func TestTheKeyNeverFollowsARedirect(t *testing.T) {
	elsewhere := newReceiver(t, status(http.StatusAccepted))
	r := newReceiver(t, status(http.StatusTemporaryRedirect, "Location", elsewhere.URL))
	if err := r.hook().Trigger(t.Context(), page); err == nil {
		t.Error("a redirect counts as told")
	}
	if len(elsewhere.bodies) != 0 {
		t.Error("the event went elsewhere")
	}
}

func TestNeitherKeyNorAddressGetsOut(t *testing.T) {
	gone := newReceiver(t, status(http.StatusAccepted))
	gone.Close()
	broken := &escalation.Webhook{URL: "http://127.0.0.1:1\x7f/inTheURL", Key: key, HTTP: http.DefaultClient}
	for _, hook := range []*escalation.Webhook{
		newReceiver(t, status(http.StatusBadRequest)).hook(), newReceiver(t, status(http.StatusBadGateway)).hook(), gone.hook(), broken,
	} {
		err := hook.Trigger(t.Context(), page)
		if err == nil {
			t.Fatal("no error")
		}
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Error("hook", slog.Any("error", err), slog.Any("key", hook.Key))
		encoded, _ := json.Marshal(hook.Key)
		for _, text := range []string{err.Error(), fmt.Sprintf("%v %+v %#v", err, hook.Key, hook.Key), log.String(), string(encoded)} {
			if strings.Contains(text, string(key)) || strings.Contains(text, "inTheURL") {
				t.Errorf("it got out: %s", text)
			}
		}
	}
}
