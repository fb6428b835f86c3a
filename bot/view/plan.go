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
	incident.StepPolicyQuarantine: {"ram:AttachPolicyToUser {PolicyType=Custom, PolicyName, UserName}", ""},
	incident.StepPolicyDetach:     {"ram:DetachPolicyFromUser {PolicyType=Custom, PolicyName, UserName}", ""},
	incident.StepKeyFence:         {"ims:SetAccessKeyPolicy {UserPrincipalName, UserAccessKeyId, AccessKeyPolicy}", ""},
	"key.unfence":                 {"ims:SetAccessKeyPolicy {UserPrincipalName, UserAccessKeyId, AccessKeyPolicy}", ""},
	incident.StepKeyCreate:        {"ram:CreateAccessKey {UserName}; kms:CreateSecret, kms:PutSecretValue {SecretName, VersionId}", ""},
	incident.StepKeyDiscard:       {"ram:UpdateAccessKey {Status=Inactive}, ram:DeleteAccessKey {UserName, UserAccessKeyId}", incident.KeyInBin},
	incident.StepTrim:             {"ram:DetachPolicyFromUser {PolicyType, PolicyName, UserName}, ram:RemoveUserFromGroup {GroupName, UserName}", ""},
	incident.StepGiveBack:         {"ram:AttachPolicyToUser {PolicyType, PolicyName, UserName}, ram:AddUserToGroup {GroupName, UserName}", ""},
	incident.StepLoginCut:         {"ims:UpdateLoginProfile {UserPrincipalName, Status=Inactive}", ""},
	incident.StepLoginGiveBack:    {"ims:UpdateLoginProfile {UserPrincipalName, Status=Active}", ""},
	incident.StepMFARequire:       {"ims:UpdateLoginProfile {UserPrincipalName, MFABindRequired=true}", ""},
	incident.StepMFARelease:       {"ims:UpdateLoginProfile {UserPrincipalName, MFABindRequired=false}", ""},
	incident.StepMFAEnforce:       {"ims:SetSecurityPreference {MFAOperationForLogin=mandatory}", ""},
	incident.StepMFARelax:         {"ims:SetSecurityPreference {MFAOperationForLogin}", ""},
	incident.StepUserDeactivate: {
		"ram:UpdateAccessKey {UserName, UserAccessKeyId, Status=Inactive}, ims:UpdateLoginProfile {UserPrincipalName, Status=Inactive}", incident.KeyInactive,
	},
	incident.StepUserReactivate: {
		"ram:UpdateAccessKey {UserName, UserAccessKeyId, Status=Active}, ims:UpdateLoginProfile {UserPrincipalName, Status=Active}", incident.KeyActive,
	},
	incident.StepUserDelete:     {"ims:DeleteUser {UserId}", ""},
	incident.StepUserRestore:    {"ims:RestoreUserFromRecycleBin {UserId}", incident.KeyInactive},
	incident.StepRoleQuarantine: {"ram:AttachPolicyToRole {PolicyType=Custom, PolicyName, RoleName}", ""},
	incident.StepRoleRelease:    {"ram:DetachPolicyFromRole {PolicyType=Custom, PolicyName, RoleName}", ""},
	"ecs.attach_role":           {"ecs:AttachInstanceRamRole {RegionId, RamRoleName, InstanceIds}", ""},
	"ecs.detach_role":           {"ecs:DetachInstanceRamRole {RegionId, RamRoleName, InstanceIds}", ""},
	"ecs.enforce_imds":          {"ecs:ModifyInstanceMetadataOptions {HttpEndpoint=enabled, HttpTokens=required}", ""},
	"ecs.relax_imds":            {"ecs:ModifyInstanceMetadataOptions {HttpEndpoint=enabled, HttpTokens=optional}", ""},
	"leak.mark_handled":         {"sas:ModifyAccessKeyLeakDeal {IdList, Type=manual}", ""},
	"leak.whitelist":            {"sas:ModifyAccessKeyLeakDeal {IdList, Type=add-whitelist}", ""},
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
	add("plan.call", callOf(plan))
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

// callOf is what a plan calls. A user without room for one more policy goes into a
// group, and what is missing is made only where the plan says so.
func callOf(plan incident.Plan) string {
	call := calls[plan.Step].call
	group := plan.Params["via"] == "group"
	switch {
	case group && plan.Step == incident.StepPolicyQuarantine:
		call = "ram:AddUserToGroup {UserName, GroupName}"
	case group && plan.Step == incident.StepPolicyDetach:
		call = "ram:RemoveUserFromGroup {UserName, GroupName}"
	}
	if plan.Params["create"] == incident.Yes {
		made := "ram:CreatePolicy {PolicyName, PolicyDocument}, "
		if group {
			made += "ram:CreateGroup {GroupName}, ram:AttachPolicyToGroup {PolicyType=Custom, PolicyName, GroupName}, "
		}
		call = made + call
	}
	return call
}

// params are the parameters as they go out, by name. A reason is kept beside the
// chain, so that its hash is of no use to anyone here.
func (p page) params(params map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		value := clean(strings.ReplaceAll(params[name], ",", ", "), maxList)
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
	keys := make(map[incident.Identity]bool)
	for _, f := range facts {
		if strings.HasPrefix(string(f.Of), "key ") {
			keys[f.Of] = true
		}
	}
	var parts []string
	for _, f := range facts {
		name := p.factName(f.Name)
		if key, ok := strings.CutPrefix(string(f.Of), "key "); ok && len(keys) > 1 {
			name += " " + clean(key, maxName) // which of them
		}
		parts = append(parts, p.say("fact.is", "fact", name, "value", p.whole(f.Value)))
	}
	return dots(parts...)
}

// maxList is how much is shown of one value in a plan in full: people vote on all
// of a list.
const maxList = 1600

// whole is a value as a plan in full shows it, lists with room to break.
func (p page) whole(v string) string {
	switch id := "fact.value." + v; {
	case v == "" || v == incident.Absent:
		return p.value(v)
	case p.has(id):
		return p.say(id)
	}
	return clean(strings.ReplaceAll(v, ",", ", "), maxList)
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
