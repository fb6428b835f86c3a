package sandbox_test

import (
	"testing"
	"time"

	ramsdk "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

const upn = "alice@acme.onaliyun.com"

func TestStatement5TwoKeysAreTheQuota(t *testing.T) {
	s := start(t)
	client := s.ram(t, s.bot)
	made, err := client.CreateAccessKey(&ramsdk.CreateAccessKeyRequest{UserName: new("alice")})
	ok(t, err)
	k := made.Body.AccessKey
	if *k.Status != "Active" || len(*k.AccessKeySecret) != 30 || len(*k.AccessKeyId) != 24 {
		t.Errorf("%s %s", *k.AccessKeyId, *k.Status)
	}
	fresh := sandbox.Key{ID: *k.AccessKeyId, Secret: sandbox.Secret(*k.AccessKeySecret)}
	_, err = s.call(t, fresh, sts, "GetCallerIdentity", nil)
	ok(t, err)
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive) // still counts
	_, err = client.CreateAccessKey(&ramsdk.CreateAccessKeyRequest{UserName: new("alice")})
	refused(t, err, 409, "LimitExceeded.User.AccessKey")
	_, err = client.CreateAccessKey(&ramsdk.CreateAccessKeyRequest{UserName: new("nobody")})
	refused(t, err, 404, "EntityNotExist.User")
}

func TestStatement6AnEmptyUserNameActsOnTheCaller(t *testing.T) {
	s := start(t)
	_, err := s.ram(t, s.bot).UpdateAccessKey(&ramsdk.UpdateAccessKeyRequest{
		UserAccessKeyId: new(s.alice.ID), Status: new("Inactive"),
	})
	refused(t, err, 404, "EntityNotExist.User.AccessKey") // the bot's keys were searched
	_, err = s.ram(t, s.bot).UpdateAccessKey(&ramsdk.UpdateAccessKeyRequest{
		UserAccessKeyId: new(s.bot.ID), Status: new("Inactive"),
	})
	ok(t, err)
	_, err = s.call(t, s.bot, ims, "ListAccessKeys", nil)
	refused(t, err, 400, "InvalidAccessKeyId.Inactive") // it disabled itself
}

func TestStatement6ARootCallerWithoutUserNameActsOnRootKeys(t *testing.T) {
	s := start(t)
	root := must[sandbox.Key](t)(s.AddRootKey())
	got, err := s.ram(t, root).ListAccessKeys(&ramsdk.ListAccessKeysRequest{})
	ok(t, err)
	if list := got.Body.AccessKeys.AccessKey; len(list) != 1 || *list[0].AccessKeyId != root.ID {
		t.Errorf("%v", got.Body)
	}
}

func TestAPrincipalNameOfNobodyIsNotTheCaller(t *testing.T) {
	s := start(t)
	for _, name := range []string{"@acme.onaliyun.com", "alice@other.onaliyun.com", "bot@example.org"} {
		_, err := s.call(t, s.bot, ims, "ListAccessKeys", map[string]any{"UserPrincipalName": name})
		refused(t, err, 404, "EntityNotExist.User")
	}
	for _, name := range []string{upn, "alice@" + s.Account() + ".onaliyun.com"} {
		_, err := s.call(t, s.bot, ims, "ListAccessKeys", map[string]any{"UserPrincipalName": name})
		ok(t, err)
	}
}

func TestStatement7StatusIsActiveOrInactive(t *testing.T) {
	s := start(t)
	_, err := s.call(t, s.bot, ram, "UpdateAccessKey", map[string]any{"UserName": "alice", "UserAccessKeyId": s.alice.ID, "Status": "disabled"})
	refused(t, err, 400, "InvalidParameter.Status")
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive) // the same once more
	s.SetBehaviour(sandbox.Behaviour{RefuseSameStatus: true})
	_, err = s.call(t, s.bot, ims, "UpdateAccessKey", map[string]any{"UserPrincipalName": upn, "UserAccessKeyId": s.alice.ID, "Status": "Inactive"})
	refused(t, err, 400, "InvalidParameter.Status")
	if diff := cmp.Diff(map[string]string{s.alice.ID: "Inactive"}, s.keyStatus(t, "alice")); diff != "" {
		t.Error(diff)
	}
}

func (s *stage) remove(t *testing.T, id string) {
	t.Helper()
	s.setStatus(t, "alice", id, sandbox.Inactive)
	_, err := s.ram(t, s.bot).DeleteAccessKey(&ramsdk.DeleteAccessKeyRequest{UserName: new("alice"), UserAccessKeyId: new(id)})
	ok(t, err)
}

type binRow struct{ AccessKeyId, RecycleDate, DeleteDate string }

func (s *stage) bin(t *testing.T) []binRow {
	t.Helper()
	got, err := s.call(t, s.bot, ims, "ListAccessKeysInRecycleBin", map[string]any{"UserId": s.id})
	ok(t, err)
	return read[struct{ AccessKeys struct{ AccessKey []binRow } }](t, got).AccessKeys.AccessKey
}

