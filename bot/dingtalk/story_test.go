package dingtalk_test

import (
	"slices"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/dingtalk"
	"twokey/bot/dingtalk/dingtalktest"
	"twokey/bot/room"
	"twokey/bot/view"
	"twokey/incident"
)

// office is an organisation with the story's people in it, and the bot's room there.
type office struct {
	*dingtalktest.Org

	chat *dingtalk.Chat
	room string
	ids  map[incident.Person]string

	typing bool // no cards, so nothing to press
}

var (
	_ chattest.Platform = (*office)(nil)
	_ chattest.Peopled  = (*office)(nil)
)

func TestTheStoryOnDingTalk(t *testing.T) {
	for name, change := range map[string]func(*office, *dingtalk.Config){
		"shared template": func(*office, *dingtalk.Config) {},
		"own template": func(o *office, c *dingtalk.Config) {
			c.Template = "own.schema"
			o.AddTemplate(c.Template)
		},
		"no cards": func(o *office, _ *dingtalk.Config) {
			noCards(o)
			o.typing = true
		},
	} {
		t.Run(name, func(t *testing.T) {
			chattest.Run(t, func(t *testing.T) chattest.Platform { return newOffice(t, change) })
		})
	}
}

func newOffice(t *testing.T, changes ...func(*office, *dingtalk.Config)) *office {
	t.Helper()
	o := &office{Org: dingtalktest.New(t), ids: map[incident.Person]string{}}
	var members []string
	for _, who := range []incident.Person{chattest.Ana, chattest.Bo, chattest.Chen, chattest.Eve} {
		o.ids[who] = o.AddUser(dingtalktest.User{Name: string(who)})
		members = append(members, o.ids[who])
	}
	o.room = o.Group(members...)
	c := dingtalk.Config{
		ClientID: o.App.ClientID, ClientSecret: o.App.ClientSecret, Room: o.room, APIURL: o.URL(),
		Common: room.Common{Words: words(t), Language: "en", Languages: []string{"en", "zh", "ja", "id"}},
	}
	for _, change := range changes {
		change(o, &c)
	}
	o.chat = dingtalk.New(c)
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
		all[i].Accounts = []bot.Account{{Platform: dingtalk.Name, Tenant: o.App.Corp, User: o.ids[e.ID]}}
	}
	return all
}

func (o *office) as(t *testing.T, who incident.Person) *dingtalktest.Person {
	t.Helper()
	return o.As(t, o.ids[who])
}

// Text is the group: of cards that were said again and again, the last.
func (o *office) Text(*testing.T) string {
	if !o.typing {
		return o.Org.Text(o.room)
	}
	card, lines := "", ""
	for _, m := range o.InGroup(o.room) {
		if text := o.Said(m); strings.Contains(text, "Leaked AccessKey") {
			card = text
		} else {
			lines += text + "\n"
		}
	}
	return card + "\n" + lines
}

// Press presses a button of the card. One that is folded away is found by asking for all
// steps; one that asks first is pressed once more where the plan is shown in full, or
// its reason is typed there.
func (o *office) Press(t *testing.T, who incident.Person, b bot.Button, reason string) string {
	t.Helper()
	p := o.as(t, who)
	if o.typing {
		return o.Said(p.Direct(strings.Replace(dingtalk.Command(b), "…", reason, 1)).Await())
	}
	button, ok := find(p, b)
	if !ok {
		steps, found := first(p, func(seen dingtalktest.Button) bool { return strings.HasPrefix(seen.ID, "t1|steps|") })
		if !found {
			t.Fatal("no button for all steps")
		}
		p.Press(steps, "").Await()
		if button, ok = find(p, b); !ok {
			t.Fatalf("%s sees no button %+v", who, b)
		}
	}
	before := button.Group != ""
	shown := p.Press(button, "")
	answer := o.Said(shown.Await())
	private, again := find(p, b)
	switch {
	case b.Reason != nil && b.Reason.Required && strings.Contains(answer, "Nothing is done yet"):
		return o.Said(p.Direct(typed(answer, reason)).Await())
	case before && again && private.Group == "" && strings.Contains(answer, "Nothing is done yet"):
		return o.Said(p.Press(private, "").Await())
	}
	return answer
}

// typed is the command that a message asks for, with the reason.
func typed(message, reason string) string {
	line := message[strings.Index(message, "Type it here: ")+len("Type it here: "):]
	line, _, _ = strings.Cut(line, "\n")
	return strings.Replace(strings.TrimSpace(line), "…", reason, 1)
}

func find(p *dingtalktest.Person, b bot.Button) (dingtalktest.Button, bool) {
	return first(p, func(seen dingtalktest.Button) bool { return dingtalk.IsButton(seen.ID, b) })
}

func first(p *dingtalktest.Person, fits func(dingtalktest.Button) bool) (dingtalktest.Button, bool) {
	all := p.Buttons()
	if i := slices.IndexFunc(all, fits); i >= 0 {
		return all[i], true
	}
	return dingtalktest.Button{}, false
}

// Again delivers the last frame once more.
func (o *office) Again(t *testing.T) string {
	t.Helper()
	return o.Said(o.Org.Again(t, o.Last()).Await())
}

// Type types a command in the group.
func (o *office) Type(t *testing.T, who incident.Person, command string) string {
	t.Helper()
	return o.Said(o.as(t, who).Mention(o.room, command).Await())
}
