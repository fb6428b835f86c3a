package bot

import (
	"context"
	"strconv"

	"twokey/bot/redact"
	"twokey/incident"
)

// report opens an incident for a key that a person names, alone or in any text.
// The message's own name makes it one report, however often it is delivered.
func (h *handling) report(ctx context.Context) (Answer, error) {
	found := redact.IDs(h.arg)
	keys := append(found.Keys, found.Temporary...)
	switch {
	case len(keys) == 0:
		return Answer{}, NoSuchKey
	case len(keys) > 1:
		return h.found(keys), nil
	case !h.Rules.Has(h.who, incident.Responder):
		return Answer{}, incident.NotAllowed
	}
	now := h.Now()
	alert := incident.Alert{
		Source: "chat", Type: "chat", Kind: incident.KindOpen, KeyID: incident.KeyID(keys[0]), KeyType: redact.KeyType(keys[0]),
		SecretSeen: h.secret, ReceivedAt: now, DetectedAt: now,
	}
	if h.in.ID != "" {
		alert.Delivery = h.in.From.Platform + "/" + h.in.ID
		alert.ExternalKey = alert.Delivery
	}
	verdict, id, err := h.Receive(ctx, h.who, alert, incident.AlertText{})
	if err != nil {
		return Answer{}, err
	}
	if err := h.hurry(ctx, id); err != nil {
		return Answer{}, err
	}
	return h.said("said.report_"+string(verdict), map[string]string{"incident": string(id)}), nil
}

// pasted is a request for what somebody wrote that is no command: the key ids in it,
// if there are any.
func pasted(typed string) (request, bool) {
	found := redact.IDs(typed)
	return request{verb: "pasted", arg: typed}, len(found.Keys)+len(found.Temporary) > 0
}

// listedKeys bounds the buttons below a pasted text.
const listedKeys = 10

// found shows key ids back to whoever wrote them: they say which to report. Nothing is
// opened by mistake, and nothing else of the text is repeated.
func (h *handling) found(keys []string) Answer {
	text := h.View.Say(h.lang, "said.found_keys", map[string]string{"n": strconv.Itoa(len(keys))})
	card := Card{Lang: h.lang, Tone: Warn, Title: text, At: h.Now()}
	for _, key := range keys[:min(len(keys), listedKeys)] {
		button := Button{
			Act: ActReport, Label: h.View.Say(h.lang, "button.report", nil), Tone: Strong, Value: key, Command: "report " + key,
		}
		card.Asks = append(card.Asks, Ask{Text: key, Buttons: []Button{button}})
	}
	return Answer{OK: true, Text: text, Card: &card}
}

// pasted answers what somebody wrote that is no command.
func (h *handling) pasted() Answer {
	found := redact.IDs(h.arg)
	return h.found(append(found.Keys, found.Temporary...))
}
