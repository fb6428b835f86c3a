package alicloud_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

func TestLeaksAreReadWithoutTheirSecret(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	s.leaked()
	found := got(s.account.Leaks(t.Context(), time.Time{}, nil))(t)
	want := []alicloud.Leak{{
		ID: 389001, Key: s.key.ID, Pending: true, Deal: "pending", Detected: at.now().UTC(), Source: "GitHub",
		URL: "https://github.com/acme/deploy/blob/main/.env", Repo: "deploy", File: ".env", Author: "intern",
	}}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Fatalf("leaks (-want +got):\n%s", diff)
	}
	if strings.Contains(fmt.Sprintf("%+v", found), string(s.key.Secret)) {
		t.Fatal("the secret is in what was read")
	}
}

func TestManyLeaksAreReadPageByPageAndPlacesOnlyOfNewOnes(t *testing.T) {
	s := newStage(t)
	for range 130 {
		s.leaked()
	}
	found := got(s.account.Leaks(t.Context(), time.Time{}, func(id int64) bool { return id != 389130 }))(t)
	if len(found) != 130 || s.cloud.Calls("DescribeAccesskeyLeakList") != 2 || s.cloud.Calls("DescribeAccessKeyLeakDetail") != 1 {
		t.Fatalf("%d leaks with %d and %d calls", len(found), s.cloud.Calls("DescribeAccesskeyLeakList"), s.cloud.Calls("DescribeAccessKeyLeakDetail"))
	}
}

func TestLeaksAreReadByEitherPermission(t *testing.T) {
	for _, b := range []sandbox.Behaviour{{}, {LeaksAsSAS: true}} {
		s := newStage(t)
		s.cloud.SetBehaviour(b)
		s.leaked()
		if found := got(s.account.Leaks(t.Context(), time.Time{}, nil))(t); len(found) != 1 {
			t.Errorf("%+v: %d leaks", b, len(found))
		}
	}
}

func TestAMissingPermissionOnLeaksIsNamedAndEvidenceGoesOn(t *testing.T) {
	s := newStage(t)
	s.grantAlso("no-leaks", `{"Version":"1","Statement":[{"Effect":"Deny","Action":"yundun-aegis:*","Resource":"*"}]}`)
	_, err := s.account.Leaks(t.Context(), time.Time{}, nil)
	s.wantError(err, "NoPermission")
	if lacks := actions.Lacking(err); lacks != "yundun-aegis:DescribeAccesskeyLeakList" {
		t.Errorf("lacks %q", lacks)
	}
	f := seen(got(s.account.Evidence(t.Context(), s.target, time.Now()))(t), incident.OfKey(s.target.Key))
	if v, ok := f[incident.FactReported]; ok {
		t.Errorf("reported is %q without anybody having asked", v)
	}
}

func TestALeakIsMarkedHandledAndOnlyThisOne(t *testing.T) {
	for _, name := range []string{incident.StepMarkHandled, incident.StepWhitelist} {
		s := newStage(t)
		first, second := s.leaked(), s.leaked()
		other := got(s.cloud.AddKey(userName))(t)
		_ = got(s.cloud.AddLeak(sandbox.FoundLeak{Key: other}))(t)
		p := s.plan(name)
		if p.Params["leaks"] != first+","+second {
			t.Fatalf("leaks %q", p.Params["leaks"])
		}
		late := s.leaked() // nobody voted for this one
		_ = got(s.step(name).Run(t.Context(), p))(t)
		s.verify(p, true)
		again := s.plan(name)
		if again.Params["leaks"] != late {
			t.Errorf("%s: left are %q, want %q", name, again.Params["leaks"], late)
		}
		left := got(s.account.Leaks(t.Context(), time.Time{}, nil))(t)
		if len(left) != 2 {
			t.Errorf("%s: %d are pending", name, len(left))
		}
		f := seen(got(s.account.Evidence(t.Context(), s.target, time.Now()))(t), incident.OfKey(s.target.Key))
		if f[incident.FactReported] != "pending" {
			t.Errorf("reported %q", f[incident.FactReported])
		}
	}
}

// What somebody whitelisted in the console must not be called dealt with by hand.
func TestALeakDealtWithMeanwhileIsLeftAlone(t *testing.T) {
	s := newStage(t)
	s.leaked()
	handled, listed := s.plan(incident.StepMarkHandled), s.plan(incident.StepWhitelist)
	_ = got(s.step(listed.Step).Run(t.Context(), listed))(t)
	n := s.cloud.Applied("ModifyAccessKeyLeakDeal")
	_ = got(s.step(handled.Step).Run(t.Context(), handled))(t)
	if s.cloud.Applied("ModifyAccessKeyLeakDeal") != n {
		t.Error("it was dealt with again")
	}
	s.verify(handled, true)
	_, err := s.step(handled.Step).Plan(t.Context(), s.target, nil)
	s.wantError(err, "NothingToDo")
}
