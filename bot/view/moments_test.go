package view_test

import (
	"testing"
	"time"

	"twokey/bot"
	"twokey/incident"
)

// moments are the states that people meet, by name.
var moments = map[string]func(*testing.T) *story{
	"1-second-after":  opened,
	"3-seconds-after": offered,
	"waiting-second-vote": func(t *testing.T) *story {
		return offered(t).wait(17*time.Second).approve(ana, 1).wait(time.Second)
	},
	"running-retry": func(t *testing.T) *story {
		s := running(t)
		return s.do(incident.Bot, incident.Try{Number: 1, Code: "Throttling.User", Again: s.at.Add(5 * time.Second)})
	},
	"done": contained,
	"done-hour-later": func(t *testing.T) *story {
		return contained(t).wait(time.Minute).
			do(ana, incident.Reply{Question: incident.Rotatable, Value: incident.Yes}).wait(62 * time.Minute)
	},
	"not-confirmed": func(t *testing.T) *story {
		return running(t).do(incident.Bot, incident.Finish{Number: 1, Outcome: incident.NotConfirmed, Code: "Throttling.User"})
	},
	"refused": func(t *testing.T) *story {
		return running(t).do(incident.Bot, incident.Finish{Number: 1, Outcome: incident.Rejected, Code: "NoPermission ram:UpdateAccessKey"})
	},
	"unknown-outcome": func(t *testing.T) *story {
		return running(t).do(incident.Bot, incident.Finish{Number: 1, Outcome: incident.NotSeen})
	},
	"drifted": func(t *testing.T) *story {
		s := running(t)
		p, _ := s.state.Proposal(1)
		return s.do(incident.Bot, incident.Void{Number: 1, Moved: []incident.Drift{{Fact: p.Plan.Guarded[0], Now: incident.KeyInactive}}})
	},
	"declined": func(t *testing.T) *story {
		s := offered(t)
		p, _ := s.state.Proposal(1)
		return s.do(bo, incident.Decline{Number: 1, Digest: p.Digest, Reason: s.text("release is running")})
	},
	"lapsed": func(t *testing.T) *story {
		return offered(t).approve(ana, 1).wait(31*time.Minute).do(incident.Bot, incident.Lapse{Number: 1})
	},
	"lookup": func(t *testing.T) *story {
		s := newStory(t)
		a := s.alert("", place)
		a.Kind, a.KeyMask, a.SecretSeen = incident.KindLookup, "LT******Xk9Q", true
		return s.do(incident.Bot, incident.Open{Alert: a})
	},
	"lookup-one":  func(t *testing.T) *story { return masked(t, leaked()) },
	"lookup-many": func(t *testing.T) *story { return masked(t, leaked(), leaked()[:12]+"x"+leaked()[13:]) },
	"lookup-none": func(t *testing.T) *story { return masked(t) },
	"merged": func(t *testing.T) *story {
		s := newStory(t)
		a := s.alert("", place)
		a.Kind = incident.KindLookup
		return s.do(incident.Bot, incident.Open{Alert: a}).do(ana, incident.Merge{Into: "inc-3"})
	},
	"closed": func(t *testing.T) *story {
		s := contained(t).wait(2 * time.Hour)
		return s.do(ana, incident.Close{Reason: s.text("rotated")})
	},
	"false-alarm": func(t *testing.T) *story {
		s := contained(t).wait(time.Minute)
		s.do(ana, incident.Propose{Plan: incident.Plan{Step: incident.StepFalseAlarm, Target: s.state.Target(), Params: map[string]string{"reason": string(s.text("it is the test key"))}}})
		return s.approve(ana, 4).wait(time.Second).approve(bo, 4)
	},
	"root-owner": func(t *testing.T) *story { return opened(t).owner(incident.OwnerRoot) },
	"root-attested": func(t *testing.T) *story {
		s := opened(t).owner(incident.OwnerRoot)
		s.do(incident.Bot, incident.Propose{Plan: incident.Plan{Step: "root.disable_key"}})
		s.do(incident.Bot, incident.Propose{Plan: incident.Plan{Step: "root.mfa"}})
		return s.wait(time.Minute).approve(ana, 1).approve(bo, 1).approve(ana, 2).wait(time.Second)
	},
	"root-used-after": func(t *testing.T) *story {
		s := opened(t).owner(incident.OwnerRoot)
		s.do(incident.Bot, incident.Propose{Plan: incident.Plan{Step: incident.StepRootDisable}})
		s.wait(time.Minute).approve(ana, 1).approve(bo, 1).wait(2 * time.Hour)
		return s.sees(map[incident.FactName]string{incident.FactLastUsed: s.at.Add(-time.Hour).Format(time.RFC3339)})
	},
	"theft": func(t *testing.T) *story { return theft(t) },
	"restricted": func(t *testing.T) *story {
		return offered(t).sees(map[incident.FactName]string{incident.FactGuarded: incident.Yes})
	},
	"owner-asked": func(t *testing.T) *story {
		s := theft(t)
		s.do(ana, incident.Propose{Plan: incident.Plan{Step: incident.StepOwnerAsk, Params: map[string]string{
			incident.ParamPerson: string(chen), incident.ParamCalls: s.state.KeyFact(incident.FactSuspects),
		}}})
		return s.wait(time.Minute).do(chen, incident.Reply{Question: "ecs:RunInstances@198.51.100.66", Value: incident.No}).wait(time.Second)
	},
	"lead": func(t *testing.T) *story {
		s := theft(t)
		user := s.state.Target()
		user.User, user.UserID = "svc-backup2", "209900000000000001"
		of := incident.OfUser(user.UserID)
		s.do(incident.Bot, incident.Observe{Of: of, AsOf: s.at, Source: "ims:GetUser", Facts: map[incident.FactName]string{
			incident.FactMadeBy: string(leaked()), incident.FactUser: user.User, incident.FactUserID: user.UserID,
		}})
		s.do(incident.Bot, incident.Propose{Plan: incident.Plan{Step: incident.StepUserDeactivate, Target: user, Undo: incident.StepUserReactivate}})
		return s.do(incident.Bot, incident.Propose{Plan: incident.Plan{
			Step: incident.StepRoleQuarantine, Target: s.state.Target(), Undo: incident.StepRoleRelease,
			Params: map[string]string{incident.ParamOf: string(incident.OfRole("ops-admin"))},
		}}).wait(time.Second)
	},
	"foreign-owner": func(t *testing.T) *story { return opened(t).owner(incident.OwnerForeign) },
	"said-root": func(t *testing.T) *story {
		s := newStory(t)
		a := s.alert(leaked(), place)
		a.Type, a.OwnerHint = "sas", incident.OwnerRoot
		return s.do(incident.Bot, incident.Open{Alert: a}).wait(time.Second).owner(incident.OwnerForeign)
	},
	"sts-owner":     func(t *testing.T) *story { return opened(t).owner(incident.OwnerSTS) },
	"unknown-owner": func(t *testing.T) *story { return opened(t).owner(incident.OwnerUnknown) },
	"deleted-owner": func(t *testing.T) *story {
		return opened(t).sees(map[incident.FactName]string{
			incident.FactOwner: incident.OwnerDeleted, incident.FactAccount: "prod",
			incident.FactStatus: incident.KeyInBin, incident.FactPurgeAt: "2026-12-20T10:00:00Z",
		})
	},
	"automation-done": automated,
	"guard-breach": func(t *testing.T) *story {
		s := automated(t).wait(10 * time.Minute)
		return s.do(incident.Bot, incident.Report{Number: 1, Who: "ram-admin"})
	},
	"read-only": func(t *testing.T) *story {
		return contained(t).write(incident.Bot, incident.Foreign{Name: "teleported", Raw: []byte(`{}`)})
	},
	"stuck-and-held": func(t *testing.T) *story {
		s := offered(t).do(incident.Bot, incident.GiveUp{Task: incident.Summarize, Room: "slack", Code: "channel_not_found"})
		s.state.Around.Held = true
		return s
	},
	"room-behind": func(t *testing.T) *story {
		s := offered(t).wait(17*time.Second).approve(ana, 1).wait(time.Second)
		s.behind = []bot.Behind{{Room: "lark", Since: s.at, Why: "Network"}}
		return s
	},
	"rooms-behind": func(t *testing.T) *story {
		s := contained(t).do(incident.Bot, incident.GiveUp{Task: incident.Announce, Room: "slack", Code: "HTTP.503"}) // told once, stands there once
		s.behind = []bot.Behind{
			{Room: "slack", Since: s.at.Add(-time.Minute), Why: "HTTP.503"},
			{Room: "lark-groups", Since: s.at, Why: "Timeout"},
			{Room: "dingtalk", Since: s.at, Why: "Forbidden.AccessDenied"},
		}
		return s
	},
	"one-platform": onePlatform,
	"observing": func(t *testing.T) *story {
		s := offered(t)
		s.rules.Observe = []string{"prod"}
		return s
	},
	"own-key": func(t *testing.T) *story {
		return opened(t).sees(map[incident.FactName]string{incident.FactOwn: incident.Yes}).owned()
	},
	"own-user": func(t *testing.T) *story {
		return opened(t).owned().sees(map[incident.FactName]string{incident.FactOwn: incident.OwnSibling})
	},
	"waits-for-own-key": func(t *testing.T) *story {
		s := offered(t).approve(ana, 1).approve(bo, 1)
		s.state.Around.Own = []incident.ID{"inc-9"}
		return s
	},
	"one-person-team": func(t *testing.T) *story {
		s := contained(t).wait(2 * time.Hour)
		s.rules.Members = s.rules.Members[:1]
		return s.do(incident.Bot, incident.Propose{Plan: s.plan("key.delete", "key.restore")})
	},
}

