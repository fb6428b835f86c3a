package sandbox

import "slices"

// Calls that the bot must never be able to make. They are here so that it can be
// shown that it is refused.
var (
	ramForbidden = map[string]operation{
		"SetDefaultPolicyVersion": {write: true, needs: []string{"PolicyName", "VersionId"}, resources: policyResource, handle: setDefaultVersion},
	}
	imsForbidden = map[string]operation{
		"DeleteAccessKeyInRecycleBin": {write: true, needs: []string{"UserId", "UserAccessKeyId"}, handle: purgeKey},
	}
)

// setDefaultVersion makes another version the one in force (RAM docs:
// SetDefaultPolicyVersion).
func setDefaultVersion(c *call) (map[string]any, *Error) {
	p := c.world.policies[c.param("PolicyName")]
	switch {
	case p == nil:
		return nil, absent("Policy")
	case !slices.ContainsFunc(p.versions, func(v version) bool { return v.id == c.param("VersionId") }):
		return nil, absent("Policy.Version")
	}
	p.standing, p.updated = c.param("VersionId"), c.now
	return nil, nil
}

// purgeKey takes a key out of the recycle bin for good (IMS docs:
// DeleteAccessKeyInRecycleBin).
func purgeKey(c *call) (map[string]any, *Error) {
	u := c.world.userByID(c.param("UserId"))
	if u == nil {
		return nil, absent("User")
	}
	at := slices.IndexFunc(u.bin, func(k key) bool { return k.id == c.param("UserAccessKeyId") })
	if at < 0 {
		return nil, absent("User.AccessKey")
	}
	u.bin = slices.Delete(u.bin, at, at+1)
	return nil, nil
}
