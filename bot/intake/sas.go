package intake

import "twokey/incident"

// leaked is a row of Security Center's DescribeAccesskeyLeakList, or its
// DescribeAccessKeyLeakDetail (Security Center docs: API reference). Code and
// Remark are left where they are: the leaked lines, secret and all.
var leaked = shape{
	batch: []string{"accesskeyleaklist"}, key: []string{"accesskeyid"}, external: []string{"id"},
	url: []string{"url", "githubfileurl"}, repo: []string{"githubreponame"}, path: []string{"githubfilename"}, author: []string{"githubuser"},
	detected: []string{"gmtcreate", "gmtmodified"},
	owner:    []string{"usertype"},
	status:   []string{"status", "dealtype"}, over: []string{"dealed", "disable", "manual", "addwhitelist"},
	confidence: confirmed,
}

// owners are whose a key is, as Security Center says it in UserType.
var owners = map[string]string{"master": incident.OwnerRoot, "ram": incident.OwnerRAM}

// securityCenter reads what was saved of an answer of Security Center.
func securityCenter(in input) ([]*finding, error) {
	doc, err := document(in.body)
	if err != nil {
		return nil, err
	}
	m, _ := doc.(map[string]any)
	if o := newObject(m); !o.has(leaked.batch) && !o.has(leaked.key) {
		return nil, errShape // an error, as likely as not
	}
	all, err := leaked.read(in)
	for _, f := range all {
		f.alert.Public = incident.Yes
	}
	return all, err
}
