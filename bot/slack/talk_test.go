package slack_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/slack/slacktest"
)

// replaced changes what stands after a mark in a payload, up to the next quote.
func replaced(t *testing.T, form []byte, mark, with string) []byte {
	t.Helper()
	values, err := url.ParseQuery(string(form))
	if err != nil {
		t.Fatal(err)
	}
	payload := values.Get("payload")
	before, rest, ok := strings.Cut(payload, mark)
	if !ok {
		t.Fatalf("no %s in %s", mark, payload)
	}
	for i := 0; i < len(rest); i++ {
		if rest[i] == '\\' {
			i++
		} else if rest[i] == '"' {
			rest = rest[i:]
			break
		}
	}
	return []byte(url.Values{"payload": {before + mark + with + rest}}.Encode())
}

// The same words work as a command, by mention, in a thread and in a direct message.
func TestTheSameWordsWorkEverywhere(t *testing.T) {
	for name, byHTTP := range map[string]bool{"socket": false, "http": true} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, byHTTP)
			b := &bell{answer: bot.Answer{OK: true, Text: "for you alone"}}
			o.listen(t, b.handle)
			ref := o.posts(t, "inc-7", offeredCard(t))
			_, thread, _ := strings.Cut(string(ref), "/")
			p := o.as(t, ana)
			for name, reply := range map[string]*slacktest.Reply{
				"command": p.Command(o.room.ID, "note a < b & c"),
				"mention": p.Mention(o.room.ID, "", "note a < b & c"),
				"thread":  p.Mention(o.room.ID, thread, "note a < b & c"),
				"direct":  p.Direct("note a < b & c"),
			} {
				if said := reply.Await(); !strings.Contains(said, "for you alone") {
					t.Errorf("%s: Ana is told %q", name, said)
				}
			}
			for _, in := range b.inputs() {
				if in.Text != "note a < b & c" || in.From.User != o.ids[ana] || in.Button != nil || in.ID == "" {
					t.Errorf("heard %+v", in)
				}
			}
			if all := b.inputs(); len(all) != 4 || all[2].In != "inc-7" && !slices.ContainsFunc(all, func(in bot.Input) bool { return in.In == "inc-7" }) {
				t.Errorf("nothing was about the thread's incident")
			}
			if slices.ContainsFunc(o.Messages(o.room.ID), func(m slacktest.Message) bool { return m.Bot && strings.Contains(m.Text, "for you alone") }) {
				t.Error("the answer stands in the room")
			}
		})
	}
}

// What Slack makes of what people type is taken back: links, mentions, escapes.
func TestWhatWasTypedIsHeard(t *testing.T) {
	o := newOffice(t, true)
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	for typed, want := range map[string]string{
		"note <https://a.example/x|a.example/x> &lt;b&gt; &amp;amp;": "note a.example/x <b> &amp;",
		"note <https://a.example/x>":                                 "note https://a.example/x",
		"note <@U123|ana> and <#C1|general>":                         "note ana and general",
		"note a &lt; b":                                              "note a < b",
		"note <":                                                     "note <",
		"":                                                           "",
	} {
		o.as(t, ana).Command(o.room.ID, typed).Await()
		if got := b.last(t).Text; got != want {
			t.Errorf("%q is heard as %q, want %q", typed, got, want)
		}
	}
}

