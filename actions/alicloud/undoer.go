package alicloud

import (
	"context"
	"strings"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// deed is an event with the parameters it must have to be about a plan. "$key",
// "$user", "$id" (the user's) and "$role" stand for the plan's own, "$" and another
// name for that parameter of the plan.
type deed struct {
	event  string
	params map[string]string
}

// Undoer names who took back a confirmed step since a time: the newest such
// event. The trail is minutes late; until then, and for steps that have no such
// events, Who is empty.
func (a *Account) Undoer(ctx context.Context, p incident.Plan, since time.Time) (actions.Undoer, error) {
	if blank(p.Target.User) || blank(p.Target.UserID) || blank(string(p.Target.Key)) {
		return actions.Undoer{}, noTarget("actiontrail:LookupEvents")
	}
	var newest event
	for _, d := range traits[p.Step].undone {
		if !d.concerns(p) {
			continue
		}
		for _, region := range a.trailRegions() {
			events, _, err := a.search(ctx, region, "EventName", d.event, since, time.Time{}, searchPages)
			if err != nil {
				return actions.Undoer{}, err
			}
			for _, e := range events {
				if d.is(e, p) && date(e.EventTime).After(date(newest.EventTime)) {
					newest = e
				}
			}
		}
	}
	return undoerOf(newest, p.Target), nil
}

// concerns reports whether the deed can be about the plan at all: one on a group
// is not, if the plan names none. LookupEvents is too rare to ask in vain.
func (d deed) concerns(p incident.Plan) bool {
	for _, want := range d.params {
		if meant(want, p) == "" {
			return false
		}
	}
	return true
}

// is reports whether the event succeeded and is about the plan's target.
func (d deed) is(e event, p incident.Plan) bool {
	if e.ErrorCode != "" || e.EventName != d.event {
		return false
	}
	for name, want := range d.params {
		if e.param(name) != meant(want, p) {
			return false
		}
	}
	return true
}

// meant is what a deed's parameter must be for a plan; empty if the plan has no
// such thing.
func meant(want string, p incident.Plan) string {
	own, named := strings.CutPrefix(want, "$")
	switch {
	case !named:
		return want
	case own == "key":
		return string(p.Target.Key)
	case own == "user":
		return p.Target.User
	case own == "id":
		return p.Target.UserID
	case own == "role":
		role, _ := incident.RoleOf(incident.Identity(p.Params[incident.ParamOf]))
		return role
	}
	return p.Params[own]
}

// param is a request parameter; IMS calls the user by principal where RAM uses
// the name.
func (e event) param(name string) string {
	if v, ok := e.RequestParameters[name].(string); ok {
		return v
	}
	if name == "UserName" {
		v, _ := e.RequestParameters["UserPrincipalName"].(string)
		return nameOf(v)
	}
	return ""
}

func undoerOf(e event, t incident.Target) actions.Undoer {
	who := e.UserIdentity
	if e.EventName == "" {
		return actions.Undoer{}
	}
	if strings.HasPrefix(who.Type, "root") {
		return actions.Undoer{Who: "root", Thief: who.AccessKeyId == string(t.Key)}
	}
	return actions.Undoer{
		Who:   or(who.UserName, who.PrincipalId),
		Thief: who.AccessKeyId == string(t.Key) || who.PrincipalId == t.UserID,
	}
}
