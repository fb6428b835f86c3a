package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"twokey/incident"
)

// Errors of a [Client].
var (
	ErrNoAPI   = errors.New("the bot has no API there: set api.token in its configuration")
	ErrToken   = errors.New("the bot does not take this token")
	ErrPartial = errors.New("the answer broke off; the bot's log says why")
)

// Client asks a running bot.
type Client struct {
	URL   string // "http://127.0.0.1:8080"
	Token string
	HTTP  *http.Client
}

var _ Reader = (*Client)(nil)

// maxAnswer bounds an answer that is kept in memory.
const maxAnswer = 64 << 20

// Status implements [Reader].
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.get(ctx, "/api/status", nil, &s)
}

// Incidents implements [Reader].
func (c *Client) Incidents(ctx context.Context, f Filter) (list []Incident, err error) {
	q := url.Values{}
	if f.Open {
		q.Set("open", "true")
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	if f.Before != "" {
		q.Set("before", string(f.Before))
	}
	return list, c.get(ctx, "/api/incidents", q, &list)
}

// Incident implements [Reader].
func (c *Client) Incident(ctx context.Context, id incident.ID) (i Incident, err error) {
	return i, c.get(ctx, "/api/incidents/"+url.PathEscape(string(id)), nil, &i)
}

// Timeline implements [Reader].
func (c *Client) Timeline(ctx context.Context, id incident.ID, lang string) (entries []Entry, err error) {
	q := url.Values{}
	if lang != "" {
		q.Set("lang", lang)
	}
	return entries, c.get(ctx, "/api/incidents/"+url.PathEscape(string(id))+"/timeline", q, &entries)
}

// Export implements [Reader].
func (c *Client) Export(ctx context.Context, w io.Writer) error {
	body, err := c.open(ctx, "/api/export", nil)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // read to the end or given up
	if _, err := io.Copy(w, body); err != nil {
		return fmt.Errorf("export from %s: %w", c.URL, ErrPartial)
	}
	return nil
}

func (c *Client) get(ctx context.Context, path string, q url.Values, into any) error {
	body, err := c.open(ctx, path, q)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // read to the end or given up
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("read answer of %s: %w", c.URL, err)
	}
	return nil
}

func (c *Client) open(ctx context.Context, path string, q url.Values) (io.ReadCloser, error) {
	answer, err := c.ask(ctx, path, q)
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// ask returns an answer that is a yes; whoever gets one closes its body.
func (c *Client) ask(ctx context.Context, path string, q url.Values) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, nil) //nolint:gosec // the operator's own bot
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", c.URL, err)
	}
	r.URL.RawQuery = q.Encode()
	r.Header.Set("Authorization", "Bearer "+c.Token)
	answer, err := c.HTTP.Do(r) //nolint:gosec // the operator's own bot
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", c.URL, withoutURL(err))
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	defer func() { _ = answer.Body.Close() }() // not read
	return nil, fmt.Errorf("ask %s: %w", c.URL, c.refusal(answer))
}

// refusal tells a missing incident, which the API answers in JSON, from a
// missing API.
func (c *Client) refusal(answer *http.Response) error {
	var told archivedAnswer
	_ = json.NewDecoder(io.LimitReader(answer.Body, 1<<10)).Decode(&told) // no words are words enough
	switch {
	case answer.StatusCode == http.StatusGone && told.ArchivedError != nil:
		return told.ArchivedError
	case answer.StatusCode == http.StatusUnauthorized:
		return ErrToken
	case answer.StatusCode == http.StatusNotFound && told.Error == ErrNotFound.Error():
		return ErrNotFound
	case answer.StatusCode == http.StatusNotFound:
		return ErrNoAPI
	case answer.StatusCode == http.StatusConflict:
		return ErrBusy
	case answer.StatusCode == http.StatusInsufficientStorage:
		return ErrNoRoom
	}
	return fmt.Errorf("%s: %s", answer.Status, told.Error)
}

func withoutURL(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}
