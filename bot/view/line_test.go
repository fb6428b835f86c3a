package view_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"twokey/bot"
	"twokey/incident"
)

// closedStory is an incident from alert to closing.
func closedStory(t *testing.T) *story {
	s := contained(t).wait(time.Minute)
	s.do(bo, incident.Note{Text: s.text("asked the deploy team")}).do(bo, incident.Take{})
	s.do(ana, incident.Reply{Question: incident.Rotatable, Value: incident.No})
	s.do(incident.Bot, incident.MarkReminded{Number: 2, Round: 1, Who: []incident.Person{ana, bo}})
	s.do(ana, incident.Propose{Plan: s.plan("permissions.trim", "permissions.give_back")})
	s.approve(bo, 4).do(bo, incident.Withdraw{Number: 4}).wait(time.Second)
	p, _ := s.state.Proposal(4)
	s.do(chen, incident.Decline{Number: 4, Digest: p.Digest, Reason: s.text("needed until noon")})
	s.do(incident.Bot, incident.Report{Number: 1, Who: "ci-deploy", Thief: true})
	s.do(incident.Bot, incident.LookBack{Number: 1, Outcome: incident.Confirmed})
	s.do(incident.Bot, incident.GiveUp{Task: incident.Escalate, Code: "HTTP.503"})
	return s.do(ana, incident.Close{Reason: s.text("rotated by hand")})
}

// Every kind of record has a line, but for those named here with the reason.
func TestEveryKindOfRecordHasWords(t *testing.T) {
	without := map[string]string{
		"superseded": "the plan that takes over is proposed in the same breath",
		"resumed":    "what becomes of the step is told",
		"authorized": "a line only when nobody voted: the start follows",
		"observed":   "a line only for what changes minds",
	}
	v := words(t)
	for _, kind := range append(incident.Kinds(), "from_the_future") {
		stored := fmt.Sprintf(`%064d {"incident":"inc-7","seq":1,"at":"2026-11-21T02:53:50Z","by":"ana","kind":%q,"event":{}}`, 0, kind)
		r, err := incident.DecodeRecord([]byte(stored))
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range v.Languages() {
			l, ok := v.Line(bot.Scene{Lang: lang}, r)
			if _, silent := without[kind]; ok == silent {
				t.Errorf("%s in %s: line %v %q", kind, lang, ok, l.Text)
			}
			if ok && (l.Key != "inc-7/1" || l.Who != "ana" || blank.MatchString(l.Text)) {
				t.Errorf("%s in %s: %+v", kind, lang, l)
			}
		}
	}
}

// Lines are short and name who did it.
func TestLinesAreShortAndNamed(t *testing.T) {
	v := words(t)
	s := closedStory(t)
	for _, r := range s.records {
		l, ok := v.Line(s.scene("en"), r)
		if !ok {
			continue
		}
		if n := utf8.RuneCountInString(l.Text); n > 201 {
			t.Errorf("%d characters: %s", n, l.Text)
		}
		if (l.Who == "") != (r.By == incident.Bot) {
			t.Errorf("%s by %s is told as by %q", r.Event.Kind(), r.By, l.Who)
		}
	}
}

// However much foreign text a record holds, its line stays short.
func TestLongRecordsMakeShortLines(t *testing.T) {
	long := strings.Repeat("long ", 100)
	moved := slices.Repeat([]incident.Drift{{Fact: incident.Fact{Name: incident.FactPolicies, Value: long}, Now: long}}, 10)
	s := running(t).do(incident.Bot, incident.Void{Number: 1, Moved: moved})
	l, ok := words(t).Line(s.scene("en"), s.records[len(s.records)-1])
	if n := utf8.RuneCountInString(l.Text); !ok || n > 201 {
		t.Errorf("%v, %d characters: %s", ok, n, l.Text)
	}
}
