package alicloud_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

// look makes a look and returns what it brought.
func (s *theft) look(step string) actions.Outcome {
	s.Helper()
	p := s.planAt(step)
	out := got(s.step(step).Run(unhurried(s.T), p))(s.T)
	s.verify(p, true)
	return out
}

// lines are findings as texts: "!!" is grave, "!" notable.
func lines(f incident.Findings, kinds ...string) []string {
	var out []string
	for _, i := range f.Items {
		if len(kinds) > 0 && !slices.Contains(kinds, i.Kind) {
			continue
		}
		line := strings.Repeat("!", int(i.Weight)) + i.Kind
		for _, name := range []string{"name", "key", "operation", "ip", "code", "by", "to", "n", "days"} {
			if v, ok := i.Values[name]; ok {
				line += " " + name + "=" + v
			}
		}
		if i.Step != "" {
			line += " -> " + i.Step
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func (s *theft) wantLines(f incident.Findings, want []string, kinds ...string) {
	s.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, lines(f, kinds...)); diff != "" {
		s.Fatalf("findings (-want +got):\n%s", diff)
	}
}

func TestEventsAreListedByAddressAndOperation(t *testing.T) {
	s := newTheft(t)
	s.past(2*day, "Ecs", "DescribeInstances", home, false)
	s.plays(s.key, home, sandbox.Move{Version: ecs, Action: "DescribeInstances"}, sandbox.Move{Version: ecs, Action: "DescribeInstances"})
	s.plays(s.key, thief, run, run, sandbox.Move{Version: ecs, Action: "DescribeInstances"}, sandbox.Move{
		Version: ecs, Action: "DeleteInstance", Params: map[string]string{"InstanceId": "i-none"},
	})
	other := got(s.cloud.AddKey(userName))(t)
	s.plays(other, home, sandbox.Move{Version: ecs, Action: "DescribeInstances"})
	out := s.look(incident.StepAuditEvents)
	s.wantLines(out.Findings, []string{
		"call operation=ecs:DescribeInstances ip=" + home + " n=2",
		"!!call operation=ecs:RunInstances ip=" + thief + " n=2",
		"!call operation=ecs:DescribeInstances ip=" + thief + " n=1",
		"!!call_refused operation=ecs:DeleteInstance ip=" + thief + " code=InvalidInstanceId.NotFound n=1",
		"!!address ip=" + thief + " n=4",
		"call_by operation=ecs:DescribeInstances ip=" + home + " by=" + other.ID + " n=1",
	})
	if diff := cmp.Diff([]string{"oss data events", "sls data events"}, out.Findings.Blind); diff != "" {
		t.Error(diff)
	}
	if f := out.Findings; f.Items[0].Weight != incident.Grave || f.AsOf.IsZero() || !f.AsOf.Before(s.clock.now()) {
		t.Errorf("%+v", f)
	}
	if len(out.Sights) != 1 || out.Sights[0].Facts[incident.FactAbuse] != incident.Yes {
		t.Errorf("%+v", out.Sights)
	}
}

func TestConfiguredLogsAreAskedToo(t *testing.T) {
	var url string
	s := newTheft(t, func(c *alicloud.Config) {
		url = c.Endpoints["ram"]
		c.Endpoints["sls"] = url
		c.Logs = alicloud.Logs{OSS: "oss-logs", SLS: "sls-logs"}
	})
	s.past(2*day, "Oss", "GetObject", home, false)
	row := func(ip, operation, code string) sandbox.LogRow {
		return sandbox.LogRow{At: s.clock.now(), Fields: map[string]string{
			"access_id": s.key.ID, "client_ip": ip, "operation": operation, "error_code": code, "bucket": "acme",
		}}
	}
	must(t, s.cloud.AddLogs("oss-log-store", row(home, "GetObject", ""), row(thief, "GetObject", ""), row(thief, "DeleteObject", "AccessDenied")))
	must(t, s.cloud.AddLogs("internal-operation_log"))
	out := s.look(incident.StepAuditEvents)
	s.wantLines(out.Findings, []string{
		"call operation=oss:GetObject ip=" + home + " n=1",
		"!call operation=oss:GetObject ip=" + thief + " n=1",
		"!!call_refused operation=oss:DeleteObject ip=" + thief + " code=AccessDenied n=1",
	})
	if len(out.Findings.Blind) != 0 {
		t.Errorf("blind to %v", out.Findings.Blind)
	}
	s.grant(incident.StepAuditDescendants)
	p := s.planAt(incident.StepAuditEvents)
	_, err := s.step(p.Step).Run(unhurried(t), p)
	s.wantError(err, "Unauthorized")
	s.verify(p, false)
}

// made are the sights of identities by what they are of.
func made(out actions.Outcome) map[incident.Identity]map[incident.FactName]string {
	all := map[incident.Identity]map[incident.FactName]string{}
	for _, s := range out.Sights {
		all[s.Of] = s.Facts
	}
	return all
}

func TestDescendantsAreFoundAndNamed(t *testing.T) {
	s := newTheft(t)
	must(t, s.cloud.AddRole("Deployer", nil, sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}))
	trust := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::` + s.cloud.Account() + `:root"]}}]}`
	user := map[string]string{"UserName": "backup"}
	s.plays(
		s.key, thief,
		sandbox.Move{Version: ram, Action: "CreateUser", Params: user},
		sandbox.Move{Version: ram, Action: "CreateAccessKey", Params: user},
		sandbox.Move{Version: ram, Action: "AttachPolicyToUser", Params: map[string]string{"UserName": "backup", "PolicyType": "System", "PolicyName": "AdministratorAccess"}},
		sandbox.Move{Version: ram, Action: "CreateRole", Params: map[string]string{"RoleName": "Door", "AssumeRolePolicyDocument": trust}},
		sandbox.Move{Version: sts, Action: "AssumeRole", Params: map[string]string{"RoleArn": "acs:ram::" + s.cloud.Account() + ":role/deployer", "RoleSessionName": "me"}},
		run,
	)
	out := s.look(incident.StepAuditDescendants)
	var backup sandbox.UserView
	for _, u := range s.cloud.Snapshot().Users {
		if u.Name == "backup" {
			backup = u
		}
	}
	key := incident.KeyID(backup.Keys[0].ID)
	s.wantLines(out.Findings, []string{
		"!!made_user name=backup operation=ram:CreateUser ip=" + thief + " -> user.deactivate",
		"!!made_key name=backup key=" + string(key) + " operation=ram:CreateAccessKey ip=" + thief,
		"!!made_grant name=AdministratorAccess operation=ram:AttachPolicyToUser ip=" + thief + " to=backup",
		"!!made_role name=Door operation=ram:CreateRole ip=" + thief + " -> role.quarantine",
		"!!assumed_role name=Deployer n=1 -> role.quarantine",
		"!!made_instance name=" + s.cloud.Snapshot().Instances[0] + " operation=ecs:RunInstances ip=" + thief + " n=1",
	})
	sights := made(out)
	leaked := string(s.target.Key)
	if f := sights[incident.OfUser(backup.ID)]; f[incident.FactMadeBy] != leaked || f[incident.FactUser] != "backup" || f[incident.FactUserID] != backup.ID || f[incident.FactAccountID] != s.cloud.Account() {
		t.Errorf("user: %v", f)
	}
	if f := sights[incident.OfKey(key)]; f[incident.FactMadeBy] != leaked || f[incident.FactUserID] != backup.ID {
		t.Errorf("key: %v", f)
	}
	if f := sights[incident.OfRole("Door")]; f[incident.FactMadeBy] != leaked {
		t.Errorf("role: %v", f)
	}
	if f := sights[incident.OfRole("Deployer")]; f[incident.FactAssumedBy] != leaked {
		t.Errorf("assumed role: %v", f)
	}
	if f := sights[incident.OfKey(s.target.Key)]; f[incident.FactAssumed] != "Deployer" {
		t.Errorf("leaked key: %v", f)
	}
	for _, i := range out.Findings.Items {
		if i.Kind == "assumed_role" && i.Values["until"] != s.clock.now().Add(time.Hour).Format(time.RFC3339) {
			t.Errorf("the session ends %s", i.Values["until"])
		}
	}
	for _, text := range lines(out.Findings) {
		if strings.Contains(text, string(s.key.Secret)) {
			t.Error("a secret")
		}
	}
}

// What a call answered, no document promises to be in an event.
func TestDescendantsAreFoundWithoutTheirIds(t *testing.T) {
	s := newTheft(t)
	s.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true, TrailHidesAnswers: true})
	must(t, s.cloud.AddRole("Deployer", nil))
	user := map[string]string{"UserName": "backup"}
	s.plays(
		s.key, thief, sandbox.Move{Version: ram, Action: "CreateUser", Params: user}, sandbox.Move{Version: ram, Action: "CreateAccessKey", Params: user},
		sandbox.Move{Version: sts, Action: "AssumeRole", Params: map[string]string{"RoleArn": "acs:ram::" + s.cloud.Account() + ":role/Deployer", "RoleSessionName": "me"}},
		run,
	)
	users := s.cloud.Snapshot().Users
	backup := users[slices.IndexFunc(users, func(u sandbox.UserView) bool { return u.Name == "backup" })]
	out := s.look(incident.StepAuditDescendants)
	s.wantLines(out.Findings, []string{
		"!!made_user name=backup operation=ram:CreateUser ip=" + thief + " -> user.deactivate",
		"!!made_key name=backup key=" + backup.Keys[0].ID + " operation=ram:CreateAccessKey ip=" + thief,
		"!!assumed_role name=Deployer n=1 -> role.quarantine",
		"!!made_instance name= operation=ecs:RunInstances ip=" + thief + " n=1",
	})
	if f := made(out)[incident.OfUser(backup.ID)]; f[incident.FactUserID] != backup.ID {
		t.Errorf("%v", f)
	}
	for _, i := range out.Findings.Items { // nobody knows when a session ends: at the latest then
		if i.Kind == "assumed_role" && i.Values["until"] != s.clock.now().Add(12*time.Hour).Format(time.RFC3339) {
			t.Errorf("%+v", i)
		}
	}
}

