package alicloud

import (
	"maps"
	"slices"

	"twokey/incident"
)

// trait is what the rest of the package must know of a step. Each family of steps
// has its own table, beside their code.
type trait struct {
	undo   string               // the step that takes it back; empty: there is none
	undone []deed               // what takes it back behind the bot's back
	writes map[string]resources // the actions it needs beside looking, and on what
	reads  []string             // looks beyond those that every account needs
}

// families are the tables of all steps.
var families = []map[string]trait{
	keyTraits, policyTraits, fenceTraits, auditTraits, createTraits, trimTraits, loginTraits, userTraits, roleTraits, rootTraits,
	afterTraits, instanceTraits, leakTraits,
}

// traits are those of every step that this package has.
var traits = func() map[string]trait {
	all := map[string]trait{}
	for _, family := range families {
		maps.Copy(all, family)
	}
	return all
}()

// Steps names every step that this package has, sorted.
func Steps() []string { return slices.Sorted(maps.Keys(traits)) }

// undo is the step that takes another one back; empty if there is none.
func undo(step string) string { return traits[step].undo }

// keyTraits are those of the steps on a key's status.
var keyTraits = map[string]trait{
	incident.StepKeyDisable: {
		undo:   incident.StepKeyEnable,
		undone: []deed{{"UpdateAccessKey", map[string]string{"UserAccessKeyId": "$key", "Status": incident.KeyActive}}},
		writes: map[string]resources{"ram:UpdateAccessKey": onUser},
	},
	incident.StepKeyEnable: {
		undo: incident.StepKeyDisable,
		undone: []deed{
			{"UpdateAccessKey", map[string]string{"UserAccessKeyId": "$key", "Status": incident.KeyInactive}},
			{"DeleteAccessKey", map[string]string{"UserAccessKeyId": "$key"}},
		},
		writes: map[string]resources{"ram:UpdateAccessKey": onUser},
	},
	incident.StepKeyDelete: {
		undo:   incident.StepKeyRestore,
		undone: []deed{{"RestoreAccessKeyFromRecycleBin", map[string]string{"UserAccessKeyId": "$key"}}},
		writes: map[string]resources{"ram:DeleteAccessKey": onUser},
	},
	// IMS permissions are ram: actions too; those on the recycle bin take no
	// resource (RAM docs: Actions, resources, and condition keys).
	incident.StepKeyRestore: {
		undo: incident.StepKeyDelete,
		undone: []deed{
			{"UpdateAccessKey", map[string]string{"UserAccessKeyId": "$key", "Status": incident.KeyActive}},
			{"DeleteAccessKey", map[string]string{"UserAccessKeyId": "$key"}},
		},
		writes: map[string]resources{"ram:RestoreAccessKeyFromRecycleBin": onAll, "ram:UpdateAccessKey": onUser},
	},
}

// policyTraits are those of the steps on the quarantine policy.
var policyTraits = map[string]trait{
	incident.StepPolicyQuarantine: {
		undo: incident.StepPolicyDetach,
		undone: []deed{
			{"DetachPolicyFromUser", map[string]string{"UserName": "$user", "PolicyName": "$policy"}},
			{"CreatePolicyVersion", map[string]string{"PolicyName": "$policy"}},
			{"SetDefaultPolicyVersion", map[string]string{"PolicyName": "$policy"}},
			{"DeletePolicy", map[string]string{"PolicyName": "$policy"}},
			{"RemoveUserFromGroup", map[string]string{"UserName": "$user", "GroupName": "$group"}},
			{"DetachPolicyFromGroup", map[string]string{"GroupName": "$group", "PolicyName": "$policy"}},
			{"DeleteGroup", map[string]string{"GroupName": "$group"}},
		},
		writes: map[string]resources{
			"ram:CreatePolicy": onPolicy, "ram:AttachPolicyToUser": onBoth,
			"ram:AddUserToGroup": onUser | onJail, "ram:CreateGroup": onJail, "ram:AttachPolicyToGroup": onJail | onPolicy,
		},
	},
	incident.StepPolicyDetach: {
		undo: incident.StepPolicyQuarantine,
		undone: []deed{
			{"AttachPolicyToUser", map[string]string{"UserName": "$user", "PolicyName": "$policy"}},
			{"AddUserToGroup", map[string]string{"UserName": "$user", "GroupName": "$group"}},
		},
		writes: map[string]resources{"ram:DetachPolicyFromUser": onBoth, "ram:RemoveUserFromGroup": onUser | onJail},
	},
}
