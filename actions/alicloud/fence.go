package alicloud

import (
	"context"
	"net/netip"
	"slices"

	"twokey/actions"
	"twokey/incident"
)

// Parameters of a plan about a key's network policy: the document that it sets,
// and the one that it takes the place of, as it stood.
const (
	paramDocument = "document"
	paramBefore   = "before"
)

// keyFence gives a key a network policy: only where its owner is known to use it
// from, and where the configuration says, may it be used. It binds this one key,
// not its user; sessions of roles that were taken on before go on, and a few
// services do not ask (RAM docs: AccessKey network access restriction policy).
type keyFence struct{ step }

var (
	_ actions.Action   = keyFence{}
	_ actions.Reverser = keyFence{}
	_ actions.Action   = keyUnfence{}
	_ actions.Reverser = keyUnfence{}
)

func (a *Account) fenceSteps() []actions.Action {
	return []actions.Action{
		keyFence{step{a, incident.StepKeyFence}}, keyUnfence{step{a, incident.StepKeyUnfence}},
	}
}

// fenceTraits are those of the steps on a key's network policy. IMS permissions are
// ram: actions, on the user (IMS docs: SetAccessKeyPolicy).
var fenceTraits = map[string]trait{
	incident.StepKeyFence: {
		undo:   incident.StepKeyUnfence,
		undone: []deed{{"SetAccessKeyPolicy", map[string]string{"UserAccessKeyId": "$key"}}},
		writes: map[string]resources{"ram:SetAccessKeyPolicy": onUser},
	},
	incident.StepKeyUnfence: {
		undo:   incident.StepKeyFence,
		undone: []deed{{"SetAccessKeyPolicy", map[string]string{"UserAccessKeyId": "$key"}}},
		writes: map[string]resources{"ram:SetAccessKeyPolicy": onUser},
	},
}

// Plan guards the policy that the key has now. It shows the addresses that are
// known, and the new ones that it cuts off; known ones that it cuts off too are
// what it breaks. A plan that is made anew keeps its document: people agreed to
// that one.
func (s keyFence) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	q, err := asking(s.name, t.Key, given)
	if err != nil {
		return incident.Plan{}, err
	}
	var at fenced
	var from origins
	var most limits
	err = together(
		func() (err error) { at, err = s.fenced(ctx, t); return err },
		func() error { from = s.foundOrigins(ctx, q); return nil },
		func() error { most = s.limits(ctx); return nil },
	)
	if err != nil {
		return incident.Plan{}, err
	}
	document, err := s.document(given, from, most)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case netPolicyHash(at.text) == netPolicyHash(document.text()):
		return incident.Plan{}, nothingToDo(s.name)
	}
	p := s.plan(t, at.user.name)
	p.Params = q.params()
	p.Params[paramDocument] = document.text()
	before := at.text
	if given[paramDocument] != "" {
		before = given[paramBefore] // what undo puts back was agreed to, whatever somebody put there since
	}
	keep(p.Params, paramBefore, before)
	p.Guarded = s.fenceGuards(t, at)
	of := incident.OfKey(t.Key)
	p.Shown = []incident.Fact{
		{Of: of, Name: incident.FactKnownIPs, Value: addressList(from.known)},
		{Of: of, Name: incident.FactNewIPs, Value: addressList(outside(document, from.fresh))},
	}
	p.Impact = incident.Impact{
		Breaks: addressesOf(outside(document, from.known)), Since: from.since,
		Blind: blind(from.services...),
	}
	return p, nil
}

// foundOrigins bounds how long a plan waits for them.
func (s step) foundOrigins(ctx context.Context, q question) origins {
	ctx, cancel := context.WithTimeout(ctx, 2*soon)
	defer cancel()
	return s.origins(ctx, q)
}

// document is the one that people agreed to, or a new one. One that would let
// everybody in, or nobody, is never sent.
func (s keyFence) document(given map[string]string, from origins, most limits) (netPolicy, error) {
	if text := given[paramDocument]; text != "" {
		p, err := parseNetPolicy(text)
		if err != nil || !p.fences() {
			return netPolicy{}, &actions.Error{Op: s.name, Code: CodeParameter}
		}
		return p, nil
	}
	p := s.fence.around(from.known, most)
	switch {
	case p.fences():
		return p, nil
	case from.since.IsZero():
		return netPolicy{}, &actions.Error{Op: s.name, Code: codeTrailSilent, Again: true}
	}
	return netPolicy{}, &actions.Error{Op: s.name, Code: CodeNoSource, Err: incident.NoKnownSource}
}

// outside are those that the policy cuts off.
func outside(p netPolicy, all []used) []used {
	return slices.DeleteFunc(slices.Clone(all), func(u used) bool { return p.lets(u.origin) })
}

// addressesOf are the addresses, each once, sorted.
func addressesOf(all []used) []string {
	var ips []netip.Addr
	for _, u := range all {
		ips = append(ips, u.ip)
	}
	slices.SortFunc(ips, netip.Addr.Compare)
	var out []string
	for _, ip := range slices.Compact(ips) {
		out = append(out, ip.String())
	}
	slices.Sort(out)
	return out
}

