package bot

import (
	"context"
	"errors"
	"log/slog"

	"twokey/bot/redact"
	"twokey/incident"
	"twokey/store"
)

// Handle answers one input: a button or a typed command, already known to be
// genuine. Whatever it changes is on disk before it returns.
func (b *Bot) Handle(ctx context.Context, in Input) Answer {
	if b.Heard != nil {
		b.Heard(in.Room)
	}
	who, err := b.People.Person(in.From)
	h := &handling{Bot: b, in: in, who: who.ID, lang: b.language(who, in)}
	if err != nil {
		return h.refuse(b.bare(incident.State{}, h.lang), err)
	}
	answer, err := h.safely(ctx)
	if err != nil {
		answer = h.refused(ctx, err)
	}
	if h.secret {
		answer.Text += "\n" + b.View.Say(h.lang, "said.secret_dropped", nil)
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

// safely answers; a panic on the way is an error.
func (h *handling) safely(ctx context.Context) (answer Answer, err error) {
	defer caught(&err)
	if err := h.read(); err != nil {
		return Answer{}, err
	}
	return h.answer(ctx)
}

// read finds out what is wanted. What a person typed is redacted before anything
// is decided upon it, whatever the command.
func (h *handling) read() (err error) {
	if h.in.Button != nil {
		h.request, err = pressed(*h.in.Button)
		return err
	}
	typed, secret := redact.Text(h.in.Text)
	h.secret = secret
	if h.request, err = parse(typed); errors.Is(err, NoSuchCommand) {
		if r, ok := pasted(typed); ok {
			h.request, err = r, nil
		}
	}
	return err
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
	case "pasted":
		return h.pasted(), nil
	case "go":
		return h.release(ctx)
	}
	if err := h.load(ctx); err != nil {
		return Answer{}, err
	}
	switch h.verb {
	case "show", "steps":
		return h.show(ctx), h.bringIn(ctx, h.state.ID, h.in.Room)
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
		return h.receive(ctx)
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
	if id.Number() == 0 {
		return NoSuchIncident // the system log is none either
	}
	s, err := h.Bot.state(ctx, id)
	if err != nil {
		return err
	}
	if s.Seq == 0 {
		return h.gone(ctx, id)
	}
	h.state = s
	return h.onCard(ctx)
}

// onCard refuses a button that stands on another message than the incident's card
// in that room.
func (h *handling) onCard(ctx context.Context) error {
	if h.in.On == "" {
		return nil
	}
	p, err := h.placeOf(ctx, h.state.ID, h.in.Room)
	if err == nil && p.Ref != h.in.On {
		return OldCard
	}
	return err
}

// gone says what is known of an incident that is not there.
func (h *handling) gone(ctx context.Context, id incident.ID) error {
	_, left, err := Buried(ctx, h.Store, id)
	switch {
	case err != nil:
		return err
	case left:
		return incident.InArchive
	}
	return NoSuchIncident
}

// command gives a command in the person's name. The click's own name is taken
// in the same append: a second delivery of one click does nothing.
func (h *handling) command(ctx context.Context, c incident.Command, values ...store.Value) error {
	s, err := h.do(ctx, h.state.ID, h.who, c, with{Values: values, Marks: h.click(h.state.ID)})
	if s.Seq > 0 {
		h.state = s
	}
	return err
}

func (h *handling) click(id incident.ID) []store.Mark {
	if h.in.ID == "" {
		return nil
	}
	now := h.Now()
	return []store.Mark{{Name: clickName(h.in), Incident: id, Now: now, Until: now.Add(clickFor)}}
}

// words are what a person typed, redacted, on its way beside the chain.
func (h *handling) words(typed string) (incident.Words, []store.Value) {
	t, secret := h.redacted(typed)
	h.secret = h.secret || secret
	return t.Words, t.value(h.state.ID)
}

func (h *handling) said(id string, blanks map[string]string) Answer {
	return Answer{OK: true, Text: h.View.Say(h.lang, id, blanks)}
}

// view is the scene for this person's eyes. What can't be read is left out: the
// answer to something done must not depend on it.
func (h *handling) view(ctx context.Context, s incident.State, number int) Scene {
	scene, err := h.scene(ctx, s, h.lang)
	if err != nil {
		h.Log.Warn("gather what an answer shows", slog.String("incident", string(s.ID)), slog.Any("error", err))
	}
	scene.Reader, scene.Plan = h.who, number
	return scene
}

// refused says why not, or that this very click was handled before: platforms
// deliver a click again when they lost our answer.
func (h *handling) refused(ctx context.Context, err error) Answer {
	if h.repeated(ctx, err) {
		return h.said("said.again", nil)
	}
	return h.refuse(h.view(ctx, h.state, h.about), err)
}

func (h *handling) repeated(ctx context.Context, err error) bool {
	if h.in.ID == "" {
		return false
	}
	if takenBy(err, clickName(h.in)) != nil {
		return true
	}
	_, refused := refusal(err)
	_, done, asked := h.Store.Marked(ctx, clickName(h.in), h.Now())
	return refused && done && asked == nil
}

// refuse puts a reason in words. What is no refusal is logged, and told in
// general words only: an error's text can hold anything.
func (h *handling) refuse(scene Scene, err error) Answer {
	why, refused := refusal(err)
	switch {
	case refused:
		return Answer{Text: h.View.Refusal(scene, why)}
	case errors.Is(err, context.Canceled):
		h.Log.Warn("input cut off", slog.String("incident", string(scene.State.ID)))
	default:
		h.Log.Error("input", slog.String("incident", string(scene.State.ID)), slog.Any("error", err))
	}
	return Answer{Text: h.View.Refusal(scene, NotStored)}
}
