package alicloud

import (
	"context"
	"encoding/json"
	"fmt"

	"twokey/actions"
	"twokey/actions/alicloud/seal"
	"twokey/incident"
)

// Receiver is who gets the new key of a RAM user, and how. Exactly one way is given.
type Receiver struct {
	Person string
	Age    string       // a recipient of age-keygen
	KMS    *KMSReceiver // a secret in KMS, from which the workload reads
}

// KMSReceiver is a KMS instance of the account.
type KMSReceiver struct {
	Instance string // "kst-…"
	Region   string // of the instance; empty: the account's first region
	Key      string // id of the instance's key that encrypts a secret; empty: KMS decides, or the secret is there already
}

// sealer brings a new key's secret to its receiver so that nobody else can read it.
type sealer interface {
	// name is what people agree to; a changed one is drift. See
	// [incident.Plan.SealedFor].
	name() string

	// ready finds out whether sealing will work, before there is anything to seal.
	ready(ctx context.Context) error

	// seal takes the secret. What it returns lies beside the chain until it is
	// fetched; nothing, if it lies elsewhere.
	seal(ctx context.Context, key incident.KeyID, plain []byte) ([]byte, error)
}

// receivers are those of the configuration, checked, by user name.
func (c Config) receivers() error {
	for user, r := range c.Receivers {
		switch {
		case user == "" || r.Person == "":
			return fmt.Errorf("%w: a receiver without user or person", ErrConfig)
		case (r.Age == "") == (r.KMS == nil):
			return fmt.Errorf("%w: receiver of %s: want either age or kms", ErrConfig, user)
		case r.KMS != nil && r.KMS.Instance == "":
			return fmt.Errorf("%w: receiver of %s: name the KMS instance", ErrConfig, user)
		case r.KMS != nil && r.KMS.Region != "" && !regionName.MatchString(r.KMS.Region):
			return fmt.Errorf("%w: receiver of %s: %q is not a region", ErrConfig, user, r.KMS.Region)
		}
		if r.Age != "" {
			if _, err := seal.Parse(r.Age); err != nil {
				return fmt.Errorf("%w: receiver of %s: %w", ErrConfig, user, err)
			}
		}
	}
	return nil
}

// sealerFor is how the new key of a user is sealed; [CodeNoReceiver] if nobody is
// there to get it.
func (s step) sealerFor(u user) (Receiver, sealer, error) {
	r, ok := s.receiver[u.name]
	if !ok {
		return r, nil, &actions.Error{Op: s.name, Code: CodeNoReceiver, Err: incident.NoReceiver}
	}
	if r.KMS != nil {
		return r, &vault{Account: s.Account, at: *r.KMS, secret: "twokey-" + u.id}, nil
	}
	to, err := seal.Parse(r.Age)
	if err != nil {
		return r, nil, &actions.Error{Op: s.name, Code: CodeNoReceiver, Err: incident.NoReceiver}
	}
	return r, letter{to}, nil
}

// letter is sealed with age: the ciphertext waits for its receiver.
type letter struct{ to seal.Recipient }

func (l letter) name() string { return incident.SealAge + " " + l.to.Fingerprint() }

// ready seals something of no value.
func (l letter) ready(context.Context) error {
	_, err := l.to.Seal([]byte("ready"))
	return sealing(err)
}

func (l letter) seal(_ context.Context, _ incident.KeyID, plain []byte) ([]byte, error) {
	sealed, err := l.to.Seal(plain)
	return sealed, sealing(err)
}

// sealing is a failure to seal, without its text.
func sealing(err error) error {
	if err == nil {
		return nil
	}
	return &actions.Error{Op: "seal", Code: codeSeal}
}

// plainKey is the key as its receiver gets it, in the form that KMS uses for keys of
// RAM users (KMS docs: RAM secrets).
func plainKey(key incident.KeyID, secret string) []byte {
	body, err := json.Marshal(struct{ AccessKeyId, AccessKeySecret string }{string(key), secret}) //nolint:revive,gosec // as it travels; it is sealed right away
	if err != nil {
		panic("a key does not encode") // two texts: cannot happen
	}
	return append(body, '\n')
}
