package dingtalktest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"twokey/bot/dingtalk/dingtalktest"
)

// TestTheInterfaceRefusesAsDingTalkDoes tries each refusal over plain HTTP.
func TestTheInterfaceRefusesAsDingTalkDoes(t *testing.T) {
	o := dingtalktest.New(t)
	ana := o.AddUser(dingtalktest.User{})
	gone := o.AddUser(dingtalktest.User{Left: true})
	far := o.AddUser(dingtalktest.User{Corp: "dingother"})
	group := o.Group(ana)
	token, _ := call(t, o, http.MethodPost, dingtalktest.PathToken, "", `{"appKey":"`+o.App.ClientID+`","appSecret":"`+o.App.ClientSecret+`"}`)["accessToken"].(string)
	made := func(track, template, param string) string {
		return `{"cardTemplateId":"` + template + `","outTrackId":"` + track + `","cardData":{"cardParamMap":` + param + `},"openSpaceId":"dtv1.card//IM_GROUP.` + group +
			`","imGroupOpenSpaceModel":{"supportForward":false},"imGroupOpenDeliverModel":{"robotCode":"` + o.App.RobotCode + `"}}`
	}
	if code := call(t, o, http.MethodPost, dingtalktest.PathToken, "", `{"appKey":"`+o.App.ClientID+`","appSecret":"no"}`)["code"]; code != "invalidClientIdOrSecret" {
		t.Errorf("a wrong secret: %v", code)
	}
	for _, c := range []struct{ path, method, token, body, want string }{
		{dingtalktest.PathDeliver, "POST", "none", made("a", dingtalktest.Shared, `{"x":"1"}`), "InvalidAuthentication"},
		{dingtalktest.PathDeliver, "POST", token, made("a", "unheard.schema", `{"x":"1"}`), "param.templateNotExist"},
		{dingtalktest.PathDeliver, "POST", token, made("", dingtalktest.Shared, `{"x":"1"}`), "param.outTrackIdEmpty"},
		{dingtalktest.PathDeliver, "POST", token, made("a", dingtalktest.Shared, `{"x":1}`), "param.invalid"},
		{dingtalktest.PathUpdate, "PUT", token, `{"outTrackId":"a","cardData":{"cardParamMap":{"x":"2"}}}`, "param.cardNotExist"},
		{dingtalktest.PathDeliver, "POST", token, made("a", dingtalktest.Shared, `{"x":"1"}`), ""},
		{dingtalktest.PathDeliver, "POST", token, made("a", dingtalktest.Shared, `{"x":"1"}`), "param.cardAlreadyExist"},
		{dingtalktest.PathUpdate, "PUT", token, `{"outTrackId":"a","cardData":{"cardParamMap":{"x":"2"}}}`, ""},
		{dingtalktest.PathGroup, "POST", token, `{"robotCode":"other","openConversationId":"` + group + `","msgKey":"sampleMarkdown","msgParam":"{\"title\":\"a\",\"text\":\"b\"}"}`, "robot.not.exist"},
		{dingtalktest.PathGroup, "POST", token, `{"robotCode":"` + o.App.RobotCode + `","openConversationId":"cid","msgKey":"sampleMarkdown","msgParam":"{\"title\":\"a\",\"text\":\"b\"}"}`, "invalidParameter.openConversationId.invalid"},
		{dingtalktest.PathGroup, "POST", token, `{"robotCode":"` + o.App.RobotCode + `","openConversationId":"` + group + `","msgKey":"sampleMarkdown","msgParam":"no"}`, "invalidParameter.msgParam.invalid"},
	} {
		got, _ := call(t, o, c.method, c.path, c.token, c.body)["code"].(string)
		if got != c.want {
			t.Errorf("%s %s: %q, want %q", c.path, c.body, got, c.want)
		}
	}
	if n := len(o.InGroup(group)); n != 1 {
		t.Errorf("one card is shown %d times", n)
	}
	for user, want := range map[string]float64{ana: 0, gone: 0, far: 60121, "nobody": 60121} {
		got := call(t, o, http.MethodPost, dingtalktest.PathUser+"?access_token="+token, "", `{"userid":"`+user+`"}`)
		if got["errcode"] != want {
			t.Errorf("%s: %v", user, got)
		}
		if result, _ := got["result"].(map[string]any); want == 0 && result["active"] != (user == ana) {
			t.Errorf("%s: %v", user, got)
		}
	}
	if got := call(t, o, http.MethodPost, dingtalktest.PathUser+"?access_token=no", "", `{"userid":"a"}`); got["errcode"] != 40014.0 {
		t.Errorf("no token: %v", got)
	}
}

func call(t *testing.T, o *dingtalktest.Org, method, path, token, body string) map[string]any {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, o.URL()+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("x-acs-dingtalk-access-token", token)
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%s: %s", err, text)
	}
	return out
}
