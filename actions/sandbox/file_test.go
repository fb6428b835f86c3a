package sandbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

// kept is a stage whose account is in a file, and opened the same file again
// without the first one having been closed: what a kill leaves.
func kept(t *testing.T) (s *stage, opened func() *stage) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "account")
	s = start(t, func(o *sandbox.Options) { o.File = file })
	opened = func() *stage {
		t.Helper()
		again := &stage{clock: s.clock, bot: s.bot, alice: s.alice, id: s.id}
		again.Cloud = must[*sandbox.Cloud](t)(sandbox.Open(sandbox.Options{Alias: "acme", Now: s.clock.now, WireNow: time.Now, File: file}))
		ok(t, again.Start(t.Context(), ""))
		t.Cleanup(func() { ok(t, again.Close()) })
		return again
	}
	return s, opened
}

func fileOf(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "account") }

func TestAnAppliedWriteIsInTheFileBeforeItsAnswer(t *testing.T) {
	file := fileOf(t)
	var atAnswer []byte
	s := start(t, func(o *sandbox.Options) {
		o.File = file
		o.After = func(action string) { // the answer is not sent yet
			if action == "CreatePolicy" {
				atAnswer, _ = os.ReadFile(file)
			}
		}
	})
	ok(t, s.createPolicy(t, "q-before-answer", deny))
	if !bytes.Contains(atAnswer, []byte("q-before-answer")) {
		t.Error("the answer came before the file")
	}
}

func TestAReopenedAccountIsTheSame(t *testing.T) {
	s, opened := kept(t)
	ok(t, s.AddGroup("ops", admin))
	ok(t, s.Join("alice", "ops"))
	ok(t, s.SetLogin("alice", &sandbox.Login{MFARequired: true, LastLogin: s.clock.now()}))
	s.AddInstance()
	ok(t, s.RecordUse(s.alice.ID, sandbox.Use{At: s.clock.now().Add(-time.Hour), Service: "Oss", Event: "GetObject", Source: thief}))
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
	s.remove(t, s.alice.ID)
	ok(t, s.createPolicy(t, "q", deny))
	ok(t, s.attach(t, "Custom", "q"))

	again := opened()
	if diff := cmp.Diff(s.Snapshot(), again.Snapshot()); diff != "" {
		t.Error(diff)
	}
	for _, question := range []struct {
		version, action string
		params          map[string]any
	}{
		{ims, "ListAccessKeysInRecycleBin", map[string]any{"UserId": s.id}},
		{ram, "GetPolicy", map[string]any{"PolicyName": "q", "PolicyType": "Custom"}},
		{ram, "ListGroupsForUser", map[string]any{"UserName": "alice"}},
		{ram, "GetLoginProfile", map[string]any{"UserName": "alice"}},
		{trail, "GetAccessKeyLastUsedProducts", map[string]any{"AccessKey": s.alice.ID}},
	} {
		want := asked(t, s, question.version, question.action, question.params)
		if diff := cmp.Diff(want, asked(t, again, question.version, question.action, question.params)); diff != "" {
			t.Errorf("%s: %s", question.action, diff)
		}
	}
}

// asked is the answer to the bot without its RequestId.
func asked(t *testing.T, s *stage, version, action string, params map[string]any) map[string]any {
	t.Helper()
	a, err := s.call(t, s.bot, version, action, params)
	ok(t, err)
	body := read[map[string]any](t, a)
	delete(body, "RequestId")
	return body
}

func TestAReopenedAccountGoesOn(t *testing.T) {
	s, opened := kept(t)
	before := s.Snapshot().Calls
	again := opened()
	ok(t, again.createPolicy(t, "q", deny)) // the bot's secret still signs
	if got := again.Snapshot().Calls[0].Seq; len(before) > 0 && got <= before[0].Seq {
		t.Errorf("call %d after call %d", got, before[0].Seq)
	}
	_, err := again.call(t, sandbox.Key{ID: s.bot.ID, Secret: s.alice.Secret}, sts, "GetCallerIdentity", nil)
	refused(t, err, 400, "SignatureDoesNotMatch")
}

func TestReadsAreSavedWithCloseAtTheLatest(t *testing.T) {
	file := fileOf(t)
	s := start(t, func(o *sandbox.Options) { o.File = file })
	ok(t, s.whoami(t))
	want := s.Snapshot()
	ok(t, s.Close())
	again := must[*sandbox.Cloud](t)(sandbox.Open(sandbox.Options{Alias: "acme", Now: s.clock.now, File: file}))
	if diff := cmp.Diff(want, again.Snapshot()); diff != "" {
		t.Error(diff)
	}
	if err := s.RecordUse(s.alice.ID, sandbox.Use{}); s.AddUser("late") != "" || !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a closed account still writes the file that another one has open: %v", err)
	}
	ok(t, s.Close()) // once more
}

