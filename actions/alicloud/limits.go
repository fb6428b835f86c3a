package alicloud

import (
	"context"
	"time"
)

// limits are the account's own quotas, as far as steps plan by them.
type limits struct {
	policies   int // custom policies attached to one user; 0: not known
	policySize int // bytes of a policy; 0: not known
	rules      int // statements of a key's network policy
	addresses  int // addresses in all of them
}

// leastFence is what every account gives a network policy (IMS docs:
// GetAccountSummary).
var leastFence = limits{rules: 8, addresses: 50}

// limitsFor is how long limits are not asked for again: they change when somebody
// asks Alibaba Cloud for more.
const limitsFor = 5 * time.Minute

// limits are read from the account (IMS docs: GetAccountSummary). What it does not
// say is unknown, or what the documents say; that never stops a step.
func (a *Account) limits(ctx context.Context) limits {
	known, _ := a.readLimits(ctx)
	return known
}

func (a *Account) readLimits(ctx context.Context) (limits, error) {
	a.mu.Lock()
	known, at := a.most, a.mostAt
	a.mu.Unlock()
	if !at.IsZero() && a.now().Sub(at) < limitsFor {
		return known, nil
	}
	var out struct {
		SummaryMap struct {
			AttachedPoliciesPerUserQuota, PolicySizeQuota, ConditionsPerAKPolicyQuota, IPItemsPerAKPolicyQuota int
		}
	}
	if err := a.ims(ctx, look("ims:GetAccountSummary"), "GetAccountSummary", nil, &out); err != nil {
		return leastFence, err
	}
	s := out.SummaryMap
	known = limits{s.AttachedPoliciesPerUserQuota, s.PolicySizeQuota, s.ConditionsPerAKPolicyQuota, s.IPItemsPerAKPolicyQuota}
	if known.rules <= 0 {
		known.rules = leastFence.rules
	}
	if known.addresses <= 0 {
		known.addresses = leastFence.addresses
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.most, a.mostAt = known, a.now()
	return known, nil
}
