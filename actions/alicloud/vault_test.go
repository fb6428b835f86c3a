package alicloud_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

// inVault is a stage whose receiver is a secret in KMS.
func inVault(t *testing.T, b sandbox.Behaviour, key string) *stage {
	t.Helper()
	s := newStage(t, func(c *alicloud.Config) {
		c.Receivers = map[string]alicloud.Receiver{userName: {Person: "ana", KMS: &alicloud.KMSReceiver{Instance: "kst-hzz1", Key: key}}}
	})
	b.UnlimitedLookups = true
	s.cloud.SetBehaviour(b)
	return s
}

func TestANewKeyLiesInKMSForItsWorkload(t *testing.T) {
	for name, b := range map[string]sandbox.Behaviour{
		"parameters in the body": {}, "parameters in the query": {KMSReadsQueryOnly: true}, "a key of the instance": {KMSInstanceNeedsKey: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := inVault(t, b, "key-1")
			p := s.plan(incident.StepKeyCreate)
			if way, where := p.SealedFor(); way != incident.SealKMS || where != "kst-hzz1/twokey-"+s.userID {
				t.Fatalf("sealed for %s %s", way, where)
			}
			out := got(s.step(p.Step).Run(t.Context(), p))(t)
			if len(out.Sealed) != 0 || out.Result == "" {
				t.Fatalf("%+v", out)
			}
			versions := s.cloud.SecretVersions("twokey-" + s.userID)
			key := keyIn(t, []byte(string(versions[out.Result])))
			if key.ID != out.Result || !s.works(key) {
				t.Fatalf("KMS has %s", key.ID)
			}
			s.done(&p, out)
			s.do(incident.StepKeyDiscard) // the secret stays, and a second key goes into it
			again := s.do(incident.StepKeyCreate)
			s.verify(again, true)
			if n := len(s.cloud.SecretVersions("twokey-" + s.userID)); n != 3 {
				t.Fatalf("%d versions, want an empty one and two keys", n)
			}
			for _, action := range []string{"GetSecretValue", "DeleteSecret"} {
				if n := s.cloud.Calls(action); n != 0 {
					t.Errorf("%s was called %d times", action, n)
				}
			}
		})
	}
}

func TestKMSIsAskedBeforeThereIsAKey(t *testing.T) {
	for name, row := range map[string]struct {
		do   func(s *stage)
		code string
	}{
		"down":          {func(s *stage) { s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Product: "kms"}) }, "ServiceUnavailable"},
		"no permission": {func(s *stage) { s.grant(incident.StepKeyDisable) }, "NoPermission"},
		"no key given":  {func(s *stage) { s.cloud.SetBehaviour(sandbox.Behaviour{KMSInstanceNeedsKey: true}) }, "InvalidParameter"},
	} {
		t.Run(name, func(t *testing.T) {
			s := inVault(t, sandbox.Behaviour{}, "")
			p := s.plan(incident.StepKeyCreate)
			row.do(s)
			out, err := s.step(p.Step).Run(t.Context(), p)
			s.wantError(err, row.code)
			if n := s.cloud.Calls("CreateAccessKey"); n != 0 || out.Result != "" {
				t.Fatalf("a key was asked for %d times: %+v", n, out)
			}
		})
	}
}

func TestALostAnswerOfKMSLosesNothing(t *testing.T) {
	s := inVault(t, sandbox.Behaviour{}, "")
	p := s.plan(incident.StepKeyCreate)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Drop, Action: "PutSecretValue", Next: 2})
	out := got(s.step(p.Step).Run(t.Context(), p))(t)
	if key := keyIn(t, []byte(string(s.cloud.SecretVersions("twokey-" + s.userID)[out.Result]))); !s.works(key) {
		t.Fatal("the key in KMS does not work")
	}
}

func TestAKeyThatKMSRefusesIsDisabled(t *testing.T) {
	for _, kind := range []sandbox.FaultKind{sandbox.Unavailable, sandbox.HTML, sandbox.Throttle} {
		s := inVault(t, sandbox.Behaviour{}, "")
		p := s.plan(incident.StepKeyCreate)
		s.cloud.Inject(sandbox.Fault{Kind: kind, Action: "PutSecretValue"})
		out, err := s.step(p.Step).Run(t.Context(), p)
		s.wantError(err, incident.CodeOrphan)
		want := map[string]string{s.key.ID: incident.KeyActive, out.Result: incident.KeyInactive}
		if diff := cmp.Diff(want, s.keys()); diff != "" {
			t.Fatalf("keys (-want +got):\n%s", diff)
		}
	}
}
