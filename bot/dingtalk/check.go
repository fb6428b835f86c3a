package dingtalk

import (
	"context"
	"fmt"
	"net/http"
)

// Finding is one thing that was tried: it works, or why not and what to do.
type Finding struct {
	What   string // "the app's id and secret"
	Err    error  // nil: it works
	Advice string
}

// Check tries what the room needs, with calls that nobody sees: the app's secret, the
// permission to write cards (on one that does not exist), and each user. Whether the
// robot may speak in the group only a message would show.
func Check(ctx context.Context, config Config, users []string) []Finding {
	config = config.whole()
	api := newCaller(config)
	if _, err := api.access(ctx); err != nil {
		return []Finding{{"the app's id and secret", err, "look at chat.dingtalk.client_id, client_secret and api_url"}}
	}
	all := []Finding{{What: "the app's id and secret work"}, mayWrite(ctx, api)}
	asked := newDirectory(api, config.Now)
	for _, user := range users {
		all = append(all, known(ctx, asked, user))
	}
	return all
}

// mayWrite changes a card that does not exist.
func mayWrite(ctx context.Context, api *caller) Finding {
	in := map[string]any{"outTrackId": track(forPerson, "check"), "cardData": params{map[string]string{"title": "-"}}}
	err := api.call(ctx, "updateCard", http.MethodPut, "/v1.0/card/instances", in, nil)
	if err == nil || says(err, wordGone) {
		return Finding{What: "cards can be written"}
	}
	return Finding{"cards can't be written", err, "give the app the permission Card.Instance.Write; until then everything is said in messages"}
}

func known(ctx context.Context, asked *directory, user string) Finding {
	who, err := asked.member(ctx, user)
	if err == nil && who.unfit != "" {
		err = stranger{who.unfit}
	}
	if err != nil {
		return Finding{fmt.Sprintf("user %s", user), err, "give the app the permission qyapi_get_member, let it see that user, or correct the id under people"}
	}
	return Finding{What: fmt.Sprintf("user %s is there", user)}
}
