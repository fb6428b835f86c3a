package alicloud_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

// seen merges sights the way an incident does: what is said of one identity.
func seen(sights []actions.Sight, of incident.Identity) map[incident.FactName]string {
	out := map[incident.FactName]string{}
	for _, s := range sights {
		if s.Of == of {
			maps.Copy(out, s.Facts)
		}
	}
	return out
}

func TestOwnerOfARAMUsersKeyNeedsTwoCalls(t *testing.T) {
	s := newStage(t)
	must(t, s.account.Check(t.Context()))
	sights := got(s.account.Owner(t.Context(), s.target.Key))(t)
	want := map[incident.FactName]string{
		incident.FactOwner: incident.OwnerRAM, incident.FactStatus: incident.KeyActive,
		incident.FactAccount: "prod", incident.FactAccountID: s.cloud.Account(),
		incident.FactUser: userName, incident.FactUserID: s.userID,
	}
	if diff := cmp.Diff(want, seen(sights, incident.OfKey(s.target.Key))); diff != "" {
		t.Fatalf("the key (-want +got):\n%s", diff)
	}
	if n := s.cloud.Calls("GetUser") + s.cloud.Calls("ListAccessKeys") + s.cloud.Calls("GetAccessKeyLastUsedInfo"); n != 2 {
		t.Fatalf("%d calls", n)
	}
}

func TestOwnerOfADeletedKeyIsKnownUntilItIsPurged(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	_ = got(s.thief().Step(t.Context()))(t)
	s.do(incident.StepKeyDisable)
	s.do(incident.StepKeyDelete)
	want := map[incident.FactName]string{
		incident.FactOwner: incident.OwnerRAM, incident.FactStatus: incident.KeyInBin,
		incident.FactAccount: "prod", incident.FactAccountID: s.cloud.Account(),
		incident.FactUser: userName, incident.FactUserID: s.userID,
		incident.FactPurgeAt: at.now().AddDate(0, 0, 30).Format(time.RFC3339),
	}
	sights := got(s.account.Owner(t.Context(), s.target.Key))(t)
	if diff := cmp.Diff(want, seen(sights, incident.OfKey(s.target.Key))); diff != "" {
		t.Fatalf("in the bin (-want +got):\n%s", diff)
	}
	at.advance(31 * 24 * time.Hour)
	gone := seen(got(s.account.Owner(t.Context(), s.target.Key))(t), incident.OfKey(s.target.Key))
	if gone[incident.FactOwner] != incident.OwnerDeleted || gone[incident.FactStatus] != incident.KeyGone || gone[incident.FactUserID] != s.userID {
		t.Fatalf("purged: %v", gone)
	}
}

func TestOwnerTellsRootByItsUse(t *testing.T) {
	s := newStage(t)
	root := got(s.cloud.AddRootKey())(t)
	key := incident.KeyID(root.ID)
	if sights := got(s.account.Owner(t.Context(), key))(t); len(sights) != 0 {
		t.Fatalf("root's unused key cannot be told from a foreign one, but: %v", sights)
	}
	must(t, s.cloud.RecordUse(root.ID, sandbox.Use{Service: "Ecs", Event: "RunInstances", Source: "203.0.113.9"}))
	sights := got(s.account.Owner(t.Context(), key))(t)
	if lag := time.Since(sights[0].AsOf); lag < time.Hour {
		t.Fatalf("the trail vouches for %v ago", lag)
	}
	f := seen(sights, incident.OfKey(key))
	if f[incident.FactOwner] != incident.OwnerRoot || f[incident.FactLastIP] != "203.0.113.9" || f[incident.FactUserID] != "" {
		t.Fatalf("root's key: %v", f)
	}
}

