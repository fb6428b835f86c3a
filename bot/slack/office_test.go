package slack_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/room"
	"twokey/bot/slack"
	"twokey/bot/slack/slacktest"
	"twokey/bot/view"
	"twokey/incident"
)

// office is a workspace with the story's people in it, and the bot's room there.
// Whatever a test does in it: nothing is sent that Slack would refuse, and nothing
// secret is logged.
type office struct {
	*slacktest.Workspace

	config  slack.Config
	chat    *slack.Chat
	room    slacktest.Channel
	ids     map[incident.Person]string
	http    bool
	stop    func() // of the last listener
	log     notes
	refused notes
}

// newOffice makes a workspace in which Slack is heard in one of the two ways.
func newOffice(t *testing.T, byHTTP bool, change ...func(*slack.Config)) *office {
	t.Helper()
	return newOfficeIn(t, slacktest.Options{}, byHTTP, change...)
}

func newOfficeIn(t *testing.T, options slacktest.Options, byHTTP bool, change ...func(*slack.Config)) *office {
	t.Helper()
	o := &office{Workspace: slacktest.New(t, options), ids: map[incident.Person]string{}, http: byHTTP}
	var members []string
	for _, who := range []incident.Person{chattest.Ana, chattest.Bo, chattest.Chen, chattest.Eve} {
		o.ids[who] = o.AddUser(slacktest.User{Name: string(who)}).ID
		members = append(members, o.ids[who])
	}
	o.room = o.Room("leaks", members...)
	o.config = slack.Config{
		BotToken: o.App.BotToken, Room: o.room.ID, APIURL: o.URL(), Invite: members[:3], Common: room.Common{
			Words: words(t).Say, Language: "en", Languages: []string{"en", "zh", "ja", "id"},
			Log: slog.New(slog.NewTextHandler(&o.log, nil)), Refused: o.refused.line,
		},
	}
	if byHTTP {
		o.config.SigningSecret = o.App.SigningSecret
	} else {
		o.config.AppToken = o.App.AppToken
	}
	for _, f := range change {
		f(&o.config)
	}
	o.start()
	t.Cleanup(func() { o.nothingLeaked(t); o.allDrawable(t) })
	return o
}

// start makes a new room in the same workspace, as a restart does.
func (o *office) start() {
	o.chat = slack.New(o.config)
	if o.http {
		o.PostTo(slacktest.Receiver{Handler: o.chat, Command: slack.PathCommand, Interact: slack.PathInteract, Events: slack.PathEvents})
	}
}

// nothingLeaked searches what was logged for what must not be there.
func (o *office) nothingLeaked(t *testing.T) {
	host, _, _ := strings.Cut(strings.TrimPrefix(o.URL(), "http://"), "/")
	for name, secret := range map[string]string{
		"bot token": o.App.BotToken, "app token": o.App.AppToken, "signing secret": o.App.SigningSecret,
		"address": host, "response URL": "/response/", "ticket of a socket": "ticket=", "signature": "v0=",
	} {
		for _, said := range []string{o.log.String(), o.refused.String()} {
			if strings.Contains(said, secret) {
				t.Errorf("the %s is in the log:\n%s", name, said)
			}
		}
	}
}

// allDrawable checks what was sent against Slack's limits.
func (o *office) allDrawable(t *testing.T) {
	for _, d := range o.Drawn() {
		for _, err := range slacktest.Check(d.Kind, d.JSON) {
			t.Errorf("%v in\n%s", err, d.JSON)
		}
	}
}

func words(t *testing.T) *view.View {
	t.Helper()
	v, err := catalogs()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// catalogs are read once.
var catalogs = sync.OnceValues(view.New)

// world is a bot with these rooms, with the office's people, and hears them.
func (o *office) world(t *testing.T, options chattest.Options, rooms ...bot.Chat) *chattest.World {
	t.Helper()
	options.People, options.Log = o.Entries(), &o.log
	if len(rooms) == 0 {
		rooms = []bot.Chat{o.chat}
	}
	w := chattest.New(t, options, rooms...)
	o.listen(t, w.Bot.Handle)
	return w
}

// listen opens the room's ears until the test ends, or stop is called.
func (o *office) listen(t *testing.T, h bot.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	began := make(chan struct{})
	chat := o.chat
	wg.Go(func() {
		close(began)
		if err := chat.Listen(ctx, h); err != nil && ctx.Err() == nil {
			t.Errorf("listen: %v", err)
		}
	})
	<-began
	stop = func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	o.stop = stop
	return stop
}

// again makes a new room and listens there, after the old one fell silent.
func (o *office) again(t *testing.T, h bot.Handler) {
	t.Helper()
	o.stop()
	if !o.http {
		o.AwaitSockets(t, 0)
	}
	o.start()
	o.listen(t, h)
}

// bell answers every input, and remembers it.
type bell struct {
	mu     sync.Mutex
	heard  []bot.Input
	answer bot.Answer
}

func (b *bell) handle(_ context.Context, in bot.Input) bot.Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = append(b.heard, in)
	return b.answer
}

func (b *bell) inputs() []bot.Input {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.heard)
}

// last is the newest input.
func (b *bell) last(t *testing.T) bot.Input {
	t.Helper()
	all := b.inputs()
	if len(all) == 0 {
		t.Fatal("nothing was heard")
	}
	return all[len(all)-1]
}

// notes are lines that several may write.
type notes struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(b)
}

func (n *notes) line(text string) { _, _ = n.Write([]byte(text + "\n")) }

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.String()
}

func (n *notes) count(part string) int { return strings.Count(n.String(), part) }
