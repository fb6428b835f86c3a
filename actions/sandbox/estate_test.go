package sandbox_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"twokey/actions/sandbox"
)

const (
	bss = "2017-12-14"
	sas = "2018-12-03"
)

// roleRows is the part of an answer about each instance.
type roleRows struct {
	FailCount                    int
	AttachInstanceRamRoleResults struct {
		AttachInstanceRamRoleResult []struct {
			InstanceId, Code string
			Success          bool
		}
	}
}

func TestStatement24AnAttachmentThatFailedIsAnsweredWith200(t *testing.T) {
	s := start(t)
	ok(t, s.AddServiceRole("web", "ecs.aliyuncs.com"))
	ok(t, s.AddRole("people", nil))
	first, second := must[string](t)(s.AddMachine(sandbox.Machine{Role: "web"})), s.AddInstance()
	attach := func(role, ids string) (answer, error) {
		return s.call(t, s.bot, ecs, "AttachInstanceRamRole", map[string]any{"RegionId": "cn-hangzhou", "RamRoleName": role, "InstanceIds": ids})
	}
	got := read[roleRows](t, must[answer](t)(attach("web", `["`+first+`","`+second+`"]`)))
	rows := got.AttachInstanceRamRoleResults.AttachInstanceRamRoleResult
	if got.FailCount != 1 || len(rows) != 2 || rows[0].Success || !rows[1].Success {
		t.Errorf("%+v", got)
	}
	for _, row := range []struct {
		role, ids, code string
		status          int
	}{
		{"web", "i-1", "InvalidInstanceIds.Malformed", http.StatusBadRequest},
		{"web", `["i-none"]`, "InvalidInstanceId.NotFound", http.StatusNotFound},
		{"nobody", `["` + first + `"]`, "InvalidRamRole.NotFound", http.StatusNotFound},
		{"people", `["` + first + `"]`, "InvalidRamRole.NotEcsRole", http.StatusNotFound},
	} {
		_, err := attach(row.role, row.ids)
		refused(t, err, row.status, row.code)
	}
}

func TestStatement24InstancesAreFoundByAddressesInAJSONArray(t *testing.T) {
	s := start(t)
	at := sandbox.Machine{VPC: "vpc-1", PrivateIP: "10.0.0.5", PublicIP: "203.0.113.5", EIP: "203.0.113.6", OtherIPs: []string{"10.0.0.6"}}
	id := must[string](t)(s.AddMachine(at))
	twin := must[string](t)(s.AddMachine(sandbox.Machine{VPC: "vpc-2", PrivateIP: "10.0.0.5"}))
	for _, row := range []struct {
		params map[string]any
		want   string
	}{
		{map[string]any{"VpcId": "vpc-1", "PrivateIpAddresses": `["10.0.0.5"]`}, id},
		{map[string]any{"VpcId": "vpc-2", "PrivateIpAddresses": `["10.0.0.5","10.0.0.7"]`}, twin},
		{map[string]any{"VpcId": "vpc-1", "PrivateIpAddresses": `["10.0.0.6"]`}, ""},
		{map[string]any{"PublicIpAddresses": `["203.0.113.5"]`}, id},
		{map[string]any{"EipAddresses": `["203.0.113.6"]`}, id},
		{map[string]any{"EipAddresses": `["203.0.113.5"]`}, ""},
		{map[string]any{"RegionId": "cn-beijing", "PublicIpAddresses": `["203.0.113.5"]`}, ""},
	} {
		got := read[struct {
			Instances struct{ Instance []struct{ InstanceId string } }
		}](t, must[answer](t)(s.call(t, s.bot, ecs, "DescribeInstances", row.params)))
		found := ""
		for _, i := range got.Instances.Instance {
			found += i.InstanceId
		}
		if found != row.want {
			t.Errorf("%v finds %q, want %q", row.params, found, row.want)
		}
	}
	_, err := s.call(t, s.bot, ecs, "DescribeInstances", map[string]any{"PublicIpAddresses": "203.0.113.5"})
	refused(t, err, http.StatusBadRequest, "InvalidParameter.PublicIpAddresses")
	got := must[answer](t)(s.call(t, s.bot, ecs, "DescribeNetworkInterfaces", map[string]any{
		"RegionId": "cn-hangzhou", "VpcId": "vpc-1", "PrivateIpAddress.1": "10.0.0.6",
	}))
	if !strings.Contains(string(got), id) {
		t.Errorf("interfaces: %s", got)
	}
}

