package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"twokey/bot"
	"twokey/incident"
)

// form reads who sends a form, and what; false: refused, and answered.
func (c *Console) form(w http.ResponseWriter, r *http.Request) (Identity, bool) {
	me, known := c.whoIs(r)
	err := r.ParseForm()
	switch {
	case tooLarge(err):
		c.refuse(w, r, problem{http.StatusRequestEntityTooLarge, "console.problem.too_large"})
	case err != nil:
		c.refuse(w, r, problem{http.StatusBadRequest, "console.problem.stale"})
	case !known:
		c.refuse(w, r, problem{http.StatusForbidden, "console.problem.identity"})
	default:
		return me, true
	}
	return Identity{}, false
}

// small reads one of the forms that reach no bot.
func (c *Console) small(w http.ResponseWriter, r *http.Request) (Identity, bool) {
	me, ok := c.form(w, r)
	if ok && !same(r.PostForm.Get("mark"), smallMark(c.sign, me.User)) {
		c.refuse(w, r, problem{http.StatusConflict, "console.problem.stale"})
		return Identity{}, false
	}
	return me, ok
}

// pressed hands a button over. What must be asked first is asked on a page of its
// own when no script did.
func (c *Console) pressed(w http.ResponseWriter, r *http.Request) {
	me, ok := c.form(w, r)
	if !ok {
		return
	}
	p, ok := readPress(r.PostForm)
	mark, reason := r.PostForm.Get("mark"), strings.TrimSpace(r.PostForm.Get("reason"))
	confirmed := !p.Ask || r.PostForm.Get("confirmed") == "1"
	button, found := c.button(p)
	switch {
	case !ok || !same(mark, p.mark(c.sign)):
		c.refuse(w, r, problem{http.StatusConflict, "console.problem.stale"})
	case p.Who != me.User:
		c.refuse(w, r, problem{http.StatusConflict, "console.problem.other"})
	case !confirmed && (!found || wantsJSON(r)):
		c.refuse(w, r, problem{http.StatusConflict, "console.problem.gone"})
	case !confirmed || found && button.Reason != nil && button.Reason.Required && reason == "":
		c.askFirst(w, r, me, p, button)
	default:
		c.hand(w, r, me, p.form(c.sign), p.Turn, bot.Input{
			ID: mark, In: p.Incident,
			Button: &bot.Press{Act: p.Act, Incident: p.Incident, Number: p.Number, Digest: p.Digest, Value: p.Value, Reason: reason},
		})
	}
}

func (c *Console) askFirst(w http.ResponseWriter, r *http.Request, me Identity, p press, b bot.Button) {
	s := speech{Lang: language(r, me), words: c.config.Words}
	writePage(w, http.StatusOK, "first", struct {
		speech
		Button buttonView
	}{s, drawButton(s, c.sign, p, b)})
}

func readPress(f url.Values) (press, bool) {
	number, err1 := strconv.Atoi(f.Get("number"))
	turn, err2 := strconv.Atoi(f.Get("turn"))
	return press{
		Who: f.Get("who"), Ref: f.Get("ref"), Act: bot.Act(f.Get("act")), Incident: incident.ID(f.Get("incident")),
		Number: number, Digest: incident.Digest(f.Get("digest")), Value: f.Get("value"), Ask: f.Get("ask") == "true", Turn: turn,
	}, err1 == nil && err2 == nil
}

// said hands a command over. The text is part of its id: the same command sent
// twice is one, another one is not.
func (c *Console) said(w http.ResponseWriter, r *http.Request) {
	me, ok := c.form(w, r)
	if !ok {
		return
	}
	text := command(r.PostForm.Get("text"))
	turn, err := strconv.Atoi(r.PostForm.Get("turn"))
	mark := r.PostForm.Get("mark")
	switch {
	case err != nil || !same(mark, sayMark(c.sign, r.PostForm.Get("who"), turn)):
		c.refuse(w, r, problem{http.StatusConflict, "console.problem.stale"})
	case r.PostForm.Get("who") != me.User:
		c.refuse(w, r, problem{http.StatusConflict, "console.problem.other"})
	case text == "":
		c.refuse(w, r, problem{http.StatusBadRequest, "console.problem.empty"})
	default:
		c.hand(w, r, me, sayForm(c.sign, me.User), turn, bot.Input{ID: c.sign.mark(mark, text), Text: text})
	}
}

// command is what was typed without the bot's own name.
func command(typed string) string {
	typed = strings.TrimSpace(strings.ToValidUTF8(typed, "\uFFFD"))
	for _, name := range []string{"/leak", "@twokey"} {
		if rest, ok := strings.CutPrefix(typed, name); ok && (rest == "" || rest[0] == ' ') {
			return strings.TrimSpace(rest)
		}
	}
	return typed
}

// hand asks whoever listens and keeps the answer for this identity alone.
func (c *Console) hand(w http.ResponseWriter, r *http.Request, me Identity, form string, turn int, in bot.Input) {
	in.From = bot.Account{Platform: Name, User: me.User, Lang: language(r, me)}
	in.Room = Name
	said, ok := c.ask(in)
	if !ok {
		c.refuse(w, r, problem{http.StatusServiceUnavailable, "console.problem.not_listening"})
		return
	}
	if said.Text != "" || said.Card != nil {
		told := answer{Answer: said, typed: c.config.Redact(in.Text)}
		if in.Button != nil {
			told.act = in.Button.Act
		}
		c.tell(me.User, told)
	}
	c.answered(form, turn)
	c.done(w, r, me)
}

// done shows the room as it is now: the page again, or what is new on it.
func (c *Console) done(w http.ResponseWriter, r *http.Request, me Identity) {
	if !wantsJSON(r) {
		http.Redirect(w, r, "/console/#answers", http.StatusSeeOther)
		return
	}
	screen, _ := c.screen(me, language(r, me))
	parts, err := screen.parts()
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusOK, update{Boot: c.boot, Seq: screen.Seq, Who: me.User, Parts: parts})
}

func (c *Console) dismissed(w http.ResponseWriter, r *http.Request) {
	me, ok := c.small(w, r)
	if !ok {
		return
	}
	if n, err := strconv.Atoi(r.PostForm.Get("answer")); err == nil {
		c.dismiss(me.User, n)
	}
	c.done(w, r, me)
}

func (c *Console) attacked(w http.ResponseWriter, r *http.Request) {
	me, ok := c.small(w, r)
	if !ok {
		return
	}
	if c.config.Attack == nil {
		http.NotFound(w, r)
		return
	}
	if err := c.config.Attack(r.Context()); err != nil {
		c.config.Log.WarnContext(r.Context(), "pretend attack", "error", err)
		c.refuse(w, r, problem{http.StatusBadGateway, "console.problem.attack"})
		return
	}
	c.Touch()
	c.done(w, r, me)
}

// identified makes the reader somebody else.
func (c *Console) identified(w http.ResponseWriter, r *http.Request) {
	if _, ok := c.small(w, r); !ok {
		return
	}
	id, ok := c.identity(r.PostForm.Get("user"))
	if !ok {
		c.refuse(w, r, problem{http.StatusForbidden, "console.problem.identity"})
		return
	}
	remember(w, whoCookie, id.User)
	http.Redirect(w, r, "/console/", http.StatusSeeOther)
}

func (c *Console) spoken(w http.ResponseWriter, r *http.Request) {
	if _, ok := c.small(w, r); !ok {
		return
	}
	if lang := r.PostForm.Get("lang"); speaks(lang) {
		remember(w, langCookie, lang)
	}
	http.Redirect(w, r, "/console/", http.StatusSeeOther)
}
