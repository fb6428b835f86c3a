package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

const kms = "2016-01-20"

func secret(name, version, value string) map[string]any {
	return map[string]any{"SecretName": name, "VersionId": version, "SecretData": value}
}

func TestASecretsVersionsAreAddedAndNeverChanged(t *testing.T) {
	s := start(t)
	_, err := s.call(t, s.bot, kms, "CreateSecret", secret("app", "v1", "one"))
	ok(t, err)
	_, err = s.call(t, s.bot, kms, "CreateSecret", secret("app", "v1", "one"))
	refused(t, err, 409, "Rejected.ResourceExist")
	for range 2 { // the same version with the same value changes nothing
		_, err = s.call(t, s.bot, kms, "PutSecretValue", secret("app", "v2", "two"))
		ok(t, err)
	}
	_, err = s.call(t, s.bot, kms, "PutSecretValue", secret("app", "v2", "other"))
	refused(t, err, 409, "Rejected.ResourceExist")
	_, err = s.call(t, s.bot, kms, "PutSecretValue", secret("nobody", "v1", "x"))
	refused(t, err, 404, "Forbidden.ResourceNotFound")
	_, err = s.call(t, s.bot, kms, "CreateSecret", secret("a b", "v1", "x"))
	refused(t, err, 400, "InvalidParameter")
	_, err = s.call(t, s.bot, kms, "PutSecretValue", map[string]any{"SecretName": "app", "VersionId": "v3"})
	refused(t, err, 400, "MissingParameter")
	want := map[string]sandbox.Secret{"v1": "one", "v2": "two"}
	if diff := cmp.Diff(want, s.SecretVersions("app")); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

func TestTheEleventhVersionDropsTheOldest(t *testing.T) {
	s := start(t)
	_, err := s.call(t, s.bot, kms, "CreateSecret", secret("app", "first", "x"))
	ok(t, err)
	for i := range 10 {
		_, err = s.call(t, s.bot, kms, "PutSecretValue", secret("app", string(rune('a'+i)), "x"))
		ok(t, err)
	}
	got := s.SecretVersions("app")
	if _, there := got["first"]; there || len(got) != 10 {
		t.Errorf("%d versions, the first is there: %v", len(got), there)
	}
}

func TestADeletedSecretWaitsAndTakesNothing(t *testing.T) {
	s := start(t)
	_, err := s.call(t, s.bot, kms, "CreateSecret", secret("app", "v1", "one"))
	ok(t, err)
	_, err = s.call(t, s.bot, kms, "DeleteSecret", map[string]any{"SecretName": "app", "RecoveryWindowInDays": "3"})
	refused(t, err, 400, "InvalidParameter")
	_, err = s.call(t, s.bot, kms, "DeleteSecret", map[string]any{"SecretName": "app", "RecoveryWindowInDays": "7"})
	ok(t, err)
	for _, action := range []string{"CreateSecret", "PutSecretValue"} {
		_, err = s.call(t, s.bot, kms, action, secret("app", "v2", "two"))
		refused(t, err, 409, "Rejected.ResourceInDeleteWindow")
	}
	told, err := s.call(t, s.bot, kms, "DescribeSecret", map[string]any{"SecretName": "app"})
	ok(t, err)
	want := s.clock.now().Add(7 * 24 * time.Hour).Format(time.RFC3339)
	if got := read[struct{ PlannedDeleteTime string }](t, told); got.PlannedDeleteTime != want {
		t.Errorf("planned for %s, want %s", got.PlannedDeleteTime, want)
	}
	_, err = s.call(t, s.bot, kms, "DeleteSecret", map[string]any{"SecretName": "app", "ForceDeleteWithoutRecovery": "true"})
	ok(t, err)
	_, err = s.call(t, s.bot, kms, "DescribeSecret", map[string]any{"SecretName": "app"})
	refused(t, err, 404, "Forbidden.ResourceNotFound")
}

func TestSecretsNeedPermissionAndNobodyReadsThem(t *testing.T) {
	s := start(t)
	ok(t, s.AddPolicy("one-secret", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"acs:kms:*:*:secret/mine-*"}]}`))
	ok(t, s.SetPolicies("alice", sandbox.PolicyRef{Type: sandbox.Custom, Name: "one-secret"}))
	_, err := s.call(t, s.alice, kms, "CreateSecret", secret("mine-1", "v1", "one"))
	ok(t, err)
	_, err = s.call(t, s.alice, kms, "CreateSecret", secret("theirs-1", "v1", "one"))
	refused(t, err, 403, "NoPermission")
	_, err = s.call(t, s.alice, kms, "GetSecretValue", map[string]any{"SecretName": "mine-1"})
	refused(t, err, 404, "InvalidAction.NotFound")
}

func TestAFileKeepsSecretsAndTheTrailDoesNot(t *testing.T) {
	s, opened := kept(t)
	_, err := s.call(t, s.bot, kms, "CreateSecret", secret("app", "v1", "very secret words"))
	ok(t, err)
	again := opened()
	if diff := cmp.Diff(s.SecretVersions("app"), again.SecretVersions("app")); diff != "" {
		t.Errorf("versions after a kill (-was +is):\n%s", diff)
	}
	events, err := s.call(t, s.bot, trail, "LookupEvents", map[string]any{"LookupAttribute.1.Key": "EventName", "LookupAttribute.1.Value": "CreateSecret"})
	ok(t, err)
	if text := string(events); len(text) < 100 || strings.Contains(text, "very secret words") {
		t.Errorf("the trail: %s", text)
	}
}
