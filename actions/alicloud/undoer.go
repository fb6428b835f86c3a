package alicloud

import (
	"context"
	"strings"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// undoing are the events that take a step back, with the parameters they must
// have to be about it. "$key", "$user" and "$policy" stand for the plan's own.
var undoing = map[string][]deed{
	incident.StepKeyDisable: {
		{"UpdateAccessKey", map[string]string{"UserAccessKeyId": "$key", "Status": incident.KeyActive}},
	},
	incident.StepKeyEnable: {
		{"UpdateAccessKey", map[string]string{"UserAccessKeyId": "$key", "Status": incident.KeyInactive}},
		{"DeleteAccessKey", map[string]string{"UserAccessKeyId": "$key"}},
	},
	incident.StepKeyDelete: {
		{"RestoreAccessKeyFromRecycleBin", map[string]string{"UserAccessKeyId": "$key"}},
	},
	incident.StepKeyRestore: {
		{"UpdateAccessKey", map[string]string{"UserAccessKeyId": "$key", "Status": incident.KeyActive}},
		{"DeleteAccessKey", map[string]string{"UserAccessKeyId": "$key"}},
	},
	incident.StepPolicyQuarantine: {
		{"DetachPolicyFromUser", map[string]string{"UserName": "$user", "PolicyName": "$policy"}},
		{"CreatePolicyVersion", map[string]string{"PolicyName": "$policy"}},
		{"SetDefaultPolicyVersion", map[string]string{"PolicyName": "$policy"}},
		{"DeletePolicy", map[string]string{"PolicyName": "$policy"}},
	},
	incident.StepPolicyDetach: {
		{"AttachPolicyToUser", map[string]string{"UserName": "$user", "PolicyName": "$policy"}},
	},
}

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
	for _, d := range undoing[p.Step] {
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

// is reports whether the event succeeded and is about the plan's target.
func (d deed) is(e event, p incident.Plan) bool {
	if e.ErrorCode != "" || e.EventName != d.event {
		return false
	}
	for name, want := range d.params {
		switch want {
		case "$key":
			want = string(p.Target.Key)
		case "$user":
			want = p.Target.User
		case "$policy":
			want = p.Params[paramPolicy]
		}
		if got := e.param(name); got != want {
			return false
		}
	}
	return true
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
