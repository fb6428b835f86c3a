package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"
)

// ErrEndpoint refuses an attacker aimed at anything but loopback.
var ErrEndpoint = errors.New("an attacker plays against loopback only")

// Move is one call of a script. In parameters "{n}" is the number of the round,
// "{instance}" the instance last heard of, and "{account}" the account's id.
type Move struct {
	Version, Action string
	Params          map[string]string
	InRole          bool // with the key of the role that was taken on last, if there is one
}

// Theft is the script of a thief: who am I, what is there, spend, dig in, destroy.
func Theft() []Move {
	return []Move{
		{Version: sts, Action: "GetCallerIdentity"},
		{Version: ecs, Action: "DescribeInstances"},
		{Version: ecs, Action: "RunInstances", Params: map[string]string{"Amount": "2", "InstanceType": "ecs.gn7i-c32g1.8xlarge"}},
		{Version: ram, Action: "CreateUser", Params: map[string]string{"UserName": "backup-svc-{n}"}},
		{Version: ram, Action: "AttachPolicyToUser", Params: map[string]string{"UserName": "backup-svc-{n}", "PolicyType": System, "PolicyName": "AdministratorAccess"}},
		{Version: ecs, Action: "DeleteInstance", Params: map[string]string{"InstanceId": "{instance}"}},
	}
}

// Burrow is the script of a thief who wants to stay: a user with a key and a
// password of his own, a role that lets him in, a role of the account taken on, and
// what that role can do, which goes on when the key is dead.
func Burrow(role string) []Move {
	user := map[string]string{"UserName": "backup-svc-{n}"}
	return []Move{
		{Version: sts, Action: "GetCallerIdentity"},
		{Version: ram, Action: "CreateUser", Params: user},
		{Version: ram, Action: "AttachPolicyToUser", Params: map[string]string{
			"UserName": "backup-svc-{n}", "PolicyType": System, "PolicyName": "AdministratorAccess",
		}},
		{Version: ram, Action: "CreateAccessKey", Params: user},
		{Version: ram, Action: "CreateRole", Params: map[string]string{
			"RoleName":                 "support-{n}",
			"AssumeRolePolicyDocument": `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::{account}:root"]}}]}`,
		}},
		{Version: sts, Action: "AssumeRole", Params: map[string]string{
			"RoleArn": "acs:ram::{account}:role/" + role, "RoleSessionName": "support-{n}",
		}},
		{Version: ecs, Action: "RunInstances", Params: map[string]string{"Amount": "1"}, InRole: true},
	}
}

// Workload is the script of the rightful owner of a deployment key.
func Workload() []Move {
	return []Move{{Version: ecs, Action: "DescribeInstances"}}
}

// Attacker uses a key through the real SDK, one call a step, round and round. It
// is for one goroutine at a time per Step, which it ensures itself.
type Attacker struct {
	endpoint, source string
	credential       credentials.Credential
	client           *http.Client
	script           []Move

	mu       sync.Mutex
	step     int
	instance string
	account  string
	role     credentials.Credential // of the role taken on last; nil: none
}

// Result is how one step ended. Code is empty when the call was allowed.
type Result struct {
	Step    int
	Action  string
	Allowed bool
	Code    string
}

// NewAttacker aims a script at a sandbox by its URL. The source is the address the
// calls pretend to come from; in a VPC "172.16.0.9@vpc-1".
func NewAttacker(endpoint string, k Key, source string, script []Move) (*Attacker, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" || loopback(u.Host) != nil || len(script) == 0 {
		return nil, ErrEndpoint
	}
	credential, err := credentials.NewCredential(&credentials.Config{
		Type: new("access_key"), AccessKeyId: new(k.ID), AccessKeySecret: new(string(k.Secret)),
	})
	if err != nil {
		return nil, fmt.Errorf("make credential of %s: %w", k.ID, err)
	}
	return &Attacker{
		endpoint: u.Host, source: source, credential: credential, script: script,
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, // no proxy, nothing left open
	}, nil
}

// Step makes the next call of the script. A refusal is a Result; an error means
// that there was no answer to read.
func (a *Attacker) Step(ctx context.Context) (Result, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	move := a.script[a.step%len(a.script)]
	round := a.step / len(a.script)
	a.step++
	out := Result{Step: a.step, Action: move.Action}
	body, err := a.call(ctx, move, round)
	if refused, ok := errors.AsType[*tea.SDKError](err); ok {
		out.Code = tea.StringValue(refused.Code)
		return out, nil
	}
	if err != nil {
		return out, fmt.Errorf("call %s: %w", move.Action, err)
	}
	out.Allowed = true
	a.notice(body)
	a.takeOn(body)
	return out, nil
}

func (a *Attacker) call(ctx context.Context, m Move, round int) (map[string]any, error) {
	credential := a.credential
	if m.InRole && a.role != nil {
		credential = a.role
	}
	client, err := openapi.NewClient(&openapiutil.Config{ // fresh: one client races on itself
		Credential: credential, Endpoint: new(a.endpoint), Protocol: new("http"), HttpClient: quiet{a.client},
	})
	if err != nil {
		return nil, err
	}
	query := map[string]any{}
	for name, value := range m.Params {
		query[name] = strings.NewReplacer("{n}", strconv.Itoa(round+1), "{instance}", a.instance, "{account}", a.account).Replace(value)
	}
	answer, err := client.CallApiWithCtx(ctx, &openapiutil.Params{
		Action: new(m.Action), Version: new(m.Version), Protocol: new("HTTP"), Method: new("POST"),
		AuthType: new("AK"), Style: new("RPC"), Pathname: new("/"),
		ReqBodyType: new("formData"), BodyType: new("json"),
	}, &openapiutil.OpenApiRequest{
		Query: openapiutil.Query(query), Headers: map[string]*string{sourceName: new(a.source)},
	}, &dara.RuntimeOptions{})
	if err != nil {
		return nil, err
	}
	body, _ := answer["body"].(map[string]any)
	return body, nil
}

// notice remembers an instance that the answer names.
func (a *Attacker) notice(body map[string]any) {
	sets, _ := body["InstanceIdSets"].(map[string]any)
	ids, _ := sets["InstanceIdSet"].([]any)
	if len(ids) > 0 {
		a.instance, _ = ids[0].(string)
		return
	}
	list, _ := body["Instances"].(map[string]any)
	rows, _ := list["Instance"].([]any)
	if len(rows) > 0 {
		row, _ := rows[0].(map[string]any)
		a.instance, _ = row["InstanceId"].(string)
	}
}

// takeOn keeps the key of a role, and the account it is of.
func (a *Attacker) takeOn(body map[string]any) {
	text := func(m map[string]any, name string) *string {
		v, _ := m[name].(string)
		return &v
	}
	if id := *text(body, "AccountId"); id != "" {
		a.account = id
	}
	given, ok := body["Credentials"].(map[string]any)
	if !ok {
		return
	}
	role, err := credentials.NewCredential(&credentials.Config{
		Type: new("sts"), AccessKeyId: text(given, "AccessKeyId"),
		AccessKeySecret: text(given, "AccessKeySecret"), SecurityToken: text(given, "SecurityToken"),
	})
	if err == nil {
		a.role = role
	}
}

// quiet hides the URL, and with it the parameters, from network errors.
type quiet struct{ client *http.Client }

// Call makes the request; the transport settings of the SDK are not used.
func (q quiet) Call(r *http.Request, _ *http.Transport) (*http.Response, error) {
	answer, err := q.client.Do(r) //nolint:gosec // loopback only: NewAttacker refuses the rest
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return nil, wrapped.Err
	}
	return answer, err
}
