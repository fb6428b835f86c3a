package view_test

import (
	"strings"
	"testing"
	"time"

	"twokey/bot/view"
	"twokey/incident"
)

// People vote on all of a list, and on each of several keys: a plan in full cuts
// neither, and says which key is which.
func TestAPlanInFullCutsNothingThatPeopleVoteOn(t *testing.T) {
	s := newStory(t)
	s.do(incident.Bot, incident.Open{Alert: s.alert(leaked(), place)}).wait(3 * time.Second).owned()
	other := incident.KeyID("LTAI" + "5t" + strings.Repeat("Other", 3))
	user := incident.OfUser("201912345678")
	var policies []string
	for _, service := range []string{"ECS", "OSS", "RAM", "RDS", "SLB", "VPC", "KMS", "DNS"} {
		policies = append(policies, "System:Aliyun"+service+"FullAccess")
	}
	p := s.plan(incident.StepUserDeactivate, incident.StepUserReactivate)
	p.Params = map[string]string{"keys": string(leaked()) + "," + string(other)}
	p.Guarded = []incident.Fact{
		{Of: incident.OfKey(leaked()), Name: incident.FactStatus, Value: incident.KeyActive},
		{Of: incident.OfKey(other), Name: incident.FactStatus, Value: incident.KeyInactive},
		{Of: user, Name: incident.FactPolicies, Value: strings.Join(policies, ",")},
		{Of: user, Name: incident.FactConsole, Value: incident.Yes},
	}
	s.do(ana, incident.Propose{Plan: p})
	v := words(t)
	for _, lang := range v.Languages() {
		text := view.PlainStep(v.Plan(s.scene(lang), 1))
		for _, want := range append(policies, string(other), "UpdateLoginProfile") {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s in\n%s", lang, want, text)
			}
		}
		if !strings.Contains(text, incident.KeyInactive) || strings.Count(text, string(other)) < 2 {
			t.Errorf("%s: it does not say which key is Inactive:\n%s", lang, text)
		}
		if strings.Contains(text, "{") && strings.Contains(text, "{user}") {
			t.Errorf("%s: an open blank:\n%s", lang, text)
		}
	}
}

func TestWhatKeepsAUserHasWords(t *testing.T) {
	s := newStory(t)
	s.do(incident.Bot, incident.Open{Alert: s.alert(leaked(), place)}).wait(3 * time.Second).owned()
	p := s.plan(incident.StepUserDelete, incident.StepUserRestore)
	s.do(ana, incident.Propose{Plan: p})
	pr, _ := s.state.Proposal(1)
	s.do(ana, incident.Approve{Number: 1, Digest: pr.Digest, Reason: s.text("x")}).do(bo, incident.Approve{Number: 1, Digest: pr.Digest, Reason: s.text("x")})
	s.do(incident.Bot, incident.Start{Number: 1})
	s.do(incident.Bot, incident.Finish{Number: 1, Outcome: incident.Rejected, Code: "DeleteConflict.User.Policy"})
	text := view.PlainStep(words(t).Plan(s.scene("en"), 1))
	if !strings.Contains(text, "DeleteConflict.User.Policy: ") || !strings.Contains(text, "deactivate it instead") {
		t.Error(text)
	}
}
