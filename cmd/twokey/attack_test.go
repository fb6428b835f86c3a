package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/bot/api"
	"twokey/incident"
)

const (
	oneHook       = "alerts: {sources: [{name: scans, type: generic, token: ${SCANS}%s}]}\n"
	allAutomation = "automation: {rules: [{when: {owner: ram}, do: [policy.quarantine, key.fence]}]}\n"
	automaticCap  = 3 // the default of automation.cap
)

// VULNERABILITY: a hook's token lies with a scanner, in CI, and can be stolen.
// ATTACK: the thief posts every key of the account, the bot's own and root's too,
// so that the bot locks everybody out.
// THIS STORY VERIFIES: incidents open and wait for people; nothing is done, even
// with rules for automation, because the source may not automate.
func TestAStolenHookTokenStartsNothing(t *testing.T) {
	t.Parallel() // it waits for the bot's own pace towards the cloud
	r := start(t, fmt.Sprintf(oneHook, "")+allAutomation, nil)
	crowd(t, r.drills[0].cloud)
	for _, i := range r.postEveryKey("") {
		for _, p := range i.Proposals {
			if p.Auto || p.Status != incident.StatusWaiting || len(p.Votes) > 0 {
				t.Errorf("%s plan %d, %s: %s, automatic %t, %d votes", i.ID, p.Number, p.Step, p.Status, p.Auto, len(p.Votes))
			}
		}
	}
	if names := contained(r.drills[0].cloud); len(names) > 0 {
		t.Errorf("done to %q", names)
	}
	if n := writes(r.drills[0].cloud); n > 0 {
		t.Errorf("%d writing calls", n)
	}
}

// VULNERABILITY, ATTACK: the same, with a source that may automate.
// THIS STORY VERIFIES: at most as many containments as the cap says, each of
// them one that can be undone and breaks nothing that is known, none of them the
// bot's own or root's; the rest wait for people.
func TestAStolenHookTokenThatMayAutomateIsHeldByTheCap(t *testing.T) {
	t.Parallel()
	r := start(t, fmt.Sprintf(oneHook, ", may_automate: true")+allAutomation, nil)
	cloud := r.drills[0].cloud
	crowd(t, cloud)
	var automatic []string
	for _, i := range r.postEveryKey("twokey") { // its own key would stand the bot still: docs/threats.md
		for _, p := range i.Proposals {
			if p.Auto {
				automatic = append(automatic, i.Owner.User)
			}
			if p.Auto != (p.Status == incident.StatusDone) || p.Auto && p.Step != incident.StepPolicyQuarantine && p.Step != incident.StepKeyFence {
				t.Errorf("%s plan %d, %s: %s, automatic %t", i.ID, p.Number, p.Step, p.Status, p.Auto)
			}
		}
	}
	slices.Sort(automatic)
	if done := contained(cloud); !slices.Equal(done, automatic) || len(slices.Compact(done)) != automaticCap {
		t.Errorf("done to %q, automatic %q; want %d users", done, automatic, automaticCap)
	}
	for _, name := range lockedOut(cloud) {
		if strings.HasPrefix(name, "busy") || name == "twokey" {
			t.Errorf("%s was contained: what it does would break, or it is the bot itself", name)
		}
	}
}

// crowd adds users whose keys do what a quarantine would refuse, and users whose
// keys do nothing. The first letter puts the busy ones first.
func crowd(t *testing.T, cloud *sandbox.Cloud) {
	t.Helper()
	for i := range 6 {
		name := fmt.Sprintf("busy-%d", i)
		if i >= 3 {
			name = fmt.Sprintf("idle-%d", i)
		}
		cloud.AddUser(name)
		k, err := cloud.AddKey(name)
		if err != nil {
			t.Fatal(err)
		}
		for days := 1; i < 3 && days < 10; days++ {
			use := sandbox.Use{At: time.Now().AddDate(0, 0, -days), Service: "Ram", Event: "CreateUser", Source: sandbox.KnownSource, Write: true}
			if err := cloud.RecordUse(k.ID, use); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// postEveryKey posts all keys, but those of one user, in one request, and waits
// until the bot has looked at each and has nothing left to start.
func (r *running) postEveryKey(but string) []api.Incident {
	r.t.Helper()
	var batch []any
	snapshot := r.drills[0].cloud.Snapshot()
	add := func(keys []sandbox.KeyView) {
		for _, k := range keys {
			batch = append(batch, map[string]any{"access_key_id": k.ID, "approved": true, "may_automate": true, "do": "key.delete"})
		}
	}
	for _, u := range snapshot.Users {
		if u.Name != but {
			add(u.Keys)
		}
	}
	add(snapshot.RootKeys)
	r.post("scans", r.env["SCANS"], batch)
	all := r.settled(func(i api.Incident) bool {
		if i.Owner.Kind == "" {
			return false
		}
		for _, p := range i.Proposals {
			if p.Status != incident.StatusWaiting && p.Status != incident.StatusDone {
				return false
			}
		}
		return i.Owner.Kind != incident.OwnerRAM || i.Owner.User == "twokey" || len(i.Proposals) >= 2
	})
	if len(all) != len(batch) {
		r.t.Errorf("%d incidents of %d keys", len(all), len(batch))
	}
	return all
}

// lockedOut are the users that something was done to, in order.
func lockedOut(cloud *sandbox.Cloud) []string {
	var names []string
	for _, u := range cloud.Snapshot().Users {
		quarantined := slices.ContainsFunc(u.Policies, func(p sandbox.PolicyView) bool { return strings.HasPrefix(p.Name, "twokey") })
		disabled := slices.ContainsFunc(u.Keys, func(k sandbox.KeyView) bool { return k.InBin || k.Status != sandbox.Active })
		if quarantined || disabled {
			names = append(names, u.Name)
		}
	}
	slices.Sort(names)
	return names
}

// contained names a user once for each thing that was done to it: a fence breaks
// nothing that a quarantine would.
func contained(cloud *sandbox.Cloud) []string {
	names := lockedOut(cloud)
	for _, u := range cloud.Snapshot().Users {
		for _, k := range u.Keys {
			if k.Fence != "" {
				names = append(names, u.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// writes counts the calls that changed the account since it was furnished.
func writes(cloud *sandbox.Cloud) int {
	n := 0
	for _, action := range []string{
		"UpdateAccessKey", "DeleteAccessKey", "CreateAccessKey", "CreatePolicy", "AttachPolicyToUser", "DetachPolicyFromUser", "RestoreAccessKeyFromRecycleBin",
		"SetAccessKeyPolicy", "AddUserToGroup", "RemoveUserFromGroup", "CreateGroup", "AttachPolicyToGroup",
	} {
		n += cloud.Calls(action)
	}
	return n
}
