package sandbox_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ramsdk "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

const alicePrincipal = "alice@acme.onaliyun.com"

func (s *stage) try(t *testing.T, version, action string, params map[string]any) error {
	t.Helper()
	_, err := s.call(t, s.bot, version, action, params)
	return err
}

func TestStatement15RAMDeletesAStrippedUserOnly(t *testing.T) {
	s := start(t)
	ok(t, s.AddGroup("ops"))
	ok(t, s.Join("alice", "ops"))
	ok(t, s.SetPolicies("alice", admin))
	ok(t, s.SetLogin("alice", &sandbox.Login{}))
	ok(t, s.SetMFA("alice", true))
	remove := func() error { return s.try(t, ram, "DeleteUser", map[string]any{"UserName": "alice"}) }
	for _, row := range []struct {
		what  string
		strip func() error
	}{
		{"AccessKey", func() error {
			s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
			return s.try(t, ram, "DeleteAccessKey", map[string]any{"UserName": "alice", "UserAccessKeyId": s.alice.ID})
		}},
		{"Policy", func() error { return s.detach(t, sandbox.System, "AdministratorAccess") }},
		{"Group", func() error {
			return s.try(t, ram, "RemoveUserFromGroup", map[string]any{"UserName": "alice", "GroupName": "ops"})
		}},
		{"LoginProfile", func() error { return s.try(t, ram, "DeleteLoginProfile", map[string]any{"UserName": "alice"}) }},
		{"MFADevice", func() error { return s.SetMFA("alice", false) }},
	} {
		refused(t, remove(), 409, "DeleteConflict.User."+row.what)
		ok(t, row.strip())
	}
	ok(t, remove())
	refused(t, remove(), 404, "EntityNotExist.User")
}

func TestStatement15TheRecycleBinOfUsers(t *testing.T) {
	for _, whole := range []bool{false, true} {
		s := start(t)
		s.SetBehaviour(sandbox.Behaviour{AcceptDeleteLeftovers: true, RestoreUserWhole: whole})
		ok(t, s.SetPolicies("alice", admin))
		ok(t, s.try(t, ims, "DeleteUser", map[string]any{"UserId": s.id}))
		_, err := s.call(t, s.alice, sts, "GetCallerIdentity", nil)
		refused(t, err, 404, "InvalidAccessKeyId.NotFound")
		refused(t, s.try(t, ims, "GetUser", map[string]any{"UserId": s.id}), 404, "EntityNotExist.User")

		type binnedKey struct {
			AccessKey struct {
				UserId       string //nolint:revive // as it travels
				UserRecycled bool
			}
		}
		inBin := read[binnedKey](t, must[answer](t)(s.call(t, s.bot, ims, "GetAccessKeyInfoInRecycleBin", map[string]any{"UserAccessKeyId": s.alice.ID})))
		if !inBin.AccessKey.UserRecycled || inBin.AccessKey.UserId != s.id {
			t.Fatalf("%+v", inBin)
		}
		type binnedUser struct {
			User struct{ UserId, UserPrincipalName, RecycleDate, DeleteDate string } //nolint:revive // as they travel
		}
		want := binnedUser{}
		want.User.UserId, want.User.UserPrincipalName = s.id, alicePrincipal
		want.User.RecycleDate, want.User.DeleteDate = "2026-11-21T02:50:00Z", "2026-12-21T02:50:00Z"
		for _, by := range []map[string]any{{"UserId": s.id}, {"UserAccessKeyId": s.alice.ID}} {
			found := read[binnedUser](t, must[answer](t)(s.call(t, s.bot, ims, "GetUserInRecycleBin", by)))
			if diff := cmp.Diff(want, found); diff != "" {
				t.Fatal(diff)
			}
		}
		type listed struct {
			Users struct{ User []map[string]string }
		}
		page := read[listed](t, must[answer](t)(s.call(t, s.bot, ims, "ListUsersInRecycleBin", map[string]any{"Filter": "UserPrincipalName eq " + alicePrincipal})))
		if len(page.Users.User) != 1 {
			t.Fatalf("%+v", page)
		}

		other := s.AddUser("alice") // the name is free now, and taken
		refused(t, s.try(t, ims, "RestoreUserFromRecycleBin", map[string]any{"UserId": s.id}), 409, "EntityAlreadyExists.User")
		ok(t, s.try(t, ims, "DeleteUser", map[string]any{"UserId": other}))
		ok(t, s.try(t, ims, "RestoreUserFromRecycleBin", map[string]any{"UserId": s.id}))
		if got := s.keyStatus(t, "alice")[s.alice.ID]; got != sandbox.Inactive {
			t.Fatalf("the key is %q", got)
		}
		attached, err := s.ram(t, s.bot).ListPoliciesForUser(&ramsdk.ListPoliciesForUserRequest{UserName: new("alice")})
		ok(t, err)
		if came := len(attached.Body.Policies.Policy) == 1; came != whole {
			t.Fatalf("whole %v, with its policy %v", whole, came)
		}
	}
}

