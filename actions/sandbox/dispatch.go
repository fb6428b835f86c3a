package sandbox

import "strings"

// Versions of the products, by which calls are told apart.
const (
	ram   = "2015-05-01"
	ims   = "2019-08-15"
	sts   = "2015-04-01"
	trail = "2020-07-06"
	ecs   = "2014-05-26"
	bss   = "2017-12-14"
	sas   = "2018-12-03"
	kms   = "2016-01-20"
)

type operationName struct{ version, action string }

// operation is one row of the API: what it needs, what it is in the eyes of RAM,
// and what it does.
type operation struct {
	action    string // as policies name it: "ram:UpdateAccessKey"; empty: always permitted
	service   string // as ActionTrail names it
	write     bool
	needs     []string
	params    []string // those recorded as requestParameters, beside needs
	resources func(*call) []string
	handle    func(*call) (map[string]any, *Error)
}

func (o operation) product() string { return strings.ToLower(o.service) }

// operations is the whole pretend API. IMS permissions are ram: actions; there is
// no ims: prefix (RAM docs: actions of RAM users).
func operations() map[operationName]operation { return table }

var table = func() map[operationName]operation {
	out := map[operationName]operation{}
	add := func(version, service, prefix string, rows map[string]operation) {
		for action, row := range rows {
			row.service = service
			if prefix != "" {
				row.action = prefix + ":" + action
			}
			if row.resources == nil {
				row.resources = anyResource
			}
			out[operationName{version, action}] = row
		}
	}
	add(ram, "Ram", "ram", ramForbidden)
	add(ims, "Ims", "ram", imsForbidden)
	add(ram, "Ram", "ram", ramKeys)
	add(ram, "Ram", "ram", ramUsers)
	add(ram, "Ram", "ram", ramPolicies)
	add(ram, "Ram", "ram", ramGroups)
	add(ims, "Ims", "ram", imsKeys)
	add(ims, "Ims", "ram", imsUsers)
	add(ims, "Ims", "ram", imsFences)
	add(ims, "Ims", "ram", imsReport)
	add(ram, "Ram", "ram", ramRoles)
	add(ram, "Ram", "ram", ramLogins)
	add(ims, "Ims", "ram", imsLogins)
	add(ram, "Ram", "ram", ramUserBin)
	add(ims, "Ims", "ram", imsUserBin)
	add(ims, "Ims", "ram", imsAccount)
	add(ram, "Ram", "ram", ramRolePolicies)
	add(sts, "Sts", "", stsCalls) // always permitted
	add(sts, "Sts", "sts", stsRoles)
	add(trail, "ActionTrail", "actiontrail", trailCalls)
	add(ecs, "Ecs", "ecs", ecsCalls)
	add(bss, "Bss", "bssapi", bssCalls)
	add(sas, "Sas", "", sasCalls) // each row has its own
	add(kms, "Kms", "kms", kmsCalls)
	return out
}()
