package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.etcd.io/bbolt"

	"twokey/bot"
	"twokey/bot/console/consoletest"
)

// persona is somebody in front of the room of a story's bot.
type persona struct {
	url    string
	reader *consoletest.Reader
	kept   map[string]consoletest.Form // pages that were left open
}

// patience is how long a persona waits for something that takes milliseconds.
const patience = 40 * time.Second

// person NAME makes a command of a person:
//
//	ana sees TEXT...              waits until the room shows every text
//	ana looks                     prints the page as it is sent
//	ana says COMMAND              types it, and prints the answer
//	ana approves TITLE [REASON]   presses the button, and prints the answer
//	ana keeps PAGE TITLE          leaves a page open on that button
//	ana presses PAGE [REASON]     sends it, as often as it stands there
//
// "Eve may do nothing" stands in no configuration; she is on the page all the same.
func person(user string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if len(args) == 0 || neg || len(args) == 1 && args[0] != "looks" {
			ts.Fatalf("usage: %s sees|says|approves|keeps|presses …", user)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		all, _ := ts.Value(people{}).(map[string]*persona)
		p := all[user]
		if p == nil {
			p = &persona{url: "http://" + ts.Getenv("ADDRESS"), kept: map[string]consoletest.Form{}}
			p.reader = consoletest.Open(p.url)
			all[user] = p
			ts.Check(p.reader.Be(ctx, user))
		}
		said, err := p.act(ctx, args[0], args[1:])
		ts.Check(err)
		_, _ = fmt.Fprintln(ts.Stdout(), said)
	}
}

// people is where a story keeps its personas.
type people struct{}

func (p *persona) act(ctx context.Context, verb string, args []string) (string, error) {
	reason := ""
	if len(args) > 1 {
		reason = args[1]
	}
	switch verb {
	case "sees":
		return "", p.sees(ctx, args...)
	case "looks":
		return p.reader.Page(ctx)
	case "says":
		return p.told(p.reader.Say(ctx, args[0]))
	case "approves":
		form, err := p.form(ctx, args[0])
		if err != nil {
			return "", err
		}
		return p.press(ctx, form, reason)
	case "keeps":
		form, err := p.form(ctx, args[1])
		p.kept[args[0]] = form
		return "", err
	case "presses":
		return p.press(ctx, p.kept[args[0]], reason)
	}
	return "", fmt.Errorf("%s: no such verb", verb)
}

func (p *persona) press(ctx context.Context, form consoletest.Form, reason string) (string, error) {
	form.Fields.Set("confirmed", "1")
	form.Fields.Set("reason", reason)
	return p.told(p.reader.Send(ctx, form))
}

var answerWords = regexp.MustCompile(`(?s)<div class="said">(.*?)</div>`)

// told is the newest private answer, or what the page itself refused.
func (p *persona) told(drawn string, err error) (string, error) {
	if refused := (*consoletest.StatusError)(nil); errors.As(err, &refused) {
		return refused.Error(), nil
	}
	if m := answerWords.FindStringSubmatch(drawn); m != nil {
		drawn = consoletest.Text(m[1])
	}
	return drawn, err
}

// form waits for the approving button of a step.
func (p *persona) form(ctx context.Context, title string) (form consoletest.Form, err error) {
	err = p.until(ctx, func(page string) bool {
		b, ok := buttonOf(page, bot.ActApprove, title)
		if ok {
			form, err = p.reader.Form(ctx, b)
		}
		return ok && err == nil
	})
	if err != nil {
		err = fmt.Errorf("no button for %q: %w", title, err)
	}
	return form, err
}

func (p *persona) sees(ctx context.Context, texts ...string) error {
	missing, shown := "", ""
	err := p.until(ctx, func(page string) bool {
		shown, missing = consoletest.Text(page), ""
		for _, text := range texts {
			if !strings.Contains(shown, text) {
				missing = text
			}
		}
		return missing == ""
	})
	if err != nil {
		return fmt.Errorf("the page never showed %q: %w\n%s", missing, err, shown)
	}
	return nil
}

