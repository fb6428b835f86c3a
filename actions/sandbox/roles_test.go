package sandbox_test

import (
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/aliyun/credentials-go/credentials"

	"twokey/actions/sandbox"
)

// taken is a role that somebody took on.
type taken struct {
	AssumedRoleUser struct{ Arn, AssumedRoleId string } //nolint:revive // as they travel
	Credentials     struct {
		AccessKeyId     string //nolint:revive // as it travels
		AccessKeySecret sandbox.Secret
		SecurityToken   sandbox.Secret
		Expiration      time.Time
	}
}

func (s *stage) assume(t *testing.T, k sandbox.Key, role string, more map[string]any) (taken, error) {
	t.Helper()
	params := map[string]any{"RoleArn": "acs:ram::" + s.Account() + ":role/" + role, "RoleSessionName": "alice-1"}
	maps.Copy(params, more)
	got, err := s.call(t, k, sts, "AssumeRole", params)
	if err != nil {
		return taken{}, err
	}
	out := read[struct {
		AssumedRoleUser struct{ Arn, AssumedRoleId string } //nolint:revive // as they travel
		Credentials     struct {
			AccessKeyId, AccessKeySecret, SecurityToken string //nolint:revive // as they travel
			Expiration                                  time.Time
		}
	}](t, got)
	r := taken{AssumedRoleUser: out.AssumedRoleUser}
	r.Credentials.AccessKeyId, r.Credentials.Expiration = out.Credentials.AccessKeyId, out.Credentials.Expiration
	r.Credentials.AccessKeySecret, r.Credentials.SecurityToken = sandbox.Secret(out.Credentials.AccessKeySecret), sandbox.Secret(out.Credentials.SecurityToken)
	return r, nil
}

// inRole makes one call with a session's key.
func (s *stage) inRole(t *testing.T, r taken, version, action string) error {
	t.Helper()
	credential := must[credentials.Credential](t)(credentials.NewCredential(&credentials.Config{
		Type: new("sts"), AccessKeyId: new(r.Credentials.AccessKeyId),
		AccessKeySecret: new(string(r.Credentials.AccessKeySecret)), SecurityToken: new(string(r.Credentials.SecurityToken)),
	}))
	c := must[*client.Client](t)(client.NewClient(&openapiutil.Config{
		Credential: credential, Endpoint: new(s.Address()), Protocol: new("http"), HttpClient: wire{},
	}))
	_, err := c.CallApiWithCtx(t.Context(), &openapiutil.Params{
		Action: new(action), Version: new(version), Protocol: new("HTTP"), Method: new("POST"),
		AuthType: new("AK"), Style: new("RPC"), Pathname: new("/"), ReqBodyType: new("formData"), BodyType: new("json"),
	}, &openapiutil.OpenApiRequest{}, &dara.RuntimeOptions{})
	return err
}

var assumer = sandbox.PolicyRef{Type: sandbox.System, Name: "AliyunSTSAssumeRoleAccess"}

