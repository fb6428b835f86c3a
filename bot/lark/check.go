package lark

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"

	"twokey/bot/room"
)

// Check looks whether the room would work, with the people who are configured. It changes
// and shows nothing, and stops at the first need that the others rest on.
func (c *Chat) Check(ctx context.Context, people []room.Member) []room.Finding {
	var r room.Report
	if _, err := c.api.tokens.token(ctx); err != nil {
		r.Fail("the app %s does not sign in (%s): compare app_id, app_secret and domain with the developer console", c.config.AppID, why(err))
		return r
	}
	r.OK("the app %s signs in", c.config.AppID)
	if _, err := c.asked.self(ctx); err != nil {
		r.Fail("the app is no bot (%s): add the bot ability and publish a version", why(err))
	} else {
		r.OK("the app is a bot")
	}
	c.checkRoom(ctx, &r, people)
	if c.config.EncryptKey != "" {
		return r
	}
	if err := c.endpoint(ctx); err != nil {
		r.Fail("no long connection (%s): choose it under Events & Callbacks in the developer console, or use mode http", why(err))
	} else {
		r.OK("a long connection can be opened")
	}
	return r
}

// checkRoom looks whether the bot is in the room, whose it is, and who may act there.
func (c *Chat) checkRoom(ctx context.Context, r *room.Report, people []room.Member) {
	tenant, err := c.asked.tenant(ctx)
	if err == nil {
		err = c.asked.closed(ctx, c.config.Room)
	}
	if err != nil {
		r.Fail("the room %s does not serve (%s): %s", c.config.Room, why(err), roomAdvice(why(err)))
		return
	}
	r.OK("the bot is in the room %s of the tenant %s, and nobody from outside can be", c.config.Room, tenant)
	for _, m := range people {
		if m.Tenant != tenant {
			r.Fail("people: %s: the room's tenant is %s, not %s: nothing that this account does would count", m.Person, tenant, m.Tenant)
		}
	}
	for _, who := range c.config.Invite {
		if _, err := c.asked.account(ctx, tenant, who); err != nil {
			r.Fail("%s can't act (%s): %s", who, why(err), personAdvice(why(err)))
		} else {
			r.OK("%s is active", who)
		}
	}
}

func roomAdvice(why string) string {
	switch why {
	case room.Shared:
		return "people of other organisations can be in it; choose an internal group"
	case "232006", "232011", "230002":
		return "put the bot into the group, and take the id from the group's settings"
	}
	return "the permissions im:chat:readonly and im:message are needed"
}

func personAdvice(why string) string {
	switch why {
	case wordNoStatus:
		return "the permission contact:user.employee:readonly is missing, so nobody's vote can count"
	case "unknown":
		return "the union id is not one of this app's developer, or the person is outside of the app's contact range"
	}
	return "the account does not work there any more"
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
		return &Error{Method: method, Word: room.Network}
	}
	r.Header.Set("Content-Type", "application/json")
	_, err = spoken(c.api.http, method, r)
	return err
}

// why is a word for an error: Lark's own code, or what an account is.
func why(err error) string {
	if s, ok := errors.AsType[room.Stranger](err); ok {
		return s.Why
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Word
	}
	return room.Odd
}