func TestStatement15TheRecycleBinForgetsAfter30Days(t *testing.T) {
	s := start(t)
	s.SetBehaviour(sandbox.Behaviour{AcceptDeleteLeftovers: true})
	ok(t, s.try(t, ims, "DeleteUser", map[string]any{"UserPrincipalName": alicePrincipal}))
	s.clock.advance(30 * 24 * time.Hour)
	for action, params := range map[string]map[string]any{
		"GetUserInRecycleBin":          {"UserId": s.id},
		"RestoreUserFromRecycleBin":    {"UserId": s.id},
		"GetAccessKeyInfoInRecycleBin": {"UserAccessKeyId": s.alice.ID},
	} {
		err := s.try(t, ims, action, params)
		if action == "GetAccessKeyInfoInRecycleBin" {
			refused(t, err, 404, "EntityNotExist.User.AccessKey")
			continue
		}
		refused(t, err, 404, "EntityNotExist.User")
	}
}

func TestAFullBinLosesWhoWasDeletedFirst(t *testing.T) {
	s := start(t, func(o *sandbox.Options) { o.Quotas.BinUsers = 1 })
	s.SetBehaviour(sandbox.Behaviour{AcceptDeleteLeftovers: true})
	eve := s.AddUser("eve")
	ok(t, s.try(t, ims, "DeleteUser", map[string]any{"UserId": s.id}))
	s.clock.advance(time.Second)
	ok(t, s.try(t, ims, "DeleteUser", map[string]any{"UserId": eve}))
	refused(t, s.try(t, ims, "RestoreUserFromRecycleBin", map[string]any{"UserId": s.id}), 404, "EntityNotExist.User")
	ok(t, s.try(t, ims, "RestoreUserFromRecycleBin", map[string]any{"UserId": eve}))
}

func TestIMSMayWantAStrippedUserToo(t *testing.T) {
	s := start(t)
	refused(t, s.try(t, ims, "DeleteUser", map[string]any{"UserId": s.id}), 409, "DeleteConflict.User.AccessKey")
	refused(t, s.try(t, ims, "DeleteUser", nil), 404, "EntityNotExist.User") // never the caller
}

func TestStatement16LogonAndMFA(t *testing.T) {
	s := start(t)
	for version, name := range map[string]map[string]any{ram: {"UserName": "alice"}, ims: {"UserPrincipalName": alicePrincipal}} {
		refused(t, s.try(t, version, "GetLoginProfile", name), 404, "EntityNotExist.User.LoginProfile")
		refused(t, s.try(t, version, "UpdateLoginProfile", name), 404, "EntityNotExist.User.LoginProfile")
		refused(t, s.try(t, version, "DeleteLoginProfile", name), 404, "EntityNotExist.User.LoginProfile")
	}
	refused(t, s.try(t, ram, "GetUserMFAInfo", map[string]any{"UserName": "alice"}), 404, "EntityNotExist.User.MFADevice")
	type mfa struct{ IsMFAEnable bool }
	if read[mfa](t, must[answer](t)(s.call(t, s.bot, ims, "GetUserMFAInfo", map[string]any{"UserPrincipalName": alicePrincipal}))).IsMFAEnable {
		t.Fatal("a device out of nowhere")
	}
	refused(t, s.try(t, ram, "CreateLoginProfile", map[string]any{"UserName": "alice", "Password": "short"}), 400, "InvalidParameter.Password.TooWeak")
	ok(t, s.try(t, ram, "CreateLoginProfile", map[string]any{"UserName": "alice", "Password": "long enough, surely"}))
	ok(t, s.LogOn("alice"))
	set := func(params map[string]any) {
		t.Helper()
		params["UserPrincipalName"] = alicePrincipal
		ok(t, s.try(t, ims, "UpdateLoginProfile", params))
	}
	set(map[string]any{"MFABindRequired": true})
	if err := s.LogOn("alice"); !errors.Is(err, sandbox.ErrNoMFA) {
		t.Fatal(err)
	}
	ok(t, s.SetMFA("alice", true))
	ok(t, s.LogOn("alice"))
	set(map[string]any{"Status": sandbox.Inactive})
	if err := s.LogOn("alice"); !errors.Is(err, sandbox.ErrNoLogin) {
		t.Fatal(err)
	}
	type profile struct {
		LoginProfile struct {
			Status          string
			MFABindRequired bool
		}
	}
	got := read[profile](t, must[answer](t)(s.call(t, s.bot, ims, "GetLoginProfile", map[string]any{"UserPrincipalName": alicePrincipal})))
	if got.LoginProfile.Status != sandbox.Inactive || !got.LoginProfile.MFABindRequired {
		t.Fatalf("%+v", got)
	}
	refused(t, s.try(t, ims, "UpdateLoginProfile", map[string]any{"UserPrincipalName": alicePrincipal, "Status": "Off"}), 400, "InvalidParameter.Status")
}

