package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"twokey/bot/redact"
	"twokey/incident"
	"twokey/store"
)

// What people say that is about no plan.

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

func (h *handling) enterKey(ctx context.Context) (Answer, error) {
	if !redact.ValidKey(h.arg) || redact.Placeholder(h.arg) {
		return Answer{}, NoSuchKey
	}
	s, err := h.Bot.enterKey(ctx, h.state.ID, h.who, incident.KeyID(h.arg), h.click(h.state.ID))
	switch {
	case err != nil:
		return Answer{}, err
	case s.ID != h.state.ID:
		return h.said("said.merged", map[string]string{"incident": string(s.ID)}), nil
	}
	return h.said("said.key", nil), nil
}

// lookAgain asks the cloud again: somebody did a step in the console.
func (h *handling) lookAgain(ctx context.Context) (Answer, error) {
	if !h.Rules.Has(h.who, incident.Responder) {
		return Answer{}, incident.NotAllowed
	}
	if h.state.Archive != "" {
		return Answer{}, incident.InArchive
	}
	jobs := []incident.Job{lookJob(h.state, h.Now()), investigateJob(h.state, h.Now())}
	if err := h.append(ctx, store.Batch{Jobs: jobs}); err != nil {
		return Answer{}, err
	}
	return h.said("said.look", nil), nil
}

// release ends a hold.
func (h *handling) release(ctx context.Context) (Answer, error) {
	_, err := h.do(ctx, incident.System, h.who, incident.Release{}, with{Marks: h.click(incident.System)})
	if err != nil {
		return Answer{}, err
	}
	if err := h.redraw(ctx, h.rooms(), false); err != nil {
		return Answer{}, fmt.Errorf("take the hold off the cards: %w", err)
	}
	return h.said("said.go", nil), nil
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
	switch {
	case err != nil:
		return Answer{}, err
	case len(open) == 0:
		return h.said("list.none", nil), nil
	}
	count := strconv.Itoa(len(open))
	if len(open) > listed {
		open, count = open[:listed], strconv.Itoa(listed)+"+"
	}
	var text strings.Builder
	text.WriteString(h.View.Say(h.lang, "list.head", map[string]string{"n": count}))
	for _, i := range open {
		s, err := h.Bot.state(ctx, i.Incident)
		if err != nil {
			return Answer{}, err
		}
		text.WriteString("\n" + h.View.Card(h.view(ctx, s, 0)).Title)
	}
	return Answer{OK: true, Text: text.String()}, nil
}