func TestStatement8ADeletedKeyLiesInTheBinForThirtyDays(t *testing.T) {
	s := start(t)
	_, err := s.call(t, s.bot, ram, "DeleteAccessKey", map[string]any{"UserName": "alice", "UserAccessKeyId": "LTAI" + "none"})
	refused(t, err, 404, "EntityNotExist.User.AccessKey")
	s.remove(t, s.alice.ID)
	want := []binRow{{s.alice.ID, "2026-11-21T02:50:00Z", "2026-12-21T02:50:00Z"}}
	if diff := cmp.Diff(want, s.bin(t)); diff != "" {
		t.Error(diff)
	}
	if got := s.keyStatus(t, "alice"); len(got) != 0 {
		t.Errorf("%v", got)
	}
	_, err = s.call(t, s.alice, sts, "GetCallerIdentity", nil)
	refused(t, err, 404, "InvalidAccessKeyId.NotFound")
	s.clock.advance(30*24*time.Hour - time.Second)
	if len(s.bin(t)) != 1 {
		t.Error("purged a second early")
	}
	s.clock.advance(time.Second)
	if len(s.bin(t)) != 0 {
		t.Error("not purged")
	}
}

func TestStatement8TheFourthPurgesTheOldest(t *testing.T) {
	s := start(t)
	ids := []string{s.alice.ID}
	s.remove(t, s.alice.ID)
	for range 3 {
		s.clock.advance(time.Minute)
		k := must[sandbox.Key](t)(s.AddKey("alice"))
		ids = append(ids, k.ID)
		s.remove(t, k.ID)
	}
	var got []string
	for _, row := range s.bin(t) {
		got = append(got, row.AccessKeyId)
	}
	if diff := cmp.Diff(ids[1:], got); diff != "" {
		t.Error(diff)
	}
	_, err := s.call(t, s.bot, ims, "RestoreAccessKeyFromRecycleBin", map[string]any{"UserId": s.id, "UserAccessKeyId": ids[0]})
	refused(t, err, 404, "EntityNotExist.User.AccessKey")
}

func TestStatement9DeletingAnActiveKeyIsASwitch(t *testing.T) {
	s := start(t)
	params := map[string]any{"UserPrincipalName": upn, "UserAccessKeyId": s.alice.ID}
	_, err := s.call(t, s.bot, ims, "DeleteAccessKey", params)
	refused(t, err, 409, "DeleteConflict.AccessKey.Active")
	s.SetBehaviour(sandbox.Behaviour{AcceptDeleteActive: true})
	_, err = s.call(t, s.bot, ims, "DeleteAccessKey", params)
	ok(t, err)
}

func TestStatement10RestoreBringsTheKeyBack(t *testing.T) {
	for _, row := range []struct {
		behaviour sandbox.Behaviour
		status    string
	}{{sandbox.Behaviour{}, "Inactive"}, {sandbox.Behaviour{RestoreActive: true}, "Active"}} {
		s := start(t)
		s.SetBehaviour(row.behaviour)
		s.remove(t, s.alice.ID)
		info, err := s.call(t, s.bot, ims, "GetAccessKeyInfoInRecycleBin", map[string]any{"UserAccessKeyId": s.alice.ID})
		ok(t, err)
		type seen struct {
			AccessKey struct {
				UserId, UserPrincipalName string
				UserRecycled              bool
			}
		}
		if got := read[seen](t, info).AccessKey; got.UserId != s.id || got.UserPrincipalName != upn || got.UserRecycled {
			t.Errorf("%+v", got)
		}
		restore := map[string]any{"UserId": s.id, "UserAccessKeyId": s.alice.ID}
		_, err = s.call(t, s.bot, ims, "RestoreAccessKeyFromRecycleBin", restore)
		ok(t, err)
		if diff := cmp.Diff(map[string]string{s.alice.ID: row.status}, s.keyStatus(t, "alice")); diff != "" {
			t.Error(diff)
		}
		_, err = s.call(t, s.bot, ims, "RestoreAccessKeyFromRecycleBin", restore)
		refused(t, err, 404, "EntityNotExist.User.AccessKey")
		_, err = s.call(t, s.bot, ims, "GetAccessKeyInfoInRecycleBin", map[string]any{"UserAccessKeyId": s.alice.ID})
		refused(t, err, 404, "EntityNotExist.User.AccessKey")
	}
}