func TestASessionsDeedsAreTheKeys(t *testing.T) {
	s := newTheft(t)
	must(t, s.cloud.AddRole("Deployer", nil, sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}))
	a := got(sandbox.NewAttacker(s.cloud.URL(), s.key, thief, []sandbox.Move{
		{Version: sts, Action: "AssumeRole", Params: map[string]string{"RoleArn": "acs:ram::" + s.cloud.Account() + ":role/Deployer", "RoleSessionName": "me"}},
		{Version: ram, Action: "CreateUser", Params: map[string]string{"UserName": "shadow"}, InRole: true},
	}))(t)
	for range 2 {
		if r := got(a.Step(t.Context()))(t); !r.Allowed {
			t.Fatalf("%+v", r)
		}
	}
	out := s.look(incident.StepAuditDescendants)
	s.wantLines(out.Findings, []string{
		"!!assumed_role name=Deployer n=1 -> role.quarantine",
		"!!session_call operation=ram:CreateUser ip=" + thief + " n=1",
		"!!made_user name=shadow operation=ram:CreateUser ip=" + thief + " -> user.deactivate",
	})
}

func TestWhatAThiefMakesByTheUsersOtherKeyCountsToo(t *testing.T) {
	s := newTheft(t)
	other := got(s.cloud.AddKey(userName))(t)
	create := func(name string) sandbox.Move {
		return sandbox.Move{Version: ram, Action: "CreateUser", Params: map[string]string{"UserName": name}}
	}
	must(t, s.cloud.RecordUse(other.ID, sandbox.Use{At: s.sign.Add(-day), Service: "Ram", Event: "CreateUser", Source: home, Write: true}))
	s.plays(other, thief, create("shadow"))
	s.plays(other, home, create("colleague")) // its owner's daily work
	s.wantLines(s.look(incident.StepAuditDescendants).Findings, []string{
		"!!made_user name=shadow operation=ram:CreateUser ip=" + thief + " -> user.deactivate",
	})
}

