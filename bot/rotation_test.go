package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

// rotating is a world in which Ana gets the new keys of the leaked key's user, and in
// which the key is in use and can be rotated.
type rotating struct {
	*told
	ana *age.X25519Identity
}

func rotate(t *testing.T, o chattest.Options) *rotating {
	t.Helper()
	ana, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	o.Receivers = map[string]alicloud.Receiver{"ci-deploy": {Person: "ana", Age: ana.Recipient().String()}}
	s := &rotating{alerted(t, o), ana}
	s.rotatable()
	return s
}

func (s *rotating) rotatable() {
	s.t.Helper()
	for _, answer := range []string{"answer in_use yes", "answer rotatable yes"} {
		if a := s.say(chattest.Bo, answer); !a.OK {
			s.t.Fatal(a.Text)
		}
	}
	s.Settle()
}

// opens is the key in an answer, as Ana reads it with age.
func (s *rotating) opens(answer string) sandbox.Key {
	s.t.Helper()
	at := strings.Index(answer, armor.Header)
	if at < 0 {
		s.t.Fatalf("no ciphertext: %s", answer)
	}
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(answer[at:])), s.ana)
	if err != nil {
		s.t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		s.t.Fatal(err)
	}
	var k struct{ AccessKeyId, AccessKeySecret string } //nolint:revive // as it travels
	if err := json.Unmarshal(plain, &k); err != nil {
		s.t.Fatal(err)
	}
	return sandbox.Key{ID: k.AccessKeyId, Secret: sandbox.Secret(k.AccessKeySecret)}
}