func TestASessionHasTheRolesPowerAndOutlivesItsKey(t *testing.T) {
	s := start(t)
	ok(t, s.AddRole("deployer", nil, sandbox.PolicyRef{Type: sandbox.System, Name: "AliyunECSFullAccess"}))
	ok(t, s.SetPolicies("alice", assumer))
	r := must[taken](t)(s.assume(t, s.alice, "deployer", nil))
	if r.AssumedRoleUser.Arn != "acs:ram::"+s.Account()+":role/deployer/alice-1" || !strings.HasPrefix(r.Credentials.AccessKeyId, "STS.") {
		t.Errorf("%+v", r)
	}
	ok(t, s.inRole(t, r, ecs, "DescribeInstances"))
	refused(t, s.inRole(t, r, ram, "ListUsers"), http.StatusForbidden, "NoPermission")
	refused(t, s.inRole(t, r, ram, "CreateAccessKey"), http.StatusForbidden, "NoPermission")

	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
	ok(t, s.inRole(t, r, ecs, "DescribeInstances"))

	other := r
	other.Credentials.SecurityToken = "another"
	refused(t, s.inRole(t, other, ecs, "DescribeInstances"), http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey")
	s.clock.advance(time.Hour)
	refused(t, s.inRole(t, r, ecs, "DescribeInstances"), http.StatusBadRequest, "InvalidSecurityToken.Expired")
}

func TestWhoMayTakeOnARole(t *testing.T) {
	s := start(t)
	ok(t, s.AddRole("open", nil))
	ok(t, s.AddRole("closed", []string{"acs:ram::" + s.Account() + ":user/bob"}))
	_, err := s.assume(t, s.alice, "open", nil)
	refused(t, err, http.StatusForbidden, "NoPermission") // nothing allows it
	ok(t, s.SetPolicies("alice", assumer))
	_, err = s.assume(t, s.alice, "closed", nil)
	refused(t, err, http.StatusForbidden, "NoPermission") // the role does not trust her
	_, err = s.assume(t, s.alice, "none", nil)
	refused(t, err, http.StatusNotFound, "EntityNotExist.Role")
	_, err = s.assume(t, s.alice, "open", map[string]any{"DurationSeconds": "60"})
	refused(t, err, http.StatusBadRequest, "InvalidParameter.DurationSeconds")
	root := must[sandbox.Key](t)(s.AddRootKey())
	_, err = s.assume(t, root, "open", nil)
	refused(t, err, http.StatusForbidden, "NoPermission")
}

func TestRolesAreMadeAndRead(t *testing.T) {
	s := start(t)
	trust := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::` + s.Account() + `:root"]}}]}`
	make1 := map[string]any{"RoleName": "Backup", "AssumeRolePolicyDocument": trust, "MaxSessionDuration": "7200"}
	_, err := s.call(t, s.bot, ram, "CreateRole", make1)
	ok(t, err)
	_, err = s.call(t, s.bot, ram, "CreateRole", make1)
	refused(t, err, http.StatusConflict, "EntityAlreadyExists.Role")
	for _, bad := range []string{"{}", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`, strings.Replace(trust, "Allow", "Tolak", 1)} {
		_, err = s.call(t, s.bot, ram, "CreateRole", map[string]any{"RoleName": "x", "AssumeRolePolicyDocument": bad})
		refused(t, err, http.StatusBadRequest, "MalformedPolicyDocument")
	}
	got := read[struct {
		Role struct {
			Arn, RoleName, RoleId, AssumeRolePolicyDocument string //nolint:revive // as they travel
			MaxSessionDuration                              int
		}
	}](t, must[answer](t)(s.call(t, s.bot, ram, "GetRole", map[string]any{"RoleName": "Backup"})))
	if got.Role.AssumeRolePolicyDocument != trust || got.Role.MaxSessionDuration != 7200 || got.Role.RoleId == "" {
		t.Errorf("%+v", got)
	}
	_, err = s.call(t, s.bot, ram, "GetRole", map[string]any{"RoleName": "none"})
	refused(t, err, http.StatusNotFound, "EntityNotExist.Role")
	list := read[struct {
		Roles struct{ Role []struct{ RoleName string } }
	}](t, must[answer](t)(s.call(t, s.bot, ram, "ListRoles", nil)))
	if len(list.Roles.Role) != 1 || list.Roles.Role[0].RoleName != "Backup" {
		t.Errorf("%+v", list)
	}
}

func TestTheTrailNamesTheRoleAndNeverASecret(t *testing.T) {
	s := start(t, func(o *sandbox.Options) { o.File = filepath.Join(t.TempDir(), "account") })
	s.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true})
	ok(t, s.AddRole("deployer", nil, sandbox.PolicyRef{Type: sandbox.System, Name: "AliyunECSFullAccess"}))
	ok(t, s.SetPolicies("alice", assumer))
	r := must[taken](t)(s.assume(t, s.alice, "deployer", nil))
	ok(t, s.inRole(t, r, ecs, "DescribeInstances"))
	body := must[answer](t)(s.call(t, s.bot, trail, "LookupEvents", map[string]any{"LookupAttribute.1.Key": "RoleName", "LookupAttribute.1.Value": "deployer"}))
	for _, secret := range []sandbox.Secret{r.Credentials.AccessKeySecret, r.Credentials.SecurityToken} {
		if strings.Contains(string(body), string(secret)) {
			t.Error("the trail holds a secret")
		}
	}
	got := read[struct {
		Events []struct {
			EventName    string
			UserIdentity struct{ Type, UserName, PrincipalId, AccessKeyId string } //nolint:revive // as they travel
		}
	}](t, body)
	if len(got.Events) != 2 {
		t.Fatalf("%+v", got)
	}
	if who := got.Events[0].UserIdentity; who.Type != "assumed-role" || who.UserName != "deployer:alice-1" || who.AccessKeyId != r.Credentials.AccessKeyId {
		t.Errorf("%+v", who)
	}
	if e := got.Events[1]; e.EventName != "AssumeRole" || e.UserIdentity.AccessKeyId != s.alice.ID || e.UserIdentity.Type != "ram-user" {
		t.Errorf("%+v", e)
	}
	if !strings.Contains(string(body), r.AssumedRoleUser.Arn) {
		t.Error("the answer of AssumeRole is not in the trail")
	}
}
