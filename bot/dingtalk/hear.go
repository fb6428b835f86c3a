package dingtalk

import (
	"encoding/json"
	"strings"

	"twokey/bot"
	"twokey/bot/room"
)

// written is what somebody said to the robot (DingTalk docs: 接收消息). Only staff have
// a staff id; senderId is another one for each robot, and nick can be anything.
type written struct {
	MsgID        string `json:"msgId"`
	MsgType      string `json:"msgtype"`
	Conversation string `json:"conversationType"` // "1": with the robot alone; "2": a group
	ChatbotCorp  string `json:"chatbotCorpId"`
	SenderCorp   string `json:"senderCorpId"`
	Staff        string `json:"senderStaffId"`
	RobotCode    string `json:"robotCode"`
	Group        string `json:"conversationId"`
	Webhook      string `json:"sessionWebhook"`
	Text         struct {
		Content string `json:"content"`
	} `json:"text"`
}

// said hands over a mention or a 1:1 message; false: nobody listens.
func (c *Chat) said(_, data string) bool {
	var m written
	if json.Unmarshal([]byte(data), &m) != nil || m.MsgID == "" {
		c.config.Refused("unreadable")
		return true
	}
	if m.MsgType != "text" {
		return true // a picture or a file asks for nothing
	}
	f := from{corp: m.SenderCorp, user: m.Staff, webhook: m.Webhook, direct: m.Conversation == "1"}
	switch {
	case m.RobotCode != "" && m.RobotCode != c.config.RobotCode:
		f.why = "other_robot"
	case m.Staff == "" || m.SenderCorp == "":
		f.why = "unknown"
	case m.SenderCorp != m.ChatbotCorp:
		f.why = "other_team"
	}
	return c.take(work{from: f, in: bot.Input{Room: Name, In: c.groups.about(m.Group), ID: "msg|" + m.MsgID, Text: unslashed(m.Text.Content)}})
}

// unslashed is a command as people type it by habit: "/leak list", also with signs of a
// Chinese keyboard.
func unslashed(text string) string {
	text = strings.TrimSpace(text)
	for _, slash := range []string{"/", "／"} {
		if rest, ok := strings.CutPrefix(text, slash); ok {
			text = strings.TrimSpace(rest)
			break
		}
	}
	for _, name := range []string{"leak", "ｌｅａｋ"} {
		rest, ok := strings.CutPrefix(text, name)
		if trimmed := strings.TrimSpace(rest); ok && trimmed != rest {
			return trimmed
		} else if ok && rest == "" {
			return "help"
		}
	}
	return text
}

// touched is a button that somebody pressed (DingTalk docs: 卡片互动-事件回调).
type touched struct {
	Corp       string `json:"corpId"`
	User       string `json:"userId"`
	UserIDType int    `json:"userIdType"`
	Track      string `json:"outTrackId"`
	SpaceType  string `json:"spaceType"`
	Space      string `json:"spaceId"`
	Content    string `json:"content"`
}

// action is the part of it that is JSON in JSON.
type action struct {
	Private struct {
		IDs    []string       `json:"actionIds"`
		Params map[string]any `json:"params"`
	} `json:"cardPrivateData"`
}

// button is the button's id: of the button itself, or as a template of one's own says.
func (a action) button() string {
	if id, ok := a.Private.Params["button"].(string); ok {
		return id
	}
	if len(a.Private.IDs) > 0 {
		return a.Private.IDs[0]
	}
	return ""
}

// reason is what was typed in the input of a template of one's own.
func (a action) reason() string {
	text, _ := a.Private.Params["reason"].(string)
	return strings.TrimSpace(text)
}

// byUserID is the kind of user id that an account is known by.
const byUserID = 1

// pressed hands over a button; false: nobody listens.
func (c *Chat) pressed(id, data string) bool {
	var t touched
	var a action
	if json.Unmarshal([]byte(data), &t) != nil || json.Unmarshal([]byte(t.Content), &a) != nil {
		c.config.Refused("unreadable")
		return true
	}
	w, ok := decode(a.button())
	if !ok {
		c.config.Refused(room.UnknownButton)
		return true
	}
	on, ok := c.on(t, w)
	if !ok {
		c.config.Refused("unknown_card")
		return true
	}
	f := from{corp: t.Corp, user: t.User}
	if t.User == "" || t.Corp == "" || t.UserIDType != byUserID {
		f.why = "unknown"
	}
	if id == "" {
		id = strings.Join([]string{t.Track, t.User, a.button()}, "|")
	}
	return c.take(asking(work{from: f, in: bot.Input{Room: roomOf(on), ID: "card|" + id, Button: w.Press(a.reason()), On: on}}, w))
}

// on is the card that a button stands on, if everybody sees it; false: it is none of
// ours, or stands where the bot never puts any.
func (c *Chat) on(t touched, w wire) (bot.Ref, bool) {
	stands := spot{name: t.Track, about: w.Incident}
	if t.SpaceType == "IM_GROUP" && t.Space != c.config.Room {
		stands.group = t.Space
	}
	switch {
	case strings.HasPrefix(t.Track, forPerson):
		return "", true
	case !strings.HasPrefix(t.Track, forCard), stands.group != "" && c.config.GroupTemplate == "":
		return "", false
	}
	return stands.ref(), true
}

// roomOf is the room that a card stands in.
func roomOf(on bot.Ref) string {
	if spotOf(on).group != "" {
		return Groups
	}
	return Name
}

// asking is work that asks first what the button wants asked.
func asking(w work, button wire) work {
	switch {
	case button.Must && w.in.Button.Reason == "":
		w.first = "dingtalk.reason"
	case button.Twice && w.in.Button.Reason == "":
		w.first = "dingtalk.once_more"
	default:
		return w
	}
	w.typed, w.lang = button.command(), button.Lang
	return w
}
