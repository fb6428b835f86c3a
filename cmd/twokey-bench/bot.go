package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// child is a program that was started to be measured.
type child struct {
	cmd     *exec.Cmd
	ended   context.Context //nolint:containedctx // done when the child has ended
	address string
	ready   time.Duration // from its start to its first good answer
	log     string        // a file with all it said
	after   func()        // what else ends with it; may be nil
}

// pid names the child in /proc.
func (c *child) pid() int { return c.cmd.Process.Pid }

// kill ends the child at once, and waits until it has ended.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.ended.Done()
	if c.after != nil {
		c.after()
	}
}

// launch starts a program that will listen on address, and returns when path is
// answered. What it says goes into a file: a terminal would slow it down.
func (s *suite) launch(address, path, log string, env []string, program string, args ...string) (*child, error) {
	out, err := os.Create(log) //nolint:gosec // in our own folder
	if err != nil {
		return nil, err
	}
	defer out.Close()                     //nolint:errcheck // the child has its own
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // ended by stop or kill
	cmd.Stdout, cmd.Stderr, cmd.Env = out, out, append(os.Environ(), env...)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(program), err)
	}
	ended, end := context.WithCancelCause(context.Background())
	c := &child{cmd: cmd, ended: ended, address: address, log: log}
	go func() { end(cmd.Wait()) }()
	if err := s.await(c, path, began); err != nil {
		c.kill()
		return nil, fmt.Errorf("%s does not answer: %w\n%s", filepath.Base(program), err, tail(log))
	}
	return c, nil
}

// await asks until a child answers. It connects in short steps: they bound how
// exactly the wait is known.
func (s *suite) await(c *child, path string, began time.Time) error {
	const step, enough = 100 * time.Microsecond, time.Minute
	request := get(c.address, path, "")
	for time.Since(began) < enough {
		select {
		case <-c.ended.Done():
			return fmt.Errorf("it ended: %w", context.Cause(c.ended))
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-time.After(step):
		}
		if answers(s.ctx, c.address, request) {
			c.ready = time.Since(began)
			return nil
		}
	}
	return errors.New("it took a minute")
}

func answers(ctx context.Context, address string, request []byte) bool {
	conn, err := dial(ctx, address)
	if err != nil {
		return false
	}
	defer conn.close()
	status, _, err := conn.do(request)
	return err == nil && status == 200
}

func tail(log string) string {
	text, err := os.ReadFile(log) //nolint:gosec // in our own folder
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-2000):])
}

// freeAddress is a port of loopback that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// token opens the hook and the API of every bot that is measured here. The bots
// listen on loopback for seconds.
const token = "twokey-bench"

// authorized are the headers of a request that may come in.
const authorized = "Authorization: Bearer " + token + "\r\n"

// settings are what a bot's configuration says beyond the usual.
type settings struct {
	folder  string
	account string // an entry of accounts, in YAML
}

// pretend is an account inside the bot, with a console.
const pretend = `{name: prod, id: "1234567890123456", mode: sandbox}`

// absent is a real account whose endpoints nobody answers on: the bot as it is
// deployed, without its cloud and rooms.
const absent = `{name: prod, id: "1234567890123456", mode: observe, credentials: {type: access_key, access_key_id: "${BENCH_KEY}",
     access_key_secret: "${BENCH_SECRET}"}, endpoints: {ram: "http://127.0.0.1:9", ims: "http://127.0.0.1:9", sts: "http://127.0.0.1:9",
     actiontrail: "http://127.0.0.1:9"}}`

const configuration = `listen: %[1]s
store: {bolt: {path: %[2]q}}
audit: {key_file: %[3]q, heads: %[4]q}
api: {token: "${BENCH_TOKEN}"}
accounts:
  - %[5]s
people:
  - {id: ana, name: Ana, roles: [responder, approver]}
  - {id: bo, name: Bo, roles: [responder, approver]}
limits: {per_source: 1000000}
quarantine: {create: true}
automation: {cap: 100000, rules: [{when: {abuse: any, owner: ram}, do: [policy.quarantine]}]}
alerts:
  sources:
    - {name: bench, type: generic, token: "${BENCH_TOKEN}", may_automate: true}
`

// auditKey seals the records of every store that is measured.
var auditKey = strings.Repeat("0123456789abcdef", 2)

// serve starts a bot with everything on: redaction, sealed records, heads, limits;
// only the rate limit is out of reach.
func (s *suite) serve(with settings, env ...string) (*child, error) {
	program, err := s.program()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	in := func(name string) string { return filepath.Join(with.folder, name) }
	text := fmt.Sprintf(configuration, address, in(storeFile), in("audit.key"), in("heads.log"), with.account)
	err = errors.Join(os.WriteFile(in("twokey.yaml"), []byte(text), 0o600), os.WriteFile(in("audit.key"), []byte(auditKey), 0o600))
	if err != nil {
		return nil, err
	}
	env = append([]string{"BENCH_TOKEN=" + token, "BENCH_KEY=" + keyID(0), "BENCH_SECRET=" + string(random(nil, 1, 30))}, env...)
	return s.launch(address, "/readyz", in("log"), env, program, "serve", "--config", in("twokey.yaml"))
}

// storeFile is the name of every store that is measured.
const storeFile = "twokey.db"
