package lark

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"
)

// Need is something that the room does not work without.
type Need string

// The needs, in the order in which they are looked at.
const (
	NeedApp    Need = "app"    // the id and the secret
	NeedBot    Need = "bot"    // the app is a bot
	NeedRoom   Need = "room"   // the bot is in the room, and nobody from outside is
	NeedPerson Need = "person" // somebody who may act is known and active
	NeedEars   Need = "ears"   // a long connection can be opened
)

// Finding is what was seen of a need; Err is nil where all is well.
type Finding struct {
	Need Need
	Who  string // union id, for NeedPerson; key of the tenant, for NeedRoom
	Err  error
}

// Check looks whether the room would work. It changes and shows nothing, and stops at the
// first need that the others rest on.
func (c *Chat) Check(ctx context.Context) []Finding {
	var all []Finding
	look := func(need Need, who string, err error) bool {
		all = append(all, Finding{need, who, err})
		return err == nil
	}
	_, err := c.api.tokens.token(ctx)
	if !look(NeedApp, "", err) {
		return all
	}
	_, err = c.asked.self(ctx)
	look(NeedBot, "", err)
	tenant, err := c.asked.tenant(ctx)
	if err == nil {
		err = c.asked.closed(ctx, c.config.Room)
	}
	if look(NeedRoom, tenant, err) {
		for _, who := range c.config.Invite {
			_, err := c.asked.account(ctx, tenant, who)
			look(NeedPerson, who, err)
		}
	}
	if c.config.EncryptKey == "" {
		look(NeedEars, "", c.endpoint(ctx))
	}
	return all
}

// endpoint asks where a long connection would be opened, and opens none.
func (c *Chat) endpoint(ctx context.Context) error {
	const method = "ws.endpoint"
	body, err := json.Marshal(larkws.BootstrapRequest{AppID: c.config.AppID, AppSecret: c.config.AppSecret})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.APIURL+larkws.GenEndpointUri, bytes.NewReader(body))
	if err != nil {
		return &Error{Method: method, Word: wordNetwork}
	}
	r.Header.Set("Content-Type", "application/json")
	_, err = spoken(c.api.http, method, r)
	return err
}

// Why is a word for an error of [Chat.Check]: Lark's own code, or what an account is.
func Why(err error) string {
	if s, ok := errors.AsType[stranger](err); ok {
		return s.why
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Word
	}
	return wordOdd
}
