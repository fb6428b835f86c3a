// Package actions says what a step in the cloud is, and what can be asked about
// a key. Package actions/alicloud has the real ones. Who may start a step, and
// when, is not decided here but in package incident.
package actions

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"twokey/incident"
)

// Action is one thing that can be done to a cloud account.
type Action interface {
	// Name is the step's name in plans, playbooks and commands: "key.disable".
	Name() string

	// Plan looks at the cloud and says exactly what Run would do, with what the
	// cloud looks like now. It changes nothing. It returns a [*Error], for
	// example when there is nothing to do ([ErrNothingToDo]).
	Plan(ctx context.Context, t incident.Target, params map[string]string) (incident.Plan, error)

	// Run does what the plan says. A second call with the same plan must be
	// harmless. It returns a [*Error] when the cloud refused or did not answer;
	// whatever it returns, only Verify tells what is so.
	Run(ctx context.Context, p incident.Plan) (Outcome, error)

	// Verify reads the state back and reports whether what the plan wanted is so.
	Verify(ctx context.Context, p incident.Plan) (bool, error)
}

// Reverser can be implemented by an [Action] that can be taken back. Reverse
// returns a plan of the step that does it, which needs votes like any other.
type Reverser interface {
	Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error)
}

// Insider can be implemented by an [Account] that knows who the bot is in it. Its
// methods call nobody: the cloud may have stopped to answer the bot.
type Insider interface {
	// Keys are those that the bot works with in this account.
	Keys() []incident.KeyID

	// Own says what a key is to the bot: [incident.Yes] if it works with it,
	// [incident.OwnSibling] if it is of the user that it works as, else [incident.No].
	Own(t incident.Target) string
}

// Outcome is what a call brought.
type Outcome struct {
	Result   string            // a new id; never a secret
	Sights   []Sight           // what a look showed of identities
	Findings incident.Findings // what a look found, for people to read
	Sealed   []byte            // a new secret, encrypted for its receiver alone
}

// Reconciler can be implemented by an [Action] of which Run may have worked
// without its answer having arrived, and that must not be made again then.
// Reconcile reads what became of a started plan, and makes harmless what nobody
// can use any more. Done says that Run worked in full.
type Reconciler interface {
	Reconcile(ctx context.Context, p incident.Plan) (out Outcome, done bool, err error)
}

// Sight is what one look at the cloud showed of one identity.
type Sight struct {
	Of     incident.Identity
	Facts  map[incident.FactName]string
	AsOf   time.Time // the moment the cloud vouches for
	Source string    // the API: "ims:GetUser"
}

// Account is one configured cloud account.
type Account interface {
	// Name is the account's name in the configuration.
	Name() string

	// Owner asks whose key it is. Sights about a key that is not of this account
	// have no [incident.FactOwner]; that is not an error.
	Owner(ctx context.Context, key incident.KeyID) ([]Sight, error)

	// Evidence asks what is known of a key whose owner is known: keys, use,
	// policies, what its user may do. Use after the first sign of the leak is told
	// from use before it. It returns what it could learn together with the first
	// error.
	Evidence(ctx context.Context, t incident.Target, sign time.Time) ([]Sight, error)

	// Activity asks what a key and its user did since the first sign of the leak:
	// whether that looks like theft, and how much of it was refused. It is asked
	// again and again while the key can act.
	Activity(ctx context.Context, t incident.Target, sign time.Time) ([]Sight, error)

	// Undoer names who took back a confirmed step since a time, as the audit
	// trail has it. An empty Who means that the trail does not say yet.
	Undoer(ctx context.Context, p incident.Plan, since time.Time) (Undoer, error)

	// Actions are the steps of this account, by name.
	Actions() Catalog
}

// Rotator can be implemented by an [Account] that can tell whether a key that was
// created has taken the leaked one's place.
type Rotator interface {
	Rotation(ctx context.Context, t incident.Target, fresh incident.KeyID) ([]Sight, error)
}

// Matcher can be implemented by an [Account] that can look for a key of which only a
// part is known. Any number of questions cost it a bounded number of calls: what it
// answers may be some minutes old. It returns [ErrNotYet] while it is still reading.
type Matcher interface {
	Match(ctx context.Context, mask incident.Mask) (Matches, error)
}

// Matches are all keys of an account that fit a mask, but for root's, and those in the
// recycle bin: no list of an account has them.
type Matches struct {
	Keys []incident.KeyID
	AsOf time.Time // the moment the cloud vouches for
}

// ErrNotYet says that an answer is on its way: whoever asks again later gets it.
var ErrNotYet = errors.New("the answer is on its way")

// KnownBefore is the parameter of every plan that says, in RFC 3339, when the
// leak was first seen. Use of the key before counts as its owner's need and goes
// into [incident.Plan.Impact]; use after it does not.
const KnownBefore = "known_before"

// Made is the parameter of a plan that was carried out which names what that made:
// its [Outcome.Result]. Verify, Reverse and [Account.Undoer] are told it; nobody votes
// on it, because nobody knew it.
const Made = "made"

// Undoer is who undid something.
type Undoer struct {
	Who   string // user name, role or "root"
	Thief bool   // it was the target of the plan itself
}

// ErrNothingToDo says that what the step wants is so already.
var ErrNothingToDo = errors.New("nothing to do")

// ErrNotNamed says that a step has to be told what it is about. A person is asked
// for it; the bot offers no such step by itself.
var ErrNotNamed = errors.New("what it is about is not named")

// ErrNotHere says that a step cannot be done as things are: what it is about is
// protected, or what it needs is not there. The bot does not offer it; whoever asks
// is told why by the code.
var ErrNotHere = errors.New("cannot be done as things are")

// ErrOwnIdentity says that a step aims at the bot's own key, user or role.
var ErrOwnIdentity = errors.New("that is the bot's own identity")

// ErrNoTarget says that a step does not name its target. Alibaba Cloud reads an
// empty user name as "the caller".
var ErrNoTarget = errors.New("the target is not named")

// Error is what the cloud answered, or why it did not. It never holds a URL or
// a parameter value.
type Error struct {
	Op    string // "ram:UpdateAccessKey"
	Code  string // the cloud's error code, or "Timeout", "Network", "HTTP.503"
	Again bool   // trying again may help
	Lacks string // the permission that is missing: "ram:UpdateAccessKey"
	Err   error
}

func (e *Error) Error() string { return e.Op + ": " + e.Code }

func (e *Error) Unwrap() error { return e.Err }

// Code is the cloud's error code inside err; empty if there is none.
func Code(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// Lacking is the permission that err says is missing; empty if it says no such
// thing.
func Lacking(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Lacks
	}
	return ""
}

// Transient reports whether trying again may help.
func Transient(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Again
}

// Catalog is the steps of one account, by name.
type Catalog map[string]Action

// NewCatalog panics if two actions share a name: that is a bug, not a condition.
func NewCatalog(all ...Action) Catalog {
	c := make(Catalog, len(all))
	for _, a := range all {
		if _, taken := c[a.Name()]; taken {
			panic("actions: two actions named " + a.Name())
		}
		c[a.Name()] = a
	}
	return c
}

// Names lists the steps, sorted.
func (c Catalog) Names() []string {
	names := make([]string, 0, len(c))
	for n := range c {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// List joins sorted values as facts keep them.
func List(values []string) string {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return strings.Join(sorted, ",")
}
