package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The client is written by hand to cost little; it has to read what net/http
// writes, whole and in chunks, one answer after the other.
func TestClientReadsAnswers(t *testing.T) {
	long := strings.Repeat("0123456789", 5000)
	url, end, err := serveHere(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/whole":
			w.WriteHeader(http.StatusCreated)
			_, _ = fmt.Fprintf(w, "got %s", body)
		case "/chunks":
			_, _ = io.WriteString(w, long)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "end")
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	address := strings.TrimPrefix(url, "http://")
	c, err := dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for range 2 {
		for _, want := range []struct {
			request []byte
			status  int
			body    string
		}{
			{post(address, "/whole", "", "text/plain", []byte("this")), 201, "got this"},
			{get(address, "/chunks", ""), 200, long + "end"},
			{get(address, "/empty", ""), 200, ""},
		} {
			status, body, err := c.do(want.request)
			if err != nil || status != want.status || string(body) != want.body {
				t.Fatalf("status %d, %d bytes, %v; want %d, %d bytes", status, len(body), err, want.status, len(want.body))
			}
		}
	}
}
