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

	"twokey/incident"
)

// verify streams {"incidents": […], "ok": …}, one history at a time. What can't
// be read to the end is cut off, as an export is. With ?id= it is one history,
// with its hashes.
func (h handler) verify(w http.ResponseWriter, r *http.Request) {
	if id := r.URL.Query().Get("id"); id != "" {
		c, err := h.Reader.VerifyOne(r.Context(), incident.ID(id))
		h.answer(w, r, c, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = http.NewResponseController(w).Flush() // the answer has begun, however long the first history takes
	if err := streamChecks(r.Context(), w, h.Reader); err != nil {
		h.Log.ErrorContext(r.Context(), "verify", slog.Any("error", err))
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	}
}

func streamChecks(ctx context.Context, w io.Writer, from Reader) error {
	ok, between := true, "{\n  \"incidents\": [\n    "
	err := from.Verify(ctx, func(c Checked) error {
		line, err := json.Marshal(c)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s%s", between, line)
		ok, between = ok && c.OK, ",\n    "
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\n  ],\n  \"ok\": %t\n}\n", ok)
	return err
}

// Verify implements [Reader]. The bot checks its own record.
func (c *Client) Verify(ctx context.Context, each func(Checked) error) error {
	body, err := c.open(ctx, "/api/verify", nil)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // read to the end or given up
	if err := readChecks(json.NewDecoder(body), each); err != nil {
		return fmt.Errorf("verify at %s: %w", c.URL, err)
	}
	return nil
}

// VerifyOne implements [Reader].
func (c *Client) VerifyOne(ctx context.Context, id incident.ID) (one Checked, err error) {
	return one, c.get(ctx, "/api/verify", url.Values{"id": {string(id)}}, &one)
}

// readChecks reads what [streamChecks] wrote: ok comes last, so an answer without
// it broke off.
func readChecks(d *json.Decoder, each func(Checked) error) error {
	for _, want := range []json.Token{json.Delim('{'), "incidents", json.Delim('[')} {
		if got, err := d.Token(); err != nil || got != want {
			return errors.Join(ErrPartial, err)
		}
	}
	for d.More() {
		var c Checked
		if err := d.Decode(&c); err != nil {
			return errors.Join(ErrPartial, err)
		}
		if err := each(c); err != nil {
			return err
		}
	}
	var rest [2]json.Token
	for i := range rest {
		var err error
		if rest[i], err = d.Token(); err != nil {
			return ErrPartial
		}
	}
	if rest[1] != "ok" {
		return ErrPartial
	}
	return nil
}
