package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Alertmanager keeps no alert: what it is asked here is not what twokey promises,
// only the nearest thing that people run.

const (
	// peerQuiet keeps all alerts in one group and tells nobody.
	peerQuiet = "route: {receiver: bench}\nreceivers: [{name: bench}]\n"
	// peerTelling tells of each alert at once.
	peerTelling = `route: {receiver: bench, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers: [{name: bench, webhook_configs: [{url: %q, send_resolved: false}]}]
`
)

// peer starts Alertmanager. With a URL it posts every alert there.
func (s *suite) peer(url string) (*child, error) {
	folder, err := s.folder("peer")
	if err != nil {
		return nil, err
	}
	config := peerQuiet
	if url != "" {
		config = fmt.Sprintf(peerTelling, url)
	}
	file := filepath.Join(folder, "config.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil { //nolint:gosec // in our own folder
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return s.launch(address, "/-/ready", filepath.Join(folder, "log"), nil, s.alertmanager, "--config.file="+file,
		"--storage.path="+folder, "--web.listen-address="+address, "--cluster.listen-address=", "--log.level=error")
}

// peerWithSink is Alertmanager with a webhook that takes everything.
func (s *suite) peerWithSink() (*child, error) {
	url, end, err := serveHere(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if err != nil {
		return nil, err
	}
	c, err := s.peer(url)
	if err != nil {
		end()
		return nil, err
	}
	c.after = end
	return c, nil
}

// serveHere serves a handler in this process, on loopback, until it is ended.
func serveHere(h http.Handler) (url string, end func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with Close
	return "http://" + l.Addr().String(), func() { _ = server.Close() }, nil
}
