package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"twokey/bot/api"
	"twokey/bot/view"
	"twokey/incident"
	"twokey/store/bolt"
)

// recordFlags say where the record is. Without any it is where the configuration
// says.
type recordFlags struct {
	DB        string `name:"db" placeholder:"FILE" help:"The bot's file, without a configuration; audit.key, api.token and address beside it are used too."`
	Data      string `placeholder:"DIR" help:"The folder of a demo: the same as --db DIR/twokey.db."`
	KeyFile   string `placeholder:"FILE" help:"Key of the record, as audit.key_file names it."`
	Addr      string `placeholder:"HOST:PORT" help:"Ask the bot that runs there."`
	TokenFile string `placeholder:"FILE" help:"File with the bot's api.token."`
}

// Names of the files in the folder of a demo.
const (
	dataStore   = "twokey.db"
	dataKey     = "audit.key"
	dataToken   = "api.token"
	dataAddress = "address"
)

// record is a record that was found: in a file, or with a running bot.
type record struct {
	api.Reader

	from   string // for people: "twokey.db" or "the bot at 127.0.0.1:8080"
	heads  string // file of heads outside of the store; may be empty
	place  place
	backup func(ctx context.Context, w io.Writer) error
	close  func()
}

// place is where the record is, once flags and configuration have been read.
type place struct {
	config *config
	db     string
	addr   string
	token  secret
	heads  string
}

// open finds the record: in the file, or with the running bot that has it open.
func (f recordFlags) open(e *env, g *globals) (*record, error) {
	p, err := f.place(e, g)
	if err != nil {
		return nil, err
	}
	if p.db == "" {
		return p.remote()
	}
	db, err := bolt.Open(p.db, bolt.Options{ReadOnly: true, Timeout: lockWait})
	switch {
	case errors.Is(err, bolt.ErrLocked):
		return p.remote()
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no bot has kept anything in %s yet, or its file is elsewhere: see store.bolt.path, --db and --data", p.db)
	case err != nil:
		return nil, inWords(err)
	}
	words, err := view.New()
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	rules, err := p.config.rules()
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &record{
		Reader: local(db, p.config, rules, words, e.now), from: p.db, heads: p.heads, place: p, backup: db.Backup,
		close: func() { _ = db.Close() }, // was only read
	}, nil
}

// lockWait is how long a running bot is given to let go of its file.
const lockWait = 250 * time.Millisecond

// remote asks the running bot. Its answers are the same.
func (p place) remote() (*record, error) {
	client, err := p.client()
	if err != nil {
		return nil, err
	}
	from := "the bot at " + hostOf(client.URL)
	return &record{Reader: client, from: from, heads: p.heads, place: p, backup: client.Backup, close: func() {}}, nil
}

// client is the running bot's API.
func (p place) client() (*api.Client, error) {
	if !p.token.given() || p.token.reveal() == unsetText {
		return nil, fmt.Errorf("%s: a running bot has it open: stop it, or ask it by --addr and --token-file (its api.token)", p.db)
	}
	addr := fromHere(p.addr)
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, usageError("--addr: want host:port, such as 127.0.0.1:8080")
	}
	if !loopback(host) {
		return nil, usageError("--addr: the token would travel in the clear: run this beside the bot")
	}
	return &api.Client{URL: "http://" + addr, Token: p.token.reveal(), HTTP: patient()}, nil
}

// fromHere is where a bot is reached on this machine that listens at address.
func fromHere(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err == nil && (host == "" || host == "0.0.0.0" || host == "::") {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

// patient gives up on a bot that does not begin to answer. An export of a large
// record may take as long as it takes.
func patient() *http.Client {
	t := &http.Transport{Proxy: nil, ResponseHeaderTimeout: time.Minute}
	return &http.Client{Transport: t}
}

// place puts flags before the configuration, which is not read when flags say
// enough.
func (f recordFlags) place(e *env, g *globals) (place, error) {
	c := defaults()
	p := place{config: &c, db: f.DB, addr: f.Addr}
	if f.Data != "" {
		p.db = or(f.DB, filepath.Join(f.Data, dataStore))
	}
	if p.db != "" {
		f.beside(&p)
	}
	if g.Config != "" || p.db == "" && f.Addr == "" {
		if err := p.configured(e, g, f); err != nil {
			return p, err
		}
	}
	for _, given := range []struct {
		flag, file string
		to         *secret
	}{{"--key-file", f.KeyFile, &p.config.Audit.Key}, {"--token-file", f.TokenFile, &p.token}} {
		if given.file == "" {
			continue
		}
		body, err := readOwn(given.file, maxSecret)
		if err != nil {
			return p, fmt.Errorf("%s: %s: %w", given.flag, given.file, err)
		}
		given.to.text = strings.TrimRight(string(body), "\r\n")
	}
	p.addr = or(p.addr, p.config.Listen)
	return p, nil
}

// beside takes what lies beside the bot's file; flags count more.
func (f *recordFlags) beside(p *place) {
	have := func(name string) string {
		file := filepath.Join(filepath.Dir(p.db), name)
		if _, err := os.Stat(file); err != nil {
			return ""
		}
		return file
	}
	f.KeyFile, f.TokenFile = or(f.KeyFile, have(dataKey)), or(f.TokenFile, have(dataToken))
	if file := have(dataAddress); file != "" && p.addr == "" {
		if body, err := readOwn(file, maxSecret); err == nil {
			p.addr = strings.TrimSpace(string(body))
		}
	}
}

// configured reads the configuration. Secrets that this does not need may be
// unset in the shell of whoever looks.
func (p *place) configured(e *env, g *globals, f recordFlags) error {
	c, r, err := readConfig(g.file(), true, e.getenv)
	if err != nil {
		return err
	}
	if f.KeyFile == "" && slices.ContainsFunc(r.unset, func(s string) bool { return strings.HasPrefix(s, "audit.key") }) {
		return fmt.Errorf("%s: the record can't be read without it: audit.key is not there", g.file())
	}
	p.config, p.token, p.heads = c, c.API.Token, c.Audit.Heads
	if p.db == "" && p.addr == "" {
		p.db = c.Store.Bolt.Path
	}
	return nil
}

// incidentID takes "inc-7", "7" and "system".
func incidentID(text string) (incident.ID, error) {
	id := incident.ID(text)
	if id.Number() == 0 && id != incident.System {
		id = incident.ID("inc-" + text)
	}
	if id.Number() == 0 && id != incident.System {
		return "", usageError(fmt.Sprintf("%q is not an incident: want a name such as inc-7", text))
	}
	return id, nil
}
