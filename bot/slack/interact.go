package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
	"twokey/bot/room"
	"twokey/incident"
)

// Names of what the bot's dialogs and shortcuts are called in what Slack sends back.
const (
	shortcutReport = "report_leaked_key"
	dialogReason   = "reason"
	inputReason    = "reason"
	inputText      = "text"
)

// interaction hands over a pressed button, a filled dialog or a shortcut; false: nobody
// listens.
func (c *Chat) interaction(ic slackgo.InteractionCallback, ack acknowledge) bool {
	switch ic.Type { //nolint:exhaustive // the bot shows nothing that sends the others
	case slackgo.InteractionTypeBlockActions:
		return c.pressed(ic, ack)
	case slackgo.InteractionTypeViewSubmission:
		return c.submitted(ic, ack)
	case slackgo.InteractionTypeMessageAction:
		if ic.CallbackID == shortcutReport {
			return c.reported(ic, ack)
		}
	}
	ack(nil, "")
	return true
}

// who is who did it. Slack names the workspace of the user, which in a shared channel
// is not that of the channel.
func who(ic slackgo.InteractionCallback) from {
	return from{
		team: cmp.Or(ic.User.TeamID, ic.Team.ID), user: ic.User.ID, channel: cmp.Or(ic.Container.ChannelID, ic.Channel.ID),
		thread: ic.Container.ThreadTs, url: ic.ResponseURL,
	}
}

// pressed hands over a button. A dialog is opened before anything else is done: Slack
// allows three seconds for that too.
func (c *Chat) pressed(ic slackgo.InteractionCallback, ack acknowledge) bool {
	if len(ic.ActionCallback.BlockActions) == 0 {
		ack(nil, "")
		return true
	}
	action := ic.ActionCallback.BlockActions[0]
	w, ok := decode(action.Value)
	if !ok {
		c.config.Refused(room.UnknownButton)
		ack(nil, "")
		return true
	}
	p := pressing{from: who(ic), Wire: w, On: on(ic)}
	if p.channel == "" { // it stands in a dialog
		p.recall(ic.View.PrivateMetadata)
		p.view = ic.View.ID
	}
	switch {
	case w.Act == actTry:
		return c.tried(ack)
	case w.Ask != nil:
		return c.askReason(ic, p, ack)
	case w.Act == bot.ActShow && p.view == "":
		return c.showPlan(ic, p, ack)
	}
	id := strings.Join([]string{p.team, p.channel, cmp.Or(ic.Container.MessageTs, ic.View.ID), action.ActionID, p.user, action.ActionTs}, "|")
	return c.take(work{from: p.from, in: bot.Input{ID: id, Button: w.Press(""), On: p.On}, ack: ack})
}

// on is the message that a button stands on, if everybody sees it.
func on(ic slackgo.InteractionCallback) bot.Ref {
	if ic.Container.Type != "message" || ic.Container.IsEphemeral {
		return ""
	}
	return room.Ref(ic.Container.ChannelID, ic.Container.MessageTs)
}

// pressing is a press that a dialog was opened for. It travels in the dialog, where
// Slack keeps it and the reader does not see it.
type pressing struct {
	from

	Wire    wire    `json:"w"`
	On      bot.Ref `json:"o,omitempty"`
	Channel string  `json:"c,omitempty"`
	Thread  string  `json:"t,omitempty"`
}

func (p pressing) keep() string {
	p.Channel, p.Thread = p.channel, p.thread
	body, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	return string(body)
}

// recall takes from a dialog where it was opened.
func (p *pressing) recall(kept string) {
	var q pressing
	if json.Unmarshal([]byte(kept), &q) != nil {
		return
	}
	p.channel, p.thread, p.On = q.Channel, q.Thread, q.On
}

// askReason opens the dialog in which a person says why.
func (c *Chat) askReason(ic slackgo.InteractionCallback, p pressing, ack acknowledge) bool {
	ctx, _, ok := c.heard.Enter()
	if !ok {
		return false
	}
	go func() {
		defer c.heard.Leave()
		ack(nil, "") // nothing is decided yet
		if err := c.open(ctx, ic, c.reasonDialog(p)); err != nil {
			c.noWindow(ctx, p, err)
		}
	}()
	return true
}

// open shows a dialog, over the one that the button stands in.
func (c *Chat) open(ctx context.Context, ic slackgo.InteractionCallback, view slackgo.ModalViewRequest) error {
	if ic.Container.Type == "view" {
		_, err := c.api.PushViewContext(ctx, ic.TriggerID, view)
		return failed("views.push", err)
	}
	_, err := c.api.OpenViewContext(ctx, ic.TriggerID, view)
	return failed("views.open", err)
}

