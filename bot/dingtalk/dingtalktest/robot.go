package dingtalktest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// show adds a message. The lock is held.
func (o *Org) show(m *Message) {
	o.seq++
	m.Seq = o.seq
	o.messages = append(o.messages, m)
	o.touch()
}

// spoken is DingTalk docs: 机器人发送群聊消息, 批量发送单聊消息.
type spoken struct {
	RobotCode string   `json:"robotCode"`
	Group     string   `json:"openConversationId"`
	Users     []string `json:"userIds"`
	Key       string   `json:"msgKey"`
	Param     string   `json:"msgParam"`
}

// maxParam is in bytes: DingTalk docs, msgParam.
const maxParam = 15000

func (o *Org) read(body []byte) (spoken, *Message, *refusal) {
	var in spoken
	var param map[string]string
	if json.Unmarshal(body, &in) != nil || json.Unmarshal([]byte(in.Param), &param) != nil || len(in.Param) > maxParam {
		return in, nil, invalid("invalidParameter.msgParam.invalid")
	}
	m := &Message{Title: param["title"], Text: param["text"]}
	number, card := strings.CutPrefix(in.Key, "sampleActionCard")
	n, _ := strconv.Atoi(number)
	switch {
	case in.RobotCode != o.App.RobotCode:
		return in, nil, invalid("robot.not.exist")
	case in.Key == "sampleMarkdown" && m.Title != "" && m.Text != "":
		return in, m, nil
	case !card || n < 2 || n > 5:
		return in, nil, invalid("invalidParameter.msgKey.invalid")
	}
	for i := 1; i <= n; i++ {
		l := Link{Label: param["actionTitle"+strconv.Itoa(i)], URL: param["actionURL"+strconv.Itoa(i)]}
		if l.Label == "" || l.URL == "" {
			return in, nil, invalid("invalidParameter.msgParam.invalid")
		}
		m.Links = append(m.Links, l)
	}
	return in, m, nil
}

func (o *Org) sayInGroup(body []byte) (object, *refusal) {
	in, m, no := o.read(body)
	if no != nil {
		return nil, no
	}
	switch {
	case o.groups[in.Group] == nil && o.ended(in.Group):
		return nil, invalid("group.disbanded")
	case o.groups[in.Group] == nil:
		return nil, invalid("invalidParameter.openConversationId.invalid")
	}
	m.Group = in.Group
	o.show(m)
	return object{"processQueryKey": "k"}, nil
}

func (o *Org) sayToPerson(body []byte) (object, *refusal) {
	in, m, no := o.read(body)
	if no != nil {
		return nil, no
	}
	if len(in.Users) == 0 || len(in.Users) > 20 {
		return nil, invalid("invalidParameter.userIds.invalid")
	}
	nobody := []string{}
	for _, user := range in.Users {
		if !o.staff(user) {
			nobody = append(nobody, user)
			continue
		}
		own := *m
		own.To = user
		o.show(&own)
	}
	return object{"processQueryKey": "k", "invalidStaffIdList": nobody, "flowControlledStaffIdList": []string{}}, nil
}

// serveWebhook is the session webhook of a message: whoever wrote it sees the answer,
// in a group everybody does.
func (o *Org) serveWebhook(rw http.ResponseWriter, r *http.Request) {
	o.meet(PathWebhook, rw, r, func(body []byte) (int, object) {
		var in struct {
			Kind     string `json:"msgtype"`
			Markdown struct{ Title, Text string }
		}
		if json.Unmarshal(body, &in) != nil || in.Kind != "markdown" || in.Markdown.Title == "" {
			return http.StatusOK, object{"errcode": 400, "errmsg": "param error"}
		}
		session := r.URL.Query().Get("session")
		group, to, ok := o.session(session)
		if !ok {
			return http.StatusOK, object{"errcode": 300001, "errmsg": "session 不存在"}
		}
		o.show(&Message{Group: group, To: to, Title: in.Markdown.Title, Text: in.Markdown.Text, Stream: session})
		return http.StatusOK, object{"errcode": 0, "errmsg": "ok"}
	})
}
