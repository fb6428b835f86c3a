package alicloud_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/alicloud/seal"
	"twokey/actions/sandbox"
	"twokey/incident"
)

// asked are the parameters of a step's plan.
func (s *stage) asked(name string) map[string]string {
	if name == incident.StepKeyDiscard {
		return map[string]string{incident.ParamOf: string(incident.OfKey(incident.KeyID(s.made)))}
	}
	return s.given[name]
}

// done is a plan as the bot keeps it once it was carried out.
func (s *stage) done(p *incident.Plan, out actions.Outcome) {
	if out.Result == "" {
		return
	}
	s.made = out.Result
	if p.Params == nil {
		p.Params = map[string]string{}
	}
	p.Params[actions.Made] = out.Result
}

// opened is the key in a ciphertext, as its receiver reads it.
func (s *stage) opened(sealed []byte) sandbox.Key {
	s.Helper()
	plain := got(io.ReadAll(got(age.Decrypt(armor.NewReader(bytes.NewReader(sealed)), s.ana))(s.T)))(s.T)
	return keyIn(s.T, plain)
}

func keyIn(t *testing.T, plain []byte) sandbox.Key {
	t.Helper()
	var k struct{ AccessKeyId, AccessKeySecret string } //nolint:revive // as it travels
	must(t, json.Unmarshal(plain, &k))
	return sandbox.Key{ID: k.AccessKeyId, Secret: sandbox.Secret(k.AccessKeySecret)}
}

// works reports whether a key can act.
func (s *stage) works(k sandbox.Key) bool {
	s.Helper()
	holder := got(sandbox.NewAttacker(s.cloud.URL(), k, "203.0.113.7", []sandbox.Move{{Version: "2014-05-26", Action: "DescribeInstances"}}))(s.T)
	return got(holder.Step(s.Context()))(s.T).Allowed
}

// keys are the user's, with their states.
func (s *stage) keys() map[string]string {
	out := map[string]string{}
	for _, u := range s.cloud.Snapshot().Users {
		for _, k := range u.Keys {
			if u.Name == userName && !k.InBin {
				out[k.ID] = k.Status
			}
		}
	}
	return out
}

func TestANewKeyIsSealedAtBirthForItsReceiver(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	p := s.plan(incident.StepKeyCreate)
	recipient := got(seal.Parse(s.ana.Recipient().String()))(t)
	ofKey, ofUser := incident.OfKey(s.target.Key), incident.OfUser(s.userID)
	want := incident.Plan{
		Step: incident.StepKeyCreate, Target: s.target, Undo: incident.StepKeyDiscard,
		Guarded: []incident.Fact{
			fact(ofKey, incident.FactAccountID, s.cloud.Account()), fact(ofKey, incident.FactUserID, s.userID),
			fact(ofUser, incident.FactKeys, s.key.ID), fact(ofUser, incident.FactSlot, incident.Free),
			fact(ofUser, incident.FactReceiver, "ana"), fact(ofUser, incident.FactSealedFor, "age "+recipient.Fingerprint()),
		},
		Shown: []incident.Fact{fact(ofUser, incident.FactAsOf, at.now().Format(time.RFC3339))},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Fatalf("plan (-want +got):\n%s", diff)
	}
	out := got(s.step(p.Step).Run(t.Context(), p))(t)
	key := s.opened(out.Sealed)
	if key.ID != out.Result || !s.works(key) {
		t.Fatalf("the receiver got %s for %s, which works: %v", key.ID, out.Result, s.works(key))
	}
	if bytes.Contains(out.Sealed, []byte(string(key.Secret))) {
		t.Fatal("the ciphertext holds the secret")
	}
	s.done(&p, out)
	s.verify(p, true)
	_, err := s.step(p.Step).Plan(t.Context(), s.target, nil)
	s.wantError(err, "KeySlotsFull")
	if !errors.Is(err, incident.SlotsFull) {
		t.Fatal(err)
	}
}

func TestWithoutAReceiverThereIsNoPlan(t *testing.T) {
	s := newStage(t, func(c *alicloud.Config) { c.Receivers = nil })
	_, err := s.step(incident.StepKeyCreate).Plan(t.Context(), s.target, nil)
	s.wantError(err, "NoReceiver")
	if !errors.Is(err, incident.NoReceiver) {
		t.Fatal(err)
	}
}

