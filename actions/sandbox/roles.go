package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// role can be taken on by whom its trust policy names. Its policies bind each of
// its sessions; what is attached to whoever took it on does not.
type role struct {
	id, name, description string
	trust                 string // AssumeRolePolicyDocument, as it was given
	created, updated      time.Time
	longest               time.Duration // of a session
	attached              []attachment
}

// session is a role that somebody took on. It lives until it expires, whatever
// becomes of the key that asked for it (STS docs: AssumeRole).
type session struct {
	keyID         string // "STS.…"
	secret, token Secret
	role, roleID  string
	name          string // RoleSessionName
	by            string // the key that asked for it
	expires       time.Time
}

var ramRoles = map[string]operation{
	"CreateRole": {
		write: true, needs: []string{"RoleName", "AssumeRolePolicyDocument"}, params: []string{"Description", "MaxSessionDuration"},
		resources: roleResource, handle: createRole,
	},
	"GetRole":   {needs: []string{"RoleName"}, resources: roleResource, handle: getRole},
	"ListRoles": {params: []string{"Marker", "MaxItems"}, resources: allRoles, handle: listRoles},
}

func allRoles(c *call) []string { return []string{c.arn("role/*")} }

func roleResource(c *call) []string { return []string{c.arn("role/" + c.param("RoleName"))} }

// roleInARN is the role that AssumeRole names.
func roleInARN(c *call) []string { return []string{c.param("RoleArn")} }

var (
	roleNameShape = regexp.MustCompile(`^[a-zA-Z0-9.-]{1,64}$`)   // RAM docs: CreateRole
	sessionShape  = regexp.MustCompile(`^[a-zA-Z0-9.@_-]{2,64}$`) // STS docs: AssumeRole
)

// How long a session lives (STS docs: AssumeRole).
const (
	shortestSession = 15 * time.Minute
	usualSession    = time.Hour
	longestSession  = 12 * time.Hour
)

func createRole(c *call) (map[string]any, *Error) {
	name, trust := c.param("RoleName"), c.param("AssumeRolePolicyDocument")
	if !roleNameShape.MatchString(name) {
		return nil, bad("InvalidParameter.RoleName.InvalidChars", "The role name has characters that are not allowed.")
	}
	if _, err := trusted(trust); err != nil {
		return nil, bad("MalformedPolicyDocument", "The trust policy is malformed.")
	}
	if c.world.roles[name] != nil {
		return nil, exists("Role")
	}
	longest, refused := seconds(c.param("MaxSessionDuration"), usualSession, longestSession)
	if refused != nil {
		return nil, refused
	}
	r := &role{
		id: digits(18), name: name, description: c.param("Description"), trust: trust,
		created: c.now, updated: c.now, longest: max(longest, usualSession),
	}
	c.world.roles[name] = r
	c.created = map[string]any{"Role": c.roleRow(r)}
	return map[string]any{"Role": c.roleRow(r)}, nil
}

func getRole(c *call) (map[string]any, *Error) {
	r, refused := c.role()
	if refused != nil {
		return nil, refused
	}
	row := c.roleRow(r)
	row["AssumeRolePolicyDocument"] = r.trust
	return map[string]any{"Role": row}, nil
}

// role is the one that a call names.
func (c *call) role() (*role, *Error) {
	if r := c.world.roles[c.param("RoleName")]; r != nil {
		return r, nil
	}
	return nil, absent("Role")
}

func (c *call) roleRow(r *role) map[string]any {
	return map[string]any{
		"RoleId": r.id, "RoleName": r.name, "Description": r.description, "Arn": c.roleARN(r), "MaxSessionDuration": int(r.longest.Seconds()),
		"CreateDate": stamp(r.created), "UpdateDate": stamp(r.updated),
	}
}

func (c *call) roleARN(r *role) string { return c.arn("role/" + strings.ToLower(r.name)) }

func listRoles(c *call) (map[string]any, *Error) {
	names := sortedKeys(c.world.roles)
	from, _ := slices.BinarySearch(names, c.param("Marker"))
	rest := names[from:]
	page := rest[:min(clamp(c.param("MaxItems"), 100, 1, 1000), len(rest))]
	list := []any{}
	for _, name := range page {
		list = append(list, c.roleRow(c.world.roles[name]))
	}
	out := map[string]any{"IsTruncated": len(page) < len(rest), "Roles": map[string]any{"Role": list}}
	if len(page) < len(rest) {
		out["Marker"] = rest[len(page)]
	}
	return out, nil
}

