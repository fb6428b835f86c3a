package view

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"twokey/bot"
	"twokey/incident"
)

// calls are the API operations of the steps, and the key status that they leave
// behind, from the RAM and IMS documents of the operations named here. They are
// shown to people and never called from here.
var calls = map[string]struct{ call, status string }{
	incident.StepKeyDisable:       {"ram:UpdateAccessKey {UserName, UserAccessKeyId, Status=Inactive}", incident.KeyInactive},
	incident.StepKeyEnable:        {"ram:UpdateAccessKey {UserName, UserAccessKeyId, Status=Active}", incident.KeyActive},
	incident.StepKeyDelete:        {"ram:DeleteAccessKey {UserName, UserAccessKeyId}", incident.KeyInBin},
	incident.StepKeyRestore:       {"ims:RestoreAccessKeyFromRecycleBin {UserId, UserAccessKeyId}", incident.KeyInactive},
	incident.StepPolicyQuarantine: {"ram:CreatePolicy, ram:AttachPolicyToUser {PolicyType=Custom, PolicyName, UserName}", ""},
	incident.StepPolicyDetach:     {"ram:DetachPolicyFromUser {PolicyType=Custom, PolicyName, UserName}", ""},
	incident.StepKeyFence:         {"ims:SetAccessKeyPolicy {UserPrincipalName, UserAccessKeyId, AccessKeyPolicy}", ""},
	"key.unfence":                 {"ims:SetAccessKeyPolicy {UserPrincipalName, UserAccessKeyId, AccessKeyPolicy}", ""},
	incident.StepKeyCreate:        {"ram:CreateAccessKey {UserName}; kms:CreateSecret, kms:PutSecretValue {SecretName, VersionId}", ""},
	incident.StepKeyDiscard:       {"ram:UpdateAccessKey {Status=Inactive}, ram:DeleteAccessKey {UserName, UserAccessKeyId}", incident.KeyInBin},
	"permissions.trim":            {"ram:DetachPolicyFromUser, ram:RemoveUserFromGroup", ""},
	"permissions.give_back":       {"ram:AttachPolicyToUser, ram:AddUserToGroup", ""},
	"login.cut":                   {"ims:UpdateLoginProfile {Status=Inactive}", ""},
	"login.give_back":             {"ims:UpdateLoginProfile {Status=Active}", ""},
	"mfa.require":                 {"ims:UpdateLoginProfile {MFABindRequired=true}", ""},
	"mfa.enforce":                 {"ims:SetSecurityPreference {MFAOperationForLogin=mandatory}", ""},
	"user.delete":                 {"ims:DeleteUser {UserPrincipalName}", ""},
	"user.restore":                {"ims:RestoreUserFromRecycleBin {UserId}", ""},
	"ecs.attach_role":             {"ecs:AttachInstanceRamRole {RegionId, RamRoleName, InstanceIds}", ""},
	"ecs.detach_role":             {"ecs:DetachInstanceRamRole {RegionId, RamRoleName, InstanceIds}", ""},
	"ecs.enforce_imds":            {"ecs:ModifyInstanceMetadataOptions {HttpTokens=required}", ""},
	"leak.mark_handled":           {"sas:ModifyAccessKeyLeakDeal {Type=manual}", ""},
	"leak.whitelist":              {"sas:ModifyAccessKeyLeakDeal {Type=add-whitelist}", ""},
}

