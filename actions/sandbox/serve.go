package sandbox

import (
	"cmp"
	"net/http"
	"strings"
	"time"
)

// ServeHTTP answers one call: reads it, checks who signed it, lets faults happen,
// asks the policies, applies it and writes it into the log.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Sandbox", Banner)
	if isLogs(r) {
		c.serveLogs(w, r)
		return
	}
	q, refused := readRequest(r)
	op, known := operations()[operationName{q.product, q.action}]
	if !known {
		c.refuse(w, q, operation{}, errAction)
		return
	}
	if refused != nil {
		c.refuse(w, q, op, refused)
		return
	}
	if refused = c.authenticate(q); refused != nil {
		c.refuse(w, q, op, refused)
		return
	}
	hit := c.fault(op, q)
	if hit != nil && hit.stands(w, r) {
		return
	}
	if refused = hit.refusal(); refused != nil {
		c.refuse(w, q, op, refused)
		return
	}
	answer, refused := c.perform(q, op)
	if refused != nil {
		c.refuse(w, q, op, refused)
		return
	}
	if hit != nil && hit.Kind == Drop {
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	}
	write(w, q.id, http.StatusOK, answer)
}

// authenticate checks the key, the signature, the date and the nonce, in an order
// that tells a stranger nothing about a key without its secret.
func (c *Cloud) authenticate(q *request) *Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	w := c.seen(now)
	_, k := w.owner(q.keyID)
	session := w.sessions[q.keyID]
	switch {
	case k == nil && session == nil:
		return errNoKey
	case k != nil && !q.signedBy(k.secret), session != nil && !q.signedBy(session.secret):
		return errSignature
	}
	if refused := c.fresh(q); refused != nil {
		return refused
	}
	c.received[q.action]++
	switch {
	case session != nil:
		return session.stands(q, now)
	case !k.active:
		return errInactive
	}
	return c.shutOut(k, q)
}

// perform asks the policies and applies the call between the hooks.
func (c *Cloud) perform(q *request, op operation) (map[string]any, *Error) {
	if c.before != nil {
		c.before(q.action)
	}
	answer, refused := c.apply(q, op)
	if refused == nil && c.after != nil {
		c.after(q.action)
	}
	return answer, refused
}

func (c *Cloud) apply(q *request, op operation) (map[string]any, *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	call := &call{cloud: c, world: c.seen(now), request: q, now: now}
	if !call.identify() { // deleted while the call was under way
		return nil, errNoKey
	}
	for _, name := range op.needs {
		if call.param(name) == "" {
			return nil, missing(name)
		}
	}
	if refused := call.authorize(op); refused != nil {
		return nil, cmp.Or(call.otherwise(op), refused)
	}
	if op.write {
		c.remember(now)
		call.world = c.world
		if !call.identify() {
			return nil, errNoKey
		}
	}
	answer, refused := c.take(call, op)
	if refused != nil {
		return nil, refused
	}
	c.applied[q.action]++
	if answer == nil {
		answer = map[string]any{}
	}
	return answer, nil
}

// otherwise is what else is wrong with a call that the caller may not make, for a
// RAM that looks before it asks; nil if nothing is, or if it asks first.
func (c *call) otherwise(op operation) *Error {
	if !c.cloud.behaviour.ExistenceFirst || !strings.EqualFold(op.service, "ram") && !strings.EqualFold(op.service, "ims") {
		return nil
	}
	tried := *c
	tried.world = c.world.clone()
	if tried.caller, _ = tried.world.owner(c.request.keyID); tried.caller == nil {
		return nil
	}
	_, refused := op.handle(&tried)
	return refused
}

// take lets the call happen. A write whose file can't be written did not happen.
func (c *Cloud) take(call *call, op operation) (answer map[string]any, refused *Error) {
	happen := func() error {
		if answer, refused = op.handle(call); refused != nil {
			return refused
		}
		c.record(call.event(op, nil))
		return nil
	}
	if !op.write {
		_ = happen() // its error is refused
		return answer, refused
	}
	if err := c.change(happen); err != nil && refused == nil {
		return nil, errOffline
	}
	return answer, refused
}

// refuse logs a call that had no effect and answers with its code.
func (c *Cloud) refuse(w http.ResponseWriter, q *request, op operation, e *Error) {
	c.mu.Lock()
	now := c.now()
	call := &call{cloud: c, world: c.world, request: q, now: now}
	_ = call.identify() // a stranger is logged too
	c.record(call.event(op, e))
	c.mu.Unlock()
	write(w, q.id, e.Status, e.body(op.product()))
}

// call is one authenticated call while it is decided upon; the lock is held.
type call struct {
	cloud   *Cloud
	world   *world
	request *request
	caller  *user
	session *session // the caller is a role: its user has the role's policies and no name
	now     time.Time
	created map[string]any // what the answer tells of what was made, without secrets: responseElements
}

// identify finds whose key signed the call; false if nobody has it any more.
func (c *call) identify() bool {
	c.caller, _ = c.world.owner(c.request.keyID)
	if c.caller == nil {
		c.session, c.caller = c.world.asRole(c.request.keyID)
	}
	return c.caller != nil
}

func (c *call) param(name string) string { return c.request.params.Get(name) }

// stamp is a time as RAM writes it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(wireDate)
}
