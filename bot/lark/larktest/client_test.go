package larktest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	oapi "github.com/larksuite/oapi-sdk-go/v3"
	larkcore "github.com/larksuite/oapi-sdk-go/v3/core"
	larkevent "github.com/larksuite/oapi-sdk-go/v3/event"
	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher"
	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher/callback"
	larkcontact "github.com/larksuite/oapi-sdk-go/v3/service/contact/v3"
	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"
	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"

	"twokey/bot/lark/larktest"
)

const card = `{"schema":"2.0","config":{"update_multi":true},"header":{"title":{"tag":"plain_text","content":"one"}},
"body":{"elements":[{"tag":"button","text":{"tag":"plain_text","content":"Yes"},"behaviors":[{"type":"callback","value":{"a":"yes"}}]}]}}`

// quiet keeps the vendor's client from logging.
type quiet struct{}

func (quiet) Debug(context.Context, ...any) {}
func (quiet) Info(context.Context, ...any)  {}
func (quiet) Warn(context.Context, ...any)  {}
func (quiet) Error(context.Context, ...any) {}

func vendor(x *larktest.Tenant) *oapi.Client {
	return oapi.NewClient(x.App.ID, x.App.Secret, oapi.WithOpenBaseUrl(x.URL()), oapi.WithLogger(quiet{}), oapi.WithLogLevel(larkcore.LogLevelError))
}

// TestTheVendorsClientUnderstandsTheTenant lets a client that nobody here wrote do what
// the bot does.
func TestTheVendorsClientUnderstandsTheTenant(t *testing.T) {
	x := larktest.New(t, larktest.Options{})
	ana := x.AddUser(larktest.User{Name: "Ana", Frozen: true})
	room := x.Group("leaks", ana.Union)
	im, ctx := vendor(x).Im.V1, t.Context()

	made, err := im.Message.Create(ctx, larkim.NewCreateMessageReqBuilder().ReceiveIdType("chat_id").Body(
		larkim.NewCreateMessageReqBodyBuilder().ReceiveId(room).MsgType("interactive").Content(card).Uuid("u1").Build()).Build())
	if err != nil || !made.Success() {
		t.Fatal(err, made)
	}
	id := *made.Data.MessageId
	patched, err := im.Message.Patch(ctx, larkim.NewPatchMessageReqBuilder().MessageId(id).Body(
		larkim.NewPatchMessageReqBodyBuilder().Content(card).Build()).Build())
	if err != nil || !patched.Success() {
		t.Error(err, patched)
	}
	replied, err := im.Message.Reply(ctx, larkim.NewReplyMessageReqBuilder().MessageId(id).Body(
		larkim.NewReplyMessageReqBodyBuilder().MsgType("text").Content(`{"text":"hello"}`).ReplyInThread(true).Uuid("u2").Build()).Build())
	if err != nil || !replied.Success() || *replied.Data.RootId != id {
		t.Error(err, replied)
	}
	read, err := im.Message.Get(ctx, larkim.NewGetMessageReqBuilder().MessageId(id).Build())
	if err != nil || !read.Success() || *read.Data.Items[0].Sender.Id != x.App.ID {
		t.Error(err, read)
	}
	chat, err := im.Chat.Get(ctx, larkim.NewGetChatReqBuilder().ChatId(room).Build())
	if err != nil || !chat.Success() || *chat.Data.TenantKey != x.App.Tenant || *chat.Data.External {
		t.Error(err, chat)
	}
	opened, err := im.Chat.Create(ctx, larkim.NewCreateChatReqBuilder().Uuid("g1").Body(larkim.NewCreateChatReqBodyBuilder().Name("inc-1").Build()).Build())
	if err != nil || !opened.Success() {
		t.Fatal(err, opened)
	}
	added, err := im.ChatMembers.Create(ctx, larkim.NewCreateChatMembersReqBuilder().ChatId(*opened.Data.ChatId).MemberIdType("union_id").SucceedType(1).Body(
		larkim.NewCreateChatMembersReqBodyBuilder().IdList([]string{ana.Union, "on_nobody"}).Build()).Build())
	if err != nil || !added.Success() || len(added.Data.InvalidIdList) != 1 {
		t.Error(err, added)
	}
	user, err := vendor(x).Contact.User.Get(ctx, larkcontact.NewGetUserReqBuilder().UserId(ana.Union).UserIdType("union_id").Build())
	if err != nil || !user.Success() || !*user.Data.User.Status.IsFrozen {
		t.Error(err, user)
	}
	wrong, err := im.Message.Create(ctx, larkim.NewCreateMessageReqBuilder().ReceiveIdType("chat_id").Body(
		larkim.NewCreateMessageReqBodyBuilder().ReceiveId(room).MsgType("interactive").Content(`{"schema":"2.0"}`).Build()).Build())
	if err != nil || wrong.Code != 230099 {
		t.Error("a card that is none:", err, wrong)
	}
}