type preference struct {
	SecurityPreference struct {
		AccessKeyPreference    struct{ AllowUserToManageAccessKeys bool }
		LoginProfilePreference struct {
			MFAOperationForLogin, LoginNetworkMasks string
			LoginSessionDuration                    int
			EnableSaveMFATicket                     bool
		}
		MaxIdleDays            struct{ MaxIdleDaysForAccessKeys int }
		VerificationPreference struct{ VerificationTypes []string }
	}
}

func TestStatement18ThePreferenceChangesWhereNamed(t *testing.T) {
	s := start(t)
	ok(t, s.SetLogin("alice", &sandbox.Login{}))
	ok(t, s.SetPreference("LoginSessionDuration", "12"))
	before := read[preference](t, must[answer](t)(s.call(t, s.bot, ims, "GetSecurityPreference", nil)))
	changed := read[preference](t, must[answer](t)(s.call(t, s.bot, ims, "SetSecurityPreference", map[string]any{
		"MFAOperationForLogin": sandbox.Mandatory, "VerificationTypes.1": "sms",
	})))
	want := before
	want.SecurityPreference.LoginProfilePreference.MFAOperationForLogin = sandbox.Mandatory
	want.SecurityPreference.VerificationPreference.VerificationTypes = []string{"sms"}
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Fatal(diff)
	}
	if want.SecurityPreference.LoginProfilePreference.LoginSessionDuration != 12 {
		t.Fatal("the seeded value was lost")
	}
	if err := s.LogOn("alice"); !errors.Is(err, sandbox.ErrNoMFA) {
		t.Fatal(err)
	}
	refused(t, s.try(t, ims, "SetSecurityPreference", map[string]any{"MFAOperationForLogin": "sometimes"}), 400, "InvalidParameter.MFAOperationForLogin")

	s.SetBehaviour(sandbox.Behaviour{ForgetPreference: true})
	forgot := read[preference](t, must[answer](t)(s.call(t, s.bot, ims, "SetSecurityPreference", map[string]any{"MFAOperationForLogin": sandbox.Mandatory})))
	if forgot.SecurityPreference.LoginProfilePreference.LoginSessionDuration == 12 {
		t.Fatal("the switch does nothing")
	}
}

func TestRootsKeysAreACount(t *testing.T) {
	s := start(t)
	type report struct {
		AccountSecurityPracticeInfo struct {
			AccountSecurityPracticeUserInfo struct {
				RootWithAccessKey int
				BindMfa           bool
			}
		}
	}
	count := func() int {
		t.Helper()
		return read[report](t, must[answer](t)(s.call(t, s.bot, ims, "GetAccountSecurityPracticeReport", nil))).
			AccountSecurityPracticeInfo.AccountSecurityPracticeUserInfo.RootWithAccessKey
	}
	root := must[sandbox.Key](t)(s.AddRootKey())
	if n := count(); n != 1 {
		t.Fatal(n)
	}
	ok(t, s.SetRootKey(root.ID, false)) // a disabled one is there still
	_, err := s.call(t, root, sts, "GetCallerIdentity", nil)
	refused(t, err, 400, "InvalidAccessKeyId.Inactive")
	if n := count(); n != 1 {
		t.Fatal(n)
	}
	ok(t, s.DeleteRootKey(root.ID))
	if n := count(); n != 0 {
		t.Fatal(n)
	}
	if err := s.DeleteRootKey(root.ID); !errors.Is(err, sandbox.ErrNoKey) {
		t.Fatal(err)
	}
}

