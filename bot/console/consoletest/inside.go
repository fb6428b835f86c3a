package consoletest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
)

// inside carries requests to a handler as if they came over loopback.
type inside struct{ handler http.Handler }

// RoundTrip calls the handler and returns when it has.
func (i inside) RoundTrip(q *http.Request) (*http.Response, error) {
	local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}
	in := q.Clone(context.WithValue(q.Context(), http.LocalAddrContextKey, net.Addr(local)))
	in.RemoteAddr, in.RequestURI, in.Host = "127.0.0.1:1024", q.URL.RequestURI(), q.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := &written{header: http.Header{}, status: http.StatusOK}
	i.handler.ServeHTTP(w, in)
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), Request: q,
	}, nil
}

// written keeps an answer.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *written) Header() http.Header         { return w.header }
func (w *written) WriteHeader(status int)      { w.status = status }
func (w *written) Write(b []byte) (int, error) { return w.body.Write(b) }
