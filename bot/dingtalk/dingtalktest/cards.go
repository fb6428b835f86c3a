package dingtalktest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Card is an interactive card.
type Card struct {
	Track    string // outTrackId
	Template string
	Params   map[string]string // as the robot filled them
	Forward  bool              // people may send it on
	Mentions []string          // who is called: "manager1=Ana"
	Brief    string            // what a notification shows
}

// Message is what somebody is shown: a card, or words.
type Message struct {
	Seq    int
	Group  string // empty: only To sees it, or whoever holds the webhook's session
	To     string
	Title  string
	Text   string
	Links  []Link // buttons that type something
	Card   *Card  // nil: words
	Stream string // session of the webhook it came by
}

// Link is a button of a message: it types a text as whoever presses it.
type Link struct{ Label, URL string }

// Button is what a person can press on a card.
type Button struct {
	Label string
	ID    string
	Color string
	Track string // of its card
	Group string // empty: on a card that only one person sees
}

// creation is DingTalk docs: 创建并投放卡片.
type creation struct {
	CardTemplateID string `json:"cardTemplateId"`
	OutTrackID     string `json:"outTrackId"`
	CallbackType   string `json:"callbackType"`
	CardData       struct {
		Map map[string]string `json:"cardParamMap"` // not a string is an error
	} `json:"cardData"`
	OpenSpaceID string     `json:"openSpaceId"`
	Group       *model     `json:"imGroupOpenSpaceModel"`
	ToGroup     *delivered `json:"imGroupOpenDeliverModel"`
	Robot       *model     `json:"imRobotOpenSpaceModel"`
	ToRobot     *delivered `json:"imRobotOpenDeliverModel"`
}

type model struct {
	Forward *bool `json:"supportForward"`
	Notify  struct {
		Text string `json:"alertContent"`
	} `json:"notification"`
}

type delivered struct {
	SpaceType string            `json:"spaceType"`
	RobotCode string            `json:"robotCode"`
	At        map[string]string `json:"atUserIds"`
}

func (o *Org) createAndDeliver(body []byte) (object, *refusal) {
	var in creation
	if json.Unmarshal(body, &in) != nil {
		return nil, invalid("param.invalid")
	}
	if no := o.unfit(in); no != nil {
		return nil, no
	}
	card := &Card{Track: in.OutTrackID, Template: in.CardTemplateID, Params: in.CardData.Map}
	m := &Message{Card: card}
	kind, where, _ := strings.Cut(strings.TrimPrefix(in.OpenSpaceID, "dtv1.card//"), ".")
	var ok bool
	switch kind {
	case "IM_GROUP":
		m.Group = where
		ok = o.place(card, in.Group, in.ToGroup) && o.groups[where] != nil
		for id, name := range in.ToGroup.At {
			card.Mentions = append(card.Mentions, id+"="+name)
		}
		slices.Sort(card.Mentions)
	case "IM_ROBOT":
		m.To = where
		ok = o.place(card, in.Robot, in.ToRobot) && in.ToRobot.SpaceType == "IM_ROBOT" && o.staff(where)
	}
	o.cards[card.Track] = card // made, whether it is delivered or not
	if ok {
		o.show(m)
	}
	result := object{"spaceType": kind, "spaceId": where, "success": ok, "carrierId": "", "errorMsg": ""}
	return object{"success": true, "result": object{"outTrackId": card.Track, "deliverResults": []object{result}}}, nil
}

// unfit is why a card can't be made.
func (o *Org) unfit(in creation) *refusal {
	published, known := o.templates[in.CardTemplateID]
	switch {
	case in.OutTrackID == "":
		return invalid("param.outTrackIdEmpty")
	case in.CardTemplateID == "":
		return invalid("param.cardTemplateIdEmpty")
	case o.cards[in.OutTrackID] != nil:
		return invalid("param.cardAlreadyExist")
	case !known:
		return invalid("param.templateNotExist")
	case !published:
		return invalid("param.templateUnpublished")
	case len(in.CardData.Map) == 0:
		return invalid("param.cardPublicDataEmpty")
	case !strings.HasPrefix(in.OpenSpaceID, "dtv1.card//"):
		return invalid("param.openSpaceIdInvalid")
	case strings.HasPrefix(in.OpenSpaceID, "dtv1.card//IM_GROUP.") && (in.Group == nil || in.ToGroup == nil):
		return invalid("param.openDeliverModelEmpty")
	case strings.HasPrefix(in.OpenSpaceID, "dtv1.card//IM_ROBOT.") && (in.Robot == nil || in.ToRobot == nil):
		return invalid("param.openDeliverModelEmpty")
	}
	for name := range in.CardData.Map {
		if len(name) > 100 {
			return invalid("param.invalid")
		}
	}
	return nil
}

// place says how a card is shown; false: it can't be.
func (o *Org) place(c *Card, m *model, to *delivered) bool {
	if m.Forward == nil || to.RobotCode != o.App.RobotCode {
		return false
	}
	c.Forward, c.Brief = *m.Forward, m.Notify.Text
	return true
}

func (o *Org) staff(id string) bool {
	u, ok := o.users[id]
	return ok && u.Corp == o.App.Corp && !u.Left
}

// updateCard is DingTalk docs: 更新卡片.
func (o *Org) updateCard(body []byte) (object, *refusal) {
	var in struct {
		OutTrackID string `json:"outTrackId"`
		CardData   struct {
			Map map[string]string `json:"cardParamMap"`
		} `json:"cardData"`
		Options struct {
			ByKey bool `json:"updateCardDataByKey"`
		} `json:"cardUpdateOptions"`
	}
	if json.Unmarshal(body, &in) != nil {
		return nil, invalid("param.invalid")
	}
	card := o.cards[in.OutTrackID]
	switch {
	case in.OutTrackID == "":
		return nil, invalid("param.outTrackIdEmpty")
	case card == nil:
		return nil, invalid("param.cardNotExist")
	case len(in.CardData.Map) == 0:
		return nil, invalid("param.cardDataAndPrivateDataBothEmpty")
	}
	if !in.Options.ByKey {
		card.Params = map[string]string{}
	}
	maps.Copy(card.Params, in.CardData.Map)
	return object{"success": true, "result": true}, nil
}

// Buttons are the card's buttons, in its own template or the shared one.
func (c *Card) Buttons() []Button {
	var shown []struct {
		Text, Color, ID string
		Request         bool
	}
	if c.Template == Shared {
		var full struct {
			Order   []string        `json:"order"`
			Buttons json.RawMessage `json:"msgButtons"`
		}
		if json.Unmarshal([]byte(c.Params["sys_full_json_obj"]), &full) == nil && slices.Contains(full.Order, "msgButtons") {
			_ = json.Unmarshal(full.Buttons, &shown)
		}
	} else {
		_ = json.Unmarshal([]byte(c.Params["buttons"]), &shown)
	}
	var out []Button
	for _, b := range shown {
		if b.Request && b.ID != "" {
			out = append(out, Button{Label: b.Text, ID: b.ID, Color: b.Color, Track: c.Track})
		}
	}
	return out
}

// Text is all that a card shows.
func (c *Card) Text() string {
	parts := []string{c.Params["title"], c.Params["content"], c.Params["foot"]}
	if c.Template == Shared {
		parts = []string{c.Params["msgTitle"], c.Params["staticMsgContent"]}
	}
	for _, b := range c.Buttons() {
		parts = append(parts, "["+b.Label+"]")
	}
	return strings.Join(parts, "\n")
}
