package alicloud

import (
	"encoding/json"
	"strings"
)

// event is one entry of the audit trail, as far as it is read here (ActionTrail
// docs: Management event structure).
type event struct {
	EventID, EventName, EventTime, EventRW, EventType string
	ServiceName, ErrorCode, ErrorMessage              string
	SourceIpAddress, VpcId                            string //nolint:revive // as they travel
	ResourceType, ResourceName, AcsRegion             string
	UserIdentity                                      actor
	RequestParameters                                 loose
	ResponseElements                                  loose
}

// actor is who did it: a RAM user, root, or a role's session, whose name is
// "<role>:<session>" (ActionTrail docs: Query ActionTrail events by assuming a RAM
// role).
type actor struct {
	Type, PrincipalId, UserName, AccessKeyId string //nolint:revive // as they travel
}

// loose is an object; whatever else stands in its place reads as nothing.
type loose map[string]any

// UnmarshalJSON never fails: one odd event must not hide the others.
func (l *loose) UnmarshalJSON(raw []byte) error {
	var m map[string]any
	if json.Unmarshal(raw, &m) == nil {
		*l = m
	}
	return nil
}

// text is the text at a path; names are compared without their case, which differs
// between products.
func (l loose) text(path ...string) string {
	var at any = map[string]any(l)
	for _, name := range path {
		m, ok := at.(map[string]any)
		if !ok {
			return ""
		}
		at = nil
		for key, value := range m {
			if strings.EqualFold(key, name) {
				at = value
			}
		}
	}
	v, _ := at.(string)
	return v
}

// id tells events apart.
func (e event) id() string {
	if e.EventID != "" {
		return e.EventID
	}
	return strings.Join([]string{e.EventTime, e.ServiceName, e.EventName, e.SourceIpAddress, e.UserIdentity.AccessKeyId}, "\x00")
}

// address is where the call came from; empty when a cloud service made it.
func (e event) address() string { return addressIn(e.SourceIpAddress) }

// action is the operation as policies name it; one that has no such name, a logon
// for example, is called by its event.
func (e event) action() string {
	if name := (use{e.ServiceName, e.EventName}).action(); name != "" {
		return name
	}
	return "unknown"
}

// writes reports whether the event changes something. One that does not say is
// taken for a write.
func (e event) writes() bool { return e.EventRW != "Read" }
