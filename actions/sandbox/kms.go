package sandbox

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// secretVersions is how many versions KMS keeps of a secret; one more drops the
// oldest (KMS docs: PutSecretValue).
const secretVersions = 10

// kmsCalls are those of Secrets Manager in KMS. The value of a secret is read by no
// call here: GetSecretValue is what the bot must never do. It is not among needs or
// params either, because those go into the audit trail.
var kmsCalls = map[string]operation{
	"CreateSecret":   {write: true, needs: []string{"SecretName", "VersionId"}, params: []string{"DKMSInstanceId", "EncryptionKeyId"}, resources: secretResource, handle: createSecret},
	"PutSecretValue": {write: true, needs: []string{"SecretName", "VersionId"}, resources: secretResource, handle: putSecret},
	"DescribeSecret": {needs: []string{"SecretName"}, resources: secretResource, handle: describeSecret},
	"DeleteSecret":   {write: true, needs: []string{"SecretName"}, params: []string{"RecoveryWindowInDays", "ForceDeleteWithoutRecovery"}, resources: secretResource, handle: deleteSecret},
}

// vaultSecret is a secret in KMS.
type vaultSecret struct {
	name, instance, key string
	created, updated    time.Time
	deleteAt            time.Time // planned; zero: not
	versions            []secretVersion
}

type secretVersion struct {
	id      string
	value   Secret
	stages  []string
	created time.Time
}

func (s *vaultSecret) clone() *vaultSecret {
	out := *s
	out.versions = slices.Clone(s.versions)
	for i := range out.versions {
		out.versions[i].stages = slices.Clone(out.versions[i].stages)
	}
	return &out
}

func secretResource(c *call) []string {
	return []string{"acs:kms:" + c.cloud.region + ":" + c.cloud.account + ":secret/" + c.param("SecretName")}
}

var secretName = regexp.MustCompile(`^[A-Za-z0-9_/+=.@-]{1,192}$`) // KMS docs: CreateSecret

// Codes of KMS (KMS docs: CreateSecret, PutSecretValue).
var (
	errSecretExists  = &Error{Status: http.StatusConflict, Code: "Rejected.ResourceExist", Message: "The resource already exists."}
	errSecretAbsent  = &Error{Status: http.StatusNotFound, Code: "Forbidden.ResourceNotFound", Message: "The resource is not found."}
	errSecretLeaving = &Error{Status: http.StatusConflict, Code: "Rejected.ResourceInDeleteWindow", Message: "The secret is planned to be deleted."}
	errSecretData    = &Error{Status: http.StatusBadRequest, Code: "InvalidParameter", Message: "The specified parameter is invalid."}
)

// secretData is the value in a call. A KMS that reads the query alone sees none in a
// body.
func (c *call) secretData() (Secret, *Error) {
	value := c.param("SecretData")
	if c.cloud.behaviour.KMSReadsQueryOnly {
		value = c.request.query.Get("SecretData")
	}
	if value == "" {
		return "", missing("SecretData")
	}
	return Secret(value), nil
}

func createSecret(c *call) (map[string]any, *Error) {
	value, refused := c.secretData()
	if refused != nil {
		return nil, refused
	}
	name := c.param("SecretName")
	if !secretName.MatchString(name) || c.param("DKMSInstanceId") != "" && c.param("EncryptionKeyId") == "" && c.cloud.behaviour.KMSInstanceNeedsKey {
		return nil, errSecretData
	}
	if s, there := c.world.secrets[name]; there {
		if !s.deleteAt.IsZero() {
			return nil, errSecretLeaving
		}
		return nil, errSecretExists
	}
	s := &vaultSecret{
		name: name, instance: c.param("DKMSInstanceId"), key: c.param("EncryptionKeyId"), created: c.now, updated: c.now,
		versions: []secretVersion{{c.param("VersionId"), value, []string{"ACSCurrent"}, c.now}},
	}
	c.world.secrets[name] = s
	return map[string]any{
		"Arn": c.secretARN(name), "SecretName": name, "VersionId": c.param("VersionId"), "SecretType": "Generic", "DKMSInstanceId": s.instance,
	}, nil
}

func (c *call) secretARN(name string) string {
	return "acs:kms:" + c.cloud.region + ":" + c.cloud.account + ":secret/" + name
}

