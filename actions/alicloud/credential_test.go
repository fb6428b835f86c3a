package alicloud_test

import (
	"testing"

	"twokey/actions"
	"twokey/actions/alicloud"
)

// The SDK's default chain asks only its last link again once all have failed.
func TestCredentialsThatComeLaterAreFound(t *testing.T) {
	s := newStage(t)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	for _, name := range []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_ROLE_ARN",
		"ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE",
	} {
		t.Setenv(name, "")
	}
	a := s.as(s.bot, func(c *alicloud.Config) { c.Credentials = alicloud.Credentials{Type: alicloud.FromDefault} })
	err := a.Check(t.Context())
	s.wantError(err, "Credentials")
	if !actions.Transient(err) {
		t.Fatal("missing credentials look final")
	}
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", s.bot.ID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", string(s.bot.Secret))
	must(t, a.Check(t.Context()))
}
