package alicloud

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// window is how far back the audit trail answers (ActionTrail docs: LookupEvents).
const window = 90 * 24 * time.Hour

// searchPages bounds LookupEvents, of which there are two a second for the whole
// account: 200 events of each region.
const searchPages = 4

// recent is how long a history is not asked for again. LookupEvents is rare, and
// events come minutes late anyway: the same plan made anew right before it runs
// must not queue for it, let alone lose what it knew.
const recent = time.Minute

// keptHistories bounds how many histories are kept.
const keptHistories = 256

// question asks for the uses of a key before a moment: later ones may be the
// thief's. A zero moment asks for all.
type question struct {
	key   incident.KeyID
	user  string // asked for instead of a key, if there is none
	until time.Time
}

// attribute is what LookupEvents is asked for.
func (q question) attribute() (name, value string) {
	if q.key == "" {
		return "User", q.user
	}
	return "EventAccessKeyId", string(q.key)
}

// settled reports that nothing can come into the answer any more.
func (q question) settled(at time.Time) bool { return !q.until.IsZero() && at.Sub(q.until) > trailLag }

// usedBefore asks for the uses of a key before a moment. The trail and plans have whole
// seconds: the same moment is the same question, however it is written.
func usedBefore(key incident.KeyID, until time.Time) question {
	return question{key: key, until: until.UTC().Truncate(time.Second)}
}

// asking reads [actions.KnownBefore]; a plan without it counts every use.
func asking(step string, key incident.KeyID, given map[string]string) (question, error) {
	text := given[actions.KnownBefore]
	if text == "" {
		return question{key: key}, nil
	}
	until, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return question{}, &actions.Error{Op: step, Code: CodeParameter}
	}
	return usedBefore(key, until), nil
}

// params are those a plan keeps, so that planning again asks the same.
func (q question) params() map[string]string {
	out := map[string]string{}
	if !q.until.IsZero() {
		out[actions.KnownBefore] = q.until.Format(time.RFC3339)
	}
	return out
}

// counts reports whether a use at a moment is one that is asked for.
func (q question) counts(at time.Time) bool { return q.until.IsZero() || !at.After(q.until) }

// use is one kind of use: an operation of a service, as ActionTrail names them.
type use struct{ service, operation string }

// past is what a key was used for, as far as it was read at a moment. Since is
// from when on nothing is missing; zero when the trail did not answer.
type past struct {
	uses      []use
	origins   []used                          // where those uses came from
	callers   []string                        // cloud services that made some of them
	whole     time.Time                       // from when on every event was read: operations are known from before, addresses are not
	tried     []use                           // refused: nobody would miss them
	from      map[string]map[string]time.Time // addresses, each with its operations and their newest use
	since, at time.Time
}

// saw adds an address with an operation.
func (p *past) saw(address, action string, at time.Time) {
	if p.from == nil {
		p.from = map[string]map[string]time.Time{}
	}
	if p.from[address] == nil {
		p.from[address] = map[string]time.Time{}
	}
	p.from[address][action] = later(p.from[address][action], at)
}

// history is what the key was used for. One that was read within the trail's own
// lag stands in for one that cannot be read now. Who asks while somebody else does
// waits for that answer: plans of several steps are made side by side.
func (a *Account) history(ctx context.Context, q question) past {
	for {
		mine, other := a.begin(q)
		if mine != nil {
			defer a.end(q, mine)
			return a.askHistory(ctx, q)
		}
		select {
		case <-other:
		case <-ctx.Done():
			return past{at: a.now()}
		}
		if old, known := a.past(q); known && a.now().Sub(old.at) < recent {
			return old
		}
	}
}

// begin is the turn to ask a question, or the end of somebody else's.
func (a *Account) begin(q question) (mine chan struct{}, other <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if going, busy := a.asking[q]; busy {
		return nil, going
	}
	mine = make(chan struct{})
	a.asking[q] = mine
	return mine, nil
}

func (a *Account) end(q question, mine chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.asking, q)
	close(mine)
}

func (a *Account) past(q question) (past, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, known := a.pasts[q]
	return p, known
}

func (a *Account) askHistory(ctx context.Context, q question) past {
	old, known := a.past(q)
	now := a.now()
	if known && (now.Sub(old.at) < recent || q.settled(old.at)) {
		return old
	}
	read := a.readHistory(ctx, q, now)
	if !read.since.IsZero() {
		a.keep(q, read)
		return read
	}
	if known && now.Sub(old.at) < trailLag {
		return old
	}
	return read
}

func (a *Account) keep(q question, p past) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.pasts) >= keptHistories {
		maps.DeleteFunc(a.pasts, func(_ question, old past) bool { return p.at.Sub(old.at) >= recent })
	}
	if len(a.pasts) < keptHistories {
		a.pasts[q] = p
	}
}

