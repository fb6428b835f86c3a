package alicloud

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"
	"golang.org/x/sync/singleflight"
)

// Secret is an AccessKey secret. Printing, logging and encoding it give
// "[redacted]"; string(s) is the one way to the text.
type Secret string

const redacted = "[redacted]"

// String hides the secret.
func (Secret) String() string { return redacted }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return redacted }

// LogValue hides the secret from logs.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the secret from JSON and YAML.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// The ways to get credentials. An AccessKey of one's own is for the sandbox, and
// to assume a role with.
const (
	FromECSRole   = "ecs_ram_role"
	FromRole      = "ram_role_arn"
	FromOIDC      = "oidc_role_arn"
	FromDefault   = "default"
	FromAccessKey = "access_key"
)

// Credentials say how the bot proves who it is.
type Credentials struct {
	Type            string // one of the From values; empty: FromDefault
	Role            string // FromECSRole: the role's name; empty: the instance's
	RoleARN         string // FromRole, FromOIDC
	SessionName     string // FromRole, FromOIDC; as ActionTrail shows it. Default "twokey"
	ExternalID      string // FromRole
	OIDCProvider    string // FromOIDC: ARN; empty: from the environment
	OIDCTokenFile   string // FromOIDC; empty: from the environment
	AccessKeyID     string // FromAccessKey, FromRole
	AccessKeySecret Secret
	STSEndpoint     string // FromRole, FromOIDC: host; empty: sts.aliyuncs.com
}

// base is the AccessKey that a role is assumed with: it is the bot's own too.
func (c Credentials) base() string {
	if c.Type == FromRole {
		return c.AccessKeyID
	}
	return ""
}

// given is the AccessKey of the configuration, to sign or to take a role on with.
func (c Credentials) given() string {
	if c.Type == FromRole || c.Type == FromAccessKey {
		return c.AccessKeyID
	}
	return ""
}

func (c Credentials) keyring() (*keyring, error) {
	k := &keyring{}
	session := or(c.SessionName, "twokey")
	given := &credentials.Config{Type: new(c.Type)}
	switch c.Type {
	case "", FromDefault:
		given = nil // the chain: environment, OIDC, profile, instance role
	case FromECSRole:
		// Without DisableIMDSv1 the provider falls back to version 1, which any
		// server-side request forgery can read.
		given.RoleName, given.DisableIMDSv1 = new(c.Role), new(true)
	case FromRole:
		if c.RoleARN == "" || c.AccessKeyID == "" || c.AccessKeySecret == "" {
			return nil, fmt.Errorf("%w: %s needs a role ARN, a key id and a secret", ErrConfig, FromRole)
		}
		given.RoleArn, given.RoleSessionName = new(c.RoleARN), new(session)
		given.ExternalId, given.STSEndpoint = new(c.ExternalID), new(c.STSEndpoint)
		given.AccessKeyId, given.AccessKeySecret = new(c.AccessKeyID), new(string(c.AccessKeySecret))
	case FromOIDC:
		given.RoleArn, given.RoleSessionName = new(c.RoleARN), new(session)
		given.OIDCProviderArn, given.OIDCTokenFilePath = new(c.OIDCProvider), new(c.OIDCTokenFile)
		given.STSEndpoint = new(c.STSEndpoint)
	case FromAccessKey:
		if c.AccessKeyID == "" || c.AccessKeySecret == "" {
			return nil, fmt.Errorf("%w: %s needs a key id and a secret", ErrConfig, FromAccessKey)
		}
		given.AccessKeyId, given.AccessKeySecret = new(c.AccessKeyID), new(string(c.AccessKeySecret))
	default:
		return nil, fmt.Errorf("%w: no credentials of type %q", ErrConfig, c.Type)
	}
	k.make = func() (credentials.Credential, error) { return credentials.NewCredential(given) }
	return k, nil
}

// keyring gives out credentials. The SDK's providers have neither a lock nor a
// context, so one goroutine at a time asks them, and whoever waits may leave.
type keyring struct {
	make    func() (credentials.Credential, error)
	flight  singleflight.Group
	current credentials.Credential // touched by the one flight only
	newest  atomic.Pointer[string] // id of the key that was given out last
}

func (k *keyring) get(ctx context.Context) (*credentials.CredentialModel, error) {
	answer := k.flight.DoChan("", func() (any, error) { return k.ask() })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got := <-answer:
		m, _ := got.Val.(*credentials.CredentialModel)
		return m, got.Err
	}
}

// ask drops a provider that failed: the default chain would otherwise ask only
// the last of its links for ever.
func (k *keyring) ask() (*credentials.CredentialModel, error) {
	if k.current == nil {
		c, err := k.make()
		if err != nil {
			return nil, errCredentials // never the error: it may quote an answer
		}
		k.current = c
	}
	m, err := k.current.GetCredential()
	if err != nil || tea.StringValue(m.AccessKeyId) == "" {
		k.current = nil
		return nil, errCredentials
	}
	k.newest.Store(m.AccessKeyId)
	return m, nil
}

// last is the id of the key that was given out last; empty before the first.
func (k *keyring) last() string { return tea.StringValue(k.newest.Load()) }

// given is a credential that was fetched already, for one call.
type given struct {
	credentials.Credential
	model *credentials.CredentialModel
}

// GetCredential is all that the SDK asks for.
func (g given) GetCredential() (*credentials.CredentialModel, error) { return g.model, nil }
