package alicloud

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// auditDescendants finds what goes on without the key: what it made, and the roles
// it took on. What a session of such a role made counts as the key's.
func (a *Account) auditDescendants(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	t, sign, err := auditTarget(p)
	if err != nil {
		return actions.Outcome{}, err
	}
	at := a.now()
	v, err := a.judge(ctx, t, sign)
	if v.fails(err) {
		return actions.Outcome{}, err
	}
	d := a.descent(t, &v, at)
	for _, e := range v.made {
		if d.mine(e) {
			d.trace(ctx, e)
		}
	}
	d.follow(ctx)
	d.tellRoles(ctx)
	out := actions.Outcome{Sights: d.sights, Findings: incident.Findings{
		Items: d.found, AsOf: d.asOf, Blind: a.blindTo(&v, sign), From: []string{lookupOp, "ram:GetUser", "ram:GetRole", "ims:GetUser"},
	}}
	if d.unread {
		out.Findings.Blind = append(out.Findings.Blind, blindNames)
	}
	out.Findings.Sort()
	return out, d.failed
}

func (a *Account) descent(t incident.Target, v *verdict, at time.Time) *descent {
	return &descent{Account: a, target: t, v: v, roles: map[string]*assumed{}, asOf: at.Add(-searchLag)}
}

// maxTraced bounds what is traced by the way; a look at descendants traces all.
const maxTraced = 20

// byTheWay is what the thief made, as far as few calls tell: who has it goes on
// when the key is dead, so nobody should have to ask for it.
func (a *Account) byTheWay(ctx context.Context, t incident.Target, v *verdict, at time.Time) []actions.Sight {
	d := a.descent(t, v, at)
	traced := 0
	for _, e := range v.made {
		if traced < maxTraced && d.mine(e) && d.weight(e) == incident.Grave {
			d.trace(ctx, e)
			traced++
		}
	}
	d.tellRoles(ctx)
	return d.sights
}

// descent is one look at what a key left behind.
type descent struct {
	*Account
	target incident.Target
	v      *verdict
	sights []actions.Sight
	found  []incident.Finding
	roles  map[string]*assumed
	asOf   time.Time
	unread bool  // something could not be asked by name
	failed error // a permission is missing
}

// mine reports whether an event counts as the leaked key's doing: its own, and what
// its user did by other ways if that looks like theft.
func (d *descent) mine(e event) bool {
	if e.UserIdentity.AccessKeyId == string(d.target.Key) {
		return true
	}
	return d.weight(e) == incident.Grave
}

// weight is what an event is taken for.
func (d *descent) weight(e event) incident.Weight {
	deed := e.deed()
	for _, j := range d.v.calls {
		if j.deedOf == deed {
			switch {
			case j.suspicious():
				return incident.Grave
			case j.fresh:
				return incident.Notable
			}
			return incident.Known
		}
	}
	return incident.Grave // of a session: nobody knew it before
}

// trace finds out what became of what one event made.
func (d *descent) trace(ctx context.Context, e event) {
	kind, values := madeBy(e.action()), map[string]string{"operation": e.action(), "ip": or(e.address(), serviceItself)}
	f := incident.Finding{Kind: kind, Weight: d.weight(e), At: date(e.EventTime), Values: values}
	switch kind {
	case "made_user":
		d.tracedUser(ctx, e, &f)
	case "made_key":
		d.tracedKey(ctx, e, &f)
	case "made_login":
		values["name"] = or(e.param("UserName"), d.target.User)
		f.Step = incident.StepLoginCut
	case "made_role", "made_trust":
		values["name"] = e.param("RoleName")
		f.Step = incident.StepRoleQuarantine
		if kind == "made_role" {
			d.tracedRole(ctx, values["name"], &f)
		}
	case "made_policy":
		values["name"] = e.param("PolicyName")
	case "made_grant":
		values["name"] = or(e.param("PolicyName"), e.param("GroupName"))
		values["to"] = or(or(e.param("UserName"), e.param("RoleName")), e.param("GroupName"))
	case "made_provider":
		values["name"] = or(e.param("SAMLProviderName"), e.param("OIDCProviderName"))
	case "made_instance":
		d.tracedInstances(e, &f)
	case "assumed_role":
		d.tracedSession(e)
		return // told once for each role
	}
	d.found = append(d.found, f)
}

