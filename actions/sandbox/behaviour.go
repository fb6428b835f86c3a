package sandbox

import "time"

// Behaviour switches between answers that the documents leave open. The zero value
// is the one that is harder on the client.
type Behaviour struct {
	// AcceptDeleteActive lets DeleteAccessKey take an Active key; otherwise it is
	// refused, as the console does.
	AcceptDeleteActive bool
	// RestoreActive brings a key back from the recycle bin as Active, otherwise as
	// Inactive.
	RestoreActive bool
	// RefuseSameStatus refuses an UpdateAccessKey that changes nothing.
	RefuseSameStatus bool
	// TrailLag hides what happened less than so long ago from ActionTrail and from
	// GetAccessKeyLastUsed (about an hour in the real service).
	TrailLag time.Duration
	// ReadLag makes reads and permission checks see the state of so long ago, while
	// writes act on the present.
	ReadLag time.Duration
	// TrailKeepsRefusedKeys records calls with an Inactive key as events with an
	// error code; otherwise they leave no trace.
	TrailKeepsRefusedKeys bool
	// ReportBase32 encodes the credential report as the document's example is, not as
	// its text says.
	ReportBase32 bool
	// ReportHeaderOnce names the columns on the first page of the report only.
	ReportHeaderOnce bool
	// LogsAtOnce lets the first answer of GetLogs be complete.
	LogsAtOnce bool
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
}

func (q Quotas) orDocumented() Quotas {
	for field, documented := range map[*int]int{
		&q.KeysPerUser: 2, &q.BinKeysPerUser: 3, &q.PolicySize: 6144, &q.Policies: 1500, &q.VersionsPerPolicy: 5,
		&q.CustomPoliciesPerUser: 10, &q.SystemPoliciesPerUser: 20, &q.Users: 1000,
	} {
		if *field == 0 {
			*field = documented
		}
	}
	return q
}
