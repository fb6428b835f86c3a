package console

import (
	"cmp"
	"crypto/sha256"
	"strconv"
	"strings"
	"time"

	"twokey/bot"
)

// screen is the whole page for one identity in one language.
type screen struct {
	speech
	Boot       string
	Seq        uint64
	Title      string
	Me         Identity
	Identities []Identity
	Languages  []tongue
	Mark       string // of the small forms
	Listening  bool
	Cards      []cardView
	Older      int
	Answers    []answerView
	Say        sayView
	Account    *accountView
}

type answerView struct {
	speech
	DOM, Mark   string
	Number      int
	OK          bool
	Text, Typed string
	Card        *cardView
	Fold        string // what a folded card is called; empty: it is open
}

type sayView struct {
	speech
	Who, Mark string
	Turn      int
}

// screen draws the page as it is now, and tells when it has changed.
func (c *Console) screen(me Identity, lang string) (screen, <-chan struct{}) {
	now, changed := c.look(me.User)
	words := speech{Lang: lang, words: c.config.Words}
	s := screen{
		speech: words, Boot: c.boot, Seq: now.seq, Title: cmp.Or(c.config.Title, words.T("console.title")),
		Me: me, Identities: c.config.Identities, Languages: languages, Mark: smallMark(c.sign, me.User),
		Listening: now.live, Older: now.older,
	}
	zone := c.config.Now().Location()
	for _, p := range now.posts {
		s.Cards = append(s.Cards, c.artist(words, me, string(p.ref), now, zone).card("c-"+string(p.ref), p.card, p.lines))
	}
	for _, a := range now.answers {
		s.Answers = append(s.Answers, c.answerView(words, me, a, now, zone))
	}
	turn := now.turns[sayForm(c.sign, me.User)]
	s.Say = sayView{words, me.User, sayMark(c.sign, me.User, turn), turn}
	if c.config.Account != nil {
		s.Account = accountOf(words, c.config.Account(), zone)
		s.Account.Mark, s.Account.Attack = s.Mark, c.config.Attack != nil
	}
	return s, changed
}

func (c *Console) artist(words speech, me Identity, ref string, now state, zone *time.Location) artist {
	return artist{speech: words, sign: c.sign, who: me.User, ref: ref, turn: now.turns, used: map[string]int{}, zone: zone}
}

func (c *Console) answerView(words speech, me Identity, a answer, now state, zone *time.Location) answerView {
	v := answerView{
		speech: words, DOM: "a-" + c.boot + "-" + strconv.Itoa(a.number), Mark: smallMark(c.sign, me.User),
		Number: a.number, OK: a.OK, Text: a.Text, Typed: a.typed,
	}
	if a.Card != nil {
		card := c.artist(words, me, a.ref(), now, zone).card(v.DOM+"-card", *a.Card, nil)
		v.Card = &card
		v.settle(a)
	}
	return v
}

// settle says nothing twice, and folds away a plan that comes with the answer to a
// vote: who voted has read it.
func (v *answerView) settle(a answer) {
	if v.Card.Title == a.Text {
		v.Card.Title = ""
	}
	for i, s := range v.Card.Steps {
		v.Card.Steps[i].Told = strings.Contains(a.Text, s.Title)
	}
	switch a.act {
	case bot.ActApprove, bot.ActDecline, bot.ActWithdraw, bot.ActAnswer:
		v.Fold = a.Card.Title
		if len(a.Card.Steps) > 0 {
			v.Fold = a.Card.Steps[0].Title
		}
	}
}

// update is what a page is told: parts of it, drawn anew. A page applies nothing
// that is older than what it shows.
type update struct {
	Boot    string            `json:"boot,omitempty"`
	Seq     uint64            `json:"seq"`
	Who     string            `json:"who,omitempty"`
	Parts   map[string]string `json:"parts,omitempty"` // by element id
	Problem string            `json:"problem,omitempty"`
}

// parts are the pieces of the page that change, by the id of their element.
func (s screen) parts() (map[string]string, error) {
	out := map[string]string{}
	for _, name := range []string{"bar", "room", "answers", "say", "account"} {
		body, err := render(name, s)
		if err != nil {
			return nil, err
		}
		out[name] = string(body)
	}
	return out, nil
}

// fresh leaves only the parts that differ from what was sent before, and
// remembers them.
func fresh(parts map[string]string, sent map[string][32]byte) map[string]string {
	out := map[string]string{}
	for name, body := range parts {
		sum := sha256.Sum256([]byte(body))
		if before, ok := sent[name]; !ok || before != sum {
			sent[name], out[name] = sum, body
		}
	}
	return out
}