// tracedUser resolves a user that was made: its id is what counts, for its name can
// be taken again.
func (d *descent) tracedUser(ctx context.Context, e event, f *incident.Finding) {
	name, id := e.param("UserName"), e.ResponseElements.text("User", "UserId")
	f.Values["name"], f.Step = name, incident.StepUserDeactivate
	u, err := d.resolve(ctx, name, id)
	switch {
	case absent(err):
		f.Kind, f.Step = "made_user_gone", ""
		return
	case err != nil:
		d.fail(err)
		return
	}
	f.Values["name"] = u.name
	d.see(incident.OfUser(u.id), facts{
		incident.FactMadeBy: string(d.target.Key), incident.FactUser: u.name, incident.FactUserID: u.id,
		incident.FactAccount: d.name, incident.FactAccountID: d.id,
	}, "ims:GetUser")
}

// resolve finds a user by its id, else by its name.
func (d *descent) resolve(ctx context.Context, name, id string) (user, error) {
	switch {
	case id != "":
		return d.userByID(ctx, id)
	case name == "":
		return user{}, inconsistent(lookupOp)
	}
	return d.userByName(ctx, name)
}

// tracedKey names a key that was made; an incident of its own is opened for it.
func (d *descent) tracedKey(ctx context.Context, e event, f *incident.Finding) {
	name := or(e.param("UserName"), e.UserIdentity.UserName)
	key := incident.KeyID(e.ResponseElements.text("AccessKey", "AccessKeyId"))
	f.Values["name"] = name
	if key == "" { // the trail keeps no answers: a key that the user got at that moment is it
		var err error
		if key, err = d.keyMadeAt(ctx, name, date(e.EventTime)); err != nil && !absent(err) {
			d.fail(err)
		}
	}
	if !keyIDShape.MatchString(string(key)) {
		f.Kind, d.unread = "made_key_unnamed", true // the trail does not say which
		return
	}
	f.Values["key"] = string(key)
	seen := facts{incident.FactMadeBy: string(d.target.Key), incident.FactAccount: d.name, incident.FactAccountID: d.id}
	u, err := d.userOfKey(ctx, key)
	switch {
	case absent(err):
		f.Kind = "made_key_gone"
		return
	case err != nil:
		d.fail(err)
	default:
		seen[incident.FactUser], seen[incident.FactUserID] = u.name, u.id
		f.Values["name"] = u.name
	}
	d.see(incident.OfKey(key), seen, "ims:GetUser")
}

func (d *descent) tracedRole(ctx context.Context, name string, f *incident.Finding) {
	role, err := d.roleNamed(ctx, name)
	switch {
	case absent(err):
		f.Kind, f.Step = "made_role_gone", ""
	case err != nil:
		d.fail(err)
	default:
		d.see(incident.OfRole(role), facts{
			incident.FactMadeBy: string(d.target.Key), incident.FactAccount: d.name, incident.FactAccountID: d.id,
		}, "ram:GetRole")
	}
}

// tracedInstances names what was started, which costs money until somebody ends it.
func (d *descent) tracedInstances(e event, f *incident.Finding) {
	sets, _ := e.ResponseElements["InstanceIdSets"].(map[string]any)
	ids, _ := sets["InstanceIdSet"].([]any)
	names := make([]string, 0, len(ids)+1)
	for _, id := range ids {
		if text, ok := id.(string); ok {
			names = append(names, text)
		}
	}
	if id := e.ResponseElements.text("InstanceId"); id != "" {
		names = append(names, id)
	}
	f.Values["n"], f.Values["region"] = strconv.Itoa(len(names)), e.AcsRegion
	if len(names) == 0 { // the trail keeps no answers
		f.Values["n"] = or(number(e.param("Amount")), "1")
	}
	f.Values["name"] = strings.Join(names[:min(len(names), 3)], " ")
}

// see is one sight; the same thing is seen once.
func (d *descent) see(of incident.Identity, f facts, source string) {
	if i := slices.IndexFunc(d.sights, func(s actions.Sight) bool { return s.Of == of }); i >= 0 {
		maps.Copy(d.sights[i].Facts, f)
		return
	}
	d.sights = append(d.sights, actions.Sight{Of: of, Facts: f, AsOf: d.asOf, Source: source})
}

// number is a number as it travels; anything else is some text from outside.
func number(text string) string {
	if _, err := strconv.Atoi(text); err != nil {
		return ""
	}
	return text
}

// fail remembers that something could not be asked. A missing permission is told
// as such; what there was no time for is only not seen.
func (d *descent) fail(err error) {
	switch {
	case err == nil:
	case busy(err), errors.Is(err, context.Canceled):
		d.unread = true
	default:
		d.unread = true
		if d.failed == nil {
			d.failed = err
		}
	}
}