// keep leaves a parameter out that has no value.
func keep(params map[string]string, name, value string) {
	if value != "" {
		params[name] = value
	}
}

func addressList(all []used) string { return list(addressesOf(all)) }

// Run sets the document that people agreed to. Doing it again is harmless.
func (s keyFence) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	document, err := parseNetPolicy(p.Params[paramDocument])
	if err != nil || !document.fences() {
		return actions.Outcome{}, &actions.Error{Op: s.name, Code: CodeParameter}
	}
	return actions.Outcome{}, s.setNetPolicy(ctx, p, document.text())
}

// Verify is true when the key has the document, however it is written.
func (s keyFence) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	return s.hasNetPolicy(ctx, p)
}

// Reverse plans key.unfence, which puts back exactly what was there.
func (s keyFence) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	back := map[string]string{paramDocument: or(done.Params[paramBefore], noNetPolicy)}
	keep(back, actions.KnownBefore, done.Params[actions.KnownBefore])
	return keyUnfence{step{s.Account, incident.StepKeyUnfence}}.Plan(ctx, done.Target, back)
}

// keyUnfence puts back the network policy that the key had, or takes it away.
type keyUnfence struct{ step }

// Plan without a document takes the policy away.
func (s keyUnfence) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	at, err := s.fenced(ctx, t)
	if err != nil {
		return incident.Plan{}, err
	}
	document := or(given[paramDocument], noNetPolicy)
	if netPolicyHash(at.text) == netPolicyHash(document) {
		return incident.Plan{}, nothingToDo(s.name)
	}
	p := s.plan(t, at.user.name)
	p.Params = map[string]string{paramDocument: document}
	keep(p.Params, paramBefore, at.text)
	keep(p.Params, actions.KnownBefore, given[actions.KnownBefore]) // for who takes this back
	p.Guarded = s.fenceGuards(t, at)
	return p, nil
}

// Run sets the document. Doing it again is harmless.
func (s keyUnfence) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	return actions.Outcome{}, s.setNetPolicy(ctx, p, p.Params[paramDocument])
}

// Verify is true when the key has what the plan puts back.
func (s keyUnfence) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	return s.hasNetPolicy(ctx, p)
}

// Reverse plans key.fence with the document that was taken away.
func (s keyUnfence) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	again := map[string]string{paramDocument: done.Params[paramBefore], paramBefore: done.Params[paramDocument]}
	keep(again, actions.KnownBefore, done.Params[actions.KnownBefore])
	return keyFence{step{s.Account, incident.StepKeyFence}}.Plan(ctx, done.Target, again)
}

// fenced is a key's user and network policy as they are now.
type fenced struct {
	user user
	text string // empty: none
}

// fenced finds the user by the key, so that one who was renamed is found, and
// refuses a key that is gone or somebody else's.
func (s step) fenced(ctx context.Context, t incident.Target) (fenced, error) {
	u, err := s.userOfKey(ctx, t.Key)
	switch {
	case absent(err):
		return fenced{}, noKey(s.name)
	case err != nil:
		return fenced{}, err
	case u.id != t.UserID:
		return fenced{}, &actions.Error{Op: s.name, Code: CodeMoved}
	}
	text, err := s.netPolicy(ctx, u.principal, t.Key)
	return fenced{u, text}, err
}

func (s step) fenceGuards(t incident.Target, at fenced) []incident.Fact {
	of := incident.OfKey(t.Key)
	return []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactUserID, Value: at.user.id},
		{Of: of, Name: incident.FactFence, Value: netPolicyHash(at.text)},
	}
}

// setNetPolicy sets a document on the key of the plan, whose user it asks for by
// the key: names can be given to others.
func (s step) setNetPolicy(ctx context.Context, p incident.Plan, document string) error {
	at, err := s.fenced(ctx, p.Target)
	if err != nil {
		return err
	}
	return s.putNetPolicy(ctx, at.user.principal, p.Target.Key, document)
}

func (s step) hasNetPolicy(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	at, err := s.fenced(ctx, p.Target)
	if absent(err) {
		return false, nil
	}
	return err == nil && netPolicyHash(at.text) == netPolicyHash(p.Params[paramDocument]), err
}

// netPolicy is a key's network policy as it stands; empty if it has none (IMS
// docs: GetAccessKeyPolicy).
func (a *Account) netPolicy(ctx context.Context, principal string, key incident.KeyID) (string, error) {
	var out struct{ AccessKeyPolicy string }
	err := a.ims(ctx, look("ims:GetAccessKeyPolicy"), "GetAccessKeyPolicy",
		params{"UserPrincipalName": principal, "UserAccessKeyId": string(key)}, &out)
	if actions.Code(err) == "EntityNotExist.AccessKeyPolicy" {
		return "", nil
	}
	return out.AccessKeyPolicy, err
}

// putNetPolicy sets a key's network policy (IMS docs: SetAccessKeyPolicy).
func (a *Account) putNetPolicy(ctx context.Context, principal string, key incident.KeyID, document string) error {
	var none struct{}
	return a.ims(ctx, write("ims:SetAccessKeyPolicy"), "SetAccessKeyPolicy",
		params{"UserPrincipalName": principal, "UserAccessKeyId": string(key), "AccessKeyPolicy": document}, &none)
}
