package e2e_test

import (
	"context"
	"errors"
	"runtime"
	"strconv"
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

// gopher is the vendor's client for Go.
type gopher struct {
	t    *testing.T
	o    *dingtalktest.Org
	sdk  *client.StreamClient
	came chan []string
}

func newGopher(t *testing.T, o *dingtalktest.Org) *gopher {
	return &gopher{t: t, o: o, sdk: dial(t, o, o.App.ClientSecret), came: make(chan []string, 99)}
}

func dial(t *testing.T, o *dingtalktest.Org, secret string) *client.StreamClient {
	sdk := client.NewStreamClient(
		client.WithAppCredential(client.NewAppCredentialConfig(o.App.ClientID, secret)), client.WithOpenApiHost(o.URL()),
		client.WithKeepAlive(3*time.Second), client.WithAutoReconnect(false), // it would wait up to a minute
	)
	t.Cleanup(sdk.Close)
	return sdk
}

func (g *gopher) connect(topics ...string) {
	g.t.Helper()
	for _, topic := range topics {
		switch topic {
		case dingtalktest.TopicMessage:
			g.sdk.RegisterChatBotCallbackRouter(g.said)
		case dingtalktest.TopicCard:
			g.sdk.RegisterCardCallbackRouter(g.pressed)
		}
	}
	if err := g.sdk.Start(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gopher) said(_ context.Context, m *chatbot.BotCallbackDataModel) ([]byte, error) {
	g.came <- []string{"message", m.Text.Content, m.SenderStaffId, m.ConversationType, m.ConversationId, m.RobotCode}
	if m.Text.Content == "fail" {
		return nil, errors.New("no")
	}
	return []byte("{}"), nil
}

func (g *gopher) pressed(_ context.Context, r *card.CardRequest) (*card.CardResponse, error) {
	button := r.CardActionData.CardPrivateData.ActionIdList[0]
	g.came <- []string{"press", r.OutTrackId, r.UserId, strconv.Itoa(r.UserIdType), r.CorpId, r.SpaceId, button, r.GetActionString("reason")}
	return &card.CardResponse{
		CardUpdateOptions: &card.CardUpdateOptions{UpdateCardDataByKey: true},
		CardData:          &card.CardDataDto{CardParamMap: map[string]string{"status": "approved"}},
	}, nil
}

func (g *gopher) again() {
	for g.sdk.Start(g.t.Context()) != nil || g.o.Sockets() == 0 {
		runtime.Gosched() // the client has yet to see the end
	}
}

func (g *gopher) refused(secret string) string {
	other := dial(g.t, g.o, secret)
	other.RegisterChatBotCallbackRouter(g.said)
	if err := other.Start(g.t.Context()); err != nil {
		return err.Error()
	}
	return ""
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
