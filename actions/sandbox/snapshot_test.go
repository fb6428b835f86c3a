package sandbox_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

func TestSnapshotShowsTheAccountAsItIs(t *testing.T) {
	s := start(t)
	root := must[sandbox.Key](t)(s.AddRootKey())
	instance := s.AddInstance()
	ref := sandbox.PolicyRef{Type: sandbox.Custom, Name: "q"}
	ok(t, s.AddPolicy("q", deny))
	ok(t, s.AddGroup("ops", ref))
	ok(t, s.Join("alice", "ops"))
	ok(t, s.SetPolicies("alice", admin))
	ok(t, s.SetLogin("alice", &sandbox.Login{}))
	at := s.clock.now()
	ok(t, s.RecordUse(s.alice.ID, sandbox.Use{At: at.Add(-time.Hour), Service: "Oss", Event: "GetObject", Source: "203.0.113.7"}))
	second := must[sandbox.Key](t)(s.AddKey("alice"))
	s.remove(t, s.alice.ID)
	s.SetBehaviour(sandbox.Behaviour{ReadLag: time.Hour, TrailLag: time.Hour}) // no lag in a snapshot

	got := s.Snapshot()
	want := sandbox.UserView{
		Name: "alice", ID: s.id, Principal: upn, Console: true, Groups: []string{"ops"},
		Keys: []sandbox.KeyView{
			{ID: second.ID, Status: "Active", Created: at},
			{ID: s.alice.ID, Status: "Inactive", Created: at, LastUsed: at.Add(-time.Hour), InBin: true, PurgeAt: at.Add(30 * 24 * time.Hour)},
		},
		Policies: []sandbox.PolicyView{{PolicyRef: admin}, {PolicyRef: ref, Via: "ops"}},
	}
	if diff := cmp.Diff(want, got.Users[0]); diff != "" {
		t.Error(diff)
	}
	if len(got.RootKeys) != 1 || got.RootKeys[0].ID != root.ID || len(got.Instances) != 1 || got.Instances[0] != instance {
		t.Errorf("%+v", got)
	}
	last := got.Calls[0]
	if last.Action != "DeleteAccessKey" || last.User != "bot" || last.Detail != s.alice.ID || !last.Allowed || !last.Write || last.At != at {
		t.Errorf("%+v", last)
	}
	got.Users[0].Keys[0].Status = "changed" // a copy
	if s.Snapshot().Users[0].Keys[0].Status != "Active" {
		t.Error("a snapshot shares memory with the account")
	}
}

func TestAKeyIDIsGivenOnce(t *testing.T) {
	s := start(t)
	id := "LTAI" + "5tGivenByTheStory001"
	k := must[sandbox.Key](t)(s.AddKeyWithID("alice", id))
	if k.ID != id {
		t.Error(k.ID)
	}
	if _, err := s.AddRootKeyWithID(id); err == nil {
		t.Error("taken twice")
	}
}
