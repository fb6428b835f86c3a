package sandbox_test

import (
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ramsdk "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/dara"

	"twokey/actions/sandbox"
)

func TestStatement1GetIsAcceptedToo(t *testing.T) {
	s := start(t)
	client := must[*openapi.Client](t)(openapi.NewClient(s.config(t, s.bot, wire{})))
	got, err := client.CallApiWithCtx(t.Context(), &openapiutil.Params{
		Action: new("GetUser"), Version: new(ram), Protocol: new("HTTP"), Method: new("GET"),
		AuthType: new("AK"), Style: new("RPC"), Pathname: new("/"), ReqBodyType: new("formData"), BodyType: new("json"),
	}, &openapiutil.OpenApiRequest{Query: openapiutil.Query(map[string]any{"UserName": "alice"})}, &dara.RuntimeOptions{})
	ok(t, err)
	if got["body"].(map[string]any)["User"].(map[string]any)["UserName"] != "alice" {
		t.Errorf("%v", got)
	}
}

func TestStatement4EveryMandatoryParameterIsAskedFor(t *testing.T) {
	s := start(t)
	for action, needs := range map[string][]string{
		"AttachPolicyToUser": {"UserName", "PolicyName", "PolicyType"}, "CreatePolicy": {"PolicyName", "PolicyDocument"},
		"UpdateAccessKey": {"UserAccessKeyId", "Status"}, "DeleteAccessKey": {"UserAccessKeyId"},
	} {
		for _, lacking := range needs {
			params := map[string]any{"UserName": "alice"}
			for _, name := range needs {
				params[name] = "x"
			}
			delete(params, lacking)
			_, err := s.call(t, s.bot, ram, action, params)
			refused(t, err, 400, "MissingParameter")
		}
	}
}

func TestStatement11PoliciesHaveAQuota(t *testing.T) {
	s := start(t, func(o *sandbox.Options) { o.Quotas.Policies = 1 })
	ok(t, s.createPolicy(t, "p", deny))
	refused(t, s.createPolicy(t, "p", deny), 409, "EntityAlreadyExists.Policy") // before the quota
	refused(t, s.createPolicy(t, "q", deny), 409, "LimitExceeded.Policy")
	s = start(t, func(o *sandbox.Options) { o.Quotas.PolicySize = len(deny) })
	ok(t, s.createPolicy(t, "exactly", deny))
	refused(t, s.createPolicy(t, "more", deny+" "), 400, "InvalidParameter.PolicyDocument.Length")
}

func TestStatement13ADetachedPolicyMayBeAttachedAgain(t *testing.T) {
	s := start(t)
	ok(t, s.createPolicy(t, "q", deny))
	ok(t, s.attach(t, "Custom", "q"))
	ok(t, s.detach(t, "Custom", "q"))
	refused(t, s.detach(t, "Custom", "q"), 404, "EntityNotExist.User.Policy")
	ok(t, s.attach(t, "Custom", "q"))
	refused(t, s.attach(t, "Custom", "none"), 404, "EntityNotExist.Policy")
}

func TestStatement14AQuestionMarkIsOneCharacter(t *testing.T) {
	s := start(t)
	ok(t, s.AddPolicy("some", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:DescribeInstance?","Resource":"*"}]}`))
	ok(t, s.SetPolicies("alice", sandbox.PolicyRef{Type: sandbox.Custom, Name: "some"}))
	s.decided(t, s.alice, ecs, "DescribeInstances", nil, "")
	s.decided(t, s.alice, ram, "ListUsers", nil, "ImplicitDeny")
	ok(t, s.AddPolicy("some", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:DescribeInstances?","Resource":"*"}]}`))
	s.decided(t, s.alice, ecs, "DescribeInstances", nil, "ImplicitDeny")
}

func TestAnotherVersionCanBePutInForce(t *testing.T) {
	s := start(t)
	ok(t, s.createPolicy(t, "q", deny))
	allow := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	_, err := s.ram(t, s.bot).CreatePolicyVersion(&ramsdk.CreatePolicyVersionRequest{PolicyName: new("q"), PolicyDocument: new(allow)})
	ok(t, err)
	ok(t, s.attach(t, "Custom", "q"))
	s.decided(t, s.alice, ram, "ListUsers", nil, "ImplicitDeny")
	put := func(policy, version string) error {
		_, err := s.call(t, s.bot, ram, "SetDefaultPolicyVersion", map[string]any{"PolicyName": policy, "VersionId": version})
		return err
	}
	refused(t, put("q", "v9"), 404, "EntityNotExist.Policy.Version")
	refused(t, put("none", "v1"), 404, "EntityNotExist.Policy")
	ok(t, put("q", "v2"))
	s.decided(t, s.alice, ram, "ListUsers", nil, "")
}

func TestAPurgedKeyIsGoneForGood(t *testing.T) {
	s := start(t)
	s.remove(t, s.alice.ID)
	purge := map[string]any{"UserId": s.id, "UserAccessKeyId": s.alice.ID}
	_, err := s.call(t, s.bot, ims, "DeleteAccessKeyInRecycleBin", purge)
	ok(t, err)
	_, err = s.call(t, s.bot, ims, "DeleteAccessKeyInRecycleBin", purge)
	refused(t, err, 404, "EntityNotExist.User.AccessKey")
	_, err = s.call(t, s.bot, ims, "RestoreAccessKeyFromRecycleBin", purge)
	refused(t, err, 404, "EntityNotExist.User.AccessKey")
	_, err = s.call(t, s.bot, ims, "DeleteAccessKeyInRecycleBin", map[string]any{"UserId": "1", "UserAccessKeyId": s.alice.ID})
	refused(t, err, 404, "EntityNotExist.User")
}

func TestWhatIsWrongMayBeSaidBeforeWhetherOneMay(t *testing.T) {
	s := start(t)
	nobody := map[string]any{"UserName": "nobody", "UserAccessKeyId": "x", "Status": "Inactive"}
	theirs := map[string]any{"UserName": "bot", "UserAccessKeyId": s.bot.ID, "Status": "Inactive"}
	_, err := s.call(t, s.alice, ram, "UpdateAccessKey", nobody)
	refused(t, err, 403, "NoPermission")
	s.SetBehaviour(sandbox.Behaviour{ExistenceFirst: true})
	_, err = s.call(t, s.alice, ram, "UpdateAccessKey", nobody)
	refused(t, err, 404, "EntityNotExist.User")
	_, err = s.call(t, s.alice, ram, "UpdateAccessKey", theirs)
	refused(t, err, 403, "NoPermission")
	if diff := s.keyStatus(t, "bot"); diff[s.bot.ID] != "Active" {
		t.Error("a call that nobody may make took effect")
	}
	_, err = s.call(t, s.alice, ram, "CreateAccessKey", map[string]any{"UserName": "bot"})
	refused(t, err, 403, "NoPermission")
	if len(s.keyStatus(t, "bot")) != 1 {
		t.Error("a key was made")
	}
}