// noWindow says what to type where a dialog could not be opened.
func (c *Chat) noWindow(ctx context.Context, p pressing, err error) {
	c.config.Log.Warn("open a dialog", slog.Any("error", err))
	lang := cmp.Or(p.Wire.Lang, c.config.Language)
	c.tell(ctx, p.from, bot.Answer{Text: c.config.Say(lang, "slack.no_window", "command", p.Wire.Command)})
}

// submitted hands over a button together with the reason that was typed.
func (c *Chat) submitted(ic slackgo.InteractionCallback, ack acknowledge) bool {
	var p pressing
	if ic.View.CallbackID != dialogReason || json.Unmarshal([]byte(ic.View.PrivateMetadata), &p) != nil {
		ack(nil, "")
		return true
	}
	p.from = who(ic)
	p.channel, p.thread = p.Channel, p.Thread
	reason := ""
	if ic.View.State != nil {
		reason = strings.TrimSpace(ic.View.State.Values[inputReason][inputText].Value)
	}
	id := strings.Join([]string{p.team, ic.View.ID, p.user}, "|")
	return c.take(work{from: p.from, in: bot.Input{ID: id, Button: p.Wire.Press(reason), On: p.On}, ack: ack})
}

// reported hands over a message that somebody thinks holds a leaked key.
func (c *Chat) reported(ic slackgo.InteractionCallback, ack acknowledge) bool {
	f := who(ic)
	f.channel = ic.Channel.ID
	id := strings.Join([]string{"report", f.team, f.channel, ic.Message.Timestamp, f.user, ic.ActionTs}, "|")
	return c.take(work{from: f, in: bot.Input{ID: id, Text: "report " + unescape(ic.Message.Text)}, ack: ack})
}

// showPlan opens a plan in full in a dialog: it stays while the room goes on.
func (c *Chat) showPlan(ic slackgo.InteractionCallback, p pressing, ack acknowledge) bool {
	ctx, handle, ok := c.heard.Enter()
	if !ok {
		return false
	}
	go func() {
		defer c.heard.Leave()
		ack(nil, "")
		opened, err := c.api.OpenViewContext(ctx, ic.TriggerID, c.planDialog(p, nil))
		if err != nil {
			c.config.Log.Warn("open a dialog", slog.Any("error", failed("views.open", err)))
		}
		answer := c.answer(ctx, handle, work{from: p.from, in: bot.Input{Button: p.Wire.Press(""), On: p.On}})
		if err != nil {
			c.tell(ctx, p.from, answer)
			return
		}
		blocks, _ := c.answered(answer)
		if _, err := c.api.UpdateViewContext(ctx, c.planDialog(p, blocks), "", opened.Hash, opened.ID); err != nil {
			c.config.Log.Warn("fill a dialog", slog.Any("error", failed("views.update", err)))
			c.tell(ctx, p.from, answer)
		}
	}()
	return true
}

// reasonDialog asks why, below what the button does.
func (c *Chat) reasonDialog(p pressing) slackgo.ModalViewRequest {
	lang := cmp.Or(p.Wire.Lang, c.config.Language)
	box := slackgo.NewPlainTextInputBlockElement(nil, inputText).WithMultiline(true).WithMaxLength(maxReason)
	input := slackgo.NewInputBlock(inputReason, plainText(p.Wire.Ask.Label, maxLabel), nil, box).WithOptional(!p.Wire.Ask.Must)
	blocks := slices.Concat(bold(p.Wire.Ask.Title), []slackgo.Block{input})
	return c.dialog(p, lang, blocks, plainText(c.config.Say(lang, "slack.send"), maxModal))
}

// planDialog shows a plan, or that it is being looked at.
func (c *Chat) planDialog(p pressing, blocks []slackgo.Block) slackgo.ModalViewRequest {
	lang := cmp.Or(p.Wire.Lang, c.config.Language)
	if len(blocks) == 0 {
		blocks = bold(c.config.Say(lang, "slack.looking"))
	}
	return c.dialog(p, lang, blocks, nil)
}

func (c *Chat) dialog(p pressing, lang string, blocks []slackgo.Block, submit *slackgo.TextBlockObject) slackgo.ModalViewRequest {
	closing := "slack.close"
	if submit != nil {
		closing = "slack.cancel"
	}
	return slackgo.ModalViewRequest{
		Type: slackgo.VTModal, CallbackID: dialogReason, PrivateMetadata: p.keep(),
		Title:  plainText(dialogTitle(p.Wire.Incident), maxModal),
		Blocks: slackgo.Blocks{BlockSet: blocks}, Submit: submit, Close: plainText(c.config.Say(lang, closing), maxModal),
	}
}

// dialogTitle is short: Slack allows 24 characters.
func dialogTitle(id incident.ID) string {
	if id == "" {
		return "twokey"
	}
	return string(id)
}
