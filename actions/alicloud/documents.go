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
	doc, err := rampolicy.Parse(text)
	if err != nil {
		return rampolicy.Document{}, fmt.Errorf("quarantine profile %s: %w", profile, err)
	}
	if problems := rampolicy.Lint(doc, smallestQuota); len(problems) > 0 {
		return rampolicy.Document{}, fmt.Errorf("%w: quarantine profile %s: %s", ErrConfig, profile, problems[0])
	}
	return doc, nil
}
