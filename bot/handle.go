package bot

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"

	"twokey/bot/redact"
	"twokey/incident"
	"twokey/store"
)

// Handle answers one input: a button or a typed command, already known to be
// genuine. Whatever it changes is on disk before it returns.
func (b *Bot) Handle(ctx context.Context, in Input) Answer {
	who, err := b.People.Person(in.From)
	lang := b.language(who, in)
	if err != nil {
		return b.refuse(ctx, Scene{Lang: lang}, err)
	}
	r, err := b.request(in)
	h := &handling{Bot: b, in: in, who: who.ID, lang: lang, request: r}
	if err != nil {
		return h.refused(ctx, err)
	}
	answer, err := h.answer(ctx)
	if err != nil {
		answer = h.refused(ctx, err)
	}
	if h.secret {
		answer.Text += "\n" + b.View.Say(lang, "said.secret_dropped", nil)
	}
	return answer
}

func (b *Bot) language(who Entry, in Input) string {
	for _, lang := range []string{who.Lang, in.From.Lang} {
		if lang != "" {
			return lang
		}
	}
	return b.Language
}

func (b *Bot) request(in Input) (request, error) {
	if in.Button != nil {
		return pressed(*in.Button)
	}
	return parse(in.Text)
}

// handling is one input on its way to an answer.
type handling struct {
	*Bot
	request

	in     Input
	who    incident.Person
	lang   string
	state  incident.State
	about  int  // number of the plan that the answer is about
	secret bool // a secret was in what the person typed
}

// answer does what was asked. Verbs that are about no incident come first.
func (h *handling) answer(ctx context.Context) (Answer, error) {
	switch h.verb {
	case "help":
		return h.help(), nil
	case "list":
		return h.list(ctx)
	case "report":
		return h.report(ctx)
	case "go":
		return h.release(ctx)
	}
	if err := h.load(ctx); err != nil {
		return Answer{}, err
	}
	switch h.verb {
	case "show", "steps":
		return h.show(ctx)
	case "plan":
		return h.plan(ctx)
	case "do":
		return h.propose(ctx)
	case "undo":
		return h.undo(ctx)
	case "approve", "decline", "withdraw":
		return h.vote(ctx)
	case "false_alarm":
		return h.falseAlarm(ctx)
	case "close":
		return h.close(ctx)
	case "key":
		return h.enterKey(ctx)
	case "receive":
		return Answer{}, NothingReceived
	case "look":
		return h.lookAgain(ctx)
	}
	return h.simple(ctx)
}

// load finds the incident that is meant: the one named, the one whose card or
// thread it came from, or the only one that is open.
func (h *handling) load(ctx context.Context) error {
	id := h.incident
	if id == "" {
		id = h.in.In
	}
	if id == "" {
		open, err := h.Store.Find(ctx, store.Query{Open: true, Limit: 2})
		if err != nil {
			return err
		}
		if len(open) != 1 {
			return WhichIncident
		}
		id = open[0].Incident
	}
	s, err := h.Bot.state(ctx, id)
	if err != nil {
		return err
	}
	if s.Seq == 0 || id == incident.System {
		return NoSuchIncident
	}
	h.state = s
	return nil
}

// command gives a command in the person's name. The click's own name is taken
// in the same append: a second delivery of one click does nothing.
func (h *handling) command(ctx context.Context, c incident.Command, values ...store.Value) error {
	w := with{Values: values, Marks: h.click()}
	s, err := h.do(ctx, h.state.ID, h.who, c, w)
	if s.Seq > 0 {
		h.state = s
	}
	return err
}

func (h *handling) click() []store.Mark {
	if h.in.ID == "" {
		return nil
	}
	now := h.Now()
	return []store.Mark{{Name: clickName(h.in), Incident: h.state.ID, Now: now, Until: now.Add(clickFor)}}
}

// words redacts what the person typed, before anything is decided upon it.
func (h *handling) words(typed string) (incident.Words, []store.Value) {
	t, secret := h.redacted(typed)
	h.secret = h.secret || secret
	return t.Words, t.value(h.state.ID)
}

// simple commands change the incident and say so.
func (h *handling) simple(ctx context.Context) (Answer, error) {
	var c incident.Command
	var values []store.Value
	switch h.verb {
	case "answer":
		c = incident.Reply{Question: incident.Question(h.arg), Value: h.value}
	case "take":
		c = incident.Take{}
	case "note":
		var note incident.Note
		note.Text, values = h.words(h.arg)
		c = note
	default:
		return Answer{}, NoSuchCommand
	}
	if err := h.command(ctx, c, values...); err != nil {
		return Answer{}, err
	}
	return h.said("said."+h.verb, nil), nil
}

