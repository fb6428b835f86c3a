package alicloud

import (
	"context"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// Activity asks the audit trail what the key and its user did since the first sign
// of the leak.
func (a *Account) Activity(ctx context.Context, t incident.Target, sign time.Time) ([]actions.Sight, error) {
	return nil, nil
}