// What bots write, what was edited, and what was not said to the bot is not heard.
func TestOnlyWhatPeopleSayToTheBotIsHeard(t *testing.T) {
	o := newOffice(t, true)
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	o.as(t, ana).Direct("list").Await()
	p := o.Last()
	for name, change := range map[string][2]string{
		"a bot":              {`"type":"message"`, `"type":"message","bot_id":"B1"`},
		"an edit":            {`"type":"message"`, `"type":"message","subtype":"message_changed"`},
		"in a channel":       {`"channel_type":"im"`, `"channel_type":"channel"`},
		"another event":      {`"type":"message"`, `"type":"reaction_added"`},
		"nobody":             {`"user":"` + o.ids[ana] + `"`, `"user":""`},
		"by the bot's own":   {`"type":"message"`, `"type":"message","subtype":"bot_message"`},
		"somebody who joins": {`"type":"message"`, `"type":"message","subtype":"channel_join"`},
	} {
		q := p
		q.Body = []byte(strings.Replace(string(p.Body), change[0], change[1], 1))
		if string(q.Body) == string(p.Body) {
			t.Fatalf("%s: nothing to change in %s", name, p.Body)
		}
		if got := q.Aged(0).Send(t); got.Status != 200 {
			t.Errorf("%s: status %d", name, got.Status)
		}
	}
	if n := len(b.inputs()); n != 1 {
		t.Errorf("%d inputs were heard", n)
	}
}

// A command typed where the bot is not is answered all the same: by Slack's answer, and
// late by the address that Slack gave.
func TestACommandWorksWhereTheBotIsNot(t *testing.T) {
	o := newOffice(t, false)
	b := &bell{answer: bot.Answer{OK: true, Text: "for you alone"}}
	o.listen(t, b.handle)
	c := o.AddChannel(slacktest.Channel{Name: "elsewhere", Private: true, Members: []string{o.ids[ana]}})
	if said := o.as(t, ana).Command(c.ID, "list").Await(); !strings.Contains(said, "for you alone") {
		t.Errorf("Ana is told %q", said)
	}
}

// An answer that came too late for Slack's own way finds another one.
func TestALateAnswerFindsAWay(t *testing.T) {
	for way, spoil := range map[slacktest.Way]func(*office){
		slacktest.ByEphemeral: func(*office) {},
		slacktest.ByResponse: func(o *office) {
			o.Inject(slacktest.Fault{Kind: slacktest.Refuse, Method: "chat.postEphemeral", Code: "user_not_in_channel"})
		},
		slacktest.ByDirect: func(o *office) {
			o.Inject(slacktest.Fault{Kind: slacktest.ServerError, Method: "chat.postEphemeral"})
			o.Inject(slacktest.Fault{Kind: slacktest.ServerError, Method: "response_url"})
		},
	} {
		o := newOffice(t, true)
		b := &bell{answer: bot.Answer{OK: true, Text: "for you alone"}}
		o.listen(t, b.handle)
		o.posts(t, "inc-7", offeredCard(t))
		spoil(o)
		r := o.as(t, ana).Press(o.sees(t, ana, bot.ActApprove))
		r.AwaitText("for you alone")
		if told := r.Told(); len(told) != 1 || told[0].Kind != way {
			t.Errorf("shown %+v, want by %s", told, way)
		}
	}
}

// Where no way works, the log says so, and nothing else happens.
func TestAnAnswerThatNobodySeesIsLogged(t *testing.T) {
	o := newOffice(t, true)
	b := &bell{answer: bot.Answer{OK: true, Text: "for you alone"}}
	stop := o.listen(t, b.handle)
	o.posts(t, "inc-7", offeredCard(t))
	for _, method := range []string{"chat.postEphemeral", "response_url", "conversations.open"} {
		o.Inject(slacktest.Fault{Kind: slacktest.ServerError, Method: method})
	}
	o.as(t, ana).Press(o.sees(t, ana, bot.ActApprove))
	stop() // waits for what is still being answered
	if o.log.count("answer could not be shown") != 1 || o.log.count("HTTP.500") != 1 {
		t.Errorf("the log: %s", o.log.String())
	}
}