func TestStatement25BSSRefusesWith200(t *testing.T) {
	s := start(t)
	ok(t, s.AddBills(sandbox.Bill{Day: "2026-11-20", Product: "ecs", Amount: "0.1", Currency: "CNY"}, sandbox.Bill{Day: "2026-11-20", Product: "ecs", Amount: "0.2", Currency: "CNY"}))
	type bills struct {
		Success bool
		Code    string
		Data    struct {
			Items struct {
				Item []struct{ PretaxAmount float64 }
			}
		}
	}
	ask := func(day string) bills {
		return read[bills](t, must[answer](t)(s.call(t, s.bot, bss, "QueryAccountBill", map[string]any{
			"BillingCycle": "2026-11", "BillingDate": day, "Granularity": "DAILY", "IsGroupByProduct": "true",
		})))
	}
	if got := ask("2026-11-20"); !got.Success || len(got.Data.Items.Item) != 1 || got.Data.Items.Item[0].PretaxAmount != 0.3 {
		t.Errorf("%+v", got)
	}
	if got := ask("2026-10-20"); got.Success || got.Code != "InvalidBillingDate" {
		t.Errorf("a day of another month: %+v", got)
	}
	s.SetBehaviour(sandbox.Behaviour{BillsRefused: true})
	if got := ask("2026-11-20"); got.Success || got.Code != "NotAuthorized" {
		t.Errorf("%+v", got)
	}
	if err := s.AddBills(sandbox.Bill{Day: "2026-11-20", Amount: "a lot"}); err == nil {
		t.Error("an amount that is no number was taken")
	}
}

func TestStatement23LeaksAreFilteredExactlyAndDealtWith(t *testing.T) {
	s := start(t)
	leak := func(k sandbox.Key) int { return must[int](t)(s.AddLeak(sandbox.FoundLeak{Key: k})) }
	first, other := leak(s.alice), leak(s.bot)
	type list struct {
		TotalCount, AkLeakCount int
		AccessKeyLeakList       []struct {
			Id                            int
			AccesskeyId, Status, DealType string
		}
	}
	ask := func(more map[string]any) list {
		params := map[string]any{"CurrentPage": "1", "PageSize": "20"}
		maps.Copy(params, more)
		return read[list](t, must[answer](t)(s.call(t, s.bot, sas, "DescribeAccesskeyLeakList", params)))
	}
	if got := ask(map[string]any{"Query": s.alice.ID[:10]}); got.TotalCount != 0 {
		t.Errorf("half an id finds %+v", got)
	}
	if got := ask(map[string]any{"Query": s.alice.ID}); got.TotalCount != 1 || got.AccessKeyLeakList[0].Id != first {
		t.Errorf("the whole id finds %+v", got)
	}
	if got := ask(map[string]any{"StartTs": s.clock.now().Add(time.Hour).UnixMilli()}); got.TotalCount != 0 {
		t.Errorf("later ones: %+v", got)
	}
	detail := must[answer](t)(s.call(t, s.bot, sas, "DescribeAccessKeyLeakDetail", map[string]any{"Id": first}))
	if !strings.Contains(string(detail), string(s.alice.Secret)) {
		t.Error("the detail does not quote the secret: nothing could be tested with it")
	}
	deal := func(params map[string]any) error {
		_, err := s.call(t, s.bot, sas, "ModifyAccessKeyLeakDeal", params)
		return err
	}
	refused(t, deal(map[string]any{"Id": first, "Type": "forget"}), http.StatusBadRequest, "InvalidParameter.Type")
	refused(t, deal(map[string]any{"IdList.1": first, "IdList.2": 7, "Type": "manual"}), http.StatusBadRequest, "DataNotExists")
	ok(t, deal(map[string]any{"IdList.1": first, "Type": "manual"}))
	if got := ask(map[string]any{"Status": "pending"}); got.TotalCount != 1 || got.AccessKeyLeakList[0].Id != other {
		t.Errorf("pending: %+v", got)
	}
	if got := ask(map[string]any{"Status": "dealed"}); got.TotalCount != 1 || got.AccessKeyLeakList[0].DealType != "manual" {
		t.Errorf("dealt with: %+v", got)
	}
}

func TestMetadataOptionsAreKept(t *testing.T) {
	s := start(t)
	id := s.AddInstance()
	set := func(params map[string]any) error {
		params["RegionId"], params["InstanceId"] = "cn-hangzhou", id
		_, err := s.call(t, s.bot, ecs, "ModifyInstanceMetadataOptions", params)
		return err
	}
	refused(t, set(map[string]any{"HttpEndpoint": "on"}), http.StatusBadRequest, "InvalidParameter.HttpEndpoint")
	refused(t, set(map[string]any{"HttpEndpoint": "enabled", "HttpTokens": "some"}), http.StatusBadRequest, "InvalidParameter.HttpTokens")
	ok(t, set(map[string]any{"HttpEndpoint": "enabled", "HttpTokens": "required"}))
	got := must[answer](t)(s.call(t, s.bot, ecs, "DescribeInstances", map[string]any{"InstanceIds": `["` + id + `"]`}))
	if !strings.Contains(string(got), `"HttpTokens":"required"`) {
		t.Errorf("%s", got)
	}
}
