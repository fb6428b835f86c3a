package intake_test

import (
	"testing"

	"twokey/incident"
)

// Only Security Center says whose a key is.
func TestSecurityCenterSaysWhoseAKeyIs(t *testing.T) {
	for kind, want := range map[string]string{"master": incident.OwnerRoot, "ram": incident.OwnerRAM, "guest": "", "": ""} {
		d := newDesk(t, nil)
		row := map[string]any{"AccesskeyId": keyID(1), "UserType": kind, "Status": "pending", "Id": 1}
		d.json(t, "sas", map[string]any{"AccessKeyLeakList": []any{row}})
		if a, _ := d.last(t); a.OwnerHint != want {
			t.Errorf("UserType %q: %q, want %q", kind, a.OwnerHint, want)
		}
		d.json(t, "scans", map[string]any{"access_key_id": keyID(2), "UserType": kind})
		if a, _ := d.last(t); a.OwnerHint != "" {
			t.Errorf("somebody else's %q is believed", kind)
		}
	}
}