// Nothing is sent to an address that is not Slack's, whoever gives it.
func TestOnlySlacksAddressesAreAnswered(t *testing.T) {
	o, b, p := pressed(t)
	o.stop()
	var asked notes
	o.config.Transport = counted(func(r *http.Request) { asked.line(r.URL.Host) })
	o.start()
	o.listen(t, b.handle)
	o.Inject(slacktest.Fault{Kind: slacktest.Refuse, Method: "chat.postEphemeral", Code: "user_not_in_channel"})
	before := o.Calls("response_url")
	for _, evil := range []string{"https://evil.example/x", "http://hooks.slack.com/x", "https://hooks.slack.com.evil.example/", "", "::"} {
		q := p
		q.Body = replaced(t, p.Body, `"response_url":"`, evil)
		r := len(o.Told(o.ids[ana]))
		if got := q.Aged(0).Send(t); got.Status != 200 {
			t.Errorf("%s: status %d", evil, got.Status)
		}
		o.Await(t, "a direct message", func() bool { return len(o.Told(o.ids[ana])) > r })
	}
	if n := o.Calls("response_url"); n != before {
		t.Errorf("%d answers went to response URLs", n-before)
	}
	host, _ := url.Parse(o.URL())
	if all := asked.String(); all == "" || strings.ReplaceAll(all, host.Host+"\n", "") != "" {
		t.Errorf("asked were\n%s", all)
	}
}

// counted is a network that tells of each request, and lets none leave this machine.
type counted func(*http.Request)

func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	if c(r); !strings.HasPrefix(r.URL.Host, "127.0.0.1:") {
		return nil, errors.New("not here")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// A message that holds a key is reported by a shortcut on it.
func TestAMessageIsReportedByShortcut(t *testing.T) {
	o := newOffice(t, false)
	w := o.world(t, chattest.Options{})
	ts := o.as(t, bo).Say(o.room.ID, "", "look: "+w.Scene.Leaked.ID+" & <"+string(w.Scene.Leaked.Secret)+">")
	said := o.as(t, ana).Shortcut("report_leaked_key", o.room.ID, ts).Await()
	w.Settle()
	if !strings.Contains(said, "inc-1") || !w.State("inc-1").Open() {
		t.Errorf("Ana is told %q", said)
	}
	shown := o.Text(t) + said + o.log.String()
	if n := strings.Count(shown, string(w.Scene.Leaked.Secret)); n != 1 {
		t.Errorf("the secret stands in %d places, want that where Bo put it", n)
	}
	again := o.Workspace.Again(t).Await()
	w.Settle()
	if cards, _ := o.thread(o.room.ID, "inc-2"); len(cards) != 0 {
		t.Errorf("the same again opened another incident: %q", again)
	}
	o.as(t, ana).Shortcut("another_shortcut", o.room.ID, ts)
	o.as(t, ana).GlobalShortcut("report_leaked_key")
}

// A text with a key and its secret in it: the incident opens, the secret is said
// nowhere, and who pasted it is told to delete it.
func TestAPastedSecretIsNeverRepeated(t *testing.T) {
	for name, paste := range map[string]func(*slacktest.Person, string, string) *slacktest.Reply{
		"command": func(p *slacktest.Person, room, s string) *slacktest.Reply { return p.Command(room, s) },
		"mention": func(p *slacktest.Person, room, s string) *slacktest.Reply { return p.Mention(room, "", s) },
		"direct":  func(p *slacktest.Person, _, s string) *slacktest.Reply { return p.Direct(s) },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, false)
			w := o.world(t, chattest.Options{})
			secret := string(w.Scene.Leaked.Secret)
			r := paste(o.as(t, ana), o.room.ID, "report ALIBABA_CLOUD_ACCESS_KEY_ID="+w.Scene.Leaked.ID+"\nALIBABA_CLOUD_ACCESS_KEY_SECRET="+secret)
			said := r.Await()
			w.Settle()
			if !strings.Contains(said, "inc-1") || !strings.Contains(strings.ToLower(said), "delete") {
				t.Errorf("Ana is told %q", said)
			}
			for _, m := range o.Messages(o.room.ID) {
				if m.Bot && strings.Contains(m.Text, secret) {
					t.Errorf("the bot says the secret: %s", m.Text)
				}
			}
			for _, d := range o.Drawn() {
				if strings.Contains(string(d.JSON), secret) {
					t.Errorf("the bot sends the secret: %s", d.JSON)
				}
			}
			if strings.Contains(o.log.String(), secret) {
				t.Error("the secret is in the log")
			}
		})
	}
}
