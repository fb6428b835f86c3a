package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"twokey/bot"
	"twokey/incident"
)

// Receiver fetches sealed secrets, each once.
type Receiver interface {
	// Receive returns the sealed secret of an incident's new key. A refusal is a
	// [*RefusedError]; [ErrNotFound] if there is no such incident.
	Receive(ctx context.Context, id incident.ID) (bot.HandOver, error)
}

// RefusedError is a reason why not, in the rooms' language.
type RefusedError struct {
	Why  incident.Refusal `json:"refusal"`
	Text string           `json:"error"`
}

func (e *RefusedError) Error() string { return e.Text }

// Hand fetches from a bot of this process. The record says which way it went.
type Hand struct {
	Bot *bot.Bot
	Way string // [incident.WayAPI] or [incident.WayFile]
}

var (
	_ Receiver = Hand{}
	_ Receiver = (*Client)(nil)
)

// Receive implements [Receiver].
func (h Hand) Receive(ctx context.Context, id incident.ID) (bot.HandOver, error) {
	out, err := h.Bot.Fetch(ctx, id, h.Way)
	why, refused := errors.AsType[incident.Refusal](err)
	switch {
	case !refused:
		return out, err
	case why == bot.NoSuchIncident:
		return out, ErrNotFound
	}
	return out, &RefusedError{why, h.Bot.Why(ctx, id, why)}
}

// receive gives a ciphertext out. It changes the record, so it is a POST.
func (h handler) receive(w http.ResponseWriter, r *http.Request) {
	if h.Receiver == nil {
		fail(w, http.StatusNotFound, "not to be had here")
		return
	}
	got, err := h.Receiver.Receive(r.Context(), incident.ID(r.PathValue("id")))
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		write(w, http.StatusConflict, refused)
		return
	}
	if err == nil {
		h.Log.InfoContext(r.Context(), "a sealed secret was fetched", slog.String("incident", string(got.Incident)), slog.String("key", string(got.Key)))
	}
	h.answer(w, r, got, err)
}

// Receive implements [Receiver].
func (c *Client) Receive(ctx context.Context, id incident.ID) (got bot.HandOver, err error) {
	path := c.URL + "/api/incidents/" + url.PathEscape(string(id)) + "/receive"
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, path, nil) //nolint:gosec // the operator's own bot
	if err != nil {
		return got, fmt.Errorf("ask %s: %w", c.URL, err)
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	answer, err := c.HTTP.Do(r) //nolint:gosec // the operator's own bot
	if err != nil {
		return got, fmt.Errorf("ask %s: %w", c.URL, withoutURL(err))
	}
	defer func() { _ = answer.Body.Close() }() // read to the end or given up
	switch answer.StatusCode {
	case http.StatusOK:
		if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&got); err != nil {
			return got, fmt.Errorf("read answer of %s: %w", c.URL, err)
		}
		return got, nil
	case http.StatusConflict:
		var refused RefusedError
		if json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&refused) == nil && refused.Text != "" {
			return got, &refused
		}
		return got, ErrBusy
	}
	return got, fmt.Errorf("ask %s: %w", c.URL, c.refusal(answer))
}
