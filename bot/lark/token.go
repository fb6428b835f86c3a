package lark

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"twokey/bot/room"
)

// renewBefore is how long before its end a token is renewed; until then a new one may be
// refused without harm.
const renewBefore = 10 * time.Minute

// A token that still counts makes nobody wait long for the next one, or often.
const (
	renewFor   = 3 * time.Second
	renewAgain = 30 * time.Second
)

const pathToken = "/open-apis/auth/v3/tenant_access_token/internal" //nolint:gosec // an address

// tokens gives the app's token, and a new one in time. The lock of a channel, so that
// who waits for it can leave.
type tokens struct {
	config Config
	http   *http.Client
	lock   chan struct{}
	value  string
	until  time.Time
	renew  time.Time // from when on a new one is asked for
}

func newTokens(config Config, client *http.Client) *tokens {
	return &tokens{config: config, http: client, lock: make(chan struct{}, 1)}
}

func (t *tokens) token(ctx context.Context) (string, error) {
	select {
	case t.lock <- struct{}{}:
	case <-ctx.Done():
		return "", failed(ctx, methodToken, ctx.Err())
	}
	defer func() { <-t.lock }()
	now := t.config.Now()
	counts := t.value != "" && now.Before(t.until)
	if counts && now.Before(t.renew) {
		return t.value, nil
	}
	if counts {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, renewFor)
		defer cancel()
	}
	value, lasts, err := t.ask(ctx)
	switch {
	case err == nil:
		t.value, t.until, t.renew = value, now.Add(lasts), now.Add(lasts-renewBefore)
	case !counts:
		return "", err
	default:
		t.renew = now.Add(renewAgain)
	}
	return t.value, nil
}

// drop forgets a token that Lark does not take any more.
func (t *tokens) drop(value string) {
	t.lock <- struct{}{}
	defer func() { <-t.lock }()
	if t.value == value {
		t.value = ""
	}
}

const methodToken = "auth.tenant_access_token" //nolint:gosec // a name

func (t *tokens) ask(ctx context.Context) (string, time.Duration, error) {
	body, err := json.Marshal(map[string]string{"app_id": t.config.AppID, "app_secret": t.config.AppSecret})
	if err != nil {
		return "", 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.config.APIURL+pathToken, bytes.NewReader(body))
	if err != nil {
		return "", 0, &Error{Method: methodToken, Word: room.Network}
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	answer, err := spoken(t.http, methodToken, r)
	if err != nil {
		return "", 0, err
	}
	var given struct {
		Token  string `json:"tenant_access_token"`
		Expire int    `json:"expire"` // seconds
	}
	if json.Unmarshal(answer, &given) != nil || given.Token == "" {
		return "", 0, &Error{Method: methodToken, Word: room.Odd}
	}
	return given.Token, time.Duration(given.Expire) * time.Second, nil
}
