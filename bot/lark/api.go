package lark

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	golark "github.com/go-lark/lark"

	"twokey/bot/room"
)

// api calls Lark's Open API through go-lark. All that leaves and comes back passes one
// place, [carrier.Do]: go-lark itself takes no context, knows no status, and returns an
// answer that says no as if it were a yes.
type api struct {
	config Config
	http   *http.Client
	tokens *tokens
}

func newAPI(config Config) *api {
	client := config.Client()
	return &api{config: config, http: client, tokens: newTokens(config, client)}
}

// get asks; the answer's data is read into out.
func get[T any](ctx context.Context, a *api, method, path string) (out T, err error) {
	return called[T](ctx, a, method, func(b *golark.Bot, answer any) error { return b.GetAPIRequest(method, path, false, nil, answer) })
}

func post[T any](ctx context.Context, a *api, method, path string, body any) (T, error) {
	return called[T](ctx, a, method, func(b *golark.Bot, answer any) error { return b.PostAPIRequest(method, path, false, body, answer) })
}

func patch(ctx context.Context, a *api, method, path string, body any) error {
	_, err := called[struct{}](ctx, a, method, func(b *golark.Bot, answer any) error { return b.PatchAPIRequest(method, path, false, body, answer) })
	return err
}

func put(ctx context.Context, a *api, method, path string, body any) error {
	_, err := called[struct{}](ctx, a, method, func(b *golark.Bot, answer any) error { return b.PutAPIRequest(method, path, false, body, answer) })
	return err
}

// called makes one call. go-lark keeps its context in the bot, so each call has a bot of
// its own.
func called[T any](ctx context.Context, a *api, method string, call func(*golark.Bot, any) error) (T, error) {
	var answer struct{ Data T }
	err := call(a.golark(ctx, method), &answer)
	return answer.Data, failed(ctx, method, err)
}

func (a *api) golark(ctx context.Context, method string) *golark.Bot {
	b := golark.NewChatBot(a.config.AppID, "")
	b.SetDomain(a.config.APIURL)
	b.SetLogger(silence{}) // go-lark's log quotes what travels
	b.SetCustomClient(carrier{a, method})
	return b.WithContext(ctx)
}

// bot is the open id of the bot. This answer has its data in a place of its own.
func (a *api) bot(ctx context.Context) (string, error) {
	const method = "bot.info"
	b, answer := a.golark(ctx, method), struct {
		Bot struct {
			OpenID string `json:"open_id"`
		}
	}{}
	err := b.GetAPIRequest(method, "/open-apis/bot/v3/info", false, nil, &answer)
	if err == nil && answer.Bot.OpenID == "" {
		err = &Error{Method: method, Word: room.Odd}
	}
	return answer.Bot.OpenID, failed(ctx, method, err)
}

// carrier carries one call of go-lark's.
type carrier struct {
	*api

	method string
}

// Do implements go-lark's HTTPWrapper. It returns an [Error] for whatever is no success.
func (c carrier) Do(ctx context.Context, verb, url string, header http.Header, body io.Reader) (io.ReadCloser, error) {
	sent, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	for again := false; ; again = true {
		token, err := c.tokens.token(ctx)
		if err != nil {
			return nil, err
		}
		header.Set("Authorization", "Bearer "+token)
		answer, err := c.once(ctx, verb, url, header, sent)
		if !again && says(err, badTokens...) {
			c.tokens.drop(token)
			continue
		}
		if err != nil {
			return nil, err
		}
		return io.NopCloser(bytes.NewReader(answer)), nil
	}
}

// maxAnswer is the longest answer that is read.
const maxAnswer = 4 << 20

func (c carrier) once(ctx context.Context, verb, url string, header http.Header, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, verb, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = header
	return spoken(c.http, c.method, r)
}

// spoken sends a request and returns the answer, if it is a yes.
func spoken(client *http.Client, method string, r *http.Request) ([]byte, error) {
	got, err := client.Do(r)
	if err != nil {
		return nil, failed(r.Context(), method, err)
	}
	defer func() { _ = got.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(got.Body, maxAnswer))
	if err != nil {
		return nil, failed(r.Context(), method, err)
	}
	return answer, refused(method, got, answer)
}

// refused is what an answer says against a call: Lark's own code, or the status where
// there is none.
func refused(method string, got *http.Response, answer []byte) error {
	var said struct{ Code *int }
	err := json.Unmarshal(answer, &said)
	switch {
	case got.StatusCode == http.StatusTooManyRequests || said.Code != nil && limited[*said.Code]:
		return &Error{Method: method, Word: room.Limited, After: reset(got.Header)}
	case said.Code != nil && *said.Code != 0:
		return coded(method, *said.Code)
	case got.StatusCode >= http.StatusBadRequest:
		return &Error{Method: method, Word: "HTTP." + strconv.Itoa(got.StatusCode)}
	case err != nil || said.Code == nil:
		return &Error{Method: method, Word: room.Odd}
	}
	return nil
}

// reset is how long Lark asks to wait (Feishu docs: rate limits).
func reset(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("x-ogw-ratelimit-reset"))
	if err != nil || seconds < 1 {
		seconds = 1
	}
	return time.Duration(min(seconds, 60)) * time.Second
}

// silence is a log that keeps nothing.
type silence struct{}

func (silence) Log(context.Context, golark.LogLevel, string) {}
func (silence) SetOutput(io.Writer)                          {}