func TestWhatTheOwnerMakesEveryDayIsNoLead(t *testing.T) {
	s := newTheft(t)
	must(t, s.cloud.AddRole("Deployer", nil))
	s.past(3*day, "Sts", "AssumeRole", home, true)
	s.plays(s.key, home, sandbox.Move{Version: sts, Action: "AssumeRole", Params: map[string]string{"RoleArn": "acs:ram::" + s.cloud.Account() + ":role/Deployer", "RoleSessionName": "ci"}})
	out := s.look(incident.StepAuditDescendants)
	s.wantLines(out.Findings, []string{"assumed_role name=Deployer n=1"})
	if len(out.Sights) != 0 {
		t.Errorf("%+v", out.Sights)
	}
}

func TestWhatIsGoneIsSaidToBe(t *testing.T) {
	s := newTheft(t)
	s.plays(s.key, thief, sandbox.Move{Version: ram, Action: "CreateUser", Params: map[string]string{"UserName": "backup"}})
	must(t, s.cloud.RemoveUser("backup"))
	out := s.look(incident.StepAuditDescendants)
	s.wantLines(out.Findings, []string{"!!made_user_gone name=backup operation=ram:CreateUser ip=" + thief})
	if len(out.Sights) != 0 {
		t.Errorf("%+v", out.Sights)
	}
}