func TestTheVendorsClientHearsWhatPeopleDo(t *testing.T) {
	x := larktest.New(t, larktest.Options{})
	ana := x.AddUser(larktest.User{Name: "Ana"})
	room := x.Group("leaks", ana.Union)
	if got, err := vendor(x).Im.Message.Create(t.Context(), larkim.NewCreateMessageReqBuilder().ReceiveIdType("chat_id").Body(
		larkim.NewCreateMessageReqBodyBuilder().ReceiveId(room).MsgType("interactive").Content(card).Build()).Build()); err != nil || !got.Success() {
		t.Fatal(err, got)
	}
	heard := make(chan string, 9)
	d := dispatcher.NewEventDispatcher("", "").OnP2CardActionTrigger(func(_ context.Context, e *callback.CardActionTriggerEvent) (*callback.CardActionTriggerResponse, error) {
		heard <- "press " + e.Event.Context.OpenMessageID + " " + e.Event.Operator.OpenID
		return &callback.CardActionTriggerResponse{Toast: &callback.Toast{Type: "success", Content: "seen"}}, nil
	}).OnP2MessageReceiveV1(func(_ context.Context, e *larkim.P2MessageReceiveV1) error {
		heard <- "message " + *e.Event.Message.Content + " " + *e.Event.Message.Mentions[0].Id.OpenId
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- larkws.NewClient(x.App.ID, x.App.Secret, larkws.WithDomain(x.URL()), larkws.WithEventHandler(d), larkws.WithLogger(quiet{})).Start(ctx)
	}()
	defer func() { cancel(); <-ended }()

	who := x.As(t, ana.Union)
	yes := who.Buttons()[0]
	if got := who.Press(yes).Await(); got != "seen" {
		t.Errorf("the toast says %q", got)
	}
	if got := <-heard; got != "press "+yes.Message+" "+ana.Open {
		t.Error(got)
	}
	if r := who.Mention(room, "", "help"); r.Problem != "" {
		t.Error(r.Problem)
	}
	if got := <-heard; got != `message {"text":"@_user_1 help"} `+x.App.OpenID {
		t.Error(got)
	}
}

// TestTheVendorsDispatcherOpensTheRequests lets the vendor's own code check and decrypt
// what the tenant sends in HTTP mode.
func TestTheVendorsDispatcherOpensTheRequests(t *testing.T) {
	x := larktest.New(t, larktest.Options{})
	ana := x.AddUser(larktest.User{Name: "Ana"})
	d := dispatcher.NewEventDispatcher("", x.App.EncryptKey)
	d.InitConfig(larkevent.WithLogger(quiet{}))
	var value map[string]any
	d.OnP2CardActionTrigger(func(_ context.Context, e *callback.CardActionTriggerEvent) (*callback.CardActionTriggerResponse, error) {
		value = e.Event.Action.Value
		return nil, nil
	})
	r := x.Request("/lark/events", x.PressBody(ana.Union, larktest.Button{Value: json.RawMessage(`{"a":"yes"}`)}))
	body := make([]byte, r.ContentLength)
	if _, err := r.Body.Read(body); err != nil && len(body) == 0 {
		t.Fatal(err)
	}
	got := d.Handle(t.Context(), &larkevent.EventReq{Header: r.Header, Body: body})
	if got.StatusCode != http.StatusOK || value["a"] != "yes" {
		t.Errorf("%d %s %v", got.StatusCode, got.Body, value)
	}
	body[20] ^= 1
	if got := d.Handle(t.Context(), &larkevent.EventReq{Header: r.Header, Body: body}); got.StatusCode == http.StatusOK {
		t.Error("a changed request was taken")
	}
}