func TestAWriteWhoseFileFailsDidNotHappen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	ok(t, os.Mkdir(dir, 0o700))
	c := must[*sandbox.Cloud](t)(sandbox.Open(sandbox.Options{File: filepath.Join(dir, "account")}))
	scene := must[sandbox.Furnished](t)(c.Furnish())
	ok(t, c.Start(t.Context(), ""))
	s := &stage{Cloud: c, bot: scene.Bot, alice: scene.Leaked}
	before := c.Snapshot()
	ok(t, os.RemoveAll(dir))

	refused(t, s.createPolicy(t, "q", deny), 503, "ServiceUnavailable")
	_, err := s.call(t, s.bot, ecs, "RunInstances", nil)
	refused(t, err, 503, "ServiceUnavailable")
	if err := c.AddPolicy("q", deny); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("seeded: %v", err)
	}
	if c.AddUser("late") != "" || c.AddInstance() != "" || c.Applied("CreatePolicy") != 0 {
		t.Error("told as done")
	}
	after := c.Snapshot()
	if diff := cmp.Diff([]any{before.Users, before.Policies, before.Instances}, []any{after.Users, after.Policies, after.Instances}); diff != "" {
		t.Error(diff)
	}
	if last := after.Calls[0]; last.Allowed || last.Code != "ServiceUnavailable" {
		t.Errorf("%+v", last)
	}
	if err := c.Close(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("closed: %v", err)
	}
}

func TestADamagedFileIsRefused(t *testing.T) {
	file := fileOf(t)
	furnished(t, file)
	whole := must[[]byte](t)(os.ReadFile(file))
	for name, text := range map[string][]byte{
		"empty":           {},
		"cut short":       whole[:len(whole)/2],
		"one byte less":   whole[:len(whole)-1],
		"a word changed":  bytes.Replace(whole, []byte("ci-deploy"), []byte("ci-depl0y"), 1),
		"something after": append(bytes.Clone(whole), "{}"...),
		"another thing":   []byte("name: default\n"),
		"another format":  bytes.Replace(whole, []byte(`"Format":1`), []byte(`"Format":2`), 1),
		"no state":        []byte(`{"Format":1,"Sum":"","State":null}`),
	} {
		ok(t, os.WriteFile(file, text, 0o600))
		_, err := sandbox.Open(sandbox.Options{File: file})
		if !errors.Is(err, sandbox.ErrDamaged) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
		if got := must[[]byte](t)(os.ReadFile(file)); !bytes.Equal(got, text) {
			t.Errorf("%s: the damaged file was changed", name)
		}
	}
}

func TestOnlyItsOwnFileAndOneThatCanBeWritten(t *testing.T) {
	file := fileOf(t)
	furnished(t, file)
	if _, err := sandbox.Open(sandbox.Options{File: file, Account: "1000000000000001"}); !errors.Is(err, sandbox.ErrOtherAccount) {
		t.Errorf("%v", err)
	}
	if _, err := sandbox.Open(sandbox.Options{File: filepath.Join(t.TempDir(), "no", "account")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if c, err := sandbox.Open(sandbox.Options{}); err != nil || c.AddUser("alice") == "" {
		t.Errorf("without a file: %v", err)
	}
}

// The secrets look like real ones.
func TestTheFileIsForItsOwnerOnly(t *testing.T) {
	file := fileOf(t)
	mode := func() fs.FileMode { return must[fs.FileInfo](t)(os.Stat(file)).Mode().Perm() }
	furnished(t, file)
	if got := mode(); got != 0o600 {
		t.Errorf("new: %v", got)
	}
	ok(t, os.Chmod(file, 0o644))
	ok(t, os.WriteFile(file+".new", []byte("half of a"), 0o644)) // of a process that was killed
	furnished(t, file)
	if got := mode(); got != 0o600 {
		t.Errorf("reopened: %v", got)
	}
	if left := must[[]string](t)(filepath.Glob(file + "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSecretsAreInTheFileAndNotInASnapshot(t *testing.T) {
	s, opened := kept(t)
	root := must[sandbox.Key](t)(s.AddRootKey())
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
	s.remove(t, s.alice.ID)
	shown := must[[]byte](t)(json.Marshal(opened().Snapshot()))
	for _, k := range []sandbox.Key{s.bot, s.alice, root} {
		if bytes.Contains(shown, []byte(string(k.Secret))) {
			t.Errorf("the secret of %s is shown", k.ID)
		}
		if !bytes.Contains(shown, []byte(k.ID)) {
			t.Errorf("the snapshot lacks %s", k.ID)
		}
	}
}
