package bot

import "twokey/incident"

// Reasons of the bot itself, beside those of the rules. They are looked up in
// the same catalogs.
const (
	WhichIncident  incident.Refusal = "which_incident"   // several are open: name one
	NoSuchIncident incident.Refusal = "no_such_incident" // there is none of that name
	NoSuchCommand  incident.Refusal = "no_such_command"  // try help
	NoSuchStep     incident.Refusal = "no_such_step"     // not a step of that account
	NoSuchKey      incident.Refusal = "no_such_key"      // not the form of a key id
	NotOurs        incident.Refusal = "not_ours"         // in no configured account
	NothingToDo    incident.Refusal = "nothing_to_do"    // it is so already
	OwnIdentity    incident.Refusal = "own_identity"     // that is the bot's own key, user or role
	CloudSilent    incident.Refusal = "cloud_silent"     // the cloud could not be asked
	NoOwner        incident.Refusal = "no_owner"         // nobody is configured to answer for the user
	NoSuchLead     incident.Refusal = "no_such_lead"     // not a user that the leaked key made
	OldCard        incident.Refusal = "old_card"         // not the card of that incident in that room
	NotStored      incident.Refusal = "not_stored"       // the store could not write it down
)

// NoPlan is how a refusal begins that ends with the code for which a step can't
// be planned.
const NoPlan = "no_plan:"

// Refusals lists the reasons above: every catalog has words for each.
func Refusals() []incident.Refusal {
	return []incident.Refusal{
		WhichIncident, NoSuchIncident, NoSuchCommand, NoSuchStep, NoSuchKey, NotOurs, NothingToDo,
		OwnIdentity, CloudSilent, NoOwner, NoSuchLead, OldCard, NotStored,
	}
}