func TestAnotherReceiverIsDriftAndIsNotServed(t *testing.T) {
	s := newStage(t)
	agreed := s.plan(incident.StepKeyCreate)
	thief := got(age.GenerateX25519Identity())(t).Recipient().String()
	for _, r := range []alicloud.Receiver{{Person: "ana", Age: thief}, {Person: "eve", Age: s.ana.Recipient().String()}} {
		s.account = s.as(s.bot, func(c *alicloud.Config) { c.Receivers = map[string]alicloud.Receiver{userName: r} })
		if moved := agreed.DriftFrom(s.plan(incident.StepKeyCreate)); len(moved) != 1 {
			t.Errorf("drift: %v", moved)
		}
		_, err := s.step(incident.StepKeyCreate).Run(t.Context(), agreed)
		s.wantError(err, "NoReceiver")
	}
	if n := s.cloud.Calls("CreateAccessKey"); n != 0 {
		t.Fatalf("%d keys were asked for", n)
	}
}

func TestAKeyIsNeverAskedForTwice(t *testing.T) {
	for kind, code := range map[sandbox.FaultKind]string{
		sandbox.Drop: "Network", sandbox.ServerError: "HTTP.500", sandbox.HTML: "HTTP.503", sandbox.Unavailable: "ServiceUnavailable",
	} {
		s := newStage(t)
		p := s.plan(incident.StepKeyCreate)
		s.cloud.Inject(sandbox.Fault{Kind: kind, Action: "CreateAccessKey"})
		out, err := s.step(p.Step).Run(t.Context(), p)
		s.wantError(err, code)
		if n := s.cloud.Calls("CreateAccessKey"); n != 1 || out.Result != "" || !actions.Transient(err) {
			t.Errorf("%s: asked %d times, %+v", code, n, out)
		}
	}
}

func reconcile(s *stage, p incident.Plan) (actions.Outcome, error) {
	s.Helper()
	out, done, err := s.step(p.Step).(actions.Reconciler).Reconcile(s.Context(), p)
	if done {
		s.Fatal("nobody has the secret, and it counts as done")
	}
	return out, err
}

func TestAKeyWithoutItsAnswerIsDisabledAndNamed(t *testing.T) {
	s := newStage(t)
	p := s.plan(incident.StepKeyCreate)
	if out, err := reconcile(s, p); err != nil || out.Result != "" {
		t.Fatalf("before anything was asked for: %+v, %v", out, err)
	}
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Drop, Action: "CreateAccessKey", Next: 1})
	_, err := s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "Network")
	for range 2 { // once more is harmless
		out, err := reconcile(s, p)
		s.wantError(err, incident.CodeOrphan)
		want := map[string]string{s.key.ID: incident.KeyActive, out.Result: incident.KeyInactive}
		if diff := cmp.Diff(want, s.keys()); diff != "" {
			t.Fatalf("keys (-want +got):\n%s", diff)
		}
		if len(out.Sights) != 1 || out.Sights[0].Of != incident.OfKey(incident.KeyID(out.Result)) || out.Sights[0].Facts[incident.FactStatus] != incident.KeyInactive {
			t.Fatalf("seen: %+v", out.Sights)
		}
		s.made = out.Result
	}
	s.do(incident.StepKeyDiscard)
	if diff := cmp.Diff(map[string]string{s.key.ID: incident.KeyActive}, s.keys()); diff != "" {
		t.Fatalf("keys (-want +got):\n%s", diff)
	}
}

