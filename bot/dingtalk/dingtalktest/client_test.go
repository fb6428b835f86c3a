package dingtalktest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/open-dingtalk/dingtalk-stream-sdk-go/card"
	"github.com/open-dingtalk/dingtalk-stream-sdk-go/chatbot"
	"github.com/open-dingtalk/dingtalk-stream-sdk-go/client"
	"github.com/open-dingtalk/dingtalk-stream-sdk-go/logger"

	"twokey/bot/dingtalk/dingtalktest"
)

func TestMain(m *testing.M) {
	logger.SetLogger(logger.NewStdTestLogger()) // it makes one by itself, in any goroutine
	m.Run()
}

// TestDingTalksOwnClientHearsPeople connects the client that DingTalk wrote, with its own
// models of what comes.
func TestDingTalksOwnClientHearsPeople(t *testing.T) {
	o := dingtalktest.New(t)
	ana := o.AddUser(dingtalktest.User{Name: "Ana"})
	group := o.Group(ana)
	messages := make(chan chatbot.BotCallbackDataModel, 9)
	presses := make(chan card.CardRequest, 9)
	cli := dial(t, o, o.App.ClientSecret)
	cli.RegisterChatBotCallbackRouter(func(_ context.Context, m *chatbot.BotCallbackDataModel) ([]byte, error) {
		messages <- *m
		return []byte("{}"), nil
	})
	cli.RegisterCardCallbackRouter(func(_ context.Context, r *card.CardRequest) (*card.CardResponse, error) {
		presses <- *r
		return &card.CardResponse{}, nil
	})
	if err := cli.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := o.As(t, ana)
	p.Mention(group, "list")
	if m := <-messages; m.Text.Content != " list" || m.SenderStaffId != ana || m.SenderCorpId != o.App.Corp || m.ConversationType != "2" || m.ConversationId != group || m.RobotCode != o.App.RobotCode || m.MsgId == "" {
		t.Errorf("%+v", m)
	}
	p.Direct("help")
	if m := <-messages; m.Text.Content != "help" || m.ConversationType != "1" {
		t.Errorf("%+v", m)
	}
	p.Press(dingtalktest.Button{ID: "b", Track: "c", Group: group}, "why")
	r := <-presses
	if r.OutTrackId != "c" || r.UserId != ana || r.UserIdType != 1 || r.CorpId != o.App.Corp || r.SpaceId != group || r.CardActionData.CardPrivateData.ActionIdList[0] != "b" || r.GetActionString("reason") != "why" {
		t.Errorf("%+v", r)
	}
	o.Again(t, o.Last())
	if again := <-presses; again.OutTrackId != r.OutTrackId {
		t.Errorf("%+v", again)
	}
}

func TestDingTalksOwnClientConnectsAnew(t *testing.T) {
	o := dingtalktest.New(t)
	cli := dial(t, o, o.App.ClientSecret)
	cli.RegisterChatBotCallbackRouter(func(context.Context, *chatbot.BotCallbackDataModel) ([]byte, error) { return nil, errors.New("no") })
	cli.RegisterCardCallbackRouter(func(context.Context, *card.CardRequest) (*card.CardResponse, error) { return nil, errors.New("no") })
	if err := cli.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, end := range []func(){o.Drop, o.Disconnect} {
		o.Await(t, "the client", func() bool { return o.Sockets() == 1 })
		end()
		o.Await(t, "the end", func() bool { return o.Sockets() == 0 })
		for cli.Start(t.Context()) != nil || o.Sockets() == 0 {
			runtime.Gosched() // the client has yet to see the end
		}
	}
	ana := o.As(t, o.AddUser(dingtalktest.User{}))
	if f := ana.Direct("hm").Frame; o.Refused(f) != 1 {
		t.Error("an error of the robot counts as an answer")
	}
}

func TestOnlyTheAppGetsIn(t *testing.T) {
	o := dingtalktest.New(t)
	cli := dial(t, o, "another")
	cli.RegisterChatBotCallbackRouter(func(context.Context, *chatbot.BotCallbackDataModel) ([]byte, error) { return nil, nil })
	if cli.Start(t.Context()) == nil {
		t.Error("a wrong secret opens the stream")
	}
	if code := call(t, o, http.MethodPost, dingtalktest.PathToken, "", `{"appKey":"`+o.App.ClientID+`","appSecret":"no"}`)["code"]; code != "invalidClientIdOrSecret" {
		t.Errorf("a wrong secret: %v", code)
	}
}

func dial(t *testing.T, o *dingtalktest.Org, secret string) *client.StreamClient {
	cli := client.NewStreamClient(
		client.WithAppCredential(client.NewAppCredentialConfig(o.App.ClientID, secret)), client.WithOpenApiHost(o.URL()),
		client.WithKeepAlive(3*time.Second), client.WithAutoReconnect(false),
	)
	t.Cleanup(cli.Close)
	return cli
}

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
