package incident

import "slices"

// Tier is how much a step can hurt, and so how many people it takes.
type Tier string

// The tiers, from harmless to final.
const (
	Look        Tier = "look"
	Reversible  Tier = "reversible"
	Disruptive  Tier = "disruptive"
	Destructive Tier = "destructive"
)

// rank orders tiers; an unknown tier ranks as destructive.
var rank = map[Tier]int{Look: 0, Reversible: 1, Disruptive: 2, Destructive: 3}

// AtLeast reports whether t is as high as o. A tier nobody knows is destructive.
func (t Tier) AtLeast(o Tier) bool { return t.rank() >= o.rank() }

func (t Tier) rank() int {
	if n, ok := rank[t]; ok {
		return n
	}
	return rank[Destructive]
}

// higher is the higher of two tiers; the empty tier is lower than all, and a
// tier nobody knows becomes destructive.
func higher(a, b Tier) Tier {
	h := b
	if b == "" || (a != "" && a.AtLeast(b)) {
		h = a
	}
	if _, known := rank[h]; !known && h != "" {
		return Destructive
	}
	return h
}

// Steps that are decided here and touch no cloud.
const (
	StepFalseAlarm = "false_alarm" // lifts the order rules and offers every undo
	StepClose      = "close"       // closes although the key is not seen contained
)

// Steps that rules speak about by name.
const (
	StepKeyDisable       = "key.disable"
	StepKeyEnable        = "key.enable"
	StepKeyDelete        = "key.delete"
	StepKeyRestore       = "key.restore"
	StepPolicyQuarantine = "policy.quarantine"
	StepPolicyDetach     = "policy.detach"
	StepKeyFence         = "key.fence"
	StepKeyUnfence       = "key.unfence"
	StepKeyCreate        = "key.create"
	StepKeyDiscard       = "key.discard" // takes key.create back: the new key is disabled and deleted
	StepUserDelete       = "user.delete"
	StepUserRestore      = "user.restore"
	StepUserDeactivate   = "user.deactivate"
	StepUserReactivate   = "user.reactivate"
	StepLoginCut         = "login.cut"
	StepLoginGiveBack    = "login.give_back"
	StepTrim             = "permissions.trim"
	StepGiveBack         = "permissions.give_back"
	StepMFARequire       = "mfa.require"
	StepMFARelease       = "mfa.release" // takes mfa.require back
	StepMFAEnforce       = "mfa.enforce"
	StepMFARelax         = "mfa.relax" // takes mfa.enforce back
	StepRoleQuarantine   = "role.quarantine"
	StepRoleRelease      = "role.release"
	StepAttachRole       = "ecs.attach_role"
	StepDetachRole       = "ecs.detach_role"
	StepEnforceIMDS      = "ecs.enforce_imds"
	StepRelaxIMDS        = "ecs.relax_imds"
	StepMarkHandled      = "leak.mark_handled"
	StepWhitelist        = "leak.whitelist"
	StepAuditEvents      = "audit.events"
	StepAuditDescendants = "audit.descendants"
	StepAuditIdentities  = "audit.identities"
	StepFeesCheck        = "fees.check"
	StepFindCaller       = "ecs.find_caller"
	StepHygiene          = "hygiene.report"
	StepOwnerAsk         = "owner.ask"
	StepRootDisable      = "root.disable_key"
	StepRootDelete       = "root.delete_key"
	StepRootMFA          = "root.mfa"
)

// tiers is the tier of every step, by name. What gives power back to a leaked
// identity is as dangerous as deleting: it needs two people. A step that is not
// here is destructive.
var tiers = map[string]Tier{
	StepAuditEvents: Look, StepAuditDescendants: Look, StepAuditIdentities: Look, StepFeesCheck: Look,
	StepFindCaller: Look, StepOwnerAsk: Look, StepHygiene: Look,

	StepPolicyQuarantine: Reversible, StepKeyFence: Reversible, StepMarkHandled: Reversible,

	StepKeyDisable: Disruptive, StepTrim: Disruptive, StepLoginCut: Disruptive, StepMFARequire: Disruptive,
	StepUserDeactivate: Disruptive, StepAttachRole: Disruptive, StepEnforceIMDS: Disruptive,

	StepKeyDelete: Destructive, StepKeyCreate: Destructive, StepKeyDiscard: Destructive, StepUserDelete: Destructive,
	StepPolicyDetach: Destructive, StepKeyUnfence: Destructive, StepKeyEnable: Destructive, StepKeyRestore: Destructive,
	StepUserRestore: Destructive, StepUserReactivate: Destructive, StepGiveBack: Destructive, StepLoginGiveBack: Destructive,
	StepMFARelease: Destructive, StepMFAEnforce: Destructive, StepMFARelax: Destructive,
	StepDetachRole: Destructive, StepRelaxIMDS: Destructive, StepWhitelist: Destructive,
	StepRoleQuarantine: Destructive, StepRoleRelease: Destructive, StepFalseAlarm: Destructive, StepClose: Destructive,
}

// floors are how many people a tier takes at the least, whatever a
// configuration says. Reversible is 1 for people; automation has its own rule.
var floors = map[Tier]int{Look: 0, Reversible: 1, Disruptive: 1, Destructive: 2}

// defaults are how many people a tier takes when the configuration is silent.
var defaults = map[Tier]int{Look: 0, Reversible: 1, Disruptive: 2, Destructive: 2}

// StepTier is the tier of a step by its name alone. What somebody did by hand, one
// responder says; what was done to root, two people say.
func StepTier(step string) Tier {
	if t, ok := tiers[step]; ok {
		return t
	}
	if byHand(step) {
		return Reversible
	}
	return Destructive
}

// Steps lists every step that has a tier, sorted.
func Steps() []string {
	names := make([]string, 0, len(tiers))
	for n := range tiers {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Tier is the tier of one plan: by the step's name, raised by what the plan
// predicts, by the action, the configuration, and a protected identity. Nothing
// lowers it.
func (r Rules) Tier(p Plan) Tier {
	t := higher(StepTier(p.Step), p.Raise)
	t = higher(t, r.Raise[p.Step])
	if breaksSomething(p) {
		t = higher(t, Disruptive)
	}
	if r.protects(p) && t != Look {
		t = higher(t, Destructive)
	}
	return t
}

// breaksSomething is true for a containment that would cut off something known.
func breaksSomething(p Plan) bool {
	return (p.Step == StepPolicyQuarantine || p.Step == StepKeyFence) && len(p.Impact.Breaks) > 0
}

// Need is how many distinct people a tier takes: what the configuration says,
// never below the floor, and never fewer than a lower tier takes, so that
// raising a step can't make it easier. Looking takes nobody by default.
func (r Rules) Need(t Tier) int {
	need := 0
	for lower, floor := range floors {
		if !t.AtLeast(lower) {
			continue
		}
		n, ok := r.People[lower]
		if !ok {
			n = defaults[lower]
		}
		need = max(need, n, floor)
	}
	return need
}
