package dingtalk

import (
	"context"
	"net/http"
	"slices"

	"twokey/bot/room"
)

// Check tries what the room needs, with calls that nobody sees: the app's secret, the
// permission to write cards (on one that does not exist), and each user, with the owner
// of incident groups. Whether the robot may speak in the group, or make one, only doing so
// would show.
func Check(ctx context.Context, config Config, users []string) []room.Finding {
	config = config.whole()
	api := newCaller(config)
	var r room.Report
	if _, err := api.access(ctx); err != nil {
		r.Fail("the app's id and secret: %s: look at chat.dingtalk.client_id, client_secret and api_url", err)
		return r
	}
	r.OK("the app's id and secret work")
	if err := mayWrite(ctx, api); err != nil {
		r.Fail("cards can't be written: %s: give the app the permission Card.Instance.Write; until then everything is said in messages", err)
	} else {
		r.OK("cards can be written")
	}
	asked := newDirectory(api, config.Now)
	if owner := config.GroupOwner; owner != "" && !slices.Contains(users, owner) {
		users = append(slices.Clone(users), owner)
	}
	for _, user := range users {
		if _, err := asked.account(ctx, "", user); err != nil {
			r.Fail("user %s: %s: give the app the permission qyapi_get_member, let it see that user, or correct the id", user, err)
		} else {
			r.OK("user %s is there", user)
		}
	}
	return r
}

// mayWrite changes a card that does not exist.
func mayWrite(ctx context.Context, api *caller) error {
	in := map[string]any{"outTrackId": track(forPerson, "check"), "cardData": params{map[string]string{"title": "-"}}}
	err := api.call(ctx, "updateCard", http.MethodPut, "/v1.0/card/instances", in, nil)
	if room.Says(err, wordGone) {
		return nil
	}
	return err
}
