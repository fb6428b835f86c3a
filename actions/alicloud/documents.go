package alicloud

import (
	"embed"
	"fmt"

	"twokey/actions/rampolicy"
)

// The profiles of the quarantine policy.
const (
	ProfileSeed     = "seed"     // Alibaba Cloud's own example, as it stands in "Solutions to AccessKey pair leaks", step 1
	ProfileHardened = "hardened" // everything the seed denies, and more: role and user management whole, starting compute, purchases
)

//go:embed policies/*.json
var documents embed.FS

// smallestQuota is the least that any edition of the documents gives a custom
// policy, in bytes (RAM docs: Limits). A quarantine must fit everywhere.
const smallestQuota = 2048

// read is the quarantine with its documents.
func (q Quarantine) read() (quarantine, error) {
	doc, err := QuarantineDocument(q.Profile)
	if err != nil {
		return quarantine{}, err
	}
	harder, err := QuarantineDocument(ProfileHardened)
	return quarantine{name: q.Policy, doc: doc, group: q.Group, hard: q.Hardened, harder: harder, create: q.Create}, err
}

// Beforehand is what an account has when it is ready for quarantines: custom
// policies by name, and the group with the one of them that it has.
type Beforehand struct {
	Policies           map[string]rampolicy.Document
	Group, GroupPolicy string
}

// Beforehand is what somebody makes who may, so that the bot need not: by default
// it does not. A profile or names that cannot work are [ErrConfig].
func (q Quarantine) Beforehand() (Beforehand, error) {
	q, err := q.complete()
	if err != nil {
		return Beforehand{}, err
	}
	all, err := q.read()
	return Beforehand{
		Policies: map[string]rampolicy.Document{all.name: all.doc, all.hard: all.harder},
		Group:    all.group, GroupPolicy: all.hard,
	}, err
}

// QuarantineDocument is the quarantine policy of a profile, linted: it only
// denies, everywhere and always. An empty profile is [ProfileSeed]. An unknown
// profile is [ErrConfig].
func QuarantineDocument(profile string) (rampolicy.Document, error) {
	switch profile {
	case "":
		profile = ProfileSeed
	case ProfileSeed, ProfileHardened:
	default:
		return rampolicy.Document{}, fmt.Errorf("%w: no quarantine profile %q", ErrConfig, profile)
	}
	text, err := documents.ReadFile("policies/" + profile + ".json")
	if err != nil {
		return rampolicy.Document{}, fmt.Errorf("read quarantine policy: %w", err)
	}
	if problems := rampolicy.LintText(text, smallestQuota); len(problems) > 0 {
		return rampolicy.Document{}, fmt.Errorf("%w: quarantine profile %s: %s", ErrConfig, profile, problems[0])
	}
	return rampolicy.Parse(text)
}