// putSecret adds a version, or does nothing when the same one is there with the same
// value (KMS docs: PutSecretValue).
func putSecret(c *call) (map[string]any, *Error) {
	value, refused := c.secretData()
	if refused != nil {
		return nil, refused
	}
	s, there := c.world.secrets[c.param("SecretName")]
	switch {
	case !there:
		return nil, errSecretAbsent
	case !s.deleteAt.IsZero():
		return nil, errSecretLeaving
	}
	id := c.param("VersionId")
	if at := slices.IndexFunc(s.versions, func(v secretVersion) bool { return v.id == id }); at >= 0 {
		if s.versions[at].value != value {
			return nil, errSecretExists
		}
		return putAnswer(s.name, s.versions[at]), nil
	}
	for i := range s.versions {
		switch {
		case slices.Contains(s.versions[i].stages, "ACSCurrent"):
			s.versions[i].stages = []string{"ACSPrevious"}
		default:
			s.versions[i].stages = nil
		}
	}
	v := secretVersion{id, value, []string{"ACSCurrent"}, c.now}
	s.versions, s.updated = append(s.versions, v), c.now
	if over := len(s.versions) - secretVersions; over > 0 {
		s.versions = slices.Delete(s.versions, 0, over)
	}
	return putAnswer(s.name, v), nil
}

func putAnswer(name string, v secretVersion) map[string]any {
	stages := []any{}
	for _, stage := range v.stages {
		stages = append(stages, stage)
	}
	return map[string]any{"SecretName": name, "VersionId": v.id, "VersionStages": map[string]any{"VersionStage": stages}}
}

func describeSecret(c *call) (map[string]any, *Error) {
	s, there := c.world.secrets[c.param("SecretName")]
	if !there {
		return nil, errSecretAbsent
	}
	return map[string]any{
		"Arn": c.secretARN(s.name), "SecretName": s.name, "SecretType": "Generic", "DKMSInstanceId": s.instance, "EncryptionKeyId": s.key,
		"CreateTime": stamp(s.created), "UpdateTime": stamp(s.updated), "PlannedDeleteTime": stamp(s.deleteAt),
	}, nil
}

// deleteSecret plans the deletion, 30 days ahead unless told otherwise, or forgets at
// once (KMS docs: DeleteSecret).
func deleteSecret(c *call) (map[string]any, *Error) {
	s, there := c.world.secrets[c.param("SecretName")]
	if !there {
		return nil, errSecretAbsent
	}
	if c.param("ForceDeleteWithoutRecovery") == "true" {
		delete(c.world.secrets, s.name)
		return map[string]any{"SecretName": s.name, "PlannedDeleteTime": stamp(c.now)}, nil
	}
	days, err := strconv.Atoi(or(c.param("RecoveryWindowInDays"), "30"))
	if err != nil || days < 7 || days > 30 {
		return nil, errSecretData
	}
	s.deleteAt = c.now.Add(time.Duration(days) * day)
	return map[string]any{"SecretName": s.name, "PlannedDeleteTime": stamp(s.deleteAt)}, nil
}

// SecretVersions are the versions of a secret in KMS with their values, as its
// owner's workload would read them. Nothing on the wire tells them.
func (c *Cloud) SecretVersions(name string) map[string]Secret {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, there := c.world.secrets[name]
	if !there {
		return nil
	}
	out := map[string]Secret{}
	for _, v := range s.versions {
		out[v.id] = v.value
	}
	return out
}

// savedSecret is a secret as a file keeps it.
type savedSecret struct {
	Name, Instance, Key string
	Created, Updated    time.Time `json:",omitzero"`
	DeleteAt            time.Time `json:",omitzero"`
	Versions            []savedSecretVersion
}

type savedSecretVersion struct {
	ID, Value string
	Stages    []string  `json:",omitempty"`
	Created   time.Time `json:",omitzero"`
}

func (s *vaultSecret) saved() savedSecret {
	return savedSecret{
		s.name, s.instance, s.key, s.created, s.updated, s.deleteAt,
		each(s.versions, func(v secretVersion) savedSecretVersion {
			return savedSecretVersion{v.id, string(v.value), v.stages, v.created}
		}),
	}
}

func (s savedSecret) secret() *vaultSecret {
	return &vaultSecret{
		s.Name, s.Instance, s.Key, s.Created, s.Updated, s.DeleteAt,
		each(s.Versions, func(v savedSecretVersion) secretVersion {
			return secretVersion{v.ID, Secret(v.Value), v.Stages, v.Created}
		}),
	}
}

func cloneSecrets(secrets map[string]*vaultSecret) map[string]*vaultSecret {
	out := maps.Clone(secrets)
	for name, s := range out {
		out[name] = s.clone()
	}
	return out
}
