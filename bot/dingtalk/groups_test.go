package dingtalk_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/dingtalk"
	"twokey/bot/dingtalk/dingtalktest"
	"twokey/incident"
)

// withGroups lets incidents have groups of their own: Ana's, for Ana and Bo.
func withGroups(o *office, c *dingtalk.Config) {
	c.GroupTemplate, c.GroupOwner = dingtalktest.GroupTemplate, o.ids[ana]
	c.Invite = []string{o.ids[ana], o.ids[chattest.Bo]}
}

func grouped(t *testing.T, o *office, key string) bot.Ref {
	t.Helper()
	ref, err := o.chat.Rooms().Post(t.Context(), key, cardWith(approving(nil)))
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestEachIncidentHasItsGroup(t *testing.T) {
	o := newOffice(t, withGroups)
	rooms := o.chat.Rooms()
	ref := grouped(t, o, "inc-7/dingtalk-groups/0")
	all := o.Scenes()
	if len(all) != 1 || all[0].Title != "twokey inc-7" || all[0].Owner != o.ids[ana] || !slices.Contains(o.Members(all[0].Group), o.ids[chattest.Bo]) {
		t.Fatalf("%+v", all)
	}
	if text := o.Org.Text(all[0].Group); !strings.Contains(text, "Leaked AccessKey") || o.Org.Text(o.room) != "" {
		t.Errorf("the group shows %q, the fixed room %q", text, o.Org.Text(o.room))
	}
	calm := cardWith()
	calm.Title = "inc-7 · CONTAINED"
	if err := rooms.Update(t.Context(), ref, calm); err != nil || !strings.Contains(o.Org.Text(all[0].Group), "CONTAINED") {
		t.Errorf("%v: %s", err, o.Org.Text(all[0].Group))
	}
	for range 2 {
		if err := rooms.Reply(t.Context(), ref, line); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(o.Org.Text(all[0].Group), line.Text); n != 1 {
		t.Errorf("the line stands %d times", n)
	}
	if r, err := rooms.Post(t.Context(), "k", bot.Card{Incident: incident.System}); r != "" || err != nil || len(o.Scenes()) != 1 {
		t.Errorf("the whole bot's words opened a group: %v", err)
	}
}

func TestALostAnswerMakesNoSecondGroup(t *testing.T) {
	o := newOffice(t, withGroups)
	for _, path := range []string{dingtalktest.PathScene, dingtalktest.PathDeliver} {
		o.Inject(dingtalktest.Fault{Kind: dingtalktest.Lose, Path: path, Next: 1})
		if _, err := o.chat.Rooms().Post(t.Context(), "inc-7/dingtalk-groups/0", cardWith()); err == nil {
			t.Fatal("an answer was lost, and nobody noticed")
		}
	}
	grouped(t, o, "inc-7/dingtalk-groups/0")
	if all := o.Scenes(); len(all) != 1 || len(o.InGroup(all[0].Group)) != 1 {
		t.Errorf("%+v", all)
	}
	other := cardWith()
	other.Opened = other.Opened.Add(time.Hour) // another database has an inc-7, too
	if _, err := o.chat.Rooms().Post(t.Context(), "inc-7/dingtalk-groups/0", other); err != nil || len(o.Scenes()) != 2 {
		t.Errorf("%v: %+v", err, o.Scenes())
	}
}

func TestAGroupThatWasEndedIsGone(t *testing.T) {
	o := newOffice(t, withGroups)
	ref := grouped(t, o, "inc-7/dingtalk-groups/0")
	o.Disband(o.Scenes()[0].Group)
	if err := o.chat.Rooms().Reply(t.Context(), ref, line); !errors.Is(err, bot.ErrGone) {
		t.Errorf("%v", err)
	}
	grouped(t, o, "inc-7/dingtalk-groups/1")
	if all := o.Scenes(); len(all) != 2 || all[1].Ended {
		t.Errorf("%+v", all)
	}
}

// A press counts for the room that its card stands in, and only where it stands.
func TestAPressInTheGroupIsOfThatCard(t *testing.T) {
	o := newOffice(t, withGroups)
	in := listening(t, o)
	ref := grouped(t, o, "inc-7/dingtalk-groups/0")
	b := o.button(t, ana, approving(nil))
	o.as(t, ana).Press(b, "").Await()
	if got := in.last(t); got.Room != dingtalk.Groups || got.On != ref {
		t.Errorf("%+v", got)
	}
	b.Group = o.room // as if the card stood in the fixed room
	o.as(t, ana).Press(b, "").Await()
	if got := in.last(t); got.Room != dingtalk.Name || got.On == ref {
		t.Errorf("a press elsewhere: %+v", got)
	}
}

func TestInItsGroupTheIncidentNeedsNoName(t *testing.T) {
	o := newOffice(t, withGroups)
	in := listening(t, o)
	grouped(t, o, "inc-7/dingtalk-groups/0")
	for group, want := range map[string]incident.ID{o.Scenes()[0].Group: "inc-7", o.room: "", o.Group(o.ids[ana]): ""} {
		o.as(t, ana).Mention(group, "steps").Await()
		if got := in.last(t); got.In != want || got.Text != "steps" {
			t.Errorf("in %s: %+v, want %q", group, got, want)
		}
	}
}

func TestWithoutGroupsACardInAnotherGroupIsNotOurs(t *testing.T) {
	o := newOffice(t)
	in := listening(t, o)
	post(t, o, cardWith(approving(nil)))
	b := o.button(t, ana, approving(nil))
	b.Group = o.Group(o.ids[ana])
	o.as(t, ana).Press(b, "")
	if got := in.acts(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestWithoutCardsTheGroupIsToldInWords(t *testing.T) {
	o := newOffice(t, withGroups)
	noCards(o)
	ref := grouped(t, o, "inc-7/dingtalk-groups/0")
	if err := o.chat.Rooms().Reply(t.Context(), ref, line); err != nil {
		t.Fatal(err)
	}
	if text := o.Org.Text(o.Scenes()[0].Group); !strings.Contains(text, "Leaked AccessKey") || !strings.Contains(text, line.Text) || o.Org.Text(o.room) != "" {
		t.Errorf("%q", text)
	}
}
