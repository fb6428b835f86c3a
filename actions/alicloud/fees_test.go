package alicloud_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

// bill is what a product costs on a day, so many days before another.
func bill(from time.Time, ago int, product, region, amount string) sandbox.Bill {
	day := from.AddDate(0, 0, -ago).In(time.FixedZone("UTC+8", 8*60*60)).Format(time.DateOnly)
	return sandbox.Bill{Day: day, Product: product, Name: product, Region: region, Instance: "i-1", Amount: amount, Currency: "CNY"}
}

// asLines are findings as one line each.
func asLines(f incident.Findings) []string {
	var out []string
	for _, i := range f.Items {
		out = append(out, fmt.Sprintf("%d %s %v", i.Weight, i.Kind, i.Values))
	}
	return out
}

// The clock stands on the third of a month: the days before are in another billing
// cycle. What is new or ten times the usual is said with its day, and sums of
// fractions are what the bill says.
func TestFeesThatTheLeakBrought(t *testing.T) {
	at := &clock{at: time.Date(2026, 11, 3, 2, 0, 0, 0, time.UTC)}
	s := newStageAt(t, at)
	now, sign := at.now(), at.now().AddDate(0, 0, -2)
	for ago := range 12 {
		must(t, s.cloud.AddBills(
			bill(now, ago, "oss", "cn-hangzhou", "0.1"), bill(now, ago, "oss", "cn-hangzhou", "0.2"),
			bill(now, ago, "rds", "cn-hangzhou", "100"),
		))
	}
	must(t, s.cloud.AddBills(
		bill(now, 1, "ecs", "us-east-1", "812.40"), bill(now, 0, "ecs", "us-east-1", "20"),
		bill(now, 1, "rds", "cn-hangzhou", "180"), bill(now, 0, "sms", "", "0.004"),
	))
	f := s.found(incident.StepFeesCheck, sign)
	want := []string{
		"2 fee_new map[amount:812.40 currency:CNY day:2026-11-02 mean:0.00 what:ecs]",
		"2 fee_region map[amount:812.40 currency:CNY day:2026-11-02 mean:0.00 what:us-east-1]",
		"1 fee_new map[amount:0.0040 currency:CNY day:2026-11-03 mean:0.00 what:sms]",
		"1 fee_rise map[amount:280.00 currency:CNY day:2026-11-02 mean:100.00 what:rds]",
		"0 fee_total map[amount:1814.80 currency:CNY day:2026-10-27 mean:100.30]",
	}
	if diff := cmp.Diff(want, asLines(f)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if !f.AsOf.Equal(now.Add(-24*time.Hour)) || len(f.Blind) != 0 {
		t.Errorf("as of %v, blind %v", f.AsOf, f.Blind)
	}
}

func TestARiseBeforeTheLeakIsNoTheft(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	must(t, s.cloud.AddBills(bill(at.now(), 5, "ecs", "us-east-1", "900")))
	for _, line := range asLines(s.found(incident.StepFeesCheck, at.now())) {
		if line[0] == '2' {
			t.Errorf("called theft: %s", line)
		}
	}
}

func TestBillsThatAreNotThereYetAreSaid(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	for ago := range 9 {
		must(t, s.cloud.AddBills(bill(at.now(), ago, "oss", "cn-hangzhou", "1")))
	}
	s.cloud.SetBehaviour(sandbox.Behaviour{BillLag: 24 * time.Hour})
	f := s.found(incident.StepFeesCheck, at.now())
	if diff := cmp.Diff([]string{"bills of 2026-11-20", "bills of 2026-11-21"}, f.Blind); diff != "" {
		t.Errorf("blind (-want +got):\n%s", diff)
	}
}

func TestManyLinesOfABillAreReadPageByPage(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	for n := range 700 {
		b := bill(at.now(), 0, fmt.Sprintf("p%03d", n), "cn-hangzhou", "0.01")
		must(t, s.cloud.AddBills(b))
	}
	f := s.found(incident.StepFeesCheck, at.now())
	if total := f.Items[len(f.Items)-1]; total.Kind != "fee_total" || total.Values["amount"] != "7.00" {
		t.Errorf("total %v", total)
	}
}

// Statement 25: BSS refuses with status 200.
func TestBillsRefusedInTheBodyAreRefused(t *testing.T) {
	s := newStage(t)
	s.cloud.SetBehaviour(sandbox.Behaviour{BillsRefused: true})
	p := s.plan(incident.StepFeesCheck)
	_, err := s.step(incident.StepFeesCheck).Run(t.Context(), p)
	s.wantError(err, "NotAuthorized")
	if lacks := actions.Lacking(err); lacks != "bssapi:QueryAccountBill" || actions.Transient(err) {
		t.Errorf("lacks %q, again %v", lacks, actions.Transient(err))
	}
}

func TestWithoutBillsOfInstancesProductsAreCompared(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.AddBills(bill(time.Now(), 0, "ecs", "us-east-1", "900")))
	s.grantAlso("no-instances", `{"Version":"1","Statement":[{"Effect":"Deny","Action":"bssapi:DescribeInstanceBill","Resource":"*"}]}`)
	f := s.found(incident.StepFeesCheck, time.Now())
	if len(f.Items) != 2 || f.Items[0].Kind != "fee_new" {
		t.Errorf("found %v", asLines(f))
	}
	if len(f.Blind) == 0 || f.Blind[0] != "regions (NoPermission bssapi:DescribeInstanceBill)" {
		t.Errorf("blind %v", f.Blind)
	}
}

