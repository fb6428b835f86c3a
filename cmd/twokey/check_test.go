package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twokey/actions/sandbox"
)

// account is a pretend cloud that a configuration speaks of as a real one.
type account struct {
	t     *testing.T
	cloud *sandbox.Cloud
	dir   string
}

// newAccount has a bot with the permissions that the policy command prints for
// the playbook.
func newAccount(t *testing.T, mode string) *account {
	t.Helper()
	a := &account{t, sandbox.New(sandbox.Options{}), t.TempDir()}
	a.must(a.cloud.Start(t.Context(), ""))
	t.Cleanup(func() { a.must(a.cloud.Close()) })
	a.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true})
	a.cloud.AddUser("twokey")
	key, err := a.cloud.AddKey("twokey")
	a.must(err)
	var endpoints []string
	for _, product := range []string{"ram", "ims", "sts", "actiontrail", "ecs", "sas", "bss", "kms", "sls"} {
		endpoints = append(endpoints, fmt.Sprintf("%s: %q", product, a.cloud.URL()))
	}
	a.write("twokey.yaml", "playbook: "+filepath.Join(a.dir, "own.yaml")+"\nstore: {bolt: {path: "+filepath.Join(a.dir, "t.db")+"}}\naccounts:\n"+
		"  - name: prod\n    id: \""+a.cloud.Account()+"\"\n    mode: "+mode+"\n    endpoints: {"+strings.Join(endpoints, ", ")+"}\n"+
		"    credentials: {type: access_key, access_key_id: \"${BOT_ID}\", access_key_secret: \"${BOT_SECRET}\"}\n")
	a.write("own.yaml", "name: small\nrows:\n  - name: all\n    steps: [key.disable, {step: key.delete, needs: {status: Inactive}}, policy.quarantine]\n")
	a.write("id", key.ID)
	a.write("secret", string(key.Secret))
	a.grant("policy", "bot", "--own", "acs:ram::"+a.cloud.Account()+":user/twokey")
	return a
}

func (a *account) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) write(name, text string) {
	a.t.Helper()
	a.must(os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600))
}

// run is one command with the account's configuration.
func (a *account) run(args ...string) said {
	a.t.Helper()
	var out bytes.Buffer
	e := &env{ctx: a.t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(name string) (string, bool) {
		body, err := os.ReadFile(filepath.Join(a.dir, map[string]string{"BOT_ID": "id", "BOT_SECRET": "secret"}[name])) //nolint:gosec // the test's own files
		return string(body), err == nil
	}}
	code := run(e, append(args, "-c", filepath.Join(a.dir, "twokey.yaml")))
	return said{code, out.String()}
}

// grant attaches to the bot what a command prints, and nothing else.
func (a *account) grant(args ...string) {
	a.t.Helper()
	got := a.run(args...)
	says(a.t, got, 0)
	a.must(a.cloud.AddPolicy("twokey-bot", got.text))
	a.must(a.cloud.SetPolicies("twokey", sandbox.PolicyRef{Type: sandbox.Custom, Name: "twokey-bot"}))
}

func TestCheckProvesThePermissionsThatPolicyPrints(t *testing.T) {
	t.Parallel()
	a := newAccount(t, modeAct)
	before := a.cloud.Calls("AttachPolicyToUser")
	got := a.run("check")
	says(t, got, 0, "ok    account prod: the credentials are of "+a.cloud.Account(), "permissions work", "that must be refused are refused")
	if a.cloud.Calls("AttachPolicyToUser") == before {
		t.Error("nobody asked")
	}
	if p := a.cloud.Snapshot().Policies; len(p) != 1 {
		t.Errorf("check made policies: %v", p)
	}
}

func TestCheckNamesWhatIsMissingWhereItGoesAndWhatItStops(t *testing.T) {
	t.Parallel()
	a := newAccount(t, modeAct)
	a.write("own.yaml", "name: small\nrows:\n  - name: all\n    steps: [{step: key.delete, needs: {status: Inactive}}]\n")
	a.grant("policy", "bot")
	a.write("own.yaml", "name: small\nrows:\n  - name: all\n    steps: [{step: key.delete, needs: {status: Inactive}}, policy.quarantine]\n")
	says(
		t, a.run("check"), 1,
		"FAIL  account prod: the bot may not ram:AttachPolicyToUser, so policy.quarantine stops there: add it to the bot's policy, as  twokey policy bot --account prod  prints it",
		"FAIL  account prod: the bot may not ram:DetachPolicyFromUser, so policy.detach stops there",
	)
}

func TestCheckFailsForWhatTheBotMustNeverDo(t *testing.T) {
	t.Parallel()
	a := newAccount(t, modeAct)
	a.must(a.cloud.AddPolicy("twokey-much", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},`+
		`{"Effect":"Deny","Action":"ram:SetDefaultPolicyVersion","Resource":"*"}]}`))
	a.must(a.cloud.SetPolicies("twokey", sandbox.PolicyRef{Type: sandbox.Custom, Name: "twokey-much"}))
	says(
		t, a.run("check"), 1,
		"FAIL  account prod: the bot may ram:CreateUser, which it must never do: attach the policy that  twokey policy bot",
		"the bot may ram:AttachPolicyToUser on policy AdministratorAccess, which",
	)
}

func TestCheckDoesNotCallFineWhatItCannotTell(t *testing.T) {
	t.Parallel()
	a := newAccount(t, modeAct)
	a.must(a.cloud.SetPolicies("twokey"))
	a.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true, ExistenceFirst: true})
	got := a.run("check")
	says(t, got, 1, "warn  account prod: can't tell of ", "ram:UpdateAccessKey", "ram:DeleteAccessKeyInRecycleBin", "0 permissions work")
}

func TestCheckOfAnObservedAccountWritesNothing(t *testing.T) {
	t.Parallel()
	a := newAccount(t, modeObserve)
	a.grant("policy", "bot")
	says(t, a.run("check", "--live"), 0, "ok    account prod: ")
	for _, c := range a.cloud.Snapshot().Calls {
		if c.Write {
			t.Errorf("%s", c.Action)
		}
	}
}

func TestCheckLiveTellsYesNoAndCouldNotTell(t *testing.T) {
	t.Parallel()
	a := newAccount(t, modeAct)
	says(
		t, a.run("check", "--live"), 0,
		"ok    account prod: yes: the recycle bin of keys can be read: EntityNotExist.User.AccessKey (ims:GetAccessKeyInfoInRecycleBin)",
		"warn  account prod: no: the quarantine policy twokey-quarantine is there and says what ours says: there is none",
		"warn  account prod: could not tell: ",
	)
	says(t, a.run("check", "--live", "--offline"), 2)
}

func TestCheckSaysThatNobodyCanVote(t *testing.T) {
	t.Parallel()
	a := newAccount(t, modeAct)
	says(t, a.run("check", "--offline"), 0, "warn  chat: there is no room, so nobody can vote")
}
