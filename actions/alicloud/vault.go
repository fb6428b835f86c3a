package alicloud

import (
	"context"
	"strings"

	"twokey/actions"
	"twokey/incident"
)

const kmsVersion = "2016-01-20"

// vault is a secret in KMS. No plain secret can be lost on the way there: the secret
// is made first, with nothing in it, so that only a new version has to be put once
// the key exists. Putting the same version again changes nothing (KMS docs:
// PutSecretValue), so it is tried until it is there. If KMS refuses all the same, the
// key is disabled: what is lost then opens nothing.
//
// The bot never reads a secret back: that it is there, KMS says by accepting the same
// version once more or by describing the secret.
type vault struct {
	*Account

	at      KMSReceiver
	secret  string // its name: the user's id, because names change hands
	inQuery bool   // KMS does not take parameters from the body
}

// empty is the first version of a secret that this made: a JSON text with nothing in
// it.
const empty = "twokey-empty"

func (v *vault) name() string {
	return incident.SealKMS + " " + v.at.Instance + "/" + v.secret
}

// ready sees to it that the secret is there and is not about to be deleted. It also
// finds out whether KMS takes parameters from the body of a call, where no log of
// addresses sees them: no document says so.
func (v *vault) ready(ctx context.Context) error {
	err := v.create(ctx)
	if code := actions.Code(err); strings.HasPrefix(code, "MissingParameter") || code == "InvalidParameter" {
		v.inQuery = true
		err = v.create(ctx)
	}
	if err != nil && actions.Code(err) != "Rejected.ResourceExist" {
		return err
	}
	return v.described(ctx)
}

// create makes the secret with an empty first version (KMS docs: CreateSecret).
func (v *vault) create(ctx context.Context) error {
	p := params{
		"SecretName": v.secret, "VersionId": empty, "SecretData": "{}", "DKMSInstanceId": v.at.Instance,
		"Description": "New AccessKeys of one RAM user, put here by twokey.",
	}
	if v.at.Key != "" {
		p["EncryptionKeyId"] = v.at.Key
	}
	var none struct{}
	return v.kms(ctx, write("kms:CreateSecret"), "CreateSecret", p, &none)
}

// described asks for the secret, never for its value (KMS docs: DescribeSecret).
func (v *vault) described(ctx context.Context) error {
	const op = "kms:DescribeSecret"
	var out struct{ SecretName, PlannedDeleteTime string }
	err := v.kms(ctx, look(op), "DescribeSecret", params{"SecretName": v.secret}, &out)
	switch {
	case err != nil:
		return err
	case out.SecretName != v.secret:
		return inconsistent(op)
	case out.PlannedDeleteTime != "":
		return &actions.Error{Op: op, Code: "Rejected.ResourceInDeleteWindow"}
	}
	return nil
}

// seal puts the key as the secret's newest version, named by the key's id.
func (v *vault) seal(ctx context.Context, key incident.KeyID, plain []byte) ([]byte, error) {
	p := params{"SecretName": v.secret, "VersionId": string(key), "SecretData": string(plain)}
	defer delete(p, "SecretData")
	put := write("kms:PutSecretValue")
	var out struct{ VersionId string } //nolint:revive // as it travels
	var err error
	for try := 1; try <= tries; try++ {
		if err = v.kms(ctx, put, "PutSecretValue", p, &out); err == nil || !actions.Transient(err) {
			break
		}
		if v.sleep(ctx, backOff(writing, try)) != nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if out.VersionId != string(key) {
		return nil, &actions.Error{Op: put.name, Code: codeAnswer}
	}
	return nil, nil
}

func (v *vault) kms(ctx context.Context, o operation, action string, p params, out any) error {
	region := or(v.at.Region, v.regions[0])
	e, ok := v.endpoints.kms[region]
	if !ok {
		e = endpoint{"https", "kms." + region + ".aliyuncs.com"}
	}
	return v.rpc(ctx, o, e, kmsVersion, action, p, !v.inQuery, out)
}
