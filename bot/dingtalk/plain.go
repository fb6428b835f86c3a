package dingtalk

import (
	"container/list"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"twokey/bot"
	"twokey/bot/room"
)

// Messages have no names: DingTalk shows one as often as it is sent. So a message that
// may have been shown before says so.

// keptPlain bounds what is remembered of messages.
const keptPlain = 4096

// plainly is what was said in messages since the start.
type plainly struct {
	mu    sync.Mutex
	done  map[string]*list.Element // by ref and key
	order *list.List               // of utterance, the newest first
}

// utterance is one message: said, or perhaps said.
type utterance struct {
	name  string
	looks string
	sure  bool
}

func newPlainly() *plainly {
	return &plainly{done: map[string]*list.Element{}, order: list.New()}
}

// once says something that was not said since the start. It is told whether that may
// have been said before: an answer was lost, or the program began anew.
func (p *plainly) once(ref bot.Ref, key string, s sheet, say func(again bool) error) error {
	u, known := p.find(ref, key)
	if known && u.sure {
		return nil
	}
	_, here := p.find(ref, "")
	err := say(known || key != "" && !here)
	if err == nil || room.Unsure(err) {
		p.note(utterance{name: name(ref, key), looks: s.looks(), sure: err == nil})
	}
	if err == nil && key != "" && !here {
		p.note(utterance{name: name(ref, ""), looks: "", sure: true})
	}
	return err
}

// changed says a card anew if what counts on it is not what was said last.
func (p *plainly) changed(ref bot.Ref, s sheet, say func() error) error {
	if u, known := p.find(ref, ""); known && u.sure && u.looks == s.looks() {
		return nil
	}
	err := say()
	if err == nil {
		p.note(utterance{name: name(ref, ""), looks: s.looks(), sure: true})
	}
	return err
}

// looks is what counts on a card: how it stands and what can be done.
func (s sheet) looks() string {
	looks := []string{s.Title}
	for _, k := range s.Buttons {
		looks = append(looks, k.Wire.String())
	}
	return strings.Join(looks, "\n")
}

func name(ref bot.Ref, key string) string { return string(ref) + "\n" + key }

func (p *plainly) find(ref bot.Ref, key string) (utterance, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.done[name(ref, key)]
	if !ok {
		return utterance{}, false
	}
	return e.Value.(utterance), true
}

func (p *plainly) note(u utterance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.done[u.name]; ok {
		p.order.Remove(e)
	}
	p.done[u.name] = p.order.PushFront(u)
	if oldest := p.order.Back(); p.order.Len() > keptPlain {
		p.order.Remove(oldest)
		delete(p.done, oldest.Value.(utterance).name)
	}
}

// lose remembers that a card was made and reached nobody: asked again, DingTalk would
// only say that it is there.
func (p *plainly) lose(track string) { p.note(utterance{name: name("lost", track)}) }

func (p *plainly) lost(track string) bool {
	_, lost := p.find("lost", track)
	return lost
}

// message is what a robot says (DingTalk docs: 机器人发送群聊消息).
type message struct {
	RobotCode string   `json:"robotCode"`
	Group     string   `json:"openConversationId,omitempty"`
	Users     []string `json:"userIds,omitempty"`
	Key       string   `json:"msgKey"`
	Param     string   `json:"msgParam"`
}

// speak says a sheet in a group.
func (c *Chat) speak(ctx context.Context, group string, s sheet, again bool) error {
	m := c.worded(s, again)
	m.Group = c.at(group)
	return c.api.call(ctx, "groupMessages", http.MethodPost, "/v1.0/robot/groupMessages/send", m, nil)
}

// maxParam is how long a message's content may be, in bytes (DingTalk docs: msgParam).
const maxParam = 15000

// worded is a sheet as a message. What a press alone does is a link that types the
// command, if there are few enough; everything else is typed.
func (c *Chat) worded(s sheet, again bool) message {
	parts := []string{bold(s.Title), s.Content, s.Foot}
	if again {
		parts = append(parts, inert(c.config.Say(s.lang, "dingtalk.maybe")))
	}
	param := map[string]string{"title": s.Brief, "text": apart(parts...)}
	kind := "sampleMarkdown"
	if links := s.links(); len(links) >= 2 {
		kind = "sampleActionCard" + strconv.Itoa(len(links))
		for i, k := range links {
			n := strconv.Itoa(i + 1)
			param["actionTitle"+n], param["actionURL"+n] = k.Label, "dtmd://dingtalkclient/sendMessage?content="+url.QueryEscape(k.Typed)
		}
	}
	for len(encoded(param)) > maxParam {
		param["text"] = room.Cut(param["text"], len([]rune(param["text"]))*9/10)
	}
	return message{RobotCode: c.config.RobotCode, Key: kind, Param: encoded(param)}
}

// apart is paragraphs, one below the other.
func apart(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "\n\n")
}

// maxLinks is how many buttons a message can have (DingTalk docs: sampleActionCard2 to
// sampleActionCard5).
const maxLinks = 5

// links are the buttons that a message has: none that asks something first.
func (s sheet) links() []key {
	var all []key
	for _, k := range s.Buttons {
		if k.Typed != "" && len(all) < maxLinks {
			all = append(all, k)
		}
	}
	return all
}