// Every kind of origin is told apart: instances by private, further, public and
// elastic addresses, in any region; gateways, behind which there may be many;
// services; and addresses that are nobody's here.
func TestTheCallerIsFound(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at, func(c *alicloud.Config) { c.Regions = []string{"cn-beijing"} })
	web := s.machine(sandbox.Machine{Name: "web", VPC: "vpc-1", PrivateIP: "10.0.0.5", OtherIPs: []string{"10.0.0.6"}})
	twin := s.machine(sandbox.Machine{Name: "twin", VPC: "vpc-2", PrivateIP: "10.0.0.5", Region: "cn-beijing"})
	job := s.machine(sandbox.Machine{Name: "job", PublicIP: "203.0.113.20", Region: "ap-southeast-1", Role: webRole})
	old := s.machine(sandbox.Machine{Name: "old", EIP: "203.0.113.21"})
	must(t, s.cloud.AddEIP("203.0.113.30", "cn-beijing", "Nat", "ngw-1"))
	sign := at.now().Add(-time.Hour)
	for _, u := range []sandbox.Use{
		{Source: "10.0.0.5@vpc-1"},
		{Source: "10.0.0.6@vpc-1"},
		{Source: "10.0.0.5@vpc-2"},
		{Source: "203.0.113.20"},
		{Source: "203.0.113.21"},
		{Source: "203.0.113.30"},
		{Source: "192.0.2.9"},
		{Source: "ecs.aliyuncs.com"},
		{Source: "10.0.0.99@vpc-1"},
	} {
		u.At, u.Service, u.Event = sign.Add(-time.Hour), "Ecs", "DescribeInstances"
		must(t, s.cloud.RecordUse(s.key.ID, u))
	}
	must(t, s.cloud.RecordUse(s.key.ID, sandbox.Use{At: sign.Add(time.Minute), Service: "Ecs", Event: "RunInstances", Source: "198.51.100.66", Write: true}))

	p := got(s.step(incident.StepFindCaller).Plan(t.Context(), s.target, map[string]string{actions.KnownBefore: sign.Format(time.RFC3339)}))(t)
	out := got(s.step(incident.StepFindCaller).Run(t.Context(), p))(t)
	got := map[string]string{}
	for _, i := range out.Findings.Items {
		got[i.Values["ip"]+" "+i.Values["name"]+i.Values["gateway"]] = fmt.Sprintf("%d %s", i.Weight, i.Kind)
	}
	want := map[string]string{
		"10.0.0.5 web": "0 caller_instance", "10.0.0.6 web": "0 caller_instance", "10.0.0.5 twin": "0 caller_instance",
		"203.0.113.20 job": "0 caller_instance_role", "203.0.113.21 old": "0 caller_instance", "203.0.113.30 ngw-1": "0 caller_gateway",
		"192.0.2.9 ": "0 caller_unknown", "ecs.aliyuncs.com ": "0 caller_service", "10.0.0.99 ": "0 caller_unknown",
		"198.51.100.66 ": "2 caller_unknown",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	addresses := map[incident.Identity]string{}
	for _, x := range out.Sights {
		addresses[x.Of] = x.Facts[incident.FactAddresses] + " " + x.Facts[incident.FactRAMRole] + " " + x.Facts[incident.FactMetadata]
		if x.Facts[incident.FactCallsWith] != s.key.ID {
			t.Errorf("%s calls with %q", x.Of, x.Facts[incident.FactCallsWith])
		}
	}
	wantAddresses := map[incident.Identity]string{
		web: "10.0.0.5,10.0.0.6 absent optional", twin: "10.0.0.5 absent optional",
		job: "203.0.113.20 " + webRole + " optional", old: "203.0.113.21 absent optional",
	}
	if diff := cmp.Diff(wantAddresses, addresses); diff != "" {
		t.Errorf("sights (-want +got):\n%s", diff)
	}
}

func TestOtherRegionsThatMayNotBeListedAreAGap(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.RecordUse(s.key.ID, sandbox.Use{Service: "Ecs", Event: "DescribeInstances", Source: "198.51.100.66"}))
	s.grantAlso("no-regions", `{"Version":"1","Statement":[{"Effect":"Deny","Action":"ecs:DescribeRegions","Resource":"*"}]}`)
	f := s.found(incident.StepFindCaller, time.Now())
	if diff := cmp.Diff([]string{"other regions"}, f.Blind); diff != "" {
		t.Error(diff)
	}
}