func (s *story) owner(owner string) *story {
	return s.sees(map[incident.FactName]string{incident.FactOwner: owner, incident.FactAccount: "prod"})
}

// onePlatform is a delete that two people agreed to in Slack, where it takes two
// platforms.
func onePlatform(t *testing.T) *story {
	s := contained(t).wait(2 * time.Hour)
	s.rules.CrossPlatform = true
	s.do(incident.Bot, incident.Propose{Plan: s.plan("key.delete", "key.restore")})
	p, _ := s.state.Waiting("key.delete")
	for _, who := range []incident.Person{ana, bo} {
		s.do(who, incident.Approve{Number: p.Number, Digest: p.Digest, Platform: "slack", Reason: s.text("rotated")})
	}
	return s.wait(time.Second)
}

// automated is a quarantine that nobody voted on.
func automated(t *testing.T) *story {
	s := newStory(t)
	a := s.alert(leaked(), place)
	a.Source = "scans"
	s.do(incident.Bot, incident.Open{Alert: a}).wait(3 * time.Second).owned()
	s.do(incident.Bot, incident.Automate{Plan: s.plan("policy.quarantine", "policy.detach")})
	s.do(incident.Bot, incident.Start{Number: 1}).wait(time.Second)
	s.do(incident.Bot, incident.Finish{Number: 1, Outcome: incident.Confirmed})
	return s.do(incident.Bot, incident.Propose{Plan: s.plan("key.disable", "key.enable")})
}

// theft is an offered incident in which the trail shows what a thief did.
func theft(t *testing.T) *story {
	t.Helper()
	return offered(t).sees(map[incident.FactName]string{
		incident.FactAbuse: incident.Yes, incident.FactSuspects: "ecs:RunInstances@198.51.100.66,ram:CreateUser@198.51.100.66",
		incident.FactNewIPs: "198.51.100.66", incident.FactPassed: "2", incident.FactRefused: "17",
	})
}

// masked is a look-up of which the account's keys that fit are known.
func masked(t *testing.T, keys ...incident.KeyID) *story {
	s := newStory(t)
	a := s.alert("", place)
	a.Kind, a.KeyMask = incident.KindLookup, maskOf(leaked())
	s.do(incident.Bot, incident.Open{Alert: a}).wait(2 * time.Second)
	fit := incident.FitOf(keys, s.at)
	return s.do(incident.Bot, incident.Observe{Of: incident.OfMask(s.state.Mask()), Facts: fit.Facts(), AsOf: fit.AsOf, Source: "all accounts"})
}

// maskOf is a key id as sources show it.
func maskOf(k incident.KeyID) string { return string(k[:8]) + "****" + string(k[20:]) }