// uses calls the cloud with a key, from the address where its owner has always been.
func uses(t *testing.T, w *chattest.World, k sandbox.Key) bool {
	t.Helper()
	holder, err := sandbox.NewAttacker(w.Cloud.URL(), k, sandbox.KnownSource, []sandbox.Move{{Version: "2014-05-26", Action: "DescribeInstances"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := holder.Step(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r.Allowed
}

// statuses are the keys of the leaked key's user.
func statuses(w *chattest.World) map[string]string {
	out := map[string]string{}
	for _, u := range w.Cloud.Snapshot().Users {
		for _, k := range u.Keys {
			if u.Name == w.Scene.Victim && !k.InBin {
				out[k.ID] = k.Status
			}
		}
	}
	return out
}

func TestARotationFromLeakToDeletion(t *testing.T) {
	var log bytes.Buffer
	s := rotate(t, chattest.Options{Log: &log})
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	created := s.last(incident.StepKeyCreate)
	if created.Outcome != incident.Confirmed || created.Result == "" || created.Sealed == "" {
		t.Fatalf("key.create: %s %s %q", created.Outcome, created.Code, created.Result)
	}
	s.showsIt("new key " + created.Result + " for ci-deploy")
	s.showsIt("sealed for Ana")

	if a := s.say(chattest.Bo, "receive inc-1"); a.OK || strings.Contains(a.Text, "BEGIN") || !strings.Contains(a.Text, "Only Ana can fetch it") {
		t.Fatalf("Bo got: %s", a.Text)
	}
	answer := s.say(chattest.Ana, "receive inc-1")
	if !answer.OK {
		t.Fatal(answer.Text)
	}
	key := s.opens(answer.Text)
	if key.ID != created.Result || !uses(t, s.World, key) {
		t.Fatalf("Ana opened %s, want a key %s that works", key.ID, created.Result)
	}
	s.Settle()
	again := s.say(chattest.Ana, "receive inc-1")
	if again.OK || strings.Contains(again.Text, "BEGIN") || !strings.Contains(again.Text, "by Ana") {
		t.Fatalf("the second time: %s", again.Text)
	}
	if _, kept, err := s.Bot.Store.Value(t.Context(), "sealed/inc-1/"+string(created.Sealed)); err != nil || kept {
		t.Fatalf("the ciphertext is still there: %v %v", kept, err)
	}
	s.showsIt("was fetched by Ana")

	s.After(15 * time.Minute)
	s.showsIt("new key " + key.ID + " last seen")
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	s.After(time.Hour + time.Minute)
	s.agree(incident.StepKeyDelete, chattest.Ana, chattest.Bo)
	if got := statuses(s.World); len(got) != 1 || got[key.ID] != incident.KeyActive {
		t.Fatalf("keys at the end: %v", got)
	}
	if !uses(t, s.World, key) {
		t.Fatal("the new key does not work")
	}
	db, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string][]byte{"the file": db, "the log": log.Bytes(), "the room": []byte(s.text()), "the answer": []byte(answer.Text)} {
		if bytes.Contains(text, []byte(string(key.Secret))) {
			t.Errorf("the secret is in %s", where)
		}
	}
}

func TestNobodyGetsANewKeyWithoutAReceiver(t *testing.T) {
	s := alerted(t, chattest.Options{})
	(&rotating{told: s}).rotatable()
	a := s.say(chattest.Ana, "do key.create inc-1")
	if a.OK || !strings.Contains(a.Text, "owners[].receiver") {
		t.Fatalf("%s", a.Text)
	}
	if _, waits := s.State(s.id).Waiting(incident.StepKeyCreate); waits {
		t.Fatal("it is offered all the same")
	}
	for range 15 { // somebody has to configure one: trying again by itself helps nobody
		s.After(5 * time.Minute)
	}
	if stuck := s.State(s.id).Stuck; len(stuck) > 0 {
		t.Errorf("given up: %+v", stuck)
	}
}

func TestBothSlotsTakenIsSaidWithTheKeys(t *testing.T) {
	s := rotate(t, chattest.Options{})
	second, err := s.Cloud.AddKey("ci-deploy")
	if err != nil {
		t.Fatal(err)
	}
	s.say(chattest.Ana, "look inc-1")
	s.Settle()
	a := s.say(chattest.Ana, "do key.create inc-1")
	for _, part := range []string{second.ID, s.Scene.Leaked.ID, "manual.free_slot"} {
		if a.OK || !strings.Contains(a.Text, part) {
			t.Fatalf("not said: %s in %s", part, a.Text)
		}
	}
}

func TestASecretThatNobodyFetchesIsErasedAndItsKeyIsToBeDiscarded(t *testing.T) {
	s := rotate(t, chattest.Options{})
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	created := s.last(incident.StepKeyCreate)
	s.After(incident.HandOverFor - time.Minute)
	if _, kept, _ := s.Bot.Store.Value(t.Context(), "sealed/inc-1/"+string(created.Sealed)); !kept {
		t.Fatal("erased before its time")
	}
	s.After(2 * time.Minute)
	if _, kept, _ := s.Bot.Store.Value(t.Context(), "sealed/inc-1/"+string(created.Sealed)); kept {
		t.Fatal("still there after seven days")
	}
	if a := s.say(chattest.Ana, "receive inc-1"); a.OK || !strings.Contains(a.Text, "key.discard") {
		t.Fatal(a.Text)
	}
	s.showsIt("Hand-over expired")
	s.agree(incident.StepKeyDiscard, chattest.Ana, chattest.Bo)
	if p, _ := s.State(s.id).Proposal(created.Number); p.UndoneBy == 0 {
		t.Error("the key is discarded, and the plan that created it stands")
	}
	if got := statuses(s.World); len(got) != 1 || got[created.Result] != "" {
		t.Fatalf("keys: %v", got)
	}
}

// The answer to CreateAccessKey is lost: the key is found at once, disabled, shown,
// and stands in the way of another one until it is discarded.
func TestALostAnswerLeavesAnOrphanAndNoSecondKey(t *testing.T) {
	s := rotate(t, chattest.Options{})
	s.Cloud.Inject(sandbox.Fault{Kind: sandbox.Drop, Action: "CreateAccessKey", Next: 1})
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	created := s.last(incident.StepKeyCreate)
	if created.Outcome != incident.Rejected || created.Code != incident.CodeOrphan {
		t.Fatalf("key.create: %s %s", created.Outcome, created.Code)
	}
	if got := statuses(s.World); got[created.Result] != incident.KeyInactive || got[s.Scene.Leaked.ID] != incident.KeyActive {
		t.Fatalf("keys: %v", got)
	}
	s.showsIt("NEW KEY LOST: " + created.Result)
	if a := s.say(chattest.Ana, "do key.create inc-1"); a.OK {
		t.Fatal("a second key was planned on top of an orphan")
	}
	s.agree(incident.StepKeyDiscard, chattest.Ana, chattest.Bo)
	if got := statuses(s.World); len(got) != 1 {
		t.Fatalf("keys: %v", got)
	}
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	if p := s.last(incident.StepKeyCreate); p.Outcome != incident.Confirmed || p.Number == created.Number {
		t.Fatalf("the second try: %s %s", p.Outcome, p.Code)
	}
	if n := s.Cloud.Applied("CreateAccessKey"); n != 2 {
		t.Errorf("%d keys were created", n)
	}
}

// The list of keys may be seconds behind: silence right after the call proves nothing.
func TestAnOrphanThatIsSeenLateIsStillFound(t *testing.T) {
	s := rotate(t, chattest.Options{})
	s.Cloud.Inject(sandbox.Fault{Kind: sandbox.Drop, Action: "CreateAccessKey", Next: 1})
	s.Cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true, ReadLag: 10 * time.Second})
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	if p := s.last(incident.StepKeyCreate); p.Status != incident.StatusRunning {
		t.Fatalf("nothing was to be seen yet, and the plan is %s %s", p.Status, p.Code)
	}
	for range 10 {
		s.After(5 * time.Second)
	}
	p := s.last(incident.StepKeyCreate)
	if p.Code != incident.CodeOrphan || statuses(s.World)[p.Result] != incident.KeyInactive {
		t.Fatalf("the plan ended as %s %s, keys: %v", p.Outcome, p.Code, statuses(s.World))
	}
}

func TestWhatWasNeverCreatedMayBeAskedForAgain(t *testing.T) {
	s := rotate(t, chattest.Options{})
	remove := s.Cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: "CreateAccessKey"})
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	for range 8 {
		s.After(10 * time.Second)
	}
	if p := s.last(incident.StepKeyCreate); s.Cloud.Calls("CreateAccessKey") != 1 {
		t.Fatalf("%s %s after %d calls", p.Outcome, p.Code, s.Cloud.Calls("CreateAccessKey"))
	}
	remove()
	s.say(chattest.Ana, "do key.create inc-1")
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	if p := s.last(incident.StepKeyCreate); p.Outcome != incident.Confirmed {
		t.Fatalf("%s %s", p.Outcome, p.Code)
	}
}