func TestOnlyAKeyThatIsSurelyOursIsTouched(t *testing.T) {
	at := newClock()
	t.Run("two are new", func(t *testing.T) {
		s := newStageAt(t, at)
		s.do(incident.StepKeyDisable)
		s.do(incident.StepKeyDelete)
		p := s.plan(incident.StepKeyCreate)
		ids := []string{got(s.cloud.AddKey(userName))(t).ID, got(s.cloud.AddKey(userName))(t).ID}
		slices.Sort(ids)
		out, err := reconcile(s, p)
		s.wantError(err, incident.CodeSeveral)
		want := map[string]string{ids[0]: incident.KeyActive, ids[1]: incident.KeyActive}
		if diff := cmp.Diff(want, s.keys()); diff != "" || out.Result != strings.Join(ids, ",") {
			t.Fatalf("%s; keys (-want +got):\n%s", out.Result, diff)
		}
	})
	t.Run("one came out of the bin", func(t *testing.T) {
		s := newStageAt(t, at)
		old := got(s.cloud.AddKey(userName))(t)
		at.advance(time.Hour)
		leaked := s.target
		s.target.Key, s.key = incident.KeyID(old.ID), old
		s.do(incident.StepKeyDisable)
		s.do(incident.StepKeyDelete)
		s.target = leaked
		p := s.plan(incident.StepKeyCreate)
		s.target.Key = incident.KeyID(old.ID)
		s.do(incident.StepKeyRestore)
		if out, err := reconcile(s, p); err != nil || out.Result != "" {
			t.Fatalf("%+v, %v", out, err)
		}
	})
}

func TestAnOrphanThatCannotBeDisabledIsNotDoneWith(t *testing.T) {
	s := newStage(t)
	p := s.plan(incident.StepKeyCreate)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Drop, Action: "CreateAccessKey", Next: 1})
	_, _ = s.step(p.Step).Run(t.Context(), p)
	remove := s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: "UpdateAccessKey"})
	if _, err := reconcile(s, p); !actions.Transient(err) {
		t.Fatalf("not disabled, and it ends with %v", err)
	}
	remove()
	_, err := reconcile(s, p)
	s.wantError(err, incident.CodeOrphan)
}

func TestDiscardTakesTheNewKeyAndNoOther(t *testing.T) {
	s := newStage(t)
	created := s.do(incident.StepKeyCreate)
	back := got(s.step(incident.StepKeyCreate).(actions.Reverser).Reverse(t.Context(), created))(t)
	of := incident.OfKey(incident.KeyID(s.made))
	if status, _ := back.Guard(of, incident.FactStatus); back.Step != incident.StepKeyDiscard || status != incident.KeyActive || back.Params[incident.ParamOf] != string(of) {
		t.Fatalf("the reverse is %v %v", back, back.Params)
	}
	for range 2 {
		_ = got(s.step(back.Step).Run(t.Context(), back))(t)
		s.verify(back, true)
	}
	s.verify(created, false)
	if diff := cmp.Diff(map[string]string{s.key.ID: incident.KeyActive}, s.keys()); diff != "" {
		t.Fatalf("keys (-want +got):\n%s", diff)
	}
	_, err := s.step(back.Step).Plan(t.Context(), s.target, s.asked(back.Step))
	if !errors.Is(err, actions.ErrNothingToDo) {
		t.Fatalf("again: %v", err)
	}
	for _, other := range []string{"", "key ", string(incident.OfKey(s.target.Key)), "user " + s.userID} {
		_, err := s.step(back.Step).Plan(t.Context(), s.target, map[string]string{incident.ParamOf: other})
		s.wantError(err, "BadParameter")
	}
	own := map[string]string{incident.ParamOf: string(incident.OfKey(incident.KeyID(s.bot.ID)))}
	_, err = s.step(back.Step).Plan(t.Context(), s.target, own)
	s.wantError(err, "OwnIdentity")
	bystander := s.cloud.AddUser("bystander")
	theirs := got(s.cloud.AddKey("bystander"))(t)
	_, err = s.step(back.Step).Plan(t.Context(), s.target, map[string]string{incident.ParamOf: string(incident.OfKey(incident.KeyID(theirs.ID)))})
	s.wantError(err, "OtherOwner")
	_ = bystander
}

func TestWhoTookTheNewKeyAwayIsNamed(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	p := s.do(incident.StepKeyCreate)
	since := at.now()
	at.advance(time.Minute)
	admin := got(s.cloud.AddKey(botName))(t)
	_ = admin
	discard := s.plan(incident.StepKeyDiscard)
	_ = got(s.step(discard.Step).Run(t.Context(), discard))(t)
	by := got(s.account.Undoer(t.Context(), p, since))(t)
	if by.Who != botName || by.Thief {
		t.Fatalf("undone by %+v", by)
	}
}