func TestOwnerDoesNotClaimAKeyOfAnotherAccount(t *testing.T) {
	s := newStage(t)
	trail := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"AccountType":"root-account","AccountId":"9999999999999999","UserName":"root"}`))
	}))
	defer trail.Close()
	a := s.as(s.bot, func(c *alicloud.Config) { c.Endpoints["actiontrail"] = trail.URL })
	if sights := got(a.Owner(t.Context(), incident.KeyID("LTAI"+"5tNobodyKnowsThisOne00")))(t); len(sights) != 0 {
		t.Fatalf("claimed: %v", sights)
	}
}

func TestOwnerOfTemporaryKeysAsksNobody(t *testing.T) {
	s := newStage(t)
	for _, id := range []incident.KeyID{"STS.NUabc", "TMP.3Kabc"} {
		if f := seen(got(s.account.Owner(t.Context(), id))(t), incident.OfKey(id)); f[incident.FactOwner] != incident.OwnerSTS {
			t.Fatalf("%s: %v", id, f)
		}
	}
	if n := s.cloud.Calls("GetUser"); n != 0 {
		t.Fatalf("%d calls", n)
	}
}

func TestOwnerThatCouldNotBeAskedIsAnError(t *testing.T) {
	s := newStage(t)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.HTML, Action: "GetAccessKeyLastUsedInfo"})
	_, err := s.account.Owner(t.Context(), incident.KeyID("LTAI"+"5tNobodyKnowsThisOne00"))
	s.wantError(err, "HTTP.503")
	if !actions.Transient(err) {
		t.Fatal("an outage looks final")
	}
}

func TestEvidenceShowsWhatIsKnownOfTheUser(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	other := got(s.cloud.AddKey(userName))(t)
	must(t, s.cloud.AddGroup("deployers", sandbox.PolicyRef{Type: sandbox.System, Name: "AliyunOSSFullAccess"}))
	must(t, s.cloud.Join(userName, "deployers"))
	must(t, s.cloud.SetLogin(userName, &sandbox.Login{}))
	used := at.now().Add(-5 * time.Hour)
	must(t, s.cloud.RecordUse(s.key.ID, sandbox.Use{At: used, Service: "Ecs", Event: "DescribeInstances", Source: "198.51.100.4"}))

	sights := got(s.account.Evidence(t.Context(), s.target, time.Now()))(t)
	wantUser := map[incident.FactName]string{
		incident.FactKeys: actions.List([]string{s.key.ID, other.ID}), incident.FactSlot: incident.Full, incident.FactBin: "",
		incident.FactPolicies: "System:AdministratorAccess", incident.FactQuarantine: incident.Absent,
		incident.FactGroups: "deployers", incident.FactGroupPolicy: "System:AliyunOSSFullAccess", incident.FactConsole: incident.Yes,
		incident.FactMFA: incident.No, incident.FactMFAForced: incident.No, incident.FactRoom: incident.Free,
	}
	if diff := cmp.Diff(wantUser, seen(sights, incident.OfUser(s.userID))); diff != "" {
		t.Fatalf("the user (-want +got):\n%s", diff)
	}
	wantKey := map[incident.FactName]string{
		incident.FactStatus: incident.KeyActive, incident.FactLastUsed: used.Format(time.RFC3339),
		incident.FactLastService: "Ecs", incident.FactLastIP: "198.51.100.4", incident.FactFence: incident.Absent,
		incident.FactReported: incident.Absent,
	}
	if diff := cmp.Diff(wantKey, seen(sights, incident.OfKey(s.target.Key))); diff != "" {
		t.Fatalf("the key (-want +got):\n%s", diff)
	}
	for _, x := range sights {
		if lag := at.now().Sub(x.AsOf); (x.Source == "actiontrail:GetAccessKeyLastUsedInfo") != (lag == time.Hour) {
			t.Fatalf("%s vouches for %v ago", x.Source, lag)
		}
	}
}

func TestEvidenceNeverCallsAKeyUnused(t *testing.T) {
	s := newStage(t)
	f := seen(got(s.account.Evidence(t.Context(), s.target, time.Now()))(t), incident.OfKey(s.target.Key))
	if v, ok := f[incident.FactLastUsed]; ok {
		t.Fatalf("last used %q of a key without a record", v)
	}
}

func TestEvidenceFollowsTheKeyIntoTheBin(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.SetLogin(userName, &sandbox.Login{Disabled: true}))
	s.do(incident.StepPolicyQuarantine)
	s.do(incident.StepKeyDisable)
	s.do(incident.StepKeyDelete)
	sights := got(s.account.Evidence(t.Context(), s.target, time.Now()))(t)
	key, user := seen(sights, incident.OfKey(s.target.Key)), seen(sights, incident.OfUser(s.userID))
	if key[incident.FactStatus] != incident.KeyInBin || key[incident.FactPurgeAt] == "" {
		t.Fatalf("the key: %v", key)
	}
	if user[incident.FactKeys] != "" || user[incident.FactBin] != s.key.ID || user[incident.FactSlot] != incident.Free ||
		user[incident.FactConsole] != incident.No || len(user[incident.FactQuarantine]) != 64 {
		t.Fatalf("the user: %v", user)
	}
}

func TestEvidenceReturnsWhatItLearnedBesideTheError(t *testing.T) {
	s := newStage(t)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.ServerError, Action: "ListGroupsForUser"})
	sights, err := s.account.Evidence(t.Context(), s.target, time.Now())
	s.wantError(err, "HTTP.500")
	user := seen(sights, incident.OfUser(s.userID))
	if _, ok := user[incident.FactGroups]; ok || user[incident.FactKeys] != s.key.ID || user[incident.FactConsole] != incident.No {
		t.Fatalf("the user: %v", user)
	}
}