// report opens an incident for a key that a person names, alone or in any text.
func (h *handling) report(ctx context.Context) (Answer, error) {
	_, h.secret = redact.Text(h.arg)
	found := redact.IDs(h.arg)
	keys := append(found.Keys, found.Temporary...)
	switch {
	case len(keys) == 0:
		return Answer{}, NoSuchKey
	case len(keys) > 1:
		return Answer{}, SeveralKeys
	case !h.Rules.Has(h.who, incident.Responder):
		return Answer{}, incident.NotAllowed
	}
	now := h.Now()
	alert := incident.Alert{
		Source: "chat", Type: "chat", ExternalKey: h.in.From.Platform + "/" + h.in.ID, Kind: incident.KindOpen,
		KeyID: incident.KeyID(keys[0]), KeyType: redact.KeyType(keys[0]), SecretSeen: h.secret, ReceivedAt: now, DetectedAt: now,
	}
	verdict, id, err := h.Receive(ctx, h.who, alert, incident.AlertText{})
	if err != nil {
		return Answer{}, err
	}
	return h.said("said.report_"+string(verdict), map[string]string{"incident": string(id)}), nil
}

func (h *handling) enterKey(ctx context.Context) (Answer, error) {
	if !redact.ValidKey(h.arg) || redact.Placeholder(h.arg) {
		return Answer{}, NoSuchKey
	}
	s, err := h.Bot.enterKey(ctx, h.state.ID, h.who, incident.KeyID(h.arg))
	if err != nil {
		return Answer{}, err
	}
	if s.ID != h.state.ID {
		return h.said("said.merged", map[string]string{"incident": string(s.ID)}), nil
	}
	return h.said("said.key", nil), nil
}

// lookAgain asks the cloud again: somebody did a step in the console.
func (h *handling) lookAgain(ctx context.Context) (Answer, error) {
	if !h.Rules.Has(h.who, incident.Responder) {
		return Answer{}, incident.NotAllowed
	}
	now := h.Now()
	jobs := []incident.Job{
		lookJob(h.state, now),
		{Key: "investigate/" + string(h.state.ID), Lane: incident.LaneLook, Task: incident.Investigate, Incident: h.state.ID, Seq: h.state.Seq, Due: now},
	}
	if err := h.append(ctx, store.Batch{Jobs: jobs}); err != nil {
		return Answer{}, err
	}
	return h.said("said.look", nil), nil
}

// release ends a hold.
func (h *handling) release(ctx context.Context) (Answer, error) {
	if _, err := h.do(ctx, incident.System, h.who, incident.Release{}, with{Marks: h.click()}); err != nil {
		return Answer{}, err
	}
	return h.said("said.go", nil), nil
}

func (h *handling) said(id string, blanks map[string]string) Answer {
	return Answer{OK: true, Text: h.View.Say(h.lang, id, blanks)}
}

// refused says why not. What is no refusal is logged, and told in general words
// only: an error's text can hold anything.
func (h *handling) refused(ctx context.Context, err error) Answer {
	scene, sceneErr := h.scene(ctx, h.state, h.lang)
	if sceneErr != nil {
		scene = Scene{State: h.state, Rules: h.Rules, Lang: h.lang, Names: h.People.Names()}
	}
	scene.Reader, scene.Plan = h.who, h.about
	return h.refuse(ctx, scene, err)
}

func (b *Bot) refuse(_ context.Context, scene Scene, err error) Answer {
	if taken := (*store.TakenError)(nil); errors.As(err, &taken) {
		return Answer{OK: true, Text: b.View.Say(scene.Lang, "said.again", nil)}
	}
	r, refused := refusal(err)
	if !refused {
		b.Log.Error("input", slog.String("incident", string(scene.State.ID)), slog.Any("error", err))
		r = NotStored
	}
	return Answer{Text: b.View.Refusal(scene, r)}
}

func (h *handling) help() Answer {
	switch {
	case h.Rules.Has(h.who, incident.Approver):
		return h.said("help.approver", nil)
	case h.Rules.Has(h.who, incident.Responder):
		return h.said("help.responder", nil)
	}
	return h.said("help.reader", nil)
}

// listed bounds a list in chat: newest first.
const listed = 20

func (h *handling) list(ctx context.Context) (Answer, error) {
	open, err := h.Store.Find(ctx, store.Query{Open: true, Limit: listed + 1})
	if err != nil {
		return Answer{}, err
	}
	if len(open) == 0 {
		return h.said("list.none", nil), nil
	}
	var text strings.Builder
	text.WriteString(h.View.Say(h.lang, "list.head", map[string]string{"n": strconv.Itoa(min(len(open), listed))}))
	for _, i := range open[:min(len(open), listed)] {
		s, err := h.Bot.state(ctx, i.Incident)
		if err != nil {
			return Answer{}, err
		}
		scene, err := h.scene(ctx, s, h.lang)
		if err != nil {
			return Answer{}, err
		}
		text.WriteString("\n" + h.View.Card(scene).Title)
	}
	return Answer{OK: true, Text: text.String()}, nil
}