// until looks at the page whenever the page itself would be told of news.
func (p *persona) until(ctx context.Context, done func(page string) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience) // it also ends the stream
	defer cancel()
	news, err := follow(ctx, p.url)
	if err != nil {
		return err
	}
	for {
		page, err := p.reader.Page(ctx)
		if err != nil {
			return err
		}
		if done(page) {
			return nil
		}
		if err := news(); err != nil {
			return err
		}
	}
}

// follow opens the page's stream; what it returns waits for the next news.
func follow(ctx context.Context, url string) (func() error, error) {
	jar, _ := cookiejar.New(nil)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/console/events", nil)
	if err != nil {
		return nil, err
	}
	answer, err := (&http.Client{Jar: jar}).Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.Join(errors.New(answer.Status), answer.Body.Close())
	}
	buf := make([]byte, 64<<10)
	return func() error {
		_, err := answer.Body.Read(buf)
		return err
	}, nil
}

// attacker is a command of somebody who reaches the port, with a token or not:
//
//	attacker posts HOOK TOKEN FILE [HEADER]   prints status and answer
//	attacker begins HOOK TOKEN                announces a body, and waits to be asked for it
//
// A TOKEN of "-" is none.
func attacker(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	address := ts.Getenv("ADDRESS")
	switch args[0] {
	case "posts":
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/hooks/"+args[1], strings.NewReader(ts.ReadFile(args[3])))
		ts.Check(err)
		if args[2] != "-" {
			r.Header.Set("Authorization", "Bearer "+args[2])
		}
		for _, h := range args[4:] {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		ts.Check(err)
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		ts.Check(err)
		_, _ = fmt.Fprintln(ts.Stdout(), answer.StatusCode, strings.TrimSpace(string(body)))
	case "begins":
		_, _ = fmt.Fprintln(ts.Stdout(), begins(ctx, ts, address, args[1], args[2]))
	default:
		ts.Fatalf("attacker %s: no such verb", args[0])
	}
}

// begins gives the first line of the answer: 100 as soon as somebody reads the
// body, which never comes.
func begins(ctx context.Context, ts *testscript.TestScript, address, hook, token string) string {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	ts.Check(err)
	defer c.Close()
	ts.Check(c.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(c, "POST /hooks/%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n", hook, address, token)
	ts.Check(err)
	line := make([]byte, 64)
	n, err := io.ReadAtLeast(c, line, len("HTTP/1.1 401"))
	ts.Check(err)
	return string(line[:n])
}

// scene FILE sets LEAKED and IDLE to the keys of a pretend account, whose file
// lies beside the bot's.
func scene(ts *testscript.TestScript, _ bool, args []string) {
	body, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	var account struct {
		State struct {
			Furnished struct{ Leaked, Idle struct{ ID string } }
		}
	}
	ts.Check(json.Unmarshal(body, &account))
	ts.Setenv("LEAKED", account.State.Furnished.Leaked.ID)
	ts.Setenv("IDLE", account.State.Furnished.Idle.ID)
}

// lose FILE ID SEQ takes one record out of a stopped bot's file; last is the
// newest of ID.
func lose(ts *testscript.TestScript, _ bool, args []string) {
	db, err := bbolt.Open(ts.MkAbs(args[0]), 0o600, nil)
	ts.Check(err)
	defer db.Close()
	ts.Check(db.Update(func(tx *bbolt.Tx) error {
		records := tx.Bucket([]byte("records"))
		var found []byte
		c := records.Cursor()
		for k, _ := c.Seek([]byte(args[1] + "\x00")); bytes.HasPrefix(k, []byte(args[1]+"\x00")); k, _ = c.Next() {
			if args[2] == "last" || fmt.Sprint(binary.BigEndian.Uint64(k[len(k)-8:])) == args[2] {
				found = bytes.Clone(k)
			}
		}
		if found == nil {
			return errors.New("no such record")
		}
		return records.Delete(found)
	}))
}
