package view_test

import (
	"strings"
	"testing"
	"time"

	"twokey/bot/view"
	"twokey/incident"
)

// fresh is the id of a key that a rotation made.
func fresh() string { return "LTAI" + strings.Repeat("5tNw", 5) }

// created is an incident whose key.create ended so.
func created(t *testing.T, how string, f incident.Finish) *story {
	t.Helper()
	s := offered(t)
	p := s.plan(incident.StepKeyCreate, incident.StepKeyDiscard)
	user := incident.OfUser(p.Target.UserID)
	p.Guarded = append(p.Guarded, incident.Fact{Of: user, Name: incident.FactReceiver, Value: "ana"}, incident.Fact{Of: user, Name: incident.FactSealedFor, Value: how})
	s.do(incident.Bot, incident.Propose{Plan: p})
	number := len(s.state.Proposals)
	s.approve(ana, number).approve(bo, number).do(incident.Bot, incident.Start{Number: number})
	f.Number = number
	return s.wait(time.Second).do(incident.Bot, f)
}

func sealedKey(t *testing.T) *story {
	t.Helper()
	return created(t, "age 0123456789abcdef", incident.Finish{Outcome: incident.Confirmed, Result: fresh(), Sealed: "hash"})
}

// seesNew writes down what a look showed of the new key.
func (s *story) seesNew(facts map[incident.FactName]string) *story {
	return s.do(incident.Bot, incident.Observe{Of: incident.OfKey(incident.KeyID(fresh())), Facts: facts, AsOf: s.at.Add(-time.Hour), Source: "actiontrail:GetAccessKeyLastUsedInfo"})
}

func TestACardSaysWhereANewKeyIs(t *testing.T) {
	v := words(t)
	number := 4
	for name, row := range map[string]struct {
		build func() *story
		want  []string
	}{
		"waits":   {func() *story { return sealedKey(t) }, []string{"new key " + fresh() + " for ci-deploy", "sealed for Ana, who fetches it"}},
		"fetched": {func() *story { return sealedKey(t).do(ana, incident.Receive{Way: incident.WayChat}) }, []string{"fetched", "by Ana"}},
		"fetched by token": {
			func() *story { return sealedKey(t).do(incident.Bot, incident.Receive{Way: incident.WayAPI}) },
			[]string{"by somebody with the API's token"},
		},
		"nobody came": {func() *story {
			return sealedKey(t).wait(incident.HandOverFor).do(incident.Bot, incident.LetGo{Number: number})
		}, []string{"Ana did not fetch it", "discard it"}},
		"in KMS": {func() *story {
			return created(t, "kms kst-1/twokey-2019", incident.Finish{Outcome: incident.Confirmed, Result: fresh()})
		}, []string{"its secret lies in KMS, kst-1/twokey-2019, for Ana"}},
		"lost": {func() *story {
			s := created(t, "age 0", incident.Finish{Outcome: incident.Rejected, Code: incident.CodeOrphan, Result: fresh()})
			return s.seesNew(map[incident.FactName]string{incident.FactStatus: incident.KeyInactive})
		}, []string{"NEW KEY LOST: " + fresh(), "Key state: Inactive"}},
		"not clear": {func() *story {
			return created(t, "age 0", incident.Finish{Outcome: incident.Rejected, Code: incident.CodeSeveral, Result: fresh() + ",B"})
		}, []string{"NOT CLEAR", "None was touched"}},
		"found late": {func() *story {
			s := created(t, "age 0", incident.Finish{Outcome: incident.NotSeen, Code: "Timeout"})
			return s.do(incident.Bot, incident.LookBack{Number: number, Outcome: incident.Rejected, Code: incident.CodeOrphan, Result: fresh()})
		}, []string{"NEW KEY LOST: " + fresh()}},
		"replaced": {func() *story {
			s := sealedKey(t).sees(map[incident.FactName]string{incident.FactKnownIPs: "203.0.113.7,203.0.113.8"})
			return s.seesNew(map[incident.FactName]string{
				incident.FactStatus: incident.KeyActive, incident.FactLastUsed: "2026-11-21T03:20:00Z", incident.FactKnownIPs: "203.0.113.7,203.0.113.9",
			})
		}, []string{"old key silent since 02:49:50", "last seen 03:20:00, from 2 addresses", "1 of them the old key's", "may lag an hour"}},
		"not used yet": {func() *story {
			return sealedKey(t).seesNew(map[incident.FactName]string{incident.FactStatus: incident.KeyActive})
		}, []string{"new key " + fresh() + " not seen yet"}},
	} {
		s := row.build()
		text := view.Plain(v.Card(s.scene("en")))
		for _, want := range row.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the card does not say %q:\n%s", name, want, text)
			}
		}
		for _, lang := range v.Languages() {
			text := view.Plain(v.Card(s.scene(lang)))
			if blank.MatchString(text) || !strings.Contains(text, fresh()) {
				t.Errorf("%s in %s:\n%s", name, lang, text)
			}
			if l, ok := v.Line(s.scene(lang), s.records[len(s.records)-1]); ok && blank.MatchString(l.Text) {
				t.Errorf("%s in %s: %s", name, lang, l.Text)
			}
		}
	}
}

func TestRefusalsOfAHandOverSayWhoAndWhenAndWhatNext(t *testing.T) {
	v := words(t)
	s := sealedKey(t).do(ana, incident.Receive{Way: incident.WayChat})
	s.do(incident.Bot, incident.Observe{Of: incident.OfUser("201912345678"), Facts: map[incident.FactName]string{incident.FactKeys: "A,B"}, AsOf: s.at})
	for why, want := range map[incident.Refusal][]string{
		incident.WasReceived: {"by Ana", "02:53", "key.discard"}, incident.NotReceiver: {"Only Ana"}, incident.HandOverOver: {"key.discard"},
		incident.NoReceiver: {"owners[].receiver"}, incident.SlotsFull: {"A,B", "manual.free_slot"}, incident.LiesInKMS: {"KMS"},
	} {
		for _, lang := range v.Languages() {
			scene := s.scene(lang)
			scene.Plan = 4
			text := v.Refusal(scene, why)
			if blank.MatchString(text) {
				t.Errorf("%s in %s: %s", why, lang, text)
			}
			for _, part := range want {
				if lang == "en" && !strings.Contains(text, part) {
					t.Errorf("%s does not say %q: %s", why, part, text)
				}
			}
		}
	}
}
