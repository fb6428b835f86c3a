package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	oapi "github.com/larksuite/oapi-sdk-go/v3"
	larkcore "github.com/larksuite/oapi-sdk-go/v3/core"
	"github.com/larksuite/oapi-sdk-go/v3/core/httpserverext"
	larkevent "github.com/larksuite/oapi-sdk-go/v3/event"
	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher"
	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher/callback"
	larkcontact "github.com/larksuite/oapi-sdk-go/v3/service/contact/v3"
	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"
	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"

	"twokey/bot/lark/larktest"
)

// gopher is the vendor's client for Go.
type gopher struct {
	t    *testing.T
	x    *larktest.Tenant
	api  *oapi.Client
	last *http.Response
	came chan []string

	mu     sync.Mutex
	logged []string
}

func newGopher(t *testing.T, x *larktest.Tenant) *gopher {
	g := &gopher{t: t, x: x, came: make(chan []string, 99)}
	g.api = oapi.NewClient(x.App.ID, x.App.Secret, oapi.WithOpenBaseUrl(x.URL()), oapi.WithHttpClient(g), oapi.WithLogger(g), oapi.WithLogLevel(larkcore.LogLevelWarn))
	return g
}

// The client's log.
func (g *gopher) Debug(context.Context, ...any)         {}
func (g *gopher) Info(context.Context, ...any)          {}
func (g *gopher) Warn(_ context.Context, words ...any)  { g.complain(words) }
func (g *gopher) Error(_ context.Context, words ...any) { g.complain(words) }

func (g *gopher) complain(words []any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.logged = append(g.logged, fmt.Sprint(words...))
}

func (g *gopher) complaints() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.logged)
}

// Do carries the client's requests.
func (g *gopher) Do(r *http.Request) (*http.Response, error) {
	got, err := http.DefaultClient.Do(r)
	g.last = got
	return got, err
}

// answer is what the client read.
func (g *gopher) answer(r any, err error) (out answer) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
	read, err := json.Marshal(r)
	if err != nil {
		g.t.Fatal(err)
	}
	if err := json.Unmarshal(read, &out); err != nil {
		g.t.Fatalf("%v in %s", err, read)
	}
	out.Status, out.Reset = g.last.StatusCode, g.last.Header.Get("x-ogw-ratelimit-reset")
	return out
}

func (g *gopher) create(group, kind, content, uuid string) answer {
	r, err := g.api.Im.Message.Create(g.t.Context(), larkim.NewCreateMessageReqBuilder().ReceiveIdType("chat_id").Body(
		larkim.NewCreateMessageReqBodyBuilder().ReceiveId(group).MsgType(kind).Content(content).Uuid(uuid).Build()).Build())
	return g.answer(r, err)
}

func (g *gopher) reply(message, content, uuid string) answer {
	r, err := g.api.Im.Message.Reply(g.t.Context(), larkim.NewReplyMessageReqBuilder().MessageId(message).Body(
		larkim.NewReplyMessageReqBodyBuilder().MsgType("text").Content(content).ReplyInThread(true).Uuid(uuid).Build()).Build())
	return g.answer(r, err)
}

func (g *gopher) patch(message, content string) answer {
	r, err := g.api.Im.Message.Patch(g.t.Context(), larkim.NewPatchMessageReqBuilder().MessageId(message).Body(
		larkim.NewPatchMessageReqBodyBuilder().Content(content).Build()).Build())
	return g.answer(r, err)
}

func (g *gopher) read(message string) answer {
	r, err := g.api.Im.Message.Get(g.t.Context(), larkim.NewGetMessageReqBuilder().MessageId(message).Build())
	return g.answer(r, err)
}

func (g *gopher) open(name, uuid string, members ...string) answer {
	r, err := g.api.Im.Chat.Create(g.t.Context(), larkim.NewCreateChatReqBuilder().UserIdType("union_id").Uuid(uuid).Body(
		larkim.NewCreateChatReqBodyBuilder().Name(name).UserIdList(members).Build()).Build())
	return g.answer(r, err)
}

func (g *gopher) invite(group string, members ...string) answer {
	r, err := g.api.Im.ChatMembers.Create(g.t.Context(), larkim.NewCreateChatMembersReqBuilder().ChatId(group).MemberIdType("union_id").SucceedType(1).Body(
		larkim.NewCreateChatMembersReqBodyBuilder().IdList(members).Build()).Build())
	return g.answer(r, err)
}

func (g *gopher) members(group string) answer {
	r, err := g.api.Im.ChatMembers.Get(g.t.Context(), larkim.NewGetChatMembersReqBuilder().ChatId(group).MemberIdType("union_id").Build())
	return g.answer(r, err)
}

func (g *gopher) chat(group string) answer {
	r, err := g.api.Im.Chat.Get(g.t.Context(), larkim.NewGetChatReqBuilder().ChatId(group).Build())
	return g.answer(r, err)
}

func (g *gopher) pin(message string) answer {
	r, err := g.api.Im.Pin.Create(g.t.Context(), larkim.NewCreatePinReqBuilder().Body(larkim.NewCreatePinReqBodyBuilder().MessageId(message).Build()).Build())
	return g.answer(r, err)
}

func (g *gopher) user(union string) answer {
	r, err := g.api.Contact.User.Get(g.t.Context(), larkcontact.NewGetUserReqBuilder().UserId(union).UserIdType("union_id").Build())
	return g.answer(r, err)
}

// ears hear what people do.
func (g *gopher) ears(key string) *dispatcher.EventDispatcher {
	return dispatcher.NewEventDispatcher(larktest.VerificationToken, key).OnP2CardActionTrigger(func(_ context.Context, e *callback.CardActionTriggerEvent) (*callback.CardActionTriggerResponse, error) {
		value, err := json.Marshal(e.Event.Action.Value)
		g.came <- []string{"press", e.Event.Context.OpenMessageID, e.Event.Operator.OpenID, string(value)}
		return &callback.CardActionTriggerResponse{Toast: &callback.Toast{Type: "success", Content: "seen"}}, err
	}).OnP2MessageReceiveV1(func(_ context.Context, e *larkim.P2MessageReceiveV1) error {
		mentioned := ""
		for _, m := range e.Event.Message.Mentions {
			mentioned = *m.Id.OpenId
		}
		g.came <- []string{"message", *e.Event.Message.Content, *e.Event.Sender.SenderId.OpenId, mentioned}
		return nil
	})
}

func (g *gopher) listen() {
	ctx, cancel := context.WithCancel(g.t.Context())
	var listening sync.WaitGroup
	listening.Go(func() {
		_ = larkws.NewClient(g.x.App.ID, g.x.App.Secret, larkws.WithDomain(g.x.URL()), larkws.WithEventHandler(g.ears("")), larkws.WithLogger(g)).Start(ctx)
	})
	g.t.Cleanup(func() { cancel(); listening.Wait() })
}

func (g *gopher) receivers() map[string]http.Handler {
	return map[string]http.Handler{"/events": http.HandlerFunc(httpserverext.NewEventHandlerFunc(g.ears(g.x.App.EncryptKey), larkevent.WithLogger(g)))}
}

func (g *gopher) heard() []string {
	g.t.Helper()
	select {
	case got := <-g.came:
		return got
	case <-time.After(20 * time.Second):
		g.t.Fatal("waited in vain for something to be heard")
		return nil
	}
}
