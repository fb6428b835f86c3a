package e2e_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/bot/lark/larktest"
)

const text = `{"text":"a line"}`

// visit makes calls and keeps what was answered, with names in place of ids.
type visit struct {
	vendor

	names []string // old and new
	notes []string
}

func (v *visit) name(id, name string) { v.names = append(v.names, id, name) }

func (v *visit) note(what string, a answer, words ...string) answer {
	said := strconv.Itoa(a.Status) + " " + strconv.Itoa(a.Code)
	for _, w := range words {
		said += " " + w
	}
	v.notes = append(v.notes, what+": "+strings.NewReplacer(v.names...).Replace(said))
	return a
}

// talk sends, answers, changes and reads.
func (v *visit) talk(room string) {
	made := v.note("card", v.create(room, "interactive", card, "u1"))
	v.name(made.Data.MessageID, "CARD")
	again := v.note("card with the same uuid", v.create(room, "interactive", card, "u1"))
	v.note("is", again, again.Data.MessageID)
	v.note("text", v.create(room, "text", text, "u2"))
	line := v.reply(made.Data.MessageID, text, "u3")
	v.note("reply", line, line.Data.RootID)
	v.note("change", v.patch(made.Data.MessageID, strings.Replace(card, "leaked", "contained", 1)))
	read := v.read(made.Data.MessageID)
	for _, m := range read.Data.Items {
		v.note("read", read, m.Sender.ID, strconv.FormatBool(strings.Contains(m.Body.Content, "contained")))
	}
	v.note("pin", v.pin(made.Data.MessageID))

	v.note("card that is none", v.create(room, "interactive", `{"schema":"2.0"}`, ""))
	v.note("change into none", v.patch(made.Data.MessageID, `{}`))
	v.note("long uuid", v.create(room, "text", text, strings.Repeat("u", 51)))
	v.note("long card", v.create(room, "interactive", card+strings.Repeat(" ", 30_000), ""))
	v.note("nowhere", v.create("oc_nowhere", "text", text, ""))
	v.note("reply to nothing", v.reply("om_nothing", text, ""))
	v.note("change nothing", v.patch("om_nothing", card))
	v.note("pin nothing", v.pin("om_nothing"))
}

// gather opens a group and asks people in.
func (v *visit) gather(ana, bo, far string) {
	made := v.note("open", v.open("inc-1", "g1", ana))
	group := made.Data.ChatID
	v.name(group, "GROUP")
	again := v.open("inc-1", "g1", ana)
	v.note("open with the same uuid", again, again.Data.ChatID)
	came := v.invite(group, bo, far)
	v.note("invite", came, came.Data.Invalid...)
	for _, m := range v.members(group).Data.Items {
		v.note("member", came, m.MemberID)
	}
	c := v.chat(group)
	v.note("chat", c, c.Data.Name, c.Data.Tenant)
	v.note("open with somebody else's", v.open("inc-2", "g2", far))
	v.note("members of nothing", v.members("oc_nowhere"))
	v.note("chat that is none", v.chat("oc_nowhere"))
	for _, union := range []string{ana, bo} {
		u := v.user(union)
		v.note("user", u, u.Data.User.Name, strconv.FormatBool(u.Data.User.Status.Frozen))
	}
	v.note("stranger", v.user(far))
}

// faults meets what goes wrong at the other end.
func (v *visit) faults(x *larktest.Tenant, room string) {
	x.Inject(larktest.Fault{Kind: larktest.Throttle, Call: "POST messages", Next: 1, Reset: 7})
	slow := v.create(room, "text", text, "")
	v.note("throttled", slow, "reset", slow.Reset)
	x.Inject(larktest.Fault{Kind: larktest.Refuse, Call: "PATCH messages", Next: 1, Code: 230020})
	v.note("refused", v.patch("om_nothing", card))
	group := x.Group("short-lived")
	x.Expel(group)
	v.note("put out", v.create(group, "text", text, ""))
	x.Dissolve(group)
	v.note("dissolved", v.create(group, "text", text, ""))
	m := v.create(room, "text", text, "").Data.MessageID
	x.Recall(m)
	v.note("recalled", v.reply(m, text, ""))
	x.Withhold(larktest.ReadMessages)
	v.note("no permission", v.read(m))
}

// TestTheVendorsClientsAreAnsweredAsOnLark makes the same calls with each of them: both
// read the same codes, and the tenant ends up the same.
func TestTheVendorsClientsAreAnsweredAsOnLark(t *testing.T) {
	want := []string{
		"card: 200 0", "card with the same uuid: 200 0", "is: 200 0 CARD", "text: 200 0", "reply: 200 0 CARD", "change: 200 0", "read: 200 0 APP true", "pin: 200 0",
		"card that is none: 400 230099", "change into none: 400 230099", "long uuid: 400 230001", "long card: 400 230025", "nowhere: 400 230034",
		"reply to nothing: 400 230110", "change nothing: 400 230110", "pin nothing: 400 230110",

		"open: 200 0", "open with the same uuid: 200 0 GROUP", "invite: 200 0 FAR", "member: 200 0 ANA", "member: 200 0 BO", "chat: 200 0 inc-1 TENANT",
		"open with somebody else's: 400 232043", "members of nothing: 400 232006", "chat that is none: 400 232006",
		"user: 200 0 Ana false", "user: 200 0 Bo true", "stranger: 400 41050",

		"throttled: 429 99991400 reset 7", "refused: 400 230020", "put out: 400 230002", "dissolved: 400 232009", "recalled: 400 230011", "no permission: 400 230027",
	}
	onEach(t, func(t *testing.T, x *larktest.Tenant, client vendor) {
		ana, bo := x.AddUser(larktest.User{Name: "Ana"}), x.AddUser(larktest.User{Name: "Bo", Frozen: true})
		far := x.AddUser(larktest.User{Name: "Far", Tenant: "another"})
		room := x.Group("leaks", ana.Union)
		v := &visit{vendor: client, names: []string{x.App.ID, "APP", x.App.Tenant, "TENANT", ana.Union, "ANA", bo.Union, "BO", far.Union, "FAR"}}
		v.talk(room)
		v.gather(ana.Union, bo.Union, far.Union)
		v.faults(x, room)
		if diff := cmp.Diff(want, v.notes); diff != "" {
			t.Errorf("want (-), heard (+):\n%s", diff)
		}
		if got, want := x.Text(room), "contained\n[Yes]\n    a line\na line\n"; got != want {
			t.Errorf("the room shows %q, want %q", got, want)
		}
		groups := x.Chats()
		if len(groups) != 1 || groups[0].Name != "inc-1" || !cmp.Equal(groups[0].Members, []string{ana.Union, bo.Union}) {
			t.Errorf("%+v", groups)
		}
	})
}
