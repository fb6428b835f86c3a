package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"twokey/actions/sandbox"
	"twokey/bot/api"
)

// receiving is a bot whose Ana gets the new keys of ci-deploy, with an alert about its
// leaked key.
type receiving struct {
	*running
	key *age.X25519Identity
}

func startReceiving(t *testing.T) *receiving {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	config := strings.Replace(runningConfig, "name: Ana,", "name: Ana, age: "+key.Recipient().String()+",", 1)
	s := &receiving{startOn(t, config, twoHooks+"owners: [{account: prod, user: ci-deploy, person: ana, receiver: age}]\n", nil), key}
	s.post("scans", s.env["SCANS"], map[string]any{"access_key_id": s.drills[0].scene.Leaked.ID})
	return s
}

// create has two people approve a new key, and waits until it is there.
func (s *receiving) create() {
	s.t.Helper()
	ana, bo := s.as("ana"), s.as("bo")
	_, err := ana.form(s.t.Context(), "Disable the key")
	_, err2 := ana.reader.Say(s.t.Context(), "answer in_use yes inc-1")
	_, err3 := ana.reader.Say(s.t.Context(), "answer rotatable yes inc-1")
	if err := errors.Join(err, err2, err3); err != nil {
		s.t.Fatal(err)
	}
	form, err := ana.form(s.t.Context(), "Create a new key for ci-deploy")
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = ana.press(s.t.Context(), form, "it leaked")
	_, err2 = bo.reader.Say(s.t.Context(), "approve "+form.Fields.Get("number")+" inc-1 because it leaked")
	if err := errors.Join(err, err2, ana.sees(s.t.Context(), "sealed for Ana")); err != nil {
		s.t.Fatal(err)
	}
}

// opens is the key in a ciphertext, as Ana reads it.
func (s *receiving) opens(sealed string) sandbox.Key {
	s.t.Helper()
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(sealed)), s.key)
	if err != nil {
		s.t.Fatalf("%v: %q", err, sealed)
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

var sealedText = regexp.MustCompile(`(?s)-----BEGIN AGE ENCRYPTED FILE-----.*-----END AGE ENCRYPTED FILE-----\n`)

// VULNERABILITY: a rotation makes a new secret, and carries it to somebody.
// ATTACK: whoever reads the file, the log, the API, the room or the receiver's own
// answer looks for it; somebody who has the token fetches it a second time.
// THIS STORY VERIFIES: what `twokey receive` prints can be opened by its receiver
// alone, and works; it is given out once, and the secret itself is nowhere.
func TestReceiveGivesTheNewKeyToItsReceiverOnceAndNowhereElse(t *testing.T) {
	s := startReceiving(t)
	s.create()
	code, printed := s.cli("receive", "--addr", strings.TrimPrefix(s.url, "http://"), "1")
	key := s.opens(sealedText.FindString(printed))
	if code != exitOK || !strings.Contains(printed, key.ID) {
		t.Fatalf("exit %d: %s", code, printed)
	}
	holder, err := sandbox.NewAttacker(s.drills[0].cloud.URL(), key, sandbox.KnownSource, []sandbox.Move{{Version: "2014-05-26", Action: "DescribeInstances"}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := holder.Step(t.Context()); err != nil || !r.Allowed {
		t.Fatalf("the new key does not work: %+v %v", r, err)
	}
	if err := s.as("bo").sees(t.Context(), "fetched by somebody with the API's token"); err != nil {
		t.Fatal(err)
	}
	again, said := s.cli("receive", "--addr", strings.TrimPrefix(s.url, "http://"), "inc-1")
	status, answer := s.ask(http.MethodPost, "/api/incidents/inc-1/receive", s.env["API"], "")
	chat, err := s.as("ana").told(s.as("ana").reader.Say(t.Context(), "receive inc-1"))
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"the command": said, "the API": answer, "the chat": chat} {
		if sealedText.MatchString(text) || !strings.Contains(text, "Fetched already") {
			t.Errorf("the second time, %s says: %s", where, text)
		}
	}
	if again != exitFailed || status != http.StatusConflict {
		t.Errorf("the second time: exit %d, status %d", again, status)
	}
	everything := s.everywhere()
	everything["the command"] = []byte(printed)
	wantKey(t, everything, s.drills[0].scene.Leaked.ID)
	wantNone(t, everything, []planted{{"the new key", string(key.Secret)}})
	if bytes.Contains(everything["GET /api/export"], []byte("BEGIN AGE")) {
		t.Error("the ciphertext is in the record")
	}
}

func TestReceiveReadsTheFileOfABotThatDoesNotRun(t *testing.T) {
	s := startReceiving(t)
	s.create()
	s.stop()
	if code, printed := s.cli("receive", "inc-9"); code != exitFailed || !strings.Contains(printed, api.ErrNotFound.Error()) {
		t.Fatalf("exit %d: %s", code, printed)
	}
	code, printed := s.cli("receive", "inc-1")
	if key := s.opens(sealedText.FindString(printed)); code != exitOK || key.ID == "" {
		t.Fatalf("exit %d: %s", code, printed)
	}
	if code, printed = s.cli("receive", "inc-1"); code != exitFailed || !strings.Contains(printed, "somebody with the bot's file") {
		t.Fatalf("exit %d: %s", code, printed)
	}
	if code, printed = s.cli("verify"); code != exitOK {
		t.Fatalf("the record does not hold any more: %s", printed)
	}
	if code, printed := s.cli("show", "inc-1"); code != exitOK || !strings.Contains(printed, "it is erased here") {
		t.Fatalf("exit %d: %s", code, printed)
	}
}

func TestReceiveWantsTheToken(t *testing.T) {
	s := startReceiving(t)
	s.create()
	for _, token := range []string{"", "wrong"} {
		if status, answer := s.ask(http.MethodPost, "/api/incidents/inc-1/receive", token, ""); status != http.StatusUnauthorized || sealedText.MatchString(answer) {
			t.Errorf("token %q: %d %s", token, status, answer)
		}
	}
	if status, answer := s.ask(http.MethodGet, "/api/incidents/inc-1/receive", s.env["API"], ""); status == http.StatusOK || sealedText.MatchString(answer) {
		t.Errorf("a reading request fetched it: %d", status)
	}
	if code, printed := s.cli("receive", "--addr", strings.TrimPrefix(s.url, "http://"), "inc-1"); code != exitOK || !sealedText.MatchString(printed) {
		t.Errorf("after those: exit %d", code)
	}
}