// blinded is a step that must not be made twice, and of which nothing can be found out
// for a while.
type blinded struct {
	actions.Action
	actions.Reconciler
	until *bool
}

func (d blinded) Reconcile(ctx context.Context, p incident.Plan) (actions.Outcome, bool, error) {
	if !*d.until {
		return actions.Outcome{}, false, &actions.Error{Op: d.Name(), Code: "ServiceUnavailable", Again: true}
	}
	return d.Reconciler.Reconcile(ctx, p)
}

// The cloud answers nothing after the call: nobody knows, no other key is created, and
// looks find out.
func TestALookFindsAnOrphanThatNobodyCouldSee(t *testing.T) {
	hears := false
	s := rotate(t, chattest.Options{Account: stepped(incident.StepKeyCreate, func(a actions.Action) actions.Action {
		return blinded{a, a.(actions.Reconciler), &hears}
	})})
	s.Cloud.Inject(sandbox.Fault{Kind: sandbox.Drop, Action: "CreateAccessKey", Next: 1})
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	for range 12 {
		s.After(10 * time.Second)
	}
	if p := s.last(incident.StepKeyCreate); p.Outcome != incident.NotSeen {
		t.Fatalf("nobody could look, and the plan is %s %s", p.Outcome, p.Code)
	}
	if a := s.say(chattest.Ana, "do key.create inc-1"); a.OK {
		t.Fatal("another key was planned while nobody knows about the first")
	}
	hears = true
	s.After(20 * time.Minute)
	got := s.last(incident.StepKeyCreate)
	if got.Code != incident.CodeOrphan || statuses(s.World)[got.Result] != incident.KeyInactive {
		t.Fatalf("%s %s, keys: %v", got.Outcome, got.Code, statuses(s.World))
	}
	s.showsIt("NEW KEY LOST: " + got.Result)
}

