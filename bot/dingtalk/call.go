package dingtalk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"twokey/bot/room"
)

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 1 << 20

// caller calls DingTalk's interface, and keeps the token that this takes.
type caller struct {
	config Config
	client *http.Client

	mu    sync.Mutex
	token string
	until time.Time
}

func newCaller(config Config) *caller {
	client := config.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the token goes nowhere else
	return &caller{config: config, client: client}
}

// early is how long before its end a token is not used any more.
const early = 10 * time.Minute

// access is a token, asked for once in two hours.
func (c *caller) access(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" && c.config.Now().Before(c.until) {
		return c.token, nil
	}
	var got struct {
		Token  string `json:"accessToken"`
		Expire int    `json:"expireIn"` // seconds
	}
	secret := map[string]string{"appKey": c.config.ClientID, "appSecret": c.config.ClientSecret}
	if err := c.send(ctx, "accessToken", http.MethodPost, c.config.APIURL+"/v1.0/oauth2/accessToken", "", secret, &got); err != nil {
		return "", err
	}
	if got.Token == "" {
		return "", &Error{Method: "accessToken", Word: room.Odd}
	}
	c.token, c.until = got.Token, c.config.Now().Add(time.Duration(got.Expire)*time.Second-early)
	return c.token, nil
}

// drop forgets a token that DingTalk takes no more.
func (c *caller) drop(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}

// call calls a method of the interface.
func (c *caller) call(ctx context.Context, name, method, path string, in, out any) error {
	return c.withToken(ctx, func(token string) error {
		return c.send(ctx, name, method, c.config.APIURL+path, token, in, out)
	})
}

// old calls a method of the older interface, which wants the token in the address.
func (c *caller) old(ctx context.Context, name, path string, in, out any) error {
	return c.withToken(ctx, func(token string) error {
		address := c.config.OldAPIURL + path + "?" + url.Values{"access_token": {token}}.Encode()
		return c.send(ctx, name, http.MethodPost, address, "", in, out)
	})
}

// withToken does something with a token, and once more with a new one if DingTalk
// took it back.
func (c *caller) withToken(ctx context.Context, do func(token string) error) error {
	token, err := c.access(ctx)
	if err != nil {
		return err
	}
	err = do(token)
	if !room.Says(err, wordToken, wordOldTok, wordOldLate) {
		return err
	}
	c.drop(token)
	if token, err = c.access(ctx); err != nil {
		return err
	}
	return do(token)
}

// send sends one request and reads its answer.
func (c *caller) send(ctx context.Context, name, method, address, token string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	q, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return &Error{Method: name, Word: room.Odd}
	}
	q.Header.Set("Content-Type", "application/json")
	if token != "" {
		q.Header.Set("x-acs-dingtalk-access-token", token)
	}
	r, err := c.client.Do(q)
	if err != nil {
		return room.Unreached(name, err)
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	if err != nil {
		return room.Unreached(name, err)
	}
	return understood(name, r, text, out)
}

// understood is what an answer says. One that is no JSON is a proxy's, or no answer.
func understood(name string, r *http.Response, text []byte, out any) error {
	var a answer
	plain := json.Unmarshal(text, &a) != nil
	if err := refused(name, r.StatusCode, r.Header, a); err != nil {
		return err
	}
	if plain || out != nil && json.Unmarshal(text, out) != nil {
		return &Error{Method: name, Word: room.Odd, Maybe: true}
	}
	return nil
}
