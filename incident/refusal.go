package incident

// Refusal is the reason why a command may not be carried out. It is a name, not
// a sentence: the sentence, with what to do next, is looked up in the reader's
// language.
type Refusal string

func (r Refusal) Error() string { return "refused: " + string(r) }

// Every reason there is.
const (
	NotAllowed     Refusal = "not_allowed"        // the person lacks the role
	Stranger       Refusal = "stranger"           // the account maps to nobody, or to several
	OnlyBot        Refusal = "only_bot"           // a command that people can't give
	AlreadyOpen    Refusal = "already_open"       // the incident exists
	NotOpen        Refusal = "not_open"           // closed, merged, or never opened
	ReadOnly       Refusal = "read_only"          // holds records of a newer version
	InArchive      Refusal = "in_archive"         // left the store for a file
	NoSuchPlan     Refusal = "no_such_plan"       // no plan of that number or digest
	OtherPlan      Refusal = "other_plan"         // the digest is not this plan's
	AlreadyWaiting Refusal = "already_waiting"    // the same plan already waits for votes
	InProgress     Refusal = "in_progress"        // the step is being carried out
	AlreadyDone    Refusal = "already_done"       // the plan is finished
	WasDeclined    Refusal = "was_declined"       // somebody said no to the plan
	WasReplaced    Refusal = "was_replaced"       // a newer plan asks for the same step
	TooLate        Refusal = "too_late"           // the plan's votes aged out
	HasDrifted     Refusal = "has_drifted"        // the plan is void
	OwnRequest     Refusal = "own_request"        // requester_counts is false
	OwnUser        Refusal = "own_user"           // the target is the voter's own RAM user
	AlreadyVoted   Refusal = "already_voted"      // the second yes must come from someone else
	NoVote         Refusal = "no_vote"            // nothing to withdraw
	NeedsReason    Refusal = "needs_reason"       // say why
	NotReady       Refusal = "not_ready"          // the plan has not what it needs
	NotRunning     Refusal = "not_running"        // the plan was not started
	TooEarly       Refusal = "too_early"          // nothing has aged out yet
	OnHold         Refusal = "on_hold"            // a person must say go first
	OwnLeaked      Refusal = "own_leaked"         // the bot's own key leaked: it changes nothing with it
	Observing      Refusal = "observing"          // the account is in observe mode
	NoKeyYet       Refusal = "no_key_yet"         // the key id is not known
	HasKey         Refusal = "has_key"            // the incident has a key id
	BadPlan        Refusal = "bad_plan"           // a plan that does not name its target
	KeyStillActive Refusal = "key_still_active"   // disable before delete
	SecondLook     Refusal = "second_look"        // an hour between disabling and deleting
	NotInBin       Refusal = "not_in_bin"         // nothing to restore
	KeyStillLives  Refusal = "key_still_lives"    // a named key of the user exists outside the bin
	UserHeld       Refusal = "user_held"          // another open incident holds the user
	NotContained   Refusal = "not_contained"      // close: two people and a reason
	BadAnswer      Refusal = "bad_answer"         // not one of the answers
	NotAsked       Refusal = "not_asked"          // only who was asked can answer that
	NothingToUndo  Refusal = "nothing_to_undo"    // not done, or undone already
	AlreadySaid    Refusal = "already_said"       // it is so already
	NoReceiver     Refusal = "no_receiver"        // nobody is configured to get the user's new key
	SlotsFull      Refusal = "slots_full"         // the user has as many keys as RAM allows
	NothingSealed  Refusal = "nothing_to_receive" // no sealed secret waits
	NotReceiver    Refusal = "not_receiver"       // the secret is sealed for somebody else
	WasReceived    Refusal = "was_received"       // it was fetched before
	HandOverOver   Refusal = "handover_over"      // nobody came for it in time
	LiesInKMS      Refusal = "lies_in_kms"        // it is not here, but in the receiver's KMS
)

// Why a step cannot be planned: trying again changes nothing until somebody acts.
const (
	NoQuarantine    Refusal = "no_quarantine"    // the account has no quarantine policy or group, and the bot may not make one
	QuarantineGroup Refusal = "quarantine_group" // the quarantine group has other policies too
	NoKnownSource   Refusal = "no_known_source"  // no address to fence a key around
)

// Why automation left a step to people.
const (
	AutoOff       Refusal = "auto_off"       // no rule allows it
	AutoSource    Refusal = "auto_source"    // the source may not start it
	AutoTyped     Refusal = "auto_typed"     // a person typed the key id
	AutoUnsure    Refusal = "auto_unsure"    // not an Active key of a RAM user of ours
	AutoProtected Refusal = "auto_protected" // a protected identity
	AutoImpact    Refusal = "auto_impact"    // something known would break, or too little is known
	AutoOwn       Refusal = "auto_own"       // the bot's own key leaked
	AutoCap       Refusal = "auto_cap"       // too many in the last hour
	AutoUndone    Refusal = "auto_undone"    // people took it back before
)