// Killed at any point of the step, the bot comes back and never creates a second key;
// what it created is either in Ana's hands or can't act.
func TestKilledAnywhereARotationMakesNoSecondKey(t *testing.T) {
	t.Parallel()
	ana, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	begin := func(t *testing.T, killAt int) *life {
		l := &life{t: t, r: &reaper{left: -1}, room: newRoom()}
		l.o = rotatingOptions(l.r, ana)
		l.World = chattest.New(t, l.o, mortalRoom{l.room, l.r})
		l.insist(func() error { id, err := l.Hear("delivery 1"); l.id = id; return err })
		for _, text := range []string{"answer in_use yes", "answer rotatable yes"} {
			l.insist(func() error {
				l.Bot.Handle(t.Context(), bot.Input{From: bot.Account{Platform: "console", User: "ana"}, Room: "room", ID: text, Text: text})
				return nil
			})
		}
		l.press(chattest.Ana, incident.StepKeyCreate)
		l.r.mu.Lock()
		l.r.left, l.r.seen = killAt, 0
		l.r.mu.Unlock()
		l.press(chattest.Bo, incident.StepKeyCreate)
		return l
	}
	whole := begin(t, -1)
	points := whole.r.seen
	if points < 20 {
		t.Fatalf("the step has only %d points", points)
	}
	ends := map[string]int{}
	for at := 1; at <= points; at++ {
		l := begin(t, at)
		for range 6 {
			l.Clock.Move(time.Minute)
			l.settle()
		}
		ends[endOf(t, l, ana, at)]++
	}
	t.Logf("%d points: %v", points, ends)
	if len(ends) < 2 {
		t.Errorf("no kill left an orphan: %v", slices.Collect(maps.Keys(ends)))
	}
}

func rotatingOptions(r *reaper, ana *age.X25519Identity) chattest.Options {
	o := mortalOptions(r)
	o.Receivers = map[string]alicloud.Receiver{"ci-deploy": {Person: "ana", Age: ana.Recipient().String()}}
	return o
}

// endOf is how a rotation that was killed ended, if that is as it must be.
func endOf(t *testing.T, l *life, ana *age.X25519Identity, at int) string {
	t.Helper()
	if n := l.Cloud.Applied("CreateAccessKey"); n > 1 {
		t.Fatalf("point %d: %d keys were created", at, n)
	}
	keys := statuses(l.World)
	var made []string
	for id := range keys {
		if id != l.Scene.Leaked.ID {
			made = append(made, id)
		}
	}
	p, ok := l.State(l.id).Proposal(lastOf(l.State(l.id), incident.StepKeyCreate))
	switch {
	case !ok:
		t.Fatalf("point %d: no plan", at)
	case len(made) == 0 && p.Outcome != incident.Confirmed:
		return "none"
	case len(made) == 1 && p.Code == incident.CodeOrphan && p.Result == made[0] && keys[made[0]] == incident.KeyInactive:
		return "orphan"
	case len(made) == 1 && p.Outcome == incident.Confirmed && p.Result == made[0]:
		a := l.Bot.Handle(t.Context(), bot.Input{From: bot.Account{Platform: "console", User: "ana"}, Room: "room", ID: "fetch", Text: "receive"})
		if k := (&rotating{told: &told{t: t}, ana: ana}).opens(a.Text); k.ID == made[0] && uses(t, l.World, k) {
			return "handed over"
		}
	}
	t.Fatalf("point %d: the plan is %s %s %s (%s), keys %v", at, p.Status, p.Outcome, p.Code, p.Result, keys)
	return ""
}

