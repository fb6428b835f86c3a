package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

// Whatever many alerts say about one key, they are one incident with a bounded
// record, one card and few edits.
func TestManyAlertsForOneKey(t *testing.T) {
	t.Parallel()
	s := tell(t, flooded(chattest.Options{}))
	edits := &counting{room: s.room}
	s.Bot.Chats = []bot.Chat{edits}
	var id incident.ID
	const seconds = 5 // then it is enough
	for second := range seconds {
		for n := range 50 {
			_, id = s.receive(s.alert(func(a *incident.Alert) { a.ExternalKey = fmt.Sprint(second, "/", n) }))
			if n%10 == 0 {
				s.Settle()
			}
		}
		s.After(time.Second)
	}
	if id != "inc-1" {
		t.Fatalf("the last one opened %s", id)
	}
	before := edits.updates
	for n := range 9000 {
		s.receive(s.alert(func(a *incident.Alert) { a.ExternalKey = fmt.Sprint("more ", n) }))
	}
	s.After(10 * time.Second)
	st := s.State(id)
	if st.Repeats > 200 || len(st.Alerts) > 20 || st.Seq > 300 {
		t.Errorf("%d repeats, %d alerts, %d records", st.Repeats, len(st.Alerts), st.Seq)
	}
	if s.room.messages() != 1 || edits.updates > 10 || edits.updates != before {
		t.Errorf("%d messages; %d edits in %d seconds, %d of them when there was nothing new", s.room.messages(), edits.updates, seconds, edits.updates-before)
	}
	if len(s.room.lines) > 15 {
		t.Errorf("the thread has %d lines", len(s.room.lines))
	}
	if c, _ := s.cardOf(id); !strings.Contains(fmt.Sprint(c.Fields), "200") {
		t.Errorf("the card lost the end of the burst: %v", c.Fields)
	}
}

// counting counts what a platform is asked to do.
type counting struct {
	*room
	updates int
}

func (c *counting) Update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	c.updates++
	return c.room.Update(ctx, ref, card)
}
