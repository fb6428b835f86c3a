package sandbox

import "time"

// Behaviour switches between answers that the documents leave open. The zero value
// is the one that is harder on the client.
type Behaviour struct {
	// AcceptDeleteActive lets DeleteAccessKey take an Active key; otherwise it is
	// refused, as the console does.
	AcceptDeleteActive bool
	// RestoreActive brings a key back from the recycle bin as Active, otherwise as
	// Inactive; one that went with its user, as it was.
	RestoreActive bool
	// RefuseSameStatus refuses an UpdateAccessKey that changes nothing.
	RefuseSameStatus bool
	// AcceptDeleteLeftovers lets IMS DeleteUser take a user who has keys, policies,
	// groups or a logon; otherwise it is refused, as in RAM.
	AcceptDeleteLeftovers bool
	// RestoreUserWhole brings a user back from the recycle bin with policies, groups,
	// logon and MFA device, otherwise with nothing but its keys.
	RestoreUserWhole bool
	// ForgetPreference makes SetSecurityPreference put back to the default what a
	// call does not name; otherwise that stays.
	ForgetPreference bool
	// TrailLag hides what happened less than so long ago from ActionTrail and from
	// GetAccessKeyLastUsed (about an hour in the real service).
	TrailLag time.Duration
	// ReadLag makes reads and permission checks see the state of so long ago, while
	// writes act on the present.
	ReadLag time.Duration
	// TrailKeepsRefusedKeys records calls with an Inactive key, and those that a
	// network policy stops, as events with an error code; otherwise they leave no
	// trace.
	TrailKeepsRefusedKeys bool
	// TrailHidesAnswers leaves what a call answered (responseElements) out of events,
	// so that the ids of what it made are not there.
	TrailHidesAnswers bool
	// TrailHidesRestricted leaves calls that restrictive protection stopped without
	// a trace.
	TrailHidesRestricted bool
	// EmptyFenceStays lets GetAccessKeyPolicy answer a policy that is Inactive and
	// empty; otherwise that is none.
	EmptyFenceStays bool
	// AcceptEmptyFence takes a network policy that is Active and lets nobody in;
	// otherwise it is refused.
	AcceptEmptyFence bool
	// FencedCode is the error code of a call from where the key may not be used. No
	// document names it; empty: "Forbidden.AccessKeyPolicy".
	FencedCode string
	// ReportBase32 encodes the credential report as the document's example is, not as
	// its text says.
	ReportBase32 bool
	// ReportHeaderOnce names the columns on the first page of the report only.
	ReportHeaderOnce bool
	// LogsAtOnce lets the first answer of GetLogs be complete.
	LogsAtOnce bool
	// EmptyRoleRows lists instances without a RAM role in DescribeInstanceRamRole too,
	// with an empty name.
	EmptyRoleRows bool
	// AttachAsksAssume asks for sts:AssumeRole on a role that is given to an instance,
	// as one document has it, instead of ram:PassRole, as the API's own page has it.
	AttachAsksAssume bool
	// SilentMetadata leaves MetadataOptions empty for instances whose options nobody
	// ever changed.
	SilentMetadata bool
	// LeaksAsSAS asks for yundun-sas:DescribeAccesskeyLeakList, as older pages have it,
	// instead of yundun-aegis:.
	LeaksAsSAS bool
	// BillsRefused answers calls for bills with status 200 and a refusal in the body.
	BillsRefused bool
	// BillLag is how long after its day's end a bill is there (up to a day in the real
	// service).
	BillLag time.Duration
	// ExistenceFirst tells a caller who may not do something that the thing does not
	// exist, or that a parameter is wrong, before it says that the caller may not.
	ExistenceFirst bool
	// UnlimitedLookups lifts the 2 LookupEvents a second (ActionTrail docs).
	UnlimitedLookups bool
	// KMSReadsQueryOnly ignores the parameters in a call's body that hold a secret.
	KMSReadsQueryOnly bool
	// KMSInstanceNeedsKey refuses a new secret of an instance without one of the
	// instance's keys.
	KMSInstanceNeedsKey bool
}

// SetBehaviour replaces all switches at once; it may be called while running.
func (c *Cloud) SetBehaviour(b Behaviour) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behaviour = b
	if b.ReadLag == 0 {
		c.older = nil
	}
}

// Behaviour returns the present switches.
func (c *Cloud) Behaviour() Behaviour {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.behaviour
}

// Quotas are the limits that GetAccountSummary tells (IMS docs: GetAccountSummary;
// RAM docs: Limits). A zero field takes the documented value.
type Quotas struct {
	KeysPerUser           int // 2, Inactive ones included
	BinKeysPerUser        int // 3; the next one purges the oldest
	PolicySize            int // 6,144 bytes
	Policies              int // 1,500
	VersionsPerPolicy     int // 5
	CustomPoliciesPerUser int // 10
	SystemPoliciesPerUser int // 20
	Users                 int // 1,000
	BinUsers              int // 1,000; the next one purges the oldest
	RulesPerFence         int // 8 statements of a key's network policy
	AddressesPerFence     int // 50 in all of them

	Groups                 int // 50
	GroupsPerUser          int // 50
	CustomPoliciesPerGroup int // 5
	SystemPoliciesPerGroup int // 20
	CustomPoliciesPerRole  int // 5
	SystemPoliciesPerRole  int // 20
}

func (q Quotas) orDocumented() Quotas {
	for field, documented := range map[*int]int{
		&q.KeysPerUser: 2, &q.BinKeysPerUser: 3, &q.PolicySize: 6144, &q.Policies: 1500, &q.VersionsPerPolicy: 5,
		&q.CustomPoliciesPerUser: 10, &q.SystemPoliciesPerUser: 20, &q.Users: 1000, &q.BinUsers: 1000,
		&q.RulesPerFence: 8, &q.AddressesPerFence: 50,
		&q.Groups: 50, &q.GroupsPerUser: 50, &q.CustomPoliciesPerGroup: 5, &q.SystemPoliciesPerGroup: 20,
		&q.CustomPoliciesPerRole: 5, &q.SystemPoliciesPerRole: 20,
	} {
		if *field == 0 {
			*field = documented
		}
	}
	return q
}