func lastOf(s incident.State, step string) int {
	number := 0
	for _, p := range s.Proposals {
		if p.Plan.Step == step {
			number = p.Number
		}
	}
	return number
}

// A clicked answer that was delivered twice fetches once, and the second delivery is
// no refusal that names a thief.
func TestAReceiveDeliveredTwiceFetchesOnce(t *testing.T) {
	s := rotate(t, chattest.Options{})
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	in := bot.Input{From: bot.Account{Platform: "console", User: "ana"}, Room: "room", ID: "once", Text: "receive inc-1"}
	if first := s.Bot.Handle(t.Context(), in); !first.OK {
		t.Fatal(first.Text)
	}
	if second := s.Bot.Handle(t.Context(), in); strings.Contains(second.Text, "BEGIN") {
		t.Fatal("given out twice")
	}
}

func TestAFetchIsRefusedWhenTheRecordWasEdited(t *testing.T) {
	s := rotate(t, chattest.Options{})
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	s.Bot.Chain = incident.Chain{Key: []byte("another key")}
	_, err := s.Bot.Fetch(t.Context(), s.id, incident.WayFile)
	if broken := (*incident.BrokenError)(nil); !errors.As(err, &broken) {
		t.Fatalf("%v", err)
	}
	s.Bot.Chain = incident.Chain{}
	got, err := s.Bot.Fetch(t.Context(), s.id, incident.WayFile)
	if err != nil || !uses(t, s.World, s.opens(got.Sealed)) {
		t.Fatal(err)
	}
	if _, err = s.Bot.Fetch(t.Context(), s.id, incident.WayAPI); !errors.Is(err, incident.WasReceived) {
		t.Fatal(err)
	}
}

// The secret lies in KMS: nothing to fetch, and nothing that this bot ever reads back.
func TestASecretInKMSIsSaidToLieThere(t *testing.T) {
	o := chattest.Options{Receivers: map[string]alicloud.Receiver{"ci-deploy": {Person: "ana", KMS: &alicloud.KMSReceiver{Instance: "kst-1"}}}}
	s := &rotating{told: alerted(t, o)}
	s.rotatable()
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	created := s.last(incident.StepKeyCreate)
	name := "twokey-" + created.Plan.Target.UserID
	if created.Outcome != incident.Confirmed || created.Sealed != "" || s.Cloud.SecretVersions(name)[created.Result] == "" {
		t.Fatalf("%s %s", created.Outcome, created.Code)
	}
	s.showsIt("its secret lies in KMS, kst-1/" + name + ", for Ana")
	if a := s.say(chattest.Ana, "receive inc-1"); a.OK || !strings.Contains(a.Text, "kst-1/"+name) {
		t.Fatal(a.Text)
	}
}

func TestAKeyThatKMSRefusedIsShownAsLost(t *testing.T) {
	o := chattest.Options{Receivers: map[string]alicloud.Receiver{"ci-deploy": {Person: "ana", KMS: &alicloud.KMSReceiver{Instance: "kst-1"}}}}
	s := &rotating{told: alerted(t, o)}
	s.rotatable()
	s.Cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: "PutSecretValue"})
	s.agree(incident.StepKeyCreate, chattest.Ana, chattest.Bo)
	created := s.last(incident.StepKeyCreate)
	if created.Code != incident.CodeOrphan || statuses(s.World)[created.Result] != incident.KeyInactive {
		t.Fatalf("%s %s, keys %v", created.Outcome, created.Code, statuses(s.World))
	}
	s.showsIt("NEW KEY LOST: " + created.Result + " was created, but nobody has its secret. Key state: Inactive")
}
