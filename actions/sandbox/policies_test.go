package sandbox_test

import (
	"errors"
	"strings"
	"testing"

	ramsdk "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

const deny = `{"Version":"1","Statement":[{"Effect":"Deny","Action":["ram:CreateUser","ecs:DeleteInstance"],"Resource":"*"}]}`

func (s *stage) createPolicy(t *testing.T, name, document string) error {
	t.Helper()
	_, err := s.ram(t, s.bot).CreatePolicy(&ramsdk.CreatePolicyRequest{PolicyName: new(name), PolicyDocument: new(document)})
	return err
}

func (s *stage) attach(t *testing.T, kind, name string) error {
	t.Helper()
	_, err := s.ram(t, s.bot).AttachPolicyToUser(&ramsdk.AttachPolicyToUserRequest{
		UserName: new("alice"), PolicyType: new(kind), PolicyName: new(name),
	})
	return err
}

func (s *stage) detach(t *testing.T, kind, name string) error {
	t.Helper()
	_, err := s.ram(t, s.bot).DetachPolicyFromUser(&ramsdk.DetachPolicyFromUserRequest{
		UserName: new("alice"), PolicyType: new(kind), PolicyName: new(name),
	})
	return err
}

func TestStatement11CreatePolicyReadsTheDocumentStrictly(t *testing.T) {
	s := start(t)
	for _, row := range []struct {
		name, document string
		status         int
		code           string
	}{
		{"p", "{", 400, "MalformedPolicyDocument"},
		{"p", strings.Replace(deny, `"1"`, `"2"`, 1), 400, "MalformedPolicyDocument"},
		{"p", `{"Version":"1"}`, 400, "MalformedPolicyDocument"},
		{"p", strings.Replace(deny, "Deny", "Tolak", 1), 400, "MalformedPolicyDocument"},
		{"p", deny + strings.Repeat(" ", 6144), 400, "InvalidParameter.PolicyDocument.Length"},
		{"p_q", deny, 400, "InvalidParameter.PolicyName.InvalidChars"},
		{strings.Repeat("p", 129), deny, 400, "InvalidParameter.PolicyName.Length"},
	} {
		refused(t, s.createPolicy(t, row.name, row.document), row.status, row.code)
	}
	ok(t, s.createPolicy(t, strings.Repeat("p", 128), deny))
	ok(t, s.createPolicy(t, "q", deny))
	refused(t, s.createPolicy(t, "q", deny), 409, "EntityAlreadyExists.Policy")
}

func TestStatement11TheDocumentComesBackAsGiven(t *testing.T) {
	s := start(t)
	ok(t, s.createPolicy(t, "q", deny))
	got, err := s.ram(t, s.bot).GetPolicy(&ramsdk.GetPolicyRequest{PolicyName: new("q"), PolicyType: new("Custom")})
	ok(t, err)
	if diff := cmp.Diff(deny, *got.Body.DefaultPolicyVersion.PolicyDocument); diff != "" {
		t.Error(diff)
	}
}

func TestStatement12AttachOnceWithTheRightType(t *testing.T) {
	s := start(t)
	ok(t, s.createPolicy(t, "q", deny))
	ok(t, s.attach(t, "Custom", "q"))
	refused(t, s.attach(t, "Custom", "q"), 409, "EntityAlreadyExists.User.Policy")
	refused(t, s.attach(t, "System", "q"), 404, "EntityNotExist.Policy")
	refused(t, s.attach(t, "Custom", "AdministratorAccess"), 404, "EntityNotExist.Policy")
	refused(t, s.attach(t, "custom", "q"), 400, "InvalidParameter.PolicyType")
	got, err := s.ram(t, s.bot).ListPoliciesForUser(&ramsdk.ListPoliciesForUserRequest{UserName: new("alice")})
	ok(t, err)
	if list := got.Body.Policies.Policy; len(list) != 1 || *list[0].PolicyName != "q" || *list[0].PolicyType != "Custom" {
		t.Errorf("%v", got.Body)
	}
}

func TestStatement12AttachmentsHaveAQuota(t *testing.T) {
	s := start(t, func(o *sandbox.Options) { o.Quotas.CustomPoliciesPerUser = 1 })
	ok(t, s.createPolicy(t, "p", deny))
	ok(t, s.createPolicy(t, "q", deny))
	ok(t, s.attach(t, "System", "ReadOnlyAccess")) // counted apart
	ok(t, s.attach(t, "Custom", "p"))
	refused(t, s.attach(t, "Custom", "q"), 409, "LimitExceeded.User.Policy")
	got, err := s.call(t, s.bot, ims, "GetAccountSummary", nil)
	ok(t, err)
	type summary struct {
		SummaryMap struct{ AttachedPoliciesPerUserQuota, PolicySizeQuota, Policies int }
	}
	if q := read[summary](t, got).SummaryMap; q.AttachedPoliciesPerUserQuota != 1 || q.PolicySizeQuota != 6144 || q.Policies != 2 {
		t.Errorf("%+v", q)
	}
}

func TestStatement13DetachAndDeleteAskForTheState(t *testing.T) {
	s := start(t)
	ok(t, s.createPolicy(t, "q", deny))
	refused(t, s.detach(t, "Custom", "q"), 404, "EntityNotExist.User.Policy")
	ok(t, s.attach(t, "Custom", "q"))
	remove := func(cascade bool) error {
		_, err := s.ram(t, s.bot).DeletePolicy(&ramsdk.DeletePolicyRequest{PolicyName: new("q"), CascadingDelete: new(cascade)})
		return err
	}
	refused(t, remove(true), 409, "DeleteConflict.Policy.User") // cascading takes versions, not attachments
	ok(t, s.detach(t, "Custom", "q"))
	_, err := s.ram(t, s.bot).CreatePolicyVersion(&ramsdk.CreatePolicyVersionRequest{
		PolicyName: new("q"), PolicyDocument: new(deny), SetAsDefault: new(true),
	})
	ok(t, err)
	refused(t, remove(false), 409, "DeleteConflict.Policy.Version")
	ok(t, s.AddGroup("ops", sandbox.PolicyRef{Type: sandbox.Custom, Name: "q"}))
	refused(t, remove(true), 409, "DeleteConflict.Policy.Group")
	ok(t, s.AddGroup("ops"))
	ok(t, remove(true))
	refused(t, remove(true), 404, "EntityNotExist.Policy")
}

func TestPolicyVersionsRotateOnRequestOnly(t *testing.T) {
	s := start(t, func(o *sandbox.Options) { o.Quotas.VersionsPerPolicy = 2 })
	ok(t, s.createPolicy(t, "q", deny))
	next := func(rotate string) error {
		_, err := s.ram(t, s.bot).CreatePolicyVersion(&ramsdk.CreatePolicyVersionRequest{
			PolicyName: new("q"), PolicyDocument: new(deny), SetAsDefault: new(true), RotateStrategy: new(rotate),
		})
		return err
	}
	ok(t, next("None"))
	refused(t, next("None"), 409, "LimitExceeded.Policy.Version")
	ok(t, next("DeleteOldestNonDefaultVersionWhenLimitExceeded"))
	got, err := s.ram(t, s.bot).ListPolicyVersions(&ramsdk.ListPolicyVersionsRequest{PolicyName: new("q"), PolicyType: new("Custom")})
	ok(t, err)
	var ids []string
	for _, v := range got.Body.PolicyVersions.PolicyVersion {
		ids = append(ids, *v.VersionId)
	}
	if diff := cmp.Diff([]string{"v2", "v3"}, ids); diff != "" {
		t.Error(diff)
	}
}

func TestGroupsAndEntitiesAreListed(t *testing.T) {
	s := start(t)
	ok(t, s.AddPolicy("q", deny))
	ref := sandbox.PolicyRef{Type: sandbox.Custom, Name: "q"}
	ok(t, s.AddGroup("ops", ref))
	ok(t, s.Join("alice", "ops"))
	ok(t, s.SetPolicies("alice", ref))
	groups, err := s.ram(t, s.bot).ListGroupsForUser(&ramsdk.ListGroupsForUserRequest{UserName: new("alice")})
	ok(t, err)
	policies, err := s.ram(t, s.bot).ListPoliciesForGroup(&ramsdk.ListPoliciesForGroupRequest{GroupName: new("ops")})
	ok(t, err)
	entities, err := s.ram(t, s.bot).ListEntitiesForPolicy(&ramsdk.ListEntitiesForPolicyRequest{PolicyName: new("q"), PolicyType: new("Custom")})
	ok(t, err)
	if *groups.Body.Groups.Group[0].GroupName != "ops" || *policies.Body.Policies.Policy[0].PolicyName != "q" ||
		*entities.Body.Users.User[0].UserId != s.id || *entities.Body.Groups.Group[0].GroupName != "ops" {
		t.Errorf("%v %v %v", groups.Body, policies.Body, entities.Body)
	}
	for want, err := range map[error]error{
		sandbox.ErrNoUser: s.SetPolicies("nobody"), sandbox.ErrNoGroup: s.Join("alice", "none"),
		sandbox.ErrNoPolicy: s.SetPolicies("alice", sandbox.PolicyRef{Type: sandbox.Custom, Name: "none"}),
	} {
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

func TestStatement14PoliciesDecide(t *testing.T) {
	ecsFull := sandbox.PolicyRef{Type: sandbox.System, Name: "AliyunECSFullAccess"}
	quarantine := sandbox.PolicyRef{Type: sandbox.Custom, Name: "q"}
	for _, row := range []struct {
		name                            string
		direct, group                   []sandbox.PolicyRef
		describe, remove, createAccount string // ExplicitDeny, ImplicitDeny or empty
	}{
		{"nothing", nil, nil, "ImplicitDeny", "ImplicitDeny", "ImplicitDeny"},
		{"ECS", []sandbox.PolicyRef{ecsFull}, nil, "", "", "ImplicitDeny"},
		{"ECS by group", nil, []sandbox.PolicyRef{ecsFull}, "", "", "ImplicitDeny"},
		{"quarantined", []sandbox.PolicyRef{admin, quarantine}, nil, "", "ExplicitDeny", "ExplicitDeny"},
		{"quarantined by group", []sandbox.PolicyRef{admin}, []sandbox.PolicyRef{quarantine}, "", "ExplicitDeny", "ExplicitDeny"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := start(t)
			ok(t, s.AddPolicy("q", strings.Replace(deny, "ecs:DeleteInstance", "ECS:deleteinst*", 1)))
			ok(t, s.SetPolicies("alice", row.direct...))
			ok(t, s.AddGroup("g", row.group...))
			ok(t, s.Join("alice", "g"))
			second := must[sandbox.Key](t)(s.AddKey("alice")) // a policy is per user: both keys feel it
			for _, k := range []sandbox.Key{s.alice, second} {
				id := s.AddInstance()
				s.decided(t, k, ecs, "DescribeInstances", nil, row.describe)
				s.decided(t, k, ecs, "DeleteInstance", map[string]any{"InstanceId": id}, row.remove)
				s.decided(t, k, ram, "CreateUser", map[string]any{"UserName": "x" + k.ID}, row.createAccount)
			}
		})
	}
}

func (s *stage) decided(t *testing.T, k sandbox.Key, version, action string, params map[string]any, denial string) {
	t.Helper()
	_, err := s.call(t, k, version, action, params)
	if denial == "" {
		ok(t, err)
		return
	}
	refused(t, err, 403, "NoPermission")
	var e *tea.SDKError
	errors.As(err, &e)
	if e.AccessDeniedDetail["NoPermissionType"] != denial || !strings.HasSuffix(e.AccessDeniedDetail["AuthAction"].(string), ":"+action) {
		t.Errorf("%s: %v, want %s", action, e.AccessDeniedDetail, denial)
	}
}

func TestStatement14ADenyDoesNotReachRoot(t *testing.T) {
	s := start(t)
	root := must[sandbox.Key](t)(s.AddRootKey())
	s.decided(t, root, ram, "CreateUser", map[string]any{"UserName": "x"}, "")
}

func TestPermissionOnOneUserIsNotPermissionOnAnother(t *testing.T) {
	s := start(t)
	ok(t, s.AddPolicy("self", strings.ReplaceAll(`{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:*","Resource":"acs:ram:*:ACCOUNT:user/alice"}]}`, "ACCOUNT", s.Account())))
	ok(t, s.SetPolicies("alice", sandbox.PolicyRef{Type: sandbox.Custom, Name: "self"}))
	s.decided(t, s.alice, ram, "ListAccessKeys", nil, "") // an empty name is alice herself
	s.decided(t, s.alice, ims, "ListAccessKeys", map[string]any{"UserPrincipalName": upn}, "")
	s.decided(t, s.alice, ram, "ListAccessKeys", map[string]any{"UserName": "bot"}, "ImplicitDeny")
	s.decided(t, s.alice, ram, "AttachPolicyToUser", map[string]any{"UserName": "alice", "PolicyType": "System", "PolicyName": "AdministratorAccess"}, "ImplicitDeny")
}