// Plan is one plan in full, for one person who asked to see it: what is called,
// on what, what is so now and would be then, what it breaks and what the
// prediction can't see, the way back, the people, and enough of the digest.
func (v *View) Plan(s bot.Scene, number int) bot.Step {
	p := v.page(s)
	pr, ok := p.st.Proposal(number)
	if !ok {
		return bot.Step{Title: p.say("refusal.no_such_plan"), Tone: bot.Warn}
	}
	step := p.step(pr)
	step.Title = p.say("plan.title", "step", step.Title, "id", string(p.st.ID), "plan", strconv.Itoa(number))
	step.Effect, step.Undo, step.People = p.effect(pr), p.undoText(pr.Plan), p.votes(pr)
	step.Digest = string(pr.Digest[:min(shownDigest, len(pr.Digest))])
	step.Facts = p.full(pr)
	if pr.Status == incident.StatusWaiting && !p.touched(pr) && len(step.Buttons) > 1 {
		step.Buttons = append(step.Buttons, p.decline(pr))
	}
	step.Buttons = p.forReader(pr, step.Buttons)
	return step
}

// shownDigest is how many characters of a digest are shown beside a whole plan.
const shownDigest = 32

func (p page) full(pr incident.Proposal) []bot.Field {
	var fields []bot.Field
	add := func(label, text string) {
		if text != "" {
			fields = append(fields, bot.Field{Label: p.say(label), Text: text})
		}
	}
	plan := pr.Plan
	add("plan.call", calls[plan.Step].call)
	add("plan.params", p.params(plan.Params))
	add("plan.target", p.target(plan.Target))
	add("plan.before", p.facts(plan.Guarded))
	add("plan.after", p.after(plan))
	add("plan.shown", p.facts(plan.Shown))
	add("plan.breaks", p.list(p.cleaned(plan.Impact.Breaks)))
	add("plan.blind", p.list(p.unseen(plan.Impact.Blind)))
	add("plan.tier", p.say("tier."+string(p.tier(pr))))
	if plan.Raise != "" && plan.Raise != incident.StepTier(plan.Step) {
		add("plan.raised", p.say("tier."+string(plan.Raise)))
	}
	for _, v := range pr.Votes {
		if why := p.reason(v.Reason); why != "" {
			fields = append(fields, bot.Field{Label: p.name(v.By), Text: why})
		}
	}
	fields = append(fields, p.foundBy(pr, inPlan)...)
	return append(fields, p.guide(plan.Step)...)
}

// params are the parameters as they go out, by name. A reason is kept beside the
// chain, so that its hash is of no use to anyone here.
func (p page) params(params map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		value := clean(params[name], maxWords)
		if name == "reason" {
			value = p.reason(incident.Words(params[name]))
		}
		parts = append(parts, clean(name, maxName)+"="+value)
	}
	return strings.Join(parts, ", ")
}

func (p page) target(t incident.Target) string {
	return dots(clean(t.Account, maxName), clean(t.AccountID, maxName),
		clean(t.User, maxName), clean(t.UserID, maxName), string(t.Key))
}

func (p page) facts(facts []incident.Fact) string {
	var parts []string
	for _, f := range facts {
		parts = append(parts, p.say("fact.is", "fact", p.factName(f.Name), "value", p.value(f.Value)))
	}
	return dots(parts...)
}

// after is what the plan would leave behind, where that is one value.
func (p page) after(plan incident.Plan) string {
	status := calls[plan.Step].status
	if status == "" {
		return ""
	}
	return p.say("fact.is", "fact", p.factName(incident.FactStatus), "value", p.status(status))
}

// forReader leaves out the buttons that would only be refused to the reader: a
// yes that is given already, a yes or no that may not be, a withdrawal of nothing.
func (p page) forReader(pr incident.Proposal, buttons []bot.Button) []bot.Button {
	voted := pr.Voted(p.Reader, p.Now)
	may := slices.Contains(p.Rules.CanVote(pr, p.Now), p.Reader)
	return slices.DeleteFunc(buttons, func(b bot.Button) bool {
		switch b.Act {
		case bot.ActShow:
			return true
		case bot.ActApprove:
			return p.Reader != "" && !may
		case bot.ActDecline:
			return p.Reader != "" && !p.Rules.Has(p.Reader, incident.Voter(p.tier(pr)))
		case bot.ActWithdraw:
			return p.Reader != "" && !voted
		}
		return false
	})
}
