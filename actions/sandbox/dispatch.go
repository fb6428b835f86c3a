package sandbox

import "strings"

// Versions of the products, by which calls are told apart.
const (
	ram   = "2015-05-01"
	ims   = "2019-08-15"
	sts   = "2015-04-01"
	trail = "2020-07-06"
	ecs   = "2014-05-26"
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
	add(ram, "Ram", "ram", ramKeys)
	add(ram, "Ram", "ram", ramUsers)
	add(ram, "Ram", "ram", ramPolicies)
	add(ims, "Ims", "ram", imsKeys)
	add(ims, "Ims", "ram", imsUsers)
	add(ims, "Ims", "ram", imsReport)
	add(ram, "Ram", "ram", ramRoles)
	add(sts, "Sts", "", stsCalls) // always permitted
	add(sts, "Sts", "sts", stsRoles)
	add(trail, "ActionTrail", "actiontrail", trailCalls)
	add(ecs, "Ecs", "ecs", ecsCalls)
	add(kms, "Kms", "kms", kmsCalls)
	return out
}()