func TestOtherIdentitiesAreFoundByAddressAndReport(t *testing.T) {
	for _, b := range []sandbox.Behaviour{
		{UnlimitedLookups: true},
		{UnlimitedLookups: true, ReportBase32: true, ReportHeaderOnce: true},
	} {
		s := newTheft(t)
		s.cloud.SetBehaviour(b)
		s.cloud.AddUser("bob")
		bob := got(s.cloud.AddKey("bob"))(t)
		must(t, s.cloud.SetPolicies("bob", sandbox.PolicyRef{Type: sandbox.System, Name: "AliyunECSReadOnlyAccess"}))
		must(t, s.cloud.SetLogin("bob", &sandbox.Login{}))
		s.plays(s.key, thief, run)
		s.plays(bob, thief, sandbox.Move{Version: ecs, Action: "DescribeInstances"}, sandbox.Move{Version: ecs, Action: "DescribeInstances"})
		_ = got(s.cloud.AddRootKey())(t)
		s.wantLines(s.look(incident.StepAuditIdentities).Findings, []string{
			"!!other_identity name=bob key=" + bob.ID + " ip=" + thief + " n=2",
			"!no_mfa name=bob", "!root_keys name=<root> n=1", "!root_no_mfa name=<root>",
		})
		s.clock.advance(100 * day)
		must(t, s.cloud.RecordUse(s.bot.ID, sandbox.Use{Service: "Ram", Event: "GetUser", Source: home}))
		s.wantLines(s.look(incident.StepAuditIdentities).Findings, []string{
			"!idle_key name=bob days=100", "!idle_key name=ci-deploy days=100", "old_key name=twokey-bot days=100",
		}, "idle_key", "unused_key", "old_key")
	}
}

func TestALookAtRootsKeyNeedsNoUser(t *testing.T) {
	s := newTheft(t)
	root := got(s.cloud.AddRootKey())(t)
	s.plays(root, thief, run)
	s.target = incident.Target{Account: "prod", AccountID: s.cloud.Account(), Key: incident.KeyID(root.ID)}
	out := s.look(incident.StepAuditEvents)
	s.wantLines(out.Findings, []string{"!!call operation=ecs:RunInstances ip=" + thief + " n=1", "!!address ip=" + thief + " n=1"})
}

func TestALookIsMadeAgainAfterACrashAndDoneOnlyIfItWentWell(t *testing.T) {
	s := newTheft(t)
	p := s.planAt(incident.StepAuditEvents)
	s.verify(p, false)
	r, isOne := s.step(p.Step).(actions.Reconciler)
	if !isOne {
		t.Fatal("a look that was cut off would end without what it found")
	}
	out, done, err := r.Reconcile(unhurried(t), p)
	if err != nil || !done || out.Findings.AsOf.IsZero() {
		t.Fatalf("%+v %v %v", out, done, err)
	}
	s.verify(p, true)
	s.clock.advance(10 * time.Minute)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: "LookupEvents"})
	_, err = s.step(p.Step).Run(unhurried(t), p)
	s.wantError(err, "ServiceUnavailable")
	s.verify(p, false)
}

func TestALookWithoutTimeSaysWhatItDidNotSee(t *testing.T) {
	s := newTheft(t)
	s.plays(s.key, thief, run)
	_ = s.activity()
	s.clock.advance(10 * time.Minute)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, err := s.account.Activity(ctx, s.target, s.sign)
	if err != nil {
		t.Fatal(err)
	}
	if f := got(s.account.Activity(ctx, s.target, s.sign))(t)[0].Facts; f[incident.FactAbuse] != incident.Yes || f[incident.FactPassed] != "1" {
		t.Errorf("what was seen is forgotten: %v", f)
	}
}