// assumeRole gives out a temporary key, if the role trusts the caller. That the
// caller may ask was decided before.
func assumeRole(c *call) (map[string]any, *Error) {
	if !sessionShape.MatchString(c.param("RoleSessionName")) {
		return nil, bad("InvalidParameter.RoleSessionName", "The role session name has characters that are not allowed.")
	}
	r := c.world.roleByARN(c.param("RoleArn"), c.cloud.account)
	switch {
	case c.caller == c.world.root:
		return nil, &Error{Status: http.StatusForbidden, Code: "NoPermission", Message: "Roles may not be assumed by root accounts."}
	case r == nil:
		return nil, absent("Role")
	case !c.trustedBy(r):
		return nil, &Error{Status: http.StatusForbidden, Code: "NoPermission", Message: "You are not authorized to do this action. The role does not trust you."}
	}
	lasts, refused := seconds(c.param("DurationSeconds"), min(usualSession, r.longest), r.longest)
	if refused != nil {
		return nil, refused
	}
	s := &session{
		keyID: "STS.N" + letters(24), secret: newSecret(), token: Secret(letters(240)), role: r.name, roleID: r.id,
		name: c.param("RoleSessionName"), by: c.request.keyID, expires: c.now.Add(lasts),
	}
	c.world.sessions[s.keyID] = s
	who := map[string]any{"Arn": c.roleARN(r) + "/" + s.name, "AssumedRoleId": s.principal(r.id)}
	c.created = map[string]any{
		"AssumedRoleUser": who, "Credentials": map[string]any{"AccessKeyId": s.keyID, "Expiration": stamp(s.expires)},
	}
	return map[string]any{"AssumedRoleUser": who, "Credentials": map[string]any{
		"AccessKeyId": s.keyID, "AccessKeySecret": string(s.secret), "SecurityToken": string(s.token), "Expiration": stamp(s.expires),
	}}, nil
}

// seconds reads a length of time within the limits of sessions.
func seconds(text string, otherwise, longest time.Duration) (time.Duration, *Error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if d := time.Duration(n) * time.Second; err == nil && d >= shortestSession && d <= longest {
		return d, nil
	}
	return 0, bad("InvalidParameter.DurationSeconds", "The Min/Max value of DurationSeconds is 15min/the maximum session duration.")
}

// roleByARN finds a role whatever the case of the letters: an ARN has small ones.
func (w *world) roleByARN(arn, account string) *role {
	name, ok := strings.CutPrefix(strings.ToLower(arn), "acs:ram::"+account+":role/")
	if !ok {
		return nil
	}
	for _, r := range w.roles {
		if strings.ToLower(r.name) == name {
			return r
		}
	}
	return nil
}

// asRole is whoever calls with a session's key: a user without a name that has the
// role's policies. A role that was deleted leaves its sessions nothing.
func (w *world) asRole(keyID string) (*session, *user) {
	s := w.sessions[keyID]
	if s == nil {
		return nil, nil
	}
	u := &user{id: s.roleID, groups: map[string]time.Time{}}
	if r := w.roles[s.role]; r != nil && r.id == s.roleID {
		u.attached = r.attached
	}
	return s, u
}

// stands refuses a call without the session's token, or after its end.
func (s *session) stands(q *request, now time.Time) *Error {
	switch {
	case q.token != string(s.token):
		return errToken
	case !now.Before(s.expires):
		return errExpired
	}
	return nil
}

// principal is the session as ActionTrail names it: "<role id>:<session name>".
func (s *session) principal(roleID string) string { return roleID + ":" + s.name }

// trustedBy asks the role's trust policy. A policy that trusts an account trusts
// everybody in it.
func (c *call) trustedBy(r *role) bool {
	principals, err := trusted(r.trust)
	me := c.arn("user/" + c.caller.name)
	if c.session != nil {
		me = c.arn("role/" + strings.ToLower(c.session.role))
	}
	return err == nil && (slices.Contains(principals, c.arn("root")) || slices.Contains(principals, me))
}

// trusted are the RAM principals that a trust policy lets in. Conditions are not
// evaluated: a policy with one lets nobody in.
func trusted(text string) ([]string, error) {
	var doc struct {
		Version   string
		Statement []struct {
			Effect    string
			Action    texts
			Principal struct{ RAM, Service, Federated texts }
			Condition json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	if doc.Version != "1" || len(doc.Statement) == 0 {
		return nil, errTrust
	}
	var out []string
	for _, s := range doc.Statement {
		someone := len(s.Principal.RAM)+len(s.Principal.Service)+len(s.Principal.Federated) > 0
		if s.Effect != "Allow" && s.Effect != "Deny" || len(s.Action) == 0 || !someone {
			return nil, errTrust
		}
		if s.Effect == "Allow" && slices.Contains(s.Action, "sts:AssumeRole") && len(s.Condition) == 0 {
			out = append(out, s.Principal.RAM...)
		}
	}
	return out, nil
}

var errTrust = errors.New("not a trust policy")

// texts is one text or a list of them.
type texts []string

// UnmarshalJSON takes both forms.
func (t *texts) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(t))
}
