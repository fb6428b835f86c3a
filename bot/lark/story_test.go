package lark_test

import (
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/lark"
	"twokey/bot/lark/larktest"
	"twokey/bot/room"
	"twokey/bot/view"
	"twokey/incident"
)

// office is a tenant with the story's people in it, and the bot's room there.
type office struct {
	*larktest.Tenant

	chat *lark.Chat
	room string
	ids  map[incident.Person]string
	http bool
}

var (
	_ chattest.Platform = (*office)(nil)
	_ chattest.Peopled  = (*office)(nil)
)

func TestTheStoryOnLark(t *testing.T) {
	for name, byHTTP := range map[string]bool{"long connection": false, "http": true} {
		t.Run(name, func(t *testing.T) {
			chattest.Run(t, func(t *testing.T) chattest.Platform { return newOffice(t, byHTTP) })
		})
	}
}

// newOffice makes a tenant in which Lark is heard in one of the two ways.
func newOffice(t *testing.T, byHTTP bool, change ...func(*lark.Config)) *office {
	t.Helper()
	o := &office{Tenant: larktest.New(t, larktest.Options{}), ids: map[incident.Person]string{}, http: byHTTP}
	var members []string
	for _, who := range []incident.Person{chattest.Ana, chattest.Bo, chattest.Chen, chattest.Eve} {
		o.ids[who] = o.AddUser(larktest.User{Name: string(who)}).Union
		members = append(members, o.ids[who])
	}
	o.room = o.Group("leaks", members...)
	c := lark.Config{
		AppID: o.App.ID, AppSecret: o.App.Secret, Room: o.room, APIURL: o.URL(), Invite: members[:3], Settle: time.Millisecond,
		Common: room.Common{Words: words(t), Language: "en", Languages: []string{"en", "zh", "ja", "id"}},
	}
	if byHTTP {
		c.EncryptKey = o.App.EncryptKey
	}
	for _, f := range change {
		f(&c)
	}
	o.chat = lark.New(c)
	if byHTTP {
		o.PostTo(larktest.Receiver{Handler: o.chat, Path: lark.PathEvents})
	}
	return o
}

func words(t *testing.T) func(lang, id string, blanks map[string]string) string {
	t.Helper()
	v, err := view.New()
	if err != nil {
		t.Fatal(err)
	}
	return v.Say
}

func (o *office) Chat() bot.Chat { return o.chat }

// Entries are the story's people under their ids here.
func (o *office) Entries() []bot.Entry {
	all := chattest.Entries()
	for i, e := range all {
		all[i].Accounts = []bot.Account{{Platform: lark.Name, Tenant: o.App.Tenant, User: o.ids[e.ID]}}
	}
	return all
}

func (o *office) as(t *testing.T, who incident.Person) *larktest.Person {
	t.Helper()
	return o.As(t, o.ids[who])
}

// Text is the room with its threads.
func (o *office) Text(*testing.T) string { return o.Tenant.Text(o.room) }

// Press presses a button of the card, and fills the form that comes if it asks why.
func (o *office) Press(t *testing.T, who incident.Person, b bot.Button, reason string) string {
	t.Helper()
	p := o.as(t, who)
	same := func(seen larktest.Button) bool { return !seen.Private && lark.IsButton(seen.Value, b) }
	seen := p.Find(same)
	reply := p.Press(seen)
	form := func(seen larktest.Button) bool {
		return seen.Name != "" && seen.Private && lark.IsButton(seen.Value, b)
	}
	if lark.Asks(seen.Value) && who != chattest.Eve {
		reply.Await()
		reply = p.Fill(p.Find(form), map[string]string{"text": reason})
	}
	return whole(o, t, reply)
}

// whole is an answer, with the message that follows a toast which could not hold it.
func whole(o *office, t *testing.T, r *larktest.Reply) string {
	t.Helper()
	r.Await()
	for _, toast := range r.Toasts() {
		if strings.HasSuffix(toast.Text, "…") || strings.Contains(toast.Text, "direct chat") {
			o.Await(t, "the whole answer", func() bool { return r.Text() != toast.Text })
		}
	}
	return r.Text()
}

// Again delivers the last press once more. A request that was let in once is not let in
// again.
func (o *office) Again(t *testing.T) string {
	t.Helper()
	return o.Tenant.Again(t).Text()
}

// Type types a command in the room.
func (o *office) Type(t *testing.T, who incident.Person, command string) string {
	t.Helper()
	return o.as(t, who).Mention(o.room, "", command).Await()
}