// readHistory searches the trail of every region, newest first. What is older, or
// was more than is read, is asked for by operation.
func (a *Account) readHistory(ctx context.Context, q question, now time.Time) past {
	out := past{at: now}
	asked := a.asked()
	if !q.until.IsZero() && !q.until.After(asked) {
		return out // the trail has forgotten what came before
	}
	regions := a.trailRegions()
	found := make([]past, len(regions))
	looks := make([]func() error, len(regions))
	for i, r := range regions {
		looks[i] = func() (err error) {
			found[i], err = a.usesIn(ctx, r, q, asked)
			return err
		}
	}
	err := together(looks...)
	since := asked
	for _, f := range found {
		out.origins = append(out.origins, f.origins...)
		out.callers = append(out.callers, f.callers...)
		out.uses, out.tried = append(out.uses, f.uses...), append(out.tried, f.tried...)
		for ip, seen := range f.from {
			for action, at := range seen {
				out.saw(ip, action, at)
			}
		}
		if f.since.After(since) {
			since = f.since
		}
	}
	if err != nil {
		return out // a region that did not answer is a gap
	}
	out.since, out.whole = since, since
	if q.key != "" {
		a.addByOperation(ctx, q, &out, asked)
	}
	return out
}

func (a *Account) usesIn(ctx context.Context, region string, q question, from time.Time) (past, error) {
	attribute, value := q.attribute()
	p := searching
	if q.key == "" { // no plan asks for users
		p = watchPace(ctx)
	}
	events, all, err := a.searchAt(ctx, p, topic{region: region, attribute: attribute, value: value}, from, q.until, searchPages)
	out := past{since: from}
	for _, e := range events {
		if e.ErrorCode != "" {
			out.tried = append(out.tried, use{e.ServiceName, e.EventName})
		} else {
			out.uses = append(out.uses, use{e.ServiceName, e.EventName})
			out.came(e)
			if ip := e.address(); ip != "" {
				out.saw(ip, e.action(), date(e.EventTime))
			}
		}
		if at := date(e.EventTime); !all && !at.IsZero() {
			out.since = at // newest first: the last one read is the oldest
		}
	}
	return out, err
}

// came keeps where a call came from.
func (p *past) came(e event) {
	switch o, name, ok := originOf(e.SourceIpAddress, e.VpcId); {
	case ok:
		p.origins = append(p.origins, used{o, date(e.EventTime)})
	case name != "":
		p.callers = append(p.callers, name)
	}
}

// asked is from when on the trail is asked: the same moment all day long.
func (a *Account) asked() time.Time { return a.now().Add(-window).UTC().Truncate(24 * time.Hour) }

// restricted reports whether Alibaba Cloud's restrictive protection stopped the
// call (RAM docs: Restrictive protection of leaked AccessKey pairs).
func (e event) restricted() bool {
	return e.ErrorCode == "Forbidden" && strings.Contains(e.ErrorMessage, "risk of leakage of this AccessKey")
}

// addByOperation adds what was done before the oldest event that was read: every
// operation of 400 days is known by its last use. One that was last used after
// the moment asked for, and not among the events, leaves the gap open: the owner
// may have used it in there, or only the thief.
func (a *Account) addByOperation(ctx context.Context, q question, p *past, asked time.Time) {
	services, err := a.services(ctx, q.key)
	if err != nil {
		return
	}
	lists := make([][]dated, len(services))
	looks := make([]func() error, len(services))
	for i, s := range services {
		looks[i] = func() (err error) {
			lists[i], err = a.operations(ctx, q.key, s.name)
			return err
		}
	}
	if together(looks...) != nil {
		return
	}
	open := false
	for i, s := range services {
		for _, o := range lists[i] {
			u := use{s.name, o.name}
			switch {
			case slices.Contains(p.uses, u):
			case !q.counts(o.at):
				open = true
			case !o.at.Before(p.since) && slices.Contains(p.tried, u): // events of then were read, and it was refused
			default: // older than those, or of a region that nobody configured
				p.uses = append(p.uses, u)
			}
		}
	}
	if !open {
		p.since = asked
	}
}

// actions are the uses as policies name them, sorted.
func (p past) actions() []string {
	var out []string
	for _, u := range p.uses {
		if name := u.action(); name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// prefixes are services whose actions RAM names differently than ActionTrail
// names the service (RAM docs: Services that work with RAM).
var prefixes = map[string]string{
	"ims": "ram", "sls": "log", "dysmsapi": "dysms", "sas": "yundun-sas", "bssopenapi": "bss",
}

// action is the use as policies name it: "ecs:RunInstances"; empty if it is not
// the name of one.
func (u use) action() string {
	service, name := strings.ToLower(word(u.service)), word(u.operation)
	if service == "" || name == "" {
		return ""
	}
	if p, ok := prefixes[service]; ok {
		service = p
	}
	return service + ":" + name
}
