package alicloud

import (
	"context"
	"time"

	ram "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	"twokey/incident"
)

// sameMoment is how far the date of a key and the event of its making may be apart.
const sameMoment = 5 * time.Second

// keyMadeAt is the key that a user got at a moment; empty if there is none, or more
// than one (RAM docs: ListAccessKeys).
func (a *Account) keyMadeAt(ctx context.Context, user string, at time.Time) (key incident.KeyID, err error) {
	err = a.ram(ctx, look("ram:ListAccessKeys"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.ListAccessKeysWithContext(ctx, &ram.ListAccessKeysRequest{UserName: &user}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.AccessKeys == nil {
			return errAnswer
		}
		var made []incident.KeyID
		for _, k := range answer.Body.AccessKeys.AccessKey {
			if k != nil && date(tea.StringValue(k.CreateDate)).Sub(at).Abs() <= sameMoment {
				made = append(made, incident.KeyID(tea.StringValue(k.AccessKeyId)))
			}
		}
		if key = ""; len(made) == 1 {
			key = made[0]
		}
		return nil
	}, user)
	return key, err
}
