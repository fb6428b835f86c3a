package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"twokey/bot/api"
	"twokey/bot/console/consoletest"
	"twokey/incident"
)

// process is a bot of the real program, in a folder of its own.
type process struct {
	t       *testing.T
	dir     string
	address string
	env     []string // more of it
	program string   // empty: twokey
	serving *exec.Cmd
}

const processConfig = `listen: %s
audit: {key_file: audit.key, heads: heads.log}
api: {token_file: api.token}
limits: {per_source: 100000}
accounts: [{name: prod, id: "1234567890123456", mode: sandbox}]
people:
  - {id: ana, name: Ana, roles: [responder, approver]}
  - {id: bo, name: Bo, roles: [responder, approver]}
alerts: {sources: [{name: scans, type: generic, token: ${SCANS}}]}
`

func newProcess(t *testing.T) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir()}
	var err error
	if p.address, err = freeAddress(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"twokey.yaml": fmt.Sprintf(processConfig, p.address), "audit.key": "key-of-the-record-of-a-drill-0001", "api.token": "token-of-the-api", "address": p.address,
	} {
		p.write(name, body)
	}
	return p
}

func (p *process) write(name, body string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(body), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// command is a twokey of this process's folder.
func (p *process) command(args ...string) *exec.Cmd {
	c := exec.Command(or(p.program, "twokey"), args...) //nolint:noctx // ended by kill
	c.Dir, c.Env = p.dir, slices.Concat(os.Environ(), []string{"SCANS=token-of-the-scans"}, p.env)
	return c
}

// must runs a command that ends well, and gives what it prints.
func (p *process) must(args ...string) string {
	p.t.Helper()
	out, err := p.command(args...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("twokey %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (p *process) serve() {
	p.t.Helper()
	var log safeBuffer
	p.serving = p.command("serve")
	p.serving.Stderr = &log
	if err := p.serving.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.kill)
	p.t.Cleanup(func() {
		if p.t.Failed() {
			p.t.Logf("a bot said:\n%s", log.String())
		}
	})
	p.awaitReady()
}

func (p *process) awaitReady() {
	p.t.Helper()
	for range 3000 {
		answer, err := http.Get("http://" + p.address + "/readyz") //nolint:noctx // bounded by the loop
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.t.Fatal("never ready")
}

// kill ends the bot at once, in the middle of whatever it does.
func (p *process) kill() {
	if p.serving != nil {
		_ = p.serving.Process.Kill()
		_ = p.serving.Wait() // killed
		p.serving = nil
	}
}

func (p *process) as(user string) *persona {
	p.t.Helper()
	who := &persona{url: "http://" + p.address, reader: consoletest.Open("http://" + p.address), kept: map[string]consoletest.Form{}}
	if err := who.reader.Be(p.t.Context(), user); err != nil {
		p.t.Fatal(err)
	}
	return who
}

func (p *process) says(who *persona, words string) {
	p.t.Helper()
	if _, err := who.act(p.t.Context(), "says", []string{words}); err != nil {
		p.t.Errorf("%q: %v", words, err)
	}
}

func (p *process) sees(who *persona, texts ...string) {
	p.t.Helper()
	if err := who.sees(p.t.Context(), texts...); err != nil {
		p.t.Fatal(err)
	}
}

// alert posts one and gives the incident that the bot says it has on disk.
func (p *process) alert(ctx context.Context, key string) (incident.ID, error) {
	body, _ := json.Marshal(map[string]string{"key_id": key, "id": key})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.address+"/hooks/scans", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer token-of-the-scans")
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var told struct{ Results []result }
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		return "", err
	}
	if answer.StatusCode != http.StatusOK || len(told.Results) != 1 {
		return "", fmt.Errorf("%s: %+v", answer.Status, told)
	}
	return incident.ID(told.Results[0].Incident), nil
}

func (p *process) ask(path string) string {
	p.t.Helper()
	r, _ := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "http://"+p.address+path, nil)
	r.Header.Set("Authorization", "Bearer token-of-the-api")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	var body bytes.Buffer
	_, _ = body.ReadFrom(answer.Body)
	return body.String()
}

// until asks for the first incident until it is as it should be.
func (p *process) until(done func(api.Incident) bool) (i api.Incident) {
	p.t.Helper()
	for range 1000 {
		i = api.Incident{}
		if err := json.Unmarshal([]byte(p.ask("/api/incidents/inc-1")), &i); err != nil {
			p.t.Fatal(err)
		}
		if done(i) {
			return i
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.t.Fatalf("never so: %+v", i.Proposals)
	return i
}
