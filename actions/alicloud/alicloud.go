// Package alicloud has the real steps: what twokey asks of Alibaba Cloud and does
// to it, one [Account] per configured account.
//
// Every call goes through one place, which bounds its time, keeps to the
// account's rate, tries again only where that is harmless, and turns whatever
// comes back into an [actions.Error] without URL or parameter.
//
// It decides nothing: who may start a step, in which order and when is package
// incident's business. It never holds root's credentials, never touches the
// identity it runs as, and never sends an empty user name, which Alibaba Cloud
// reads as "the caller".
package alicloud

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"twokey/actions"
	"twokey/incident"
)

// Account is one Alibaba Cloud account. Make one with [New]; all methods may be
// called from many goroutines.
type Account struct {
	name, id   string
	regions    []string
	observe    bool
	endpoints  endpoints
	ring       *keyring
	base       string // AccessKey id that a role is assumed with; may be empty
	given      string // AccessKey id of the configuration, whatever it is for; may be empty
	http       doer
	paces      map[pace]limiter
	now        func() time.Time
	sleep      func(context.Context, time.Duration) error
	quarantine quarantine
	fence      fence
	logs       logs
	receiver   map[string]Receiver // of a new key, by user name

	protectedRoles []string

	mu     sync.Mutex
	own    *identity // who the bot is; nil until the cloud has said so
	pasts  map[question]past
	asking map[question]chan struct{} // closed when somebody's asking ends
	most   limits
	mostAt time.Time // when they were read

	taken *inventory // the last one; nil: none yet

	chronicles chronicles
	looks      looks
}

var _ actions.Account = (*Account)(nil)

// New makes an account of a configuration. It calls nothing: [Account.Check]
// does. It returns an error that wraps [ErrConfig] when the configuration cannot
// work.
func New(c Config) (*Account, error) {
	c, err := c.complete()
	if err != nil {
		return nil, fmt.Errorf("account %q: %w", c.Name, err)
	}
	ends, err := c.endpoints()
	if err != nil {
		return nil, fmt.Errorf("account %q: %w", c.Name, err)
	}
	q, err := c.Quarantine.read()
	if err != nil {
		return nil, fmt.Errorf("account %q: %w", c.Name, err)
	}
	fence, err := c.Fence.read()
	if err != nil {
		return nil, fmt.Errorf("account %q: %w", c.Name, err)
	}
	logs, err := c.logs()
	if err != nil {
		return nil, fmt.Errorf("account %q: %w", c.Name, err)
	}
	ring, err := c.Credentials.keyring()
	if err != nil {
		return nil, fmt.Errorf("account %q: %w", c.Name, err)
	}
	if err := c.receivers(); err != nil {
		return nil, fmt.Errorf("account %q: %w", c.Name, err)
	}
	return &Account{
		name: c.Name, id: c.ID, regions: c.Regions, observe: c.Observe, endpoints: ends, receiver: c.Receivers,
		ring: ring, base: c.Credentials.base(), given: c.Credentials.given(), http: newDoer(c.HTTPTransport), paces: newPaces(),
		now: c.Now, sleep: c.Sleep, quarantine: q, protectedRoles: c.ProtectedRoles,
		fence: fence, logs: logs, pasts: map[question]past{}, asking: map[question]chan struct{}{},
	}, nil
}

// Name is the account's name in the configuration.
func (a *Account) Name() string { return a.name }

// Actions are the steps of this account, by name. An account that only observes
// has them too, so that plans can be shown, but their Run refuses with
// [incident.Observing], and so does every call that would write.
func (a *Account) Actions() actions.Catalog {
	return actions.NewCatalog(slices.Concat(
		a.keySteps(), a.policySteps(), a.fenceSteps(), a.auditSteps(), a.createSteps(),
		a.trimSteps(), a.loginSteps(), a.userSteps(), a.roleSteps(), a.rootSteps(),
		a.afterSteps(), a.instanceSteps(), a.leakSteps(),
	)...)
}

func (a *Account) keySteps() []actions.Action {
	return []actions.Action{
		keyDisable{step{a, incident.StepKeyDisable}},
		keyEnable{step{a, incident.StepKeyEnable}},
		keyDelete{step{a, incident.StepKeyDelete}},
		keyRestore{step{a, incident.StepKeyRestore}},
	}
}

func (a *Account) policySteps() []actions.Action {
	return []actions.Action{
		policyQuarantine{step{a, incident.StepPolicyQuarantine}}, policyDetach{step{a, incident.StepPolicyDetach}},
	}
}

// together runs looks at the same time, a few at once, and returns the first
// error; the others run to their end.
func together(looks ...func() error) error {
	var g errgroup.Group
	g.SetLimit(abreast)
	for _, look := range looks {
		g.Go(look)
	}
	return g.Wait()
}

// abreast is how many looks of one question run at the same time.
const abreast = 6

// newDoer is the HTTP side; nil makes a transport of its own.
func newDoer(t http.RoundTripper) doer {
	if t == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConnsPerHost = 16
		t = own
	}
	return doer{&http.Client{
		Transport: t,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a redirect would take the signature elsewhere
		},
	}}
}
