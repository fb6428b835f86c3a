package sandbox_test

import (
	"encoding/base32"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"twokey/actions/sandbox"
)

type reportPage struct{ Content, GeneratedTime, IsTruncated, NextToken string }

func (s *stage) generate(t *testing.T) string {
	t.Helper()
	return read[struct{ State string }](t, must[answer](t)(s.call(t, s.bot, ims, "GenerateCredentialReport", nil))).State
}

func (s *stage) page(t *testing.T, params map[string]any) reportPage {
	t.Helper()
	return read[reportPage](t, must[answer](t)(s.call(t, s.bot, ims, "GetCredentialReport", params)))
}

func TestTheCredentialReportIsMadeThenReadInPages(t *testing.T) {
	s := start(t)
	ok(t, s.SetLogin("alice", &sandbox.Login{}))
	_, err := s.call(t, s.bot, ims, "GetCredentialReport", nil)
	refused(t, err, http.StatusNotFound, "EntityNotExist.CredentialReport")
	if a, b := s.generate(t), s.generate(t); a != "STARTED" || b != "COMPLETED" {
		t.Errorf("%s, then %s", a, b)
	}
	first := s.page(t, map[string]any{"MaxItems": "2"})
	text := string(must[[]byte](t)(base64.StdEncoding.DecodeString(first.Content)))
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if first.IsTruncated != "true" || len(lines) != 3 || !strings.HasPrefix(lines[0], "user,user_creation_time,") || !strings.HasPrefix(lines[1], "<root>,") ||
		!strings.HasPrefix(lines[2], "alice@acme.onaliyun.com,2026-11-21T02:50:00Z,-,TRUE,TRUE,N/A,N/A,FALSE,TRUE,TRUE,2026-11-21T02:50:00Z,N/A,FALSE,") {
		t.Errorf("%+v\n%s", first, text)
	}
	if last := s.page(t, map[string]any{"MaxItems": "2", "NextToken": first.NextToken}); last.IsTruncated != "false" || last.NextToken != "" {
		t.Errorf("%+v", last)
	}
	s.AddUser("carol")
	if s.generate(t); s.page(t, nil).GeneratedTime != first.GeneratedTime {
		t.Error("a report is made anew every four hours only")
	}
	s.SetBehaviour(sandbox.Behaviour{ReportBase32: true})
	s.clock.advance(4 * time.Hour)
	if a, b := s.generate(t), s.generate(t); a != "STARTED" || b != "COMPLETED" {
		t.Errorf("%s, then %s", a, b)
	}
	fresh := must[[]byte](t)(base32.StdEncoding.DecodeString(s.page(t, nil).Content))
	if !strings.Contains(string(fresh), "carol@") {
		t.Errorf("%s", fresh)
	}
}

func TestAThiefBurrowsIn(t *testing.T) {
	s := start(t)
	ok(t, s.AddRole("Deployer", nil, sandbox.PolicyRef{Type: sandbox.System, Name: "AliyunECSFullAccess"}))
	ok(t, s.SetPolicies("alice", sandbox.PolicyRef{Type: sandbox.System, Name: "AliyunRAMFullAccess"}, assumer))
	a := must[*sandbox.Attacker](t)(sandbox.NewAttacker(s.URL(), s.alice, thief, sandbox.Burrow("Deployer")))
	for _, got := range round(t, a, len(sandbox.Burrow(""))) {
		if strings.Contains(got, " ") {
			t.Error(got)
		}
	}
	last := s.Snapshot().Calls[0]
	if last.Action != "RunInstances" || last.User != "Deployer:support-1" || !strings.HasPrefix(last.KeyID, "STS.") {
		t.Errorf("%+v", last)
	}
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
	for _, got := range round(t, a, len(sandbox.Burrow(""))-1) {
		if !strings.HasSuffix(got, " InvalidAccessKeyId.Inactive") {
			t.Error(got)
		}
	}
	if got := round(t, a, 1); got[0] != "RunInstances" {
		t.Errorf("the session ended with the key: %v", got)
	}
}