func TestGroupsGiveAndTakePower(t *testing.T) {
	s := start(t, func(o *sandbox.Options) { o.Quotas.GroupsPerUser = 1 })
	group := func(action, name string, more ...string) error {
		params := map[string]any{"GroupName": name}
		for i := 0; i+1 < len(more); i += 2 {
			params[more[i]] = more[i+1]
		}
		return s.try(t, ram, action, params)
	}
	refused(t, group("CreateGroup", "no good"), 400, "InvalidParameter.GroupName.InvalidChars")
	ok(t, group("CreateGroup", "ops"))
	refused(t, group("CreateGroup", "ops"), 409, "EntityAlreadyExists.Group")
	ok(t, group("CreateGroup", "more"))
	ok(t, group("AttachPolicyToGroup", "ops", "PolicyType", sandbox.System, "PolicyName", "AliyunECSReadOnlyAccess"))
	refused(t, group("AttachPolicyToGroup", "ops", "PolicyType", sandbox.System, "PolicyName", "AliyunECSReadOnlyAccess"), 409, "EntityAlreadyExists.Group.Policy")
	refused(t, group("AddUserToGroup", "none", "UserName", "alice"), 404, "EntityNotExist.Group")
	ok(t, group("AddUserToGroup", "ops", "UserName", "alice"))
	refused(t, group("AddUserToGroup", "ops", "UserName", "alice"), 409, "EntityAlreadyExists.User.Group")
	refused(t, group("AddUserToGroup", "more", "UserName", "alice"), 409, "LimitExceeded.User.Group")
	see := func() error { _, err := s.call(t, s.alice, ecs, "DescribeInstances", nil); return err }
	ok(t, see())
	ok(t, group("RemoveUserFromGroup", "ops", "UserName", "alice"))
	refused(t, see(), 403, "NoPermission")
	refused(t, group("RemoveUserFromGroup", "ops", "UserName", "alice"), 404, "EntityNotExist.User.Group")
	ok(t, group("DetachPolicyFromGroup", "ops", "PolicyType", sandbox.System, "PolicyName", "AliyunECSReadOnlyAccess"))
	refused(t, group("DetachPolicyFromGroup", "ops", "PolicyType", sandbox.System, "PolicyName", "AliyunECSReadOnlyAccess"), 404, "EntityNotExist.Group.Policy")
}

func TestTheBinAndThePreferenceOutliveTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "account")
	s := start(t, func(o *sandbox.Options) { o.File = file })
	s.SetBehaviour(sandbox.Behaviour{AcceptDeleteLeftovers: true})
	ok(t, s.try(t, ims, "DeleteUser", map[string]any{"UserId": s.id}))
	ok(t, s.try(t, ims, "SetSecurityPreference", map[string]any{"MFAOperationForLogin": sandbox.Mandatory}))
	bot, id := s.bot, s.id
	ok(t, s.Close())
	again := start(t, func(o *sandbox.Options) { o.File = file })
	again.bot = bot
	ok(t, again.try(t, ims, "GetUserInRecycleBin", map[string]any{"UserId": id}))
	got := read[preference](t, must[answer](t)(again.call(t, bot, ims, "GetSecurityPreference", nil)))
	if got.SecurityPreference.LoginProfilePreference.MFAOperationForLogin != sandbox.Mandatory {
		t.Fatalf("%+v", got)
	}
}

func TestNoPasswordIsLogged(t *testing.T) {
	s := start(t)
	password := "tell nobody " + "of this"
	refused(t, s.try(t, ram, "CreateLoginProfile", map[string]any{"UserName": "alice"}), 400, "MissingParameter")
	ok(t, s.try(t, ram, "CreateLoginProfile", map[string]any{"UserName": "alice", "Password": password}))
	ok(t, s.try(t, ims, "UpdateLoginProfile", map[string]any{"UserPrincipalName": alicePrincipal, "Password": password}))
	s.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true})
	text := must[answer](t)(s.call(t, s.bot, trail, "LookupEvents", map[string]any{
		"LookupAttribute.1.Key": "EventName", "LookupAttribute.1.Value": "CreateLoginProfile",
	}))
	if strings.Contains(string(text), password) || !strings.Contains(string(text), "CreateLoginProfile") {
		t.Fatal(string(text))
	}
}