func TestStatement10RestoreNeedsAFreeSlotAndAKeyNotPurged(t *testing.T) {
	s := start(t)
	s.remove(t, s.alice.ID)
	for range 2 {
		_, err := s.ram(t, s.bot).CreateAccessKey(&ramsdk.CreateAccessKeyRequest{UserName: new("alice")})
		ok(t, err) // the bin freed the slot
	}
	restore := map[string]any{"UserId": s.id, "UserAccessKeyId": s.alice.ID}
	_, err := s.call(t, s.bot, ims, "RestoreAccessKeyFromRecycleBin", restore)
	refused(t, err, 409, "LimitExceeded.User.AccessKey")
	s.clock.advance(31 * 24 * time.Hour)
	_, err = s.call(t, s.bot, ims, "RestoreAccessKeyFromRecycleBin", restore)
	refused(t, err, 404, "EntityNotExist.User.AccessKey")
}

func TestStatement16NoLoginProfileAndNoMFAAreNormalAnswers(t *testing.T) {
	s := start(t)
	_, err := s.ram(t, s.bot).GetLoginProfile(&ramsdk.GetLoginProfileRequest{UserName: new("alice")})
	refused(t, err, 404, "EntityNotExist.User.LoginProfile")
	_, err = s.call(t, s.bot, ims, "GetLoginProfile", map[string]any{"UserPrincipalName": upn})
	refused(t, err, 404, "EntityNotExist.User.LoginProfile")
	_, err = s.ram(t, s.bot).GetUserMFAInfo(&ramsdk.GetUserMFAInfoRequest{UserName: new("alice")})
	refused(t, err, 404, "EntityNotExist.User.MFADevice")
	got, err := s.call(t, s.bot, ims, "GetUserMFAInfo", map[string]any{"UserPrincipalName": upn})
	ok(t, err)
	if read[struct{ IsMFAEnable bool }](t, got).IsMFAEnable {
		t.Error("MFA out of nothing")
	}
	ok(t, s.SetLogin("alice", &sandbox.Login{MFARequired: true}))
	ok(t, s.SetMFA("alice", true))
	profile, err := s.ram(t, s.bot).GetLoginProfile(&ramsdk.GetLoginProfileRequest{UserName: new("alice")})
	ok(t, err)
	if !*profile.Body.LoginProfile.MFABindRequired {
		t.Error("lost MFABindRequired")
	}
	device, err := s.ram(t, s.bot).GetUserMFAInfo(&ramsdk.GetUserMFAInfoRequest{UserName: new("alice")})
	ok(t, err)
	if *device.Body.MFADevice.Type != "VMFA" {
		t.Errorf("%v", device.Body)
	}
}

func TestGetUserFindsTheOwnerOfAKeyButNotRoot(t *testing.T) {
	s := start(t)
	root := must[sandbox.Key](t)(s.AddRootKey())
	got, err := s.call(t, s.bot, ims, "GetUser", map[string]any{"UserAccessKeyId": s.alice.ID})
	ok(t, err)
	type found struct {
		User struct{ UserId, UserName, UserPrincipalName string }
	}
	if u := read[found](t, got).User; u.UserId != s.id || u.UserName != "alice" || u.UserPrincipalName != upn {
		t.Errorf("%+v", u)
	}
	for _, id := range []string{root.ID, "LTAI" + "foreign"} {
		_, err = s.call(t, s.bot, ims, "GetUser", map[string]any{"UserAccessKeyId": id})
		refused(t, err, 404, "EntityNotExist.User")
	}
	_, err = s.call(t, s.bot, ims, "GetUser", map[string]any{"UserAccessKeyId": s.alice.ID, "UserId": s.id})
	refused(t, err, 400, "InvalidParameter")
	_, err = s.call(t, s.bot, ims, "GetUser", nil)
	refused(t, err, 400, "InvalidParameter")
}

func TestListUsersComesInPages(t *testing.T) {
	s := start(t)
	s.AddUser("carol")
	var names []string
	request := &ramsdk.ListUsersRequest{MaxItems: tea.Int32(2)}
	for {
		got, err := s.ram(t, s.bot).ListUsers(request)
		ok(t, err)
		for _, u := range got.Body.Users.User {
			names = append(names, *u.UserName)
		}
		if !*got.Body.IsTruncated {
			break
		}
		request.Marker = got.Body.Marker
	}
	if diff := cmp.Diff([]string{"alice", "bot", "carol"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestCallerIdentityTellsRootFromUser(t *testing.T) {
	s := start(t)
	root := must[sandbox.Key](t)(s.AddRootKey())
	type identity struct{ AccountId, Arn, IdentityType, UserId string }
	for _, row := range []struct {
		key  sandbox.Key
		want identity
	}{
		{s.alice, identity{s.Account(), "acs:ram::" + s.Account() + ":user/alice", "RAMUser", s.id}}, // with no policy at all
		{root, identity{s.Account(), "acs:ram::" + s.Account() + ":root", "Account", s.Account()}},
	} {
		got, err := s.call(t, row.key, sts, "GetCallerIdentity", nil)
		ok(t, err)
		if diff := cmp.Diff(row.want, read[identity](t, got)); diff != "" {
			t.Error(diff)
		}
	}
}
