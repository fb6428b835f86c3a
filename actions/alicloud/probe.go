package alicloud

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"twokey/actions"
)

// Answer is what a probe showed of a permission.
type Answer string

// The answers.
const (
	Granted Answer = "granted"
	Refused Answer = "refused"
	Untold  Answer = "untold" // the answer proves nothing
)

// Probe is what one harmless call showed of one permission of the bot.
type Probe struct {
	Action    string   // as policies name it: "ram:UpdateAccessKey"
	On        string   // on what, where it is granted on one thing only; else empty
	Steps     []string // what does not work without it
	Forbidden bool     // it must be refused
	Answer    Answer
	Code      string // what the cloud answered; empty for success, or if it was not asked
}

// Fine reports whether the permission is as it must be.
func (p Probe) Fine() bool {
	if p.Forbidden {
		return p.Answer == Refused
	}
	return p.Answer == Granted
}

// Probe proves with harmless calls that the bot may do what its steps need, and
// may not do what it must never do. The calls aim at names made up for them, which
// nothing in the account has; what is refused for another reason than permission
// got past the permission check. No document says that RAM asks for permission
// before it looks for the thing: that is taken as so for a product only when one
// of its answers shows it, by refusing for want of permission what is not there.
// Else answers are [Untold].
//
// An account in observe mode makes no probe of a write.
func (a *Account) Probe(ctx context.Context, steps []string, s Scope) ([]Probe, error) {
	own, err := a.self(ctx)
	if err != nil {
		return nil, err
	}
	s.Looks = s.Looks || a.observe
	needs, err := s.needs(steps)
	if err != nil {
		return nil, err
	}
	asked := a.questions(own, needs, s)
	calls := make([]func() error, len(asked))
	for i := range asked {
		calls[i] = func() error { return asked[i].ask(ctx, a) }
	}
	if err := together(calls...); err != nil {
		return nil, err
	}
	checks := map[string]bool{} // products that ask for permission before they look
	for _, q := range asked {
		checks[q.call.product] = checks[q.call.product] || q.Answer == Refused && !q.call.there
	}
	out := make([]Probe, len(asked))
	for i, q := range asked {
		if q.Answer == Granted && q.Code != "" && !checks[q.call.product] {
			q.Answer = Untold
		}
		out[i] = q.Probe
	}
	return out, nil
}

// inquiry is a probe with its call.
type inquiry struct {
	Probe

	call harmless
}

// questions are the probes of what steps need, of what every look needs, and of
// what the bot must never do.
func (a *Account) questions(own *identity, needs []need, s Scope) []*inquiry {
	nobody := a.nobody()
	var out []*inquiry
	add := func(p Probe, table []harmless) {
		i := slices.IndexFunc(table, func(h harmless) bool { return h.action == p.Action })
		h := harmless{}
		if i >= 0 {
			h = table[i]
		}
		p.Answer = Untold
		out = append(out, &inquiry{p, h})
	}
	for _, action := range lookActions {
		add(Probe{Action: action}, a.lookProbes(nobody))
	}
	for _, n := range needs {
		switch {
		case n.reads && slices.Contains(lookActions, n.action):
		case n.reads:
			add(Probe{Action: n.action, Steps: n.steps}, a.lookProbes(nobody))
		default:
			add(Probe{Action: n.action, Steps: n.steps}, a.writeProbes(nobody))
		}
	}
	if a.observe {
		return out
	}
	for _, action := range forbidden(needs) {
		add(Probe{Action: action, Forbidden: true}, a.forbiddenProbes(nobody))
	}
	for _, h := range a.limitProbes(nobody, own, s) {
		out = append(out, &inquiry{Probe{Action: h.action, On: h.on, Forbidden: true, Answer: Untold}, h})
	}
	return out
}

// ask makes the call. What the cloud could not be asked is an error only if the
// context ended: a network that fails once is one answer less.
func (q *inquiry) ask(ctx context.Context, a *Account) error {
	if q.call.action == "" {
		return nil // no call is known that surely does nothing
	}
	var none any
	o := look(q.call.action)
	if q.call.writes {
		o = write(q.call.action)
	}
	if q.call.action == "actiontrail:LookupEvents" {
		o.pace = searching
	}
	err := a.call(ctx, o, q.call.at, q.call.version, q.call.name(), q.call.params, &none)
	q.Code, q.Answer = actions.Code(err), readAnswer(err)
	return ctx.Err()
}

// readAnswer says what an answer shows of a permission, if the product asks for
// permission first.
func readAnswer(err error) Answer {
	switch code := actions.Code(err); {
	case err == nil:
		return Granted
	case denied(code):
		return Refused
	case actions.Transient(err), strings.HasPrefix(code, "HTTP."), code == "InvalidAction.NotFound", code == "InvalidVersion":
		return Untold // nobody looked at the permission
	case missesParameter(code):
		return Untold // the call itself is wrong: a bug here, or a newer API
	}
	return Granted
}

// denied are the ways in which products say that the caller may not (RAM error
// codes; of ECS, KMS and BSS in their lists of errors). Others begin with
// Forbidden too and mean something else.
func denied(code string) bool {
	switch code {
	case "NoPermission", "Forbidden", "Forbidden.RAM", "Forbidden.NoPermission", "Forbidden.AccessDenied",
		"Forbidden.Unauthorized", "NotAuthorized", "Unauthorized", "UnauthorizedOperation", "AccessDenied":
		return true
	}
	return false
}

func missesParameter(code string) bool { return strings.HasPrefix(code, "MissingParameter") }

// nobody are names that nothing in the account has: long, random, and made for
// one round of probes.
type nobody struct {
	name      string // of a user, group, role, policy or secret
	principal string
	id        string // of a user: eighteen digits
	key       string
	instance  string
}

func (a *Account) nobody() nobody {
	random := rand.Text()
	name := "twokey-probe-" + strings.ToLower(random)
	return nobody{
		name: name, principal: name + "@" + a.id + ".onaliyun.com", id: "29" + digits(random, 16),
		key: "LTAI" + "5t" + random[:18], instance: "i-" + strings.ToLower(random[:20]),
	}
}

// digits are n digits made of a random text.
func digits(random string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteByte('0' + random[i]%10)
	}
	return b.String()
}
