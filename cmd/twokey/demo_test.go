package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/console/consoletest"
	"twokey/incident"
)

// demoRun is a demo that runs while a test looks at it.
type demoRun struct {
	t    *testing.T
	url  string
	dir  string
	stop func() int
}

// runDemo starts the real command on a free port and waits for its first line.
func runDemo(t *testing.T, dir string) *demoRun {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, w := io.Pipe()
	code := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		defer w.Close() //nolint:errcheck // a pipe
		code <- run(&env{
			ctx: ctx, stdin: strings.NewReader(""), stdout: w, stderr: &log, getenv: os.LookupEnv, now: time.Now,
		}, []string{"demo", "--listen", "127.0.0.1:0", "--data", dir})
	}()
	d := &demoRun{t: t, dir: dir}
	d.stop = func() int {
		cancel()
		_, _ = io.Copy(io.Discard, out)
		c := <-code
		code <- c
		if log.Len() > 0 {
			t.Errorf("the demo logged errors:\n%s", log.String())
		}
		return c
	}
	t.Cleanup(func() { d.stop() })
	var said strings.Builder
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	for buf := make([]byte, 4096); d.url == ""; {
		n, err := out.Read(buf)
		said.Write(buf[:n])
		d.url = address.FindString(said.String())
		if err != nil {
			t.Fatalf("the demo ended: %v\n%s\n%s", err, said.String(), log.String())
		}
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // what else it says
	return d
}

// reads is far more than it takes: the bot is on the same machine.
const reads = 1_000

// until reads the page as somebody until it holds every part.
func (d *demoRun) until(r *consoletest.Reader, parts ...string) string {
	d.t.Helper()
	missing := ""
	for range reads {
		page, err := r.Page(d.t.Context())
		if err != nil {
			d.t.Fatal(err)
		}
		text := consoletest.Text(page)
		missing = ""
		for _, p := range parts {
			if !strings.Contains(text, p) {
				missing = p
			}
		}
		if missing == "" {
			return page
		}
	}
	d.t.Fatalf("the page never showed %q", missing)
	return ""
}

func (d *demoRun) as(user string) *consoletest.Reader {
	d.t.Helper()
	r := consoletest.Open(d.url)
	if err := r.Be(d.t.Context(), user); err != nil {
		d.t.Fatal(err)
	}
	return r
}

// press presses the button of a step's plan, as soon as the page has it.
func (d *demoRun) press(r *consoletest.Reader, act bot.Act, title string) {
	d.t.Helper()
	for range reads {
		b, ok := buttonOf(d.until(r, title), act, title)
		if !ok {
			continue
		}
		if _, err := r.Press(d.t.Context(), b, "agreed"); err != nil {
			d.t.Fatal(err)
		}
		return
	}
	d.t.Fatalf("the page never had a button %s for %q", act, title)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// buttonOf reads a button off the page: the one in the step of that title.
func buttonOf(page string, act bot.Act, title string) (bot.Button, bool) {
	for _, step := range strings.Split(page, `<li class="step`)[1:] {
		if !strings.Contains(consoletest.Text("<li "+step), title) {
			continue
		}
		for _, form := range strings.Split(step, "<form ")[1:] {
			fields := map[string]string{}
			for _, m := range hidden.FindAllStringSubmatch(form, -1) {
				fields[m[1]] = m[2]
			}
			if number, err := strconv.Atoi(fields["number"]); err == nil && fields["act"] == string(act) {
				return bot.Button{
					Act: act, Incident: incident.ID(fields["incident"]), Number: number,
					Digest: incident.Digest(fields["digest"]), Value: fields["value"],
				}, true
			}
		}
	}
	return bot.Button{}, false
}

func TestTheDemoShowsTheMainJob(t *testing.T) {
	dir := t.TempDir()
	d := runDemo(t, dir)
	ana, bo := d.as("ana"), d.as("bo")
	d.until(ana, "NOT CONTAINED", "ci-deploy", "Disable the key", "acme/web")
	d.press(ana, bot.ActApprove, "Disable the key")
	d.until(ana, "Ana approved")
	d.press(bo, bot.ActApprove, "Disable the key")
	d.until(ana, "— CONTAINED", "Inactive leaked")
	if code := d.stop(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	db := filepath.Join(dir, "twokey.db")
	for _, args := range [][]string{{"verify", "--db", db}, {"show", "--data", dir, "inc-1"}} {
		var out, errOut bytes.Buffer
		code := run(&env{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &errOut, getenv: os.LookupEnv, now: time.Now}, args)
		if code != exitOK {
			t.Errorf("%v: exit code %d\n%s%s", args, code, out.String(), errOut.String())
		}
	}
}
