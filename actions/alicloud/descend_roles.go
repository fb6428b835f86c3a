package alicloud

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"twokey/incident"
)

// maxSessions is how many of the role sessions that a key took on are followed.
const maxSessions = 4

// assumed is a role that the key took on.
type assumed struct {
	name     string // as the call had it
	n        int
	last     time.Time
	until    time.Time // when the last session ends
	routine  bool      // its owner took it on before, from there
	sessions []session
}

// session is the temporary key of a role that was taken on.
type session struct {
	key string
	at  time.Time
}

// tracedSession counts a role that was taken on.
func (d *descent) tracedSession(e event) {
	_, name, found := strings.Cut(e.RequestParameters.text("RoleArn"), ":role/")
	if !found || !strings.Contains(e.RequestParameters.text("RoleArn"), "::"+d.id+":") {
		d.found = append(d.found, incident.Finding{
			Kind: "assumed_foreign", Weight: d.weight(e), At: date(e.EventTime),
			Values: map[string]string{"name": e.RequestParameters.text("RoleArn"), "ip": or(e.address(), serviceItself)},
		})
		return
	}
	r := d.roles[strings.ToLower(name)]
	if r == nil {
		r = &assumed{name: name, routine: true}
		d.roles[strings.ToLower(name)] = r
	}
	at := date(e.EventTime)
	ends := date(e.ResponseElements.text("Credentials", "Expiration"))
	if ends.IsZero() {
		ends = at.Add(longestSession)
	}
	r.n++
	r.last, r.until = later(r.last, at), later(r.until, ends)
	r.routine = r.routine && d.weight(e) == incident.Known
	if key := e.ResponseElements.text("Credentials", "AccessKeyId"); temporary(incident.KeyID(key)) {
		r.sessions = append(r.sessions, session{key, at})
	}
}

// longestSession is how long a session can live (STS docs: AssumeRole).
const longestSession = 12 * time.Hour

// follow reads what the sessions did that did not end with the key.
func (d *descent) follow(ctx context.Context) {
	var all []session
	for _, name := range sortedNames(d.roles) {
		if r := d.roles[name]; !r.routine {
			all = append(all, r.sessions...)
		}
	}
	if len(all) > maxSessions {
		d.unread = true
		slices.SortFunc(all, func(x, y session) int { return y.at.Compare(x.at) })
		all = all[:maxSessions]
	}
	for _, s := range all {
		seen, err := d.recallAll(ctx, s.key, "", s.at)
		d.fail(err)
		for _, t := range seen.tallies {
			if isSensitive(t.action) || t.write {
				d.found = append(d.found, incident.Finding{Kind: "session_call", Weight: incident.Grave, At: t.last, Values: map[string]string{
					"operation": t.action, "ip": or(t.address, serviceItself), "n": strconv.Itoa(t.n),
				}})
			}
		}
		for _, e := range seen.made {
			if madeBy(e.action()) != "assumed_role" { // one hop: a chain of roles is rare, and each is told by its own call
				d.trace(ctx, e)
			}
		}
	}
}

// tellRoles says of each role that its sessions live on.
func (d *descent) tellRoles(ctx context.Context) {
	var names []string
	for _, lower := range sortedNames(d.roles) {
		r := d.roles[lower]
		f := incident.Finding{Kind: "assumed_role", Weight: incident.Grave, At: r.last, Step: incident.StepRoleQuarantine, Values: map[string]string{
			"name": r.name, "n": strconv.Itoa(r.n), "until": moment(r.until),
		}}
		role, err := d.roleNamed(ctx, r.name)
		switch {
		case absent(err):
			f.Kind, f.Step = "assumed_role_gone", ""
		case err != nil:
			d.fail(err)
		default:
			f.Values["name"] = role
		}
		if r.routine {
			f.Weight, f.Step = incident.Known, ""
		}
		d.found = append(d.found, f)
		if r.routine || f.Kind == "assumed_role_gone" {
			continue
		}
		names = append(names, f.Values["name"])
		d.see(incident.OfRole(f.Values["name"]), facts{
			incident.FactAssumedBy: string(d.target.Key), incident.FactAccount: d.name, incident.FactAccountID: d.id,
		}, lookupOp)
	}
	if len(names) > 0 {
		d.see(incident.OfKey(d.target.Key), facts{incident.FactAssumed: list(names)}, lookupOp)
	}
}
