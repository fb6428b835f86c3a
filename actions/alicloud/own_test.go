package alicloud_test

import (
	"slices"
	"testing"

	"twokey/actions/alicloud"
	"twokey/incident"
)

func TestAnAccountKnowsTheBotsOwnKeysWithoutAsking(t *testing.T) {
	s := newStage(t)
	base := "LTAI" + "5tBaseOfTheRole"
	role := s.as(s.bot, func(c *alicloud.Config) {
		c.Credentials = alicloud.Credentials{Type: alicloud.FromRole, RoleARN: "acs:ram::1:role/x", AccessKeyID: base, AccessKeySecret: "s"}
	})
	for _, row := range []struct {
		account *alicloud.Account
		want    incident.KeyID
	}{{s.account, incident.KeyID(s.bot.ID)}, {role, incident.KeyID(base)}} {
		if got := row.account.Keys(); !slices.Equal(got, []incident.KeyID{row.want}) {
			t.Errorf("keys %v, want %s", got, row.want)
		}
		if got := row.account.Own(incident.Target{Key: row.want}); got != incident.Yes {
			t.Errorf("own: %s", got)
		}
	}
	if calls := s.cloud.Snapshot().Calls; len(calls) != 0 {
		t.Fatalf("the cloud was called: %v", calls)
	}
	if got := s.account.Own(s.target); got != incident.No {
		t.Errorf("somebody's: %s", got)
	}
	must(t, s.account.Check(t.Context()))
	sibling := got(s.cloud.AddKey(botName))(t)
	of := incident.Target{Account: "prod", AccountID: s.cloud.Account(), User: botName, UserID: s.botID, Key: incident.KeyID(sibling.ID)}
	if got := s.account.Own(of); got != incident.OwnSibling {
		t.Errorf("another key of the bot's user: %s", got)
	}
	of.AccountID = "9999999999999999"
	if got := s.account.Own(of); got != incident.No {
		t.Errorf("the same id elsewhere: %s", got)
	}
}
