package dingtalk

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"twokey/bot"
	"twokey/bot/room"
)

// shared is the card template that DingTalk's own SDKs use, with buttons that call
// back. DingTalk does not promise that it stays.
const shared = "382e4302-551d-4880-bf29-a30acfab2e71.schema"

// What the names of the bot's cards begin with: the card of an incident, a line, and
// what one person sees.
const (
	forCard   = "twokey-c-"
	forLine   = "twokey-l-"
	forPerson = "twokey-p-"
)

// track names a card for DingTalk: the same for the same thing, and it is shown once
// (DingTalk docs: outTrackId).
func track(kind string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return kind + hex.EncodeToString(sum[:16])
}

func count(n int) string { return strconv.Itoa(n) }

// space is where a card is shown: a group, or one person's chat with the robot.
type space struct {
	group string
	user  string            // empty: the group
	at    map[string]string // who is called, by user id; only in a group
}

type params struct {
	Map map[string]string `json:"cardParamMap"`
}

// creation is a card to be made and shown (DingTalk docs: 创建并投放卡片). Nobody can
// forward it: who did not see the room can't press.
type creation struct {
	Template   string      `json:"cardTemplateId"`
	Track      string      `json:"outTrackId"`
	Callback   string      `json:"callbackType"`
	Data       params      `json:"cardData"`
	Space      string      `json:"openSpaceId"`
	UserIDType int         `json:"userIdType"`
	Group      *spaceModel `json:"imGroupOpenSpaceModel,omitempty"`
	ToGroup    *deliver    `json:"imGroupOpenDeliverModel,omitempty"`
	Robot      *spaceModel `json:"imRobotOpenSpaceModel,omitempty"`
	ToRobot    *deliver    `json:"imRobotOpenDeliverModel,omitempty"`
}

type spaceModel struct {
	Forward bool              `json:"supportForward"`
	Last    map[string]string `json:"lastMessageI18n"`
	Notify  notification      `json:"notification"`
}

type notification struct {
	Text string `json:"alertContent"`
}

type deliver struct {
	SpaceType string            `json:"spaceType,omitempty"`
	RobotCode string            `json:"robotCode"`
	At        map[string]string `json:"atUserIds,omitempty"`
}

// show makes a card and shows it. One that is there already was shown before.
func (c *Chat) show(ctx context.Context, name string, at space, s sheet) error {
	model := &spaceModel{Last: map[string]string{"ZH_CN": s.Brief, "EN_US": s.Brief, "JA_JP": s.Brief}, Notify: notification{s.Brief}}
	card := creation{
		Template: cmp.Or(c.config.Template, shared), Track: name, Callback: "STREAM", Data: params{c.filled(s)}, UserIDType: 1,
	}
	if at.user == "" {
		card.Space, card.Group = "dtv1.card//IM_GROUP."+at.group, model
		card.ToGroup = &deliver{RobotCode: c.config.RobotCode, At: at.at}
	} else {
		card.Space, card.Robot = "dtv1.card//IM_ROBOT."+at.user, model
		card.ToRobot = &deliver{SpaceType: "IM_ROBOT", RobotCode: c.config.RobotCode}
	}
	var got struct {
		Result struct {
			Delivered []delivery `json:"deliverResults"`
		} `json:"result"`
	}
	err := c.api.call(ctx, "createAndDeliver", http.MethodPost, "/v1.0/card/instances/createAndDeliver", card, &got)
	switch {
	case room.Says(err, wordThere) && !c.plain.lost(name):
		return nil
	case room.Says(err, wordThere), err == nil && slices.ContainsFunc(got.Result.Delivered, failed):
		c.plain.lose(name)
		return &Error{Method: "createAndDeliver", Word: wordUndeliver}
	}
	return err
}

// delivery is whether a card reached where it was sent.
type delivery struct {
	Success bool `json:"success"`
}

func failed(d delivery) bool { return !d.Success }

// change shows another sheet on a card that is there.
func (c *Chat) change(ctx context.Context, name string, s sheet) error {
	in := struct {
		Track   string          `json:"outTrackId"`
		Data    params          `json:"cardData"`
		Options map[string]bool `json:"cardUpdateOptions"`
	}{name, params{c.filled(s)}, map[string]bool{"updateCardDataByKey": true}}
	return c.api.call(ctx, "updateCard", http.MethodPut, "/v1.0/card/instances", in, nil)
}

// filled are the variables of the card's template.
func (c *Chat) filled(s sheet) map[string]string {
	if c.config.Template != "" {
		return s.own()
	}
	content := s.Content
	if s.Foot != "" {
		content += "\n\n" + s.Foot
	}
	full := map[string]any{"order": []string{"msgTitle", "staticMsgContent", "msgButtons"}, "msgButtons": s.buttons()}
	return map[string]string{
		"msgTitle": s.Title, "staticMsgContent": content, "msgContent": "", "flowStatus": "3", "sys_full_json_obj": encoded(full),
	}
}

// own are the variables for a template of one's own; docs/dingtalk.md lists them.
func (s sheet) own() map[string]string {
	return map[string]string{
		"title": s.Title, "tone": string(s.Tone), "content": s.Content, "foot": s.Foot, "buttons": encoded(s.buttons()), "language": s.lang,
	}
}

// pressable is a button as the shared template wants it: one with request calls back.
type pressable struct {
	Text    string `json:"text"`
	Color   string `json:"color"`
	ID      string `json:"id"`
	Request bool   `json:"request"`
}

func (s sheet) buttons() []pressable {
	all := []pressable{}
	for _, k := range s.Buttons {
		all = append(all, pressable{Text: k.Label, Color: colour(k.Tone), ID: k.Wire.String(), Request: true})
	}
	return all
}

func colour(t bot.Tone) string {
	switch t {
	case bot.Strong:
		return "blue"
	case bot.Alarm:
		return "red"
	case bot.Plain, bot.Warn, bot.Calm:
	}
	return "gray"
}

func encoded(v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(body)
}
