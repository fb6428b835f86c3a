package incident

import (
	"slices"
	"time"
)

// Role is what a person may do.
type Role string

// The roles. A commander is not a role: it is who took the incident.
const (
	Responder Role = "responder" // asks, answers, starts what can be taken back
	Approver  Role = "approver"  // also votes on what hurts
)

// Member is one person of the configuration.
type Member struct {
	ID    Person
	Roles []Role
	RAM   []RAMUser // their own users in the configured accounts
}

// RAMUser is a user of one configured account.
type RAMUser struct{ Account, User string }

// RAMRole is a role of one configured account.
type RAMRole struct{ Account, Role string }

// Rules are the parts of a decision that a deployment chooses. The zero Rules
// let nobody do anything.
type Rules struct {
	Members         []Member
	People          map[Tier]int // people by tier; missing: the default; never below the floor
	RequesterCounts bool         // whether who asked may vote too
	Window          time.Duration
	CrossPlatform   bool          // destructive votes must come from two platforms
	ReasonFrom      Tier          // votes of this tier and above need a reason; empty: none does
	AloneAfter      time.Duration // 0: never
	Raise           map[string]Tier
	Protected       []RAMUser
	ProtectedRoles  []RAMRole
	Observe         []string // accounts in observe mode: nothing is carried out there
	Automation      Automation
	Playbook        Playbook
	Remind          []time.Duration
	Webhook         bool // reminders also go to the escalation webhook
}

// Automation says what may run before anybody voted.
type Automation struct {
	Sources []string      // alert sources that may start it
	Cap     int           // automatic containments per account and hour
	History time.Duration // how much known use a nil impact must rest on
	Rules   []AutoRule
}

// AutoRule allows steps under conditions.
type AutoRule struct {
	When Conditions
	Do   []string
}

// defaultWindow is how long a vote counts when the configuration is silent.
const defaultWindow = 30 * time.Minute

func (r Rules) window() time.Duration {
	if r.Window > 0 {
		return r.Window
	}
	return defaultWindow
}

func (r Rules) member(p Person) (Member, bool) {
	if p == "" || p == Bot {
		return Member{}, false
	}
	i := slices.IndexFunc(r.Members, func(m Member) bool { return m.ID == p })
	if i < 0 {
		return Member{}, false
	}
	return r.Members[i], true
}

// Has reports whether p has a role now. An approver may all that a responder may.
func (r Rules) Has(p Person, role Role) bool {
	m, ok := r.member(p)
	return ok && (slices.Contains(m.Roles, role) || role == Responder && slices.Contains(m.Roles, Approver))
}

// Voter is the role that a vote on a tier takes.
func Voter(t Tier) Role {
	if t.AtLeast(Disruptive) {
		return Approver
	}
	return Responder
}

// CanVote lists who could still vote on p at a moment, in the order of the
// configuration.
func (r Rules) CanVote(p Proposal, at time.Time) []Person {
	var can []Person
	for _, m := range r.Members {
		if r.mayVote(p, m.ID) == nil && !p.Voted(m.ID, at) {
			can = append(can, m.ID)
		}
	}
	return can
}

// NeedNow is how many people p takes: as many as when it was proposed, or as
// the rules say now, whichever is more.
func (r Rules) NeedNow(p Proposal) int { return max(p.Need, r.Need(r.tierNow(p))) }

// tierNow is p's tier as proposed or as the rules say now, whichever is higher.
func (r Rules) tierNow(p Proposal) Tier { return higher(p.Tier, r.Tier(p.Plan)) }

// Protects reports whether steps on a user take the destructive tier: one of the
// protected, or of the people named here. Whoever votes must not lose their way in
// by one click of another, nor by a forged alert.
func (r Rules) Protects(t Target) bool {
	u := RAMUser{t.Account, t.User}
	return t.User != "" && (slices.Contains(r.Protected, u) ||
		slices.ContainsFunc(r.Members, func(m Member) bool { return slices.Contains(m.RAM, u) }))
}

// protects reports whether a plan is about a protected user or role.
func (r Rules) protects(p Plan) bool {
	role, ok := RoleOf(Identity(p.Params[ParamOf]))
	return r.Protects(p.Target) || ok && slices.Contains(r.ProtectedRoles, RAMRole{p.Target.Account, role})
}

// changes reports whether a plan would change something in the cloud.
func (r Rules) changes(p Plan) bool {
	return !internal(p.Step) && !Guided(p.Step) && r.Tier(p) != Look
}

// Observes reports whether p may not be carried out because its account is only
// watched. Looking is allowed there, and so is what touches no cloud.
func (r Rules) Observes(p Plan) bool {
	return !internal(p.Step) && !p.OnWord() && r.Tier(p) != Look && slices.Contains(r.Observe, p.Target.Account)
}

func (r Rules) ownUser(p Person, t Target) bool {
	m, ok := r.member(p)
	return ok && t.User != "" && slices.Contains(m.RAM, RAMUser{t.Account, t.User})
}
