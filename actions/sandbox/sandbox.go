// Package sandbox is a pretend Alibaba Cloud: one account behind HTTP on
// loopback, speaking the real wire (ACS3 signatures checked, real field names and
// error codes, quotas, recycle bin), so that the official SDKs are its clients in
// tests, demos and drills.
//
// It is not Alibaba Cloud and not a mock: it keeps state, evaluates policies with
// rampolicy, and misbehaves on demand ([Cloud.Inject], [Behaviour]). What the
// documents leave open is a switch, and an error code that no document names says
// so where it is written. It never sleeps: all times come from the given clocks.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Banner stands in the X-Sandbox header of every answer; programs that start a
// sandbox print it.
const Banner = "twokey sandbox: a pretend account, not Alibaba Cloud"

// ErrNotLoopback refuses an address that other machines could reach.
var ErrNotLoopback = errors.New("sandbox listens on loopback only")

// Options make a Cloud; the zero value is usable.
type Options struct {
	// Account is the 16-digit account id. Empty: "1234567890123456".
	Account string
	// Alias names the account in user principal names; empty: the account id.
	Alias string
	// Region is where instances run and events happen. Empty: "cn-hangzhou".
	Region string
	// Now is the clock of the pretend account: dates, lags, quotas per second.
	// Nil: time.Now.
	Now func() time.Time
	// WireNow is the clock X-Acs-Date is checked against. Nil: Now. The SDKs stamp
	// their requests with the machine's clock, so a test that moves Now by hours
	// sets this to time.Now.
	WireNow func() time.Time
	// File keeps the account beyond the life of the process; it is for [Open] alone.
	// Empty: memory only. It holds the pretend secrets in plain text and has mode
	// 0600: they open nothing but this account, but look like real ones.
	File string
	// Quotas left zero take the documented values.
	Quotas Quotas
	// Before and After are called, without any lock, right before and right after a
	// request takes effect; After comes before the answer is sent. A test stops its
	// program there.
	Before, After func(action string)
}

// Cloud is one pretend account. All methods may be called from many goroutines.
type Cloud struct {
	account, alias, region string
	now, wireNow           func() time.Time
	quotas                 Quotas
	before, after          func(action string)
	file                   string // empty: memory only

	mu        sync.Mutex
	world     *world              // the present
	older     []past              // former states, while reads lag behind writes
	logs      map[string][]LogRow // by logstore
	report    report
	asked     map[string]bool // queries of logs that got an incomplete answer
	trail     []event
	seq       int // of the last event
	nonces    map[string]time.Time
	lookups   []time.Time // LookupEvents in the last second
	received  map[string]int
	applied   map[string]int
	faults    []*injected
	behaviour Behaviour
	furnished *Furnished // nil: not furnished
	unsaved   bool       // the log is ahead of the file
	closed    bool       // the file is not ours any more

	server  *http.Server
	address string
	served  sync.WaitGroup
}

var _ http.Handler = (*Cloud)(nil)

// New makes an account in memory, without users, keys or custom policies.
func New(o Options) *Cloud {
	c := &Cloud{
		account: or(o.Account, "1234567890123456"), region: or(o.Region, "cn-hangzhou"),
		now: o.Now, wireNow: o.WireNow, quotas: o.Quotas.orDocumented(),
		before: o.Before, after: o.After,
		world: newWorld(), nonces: map[string]time.Time{},
		logs: map[string][]LogRow{}, asked: map[string]bool{},
		received: map[string]int{}, applied: map[string]int{},
	}
	c.alias = or(o.Alias, c.account)
	if c.now == nil {
		c.now = time.Now
	}
	if c.wireNow == nil {
		c.wireNow = c.now
	}
	c.world.root.id = c.account
	return c
}

// Start serves on addr ("127.0.0.1:0" when empty) until Close or until ctx ends.
// An address that is not loopback is ErrNotLoopback.
func (c *Cloud) Start(ctx context.Context, addr string) error {
	addr = or(addr, "127.0.0.1:0")
	if err := loopback(addr); err != nil {
		return fmt.Errorf("start sandbox on %s: %w", addr, err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("start sandbox: %w", err)
	}
	server := &http.Server{Handler: c, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	c.mu.Lock()
	c.server, c.address = server, l.Addr().String()
	c.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	c.served.Go(func() {
		defer stop()
		_ = server.Serve(l) // always ends with http.ErrServerClosed
	})
	return nil
}

// Close ends the server, also requests that a fault holds, and waits for it. A file
// gets what it lacks; later writes are refused.
func (c *Cloud) Close() error {
	c.mu.Lock()
	server := c.server
	c.server = nil
	c.mu.Unlock()
	var err error
	if server != nil {
		err = server.Close()
		c.served.Wait()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err = errors.Join(err, c.finish()); err != nil {
		return fmt.Errorf("close sandbox: %w", err)
	}
	return nil
}

// Address is host:port after Start, for an SDK's Endpoint.
func (c *Cloud) Address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.address
}

// URL is the base URL after Start, without a path.
func (c *Cloud) URL() string { return "http://" + c.Address() }

// Account is the id of the pretend account.
func (c *Cloud) Account() string { return c.account }

// Calls counts the requests with a good signature for an action ("UpdateAccessKey",
// whatever the product), also those refused or hit by a fault.
func (c *Cloud) Calls(action string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.received[action]
}

// Applied counts the requests for an action that took effect, also those whose
// answer was lost.
func (c *Cloud) Applied(action string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.applied[action]
}

func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return ErrNotLoopback
	}
	return nil
}

func or(given, otherwise string) string {
	if given != "" {
		return given
	}
	return otherwise
}
