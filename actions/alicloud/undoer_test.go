package alicloud_test

import (
	"testing"
	"time"

	"twokey/actions"
	"twokey/actions/sandbox"
	"twokey/incident"
)

func TestUndoerNamesWhoTookItBack(t *testing.T) {
	detach := func(*stage) sandbox.Move {
		return sandbox.Move{Version: "2015-05-01", Action: "DetachPolicyFromUser", Params: map[string]string{
			"UserName": userName, "PolicyName": policyName, "PolicyType": "Custom",
		}}
	}
	enable := func(s *stage) sandbox.Move {
		return sandbox.Move{Version: "2019-08-15", Action: "UpdateAccessKey", Params: map[string]string{
			"UserPrincipalName": userName + "@" + s.cloud.Account() + ".onaliyun.com", "UserAccessKeyId": s.key.ID, "Status": "Active",
		}}
	}
	for _, row := range []struct {
		step string
		by   string
		move func(*stage) sandbox.Move
		want actions.Undoer
	}{
		{incident.StepPolicyQuarantine, "ci-robot", detach, actions.Undoer{}}, // refused: it did not take it back
		{incident.StepKeyDisable, "eve", enable, actions.Undoer{Who: "eve"}},
		{incident.StepKeyDisable, "", enable, actions.Undoer{Who: "root"}},
		{incident.StepKeyDisable, userName, enable, actions.Undoer{Who: userName, Thief: true}},
		{incident.StepPolicyQuarantine, "eve", detach, actions.Undoer{Who: "eve"}},
		{incident.StepPolicyQuarantine, "nobody", nil, actions.Undoer{}},
	} {
		t.Run(row.step+" by "+row.by, func(t *testing.T) {
			s := newStage(t)
			start := time.Now().Add(-time.Minute)
			p := s.do(row.step)
			if row.move != nil {
				var by sandbox.Key
				switch row.by {
				case "":
					by = got(s.cloud.AddRootKey())(t)
				default:
					s.cloud.AddUser(row.by)
					by = got(s.cloud.AddKey(row.by))(t)
					if row.want.Who == "" {
						break
					}
					must(t, s.cloud.SetPolicies(row.by, sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"},
						sandbox.PolicyRef{Type: sandbox.Custom, Name: "twokey-least"}))
				}
				a := got(sandbox.NewAttacker(s.cloud.URL(), by, "203.0.113.66", []sandbox.Move{row.move(s)}))(t)
				allowed := row.want.Who != ""
				if r := got(a.Step(t.Context()))(t); r.Allowed != allowed {
					t.Fatalf("%+v", r)
				}
				s.verify(p, !allowed)
			}
			who := got(s.account.Undoer(t.Context(), p, start))(t)
			if who != row.want {
				t.Fatalf("undone by %+v, want %+v", who, row.want)
			}
		})
	}
}
