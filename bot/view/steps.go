package view

import (
	"slices"
	"strconv"
	"strings"

	"twokey/bot"
	"twokey/incident"
)

// screen is how much a card shows before the fold: three steps, or fewer where
// notices and steps that went wrong need the room. More do not fit a phone. What
// people already have a hand in is always there.
const screen = 3

// row is one line of the playbook with the plan that stands for it, or a plan
// that is not in the playbook.
type row struct {
	next *incident.Next
	plan *incident.Proposal
}

// steps are the card's steps: what to do now, and what is folded away.
func (p page) steps(notices int) (now, folded []bot.Step) {
	type standing struct {
		bot.Step
		where
	}
	var all []standing
	used := notices + p.crowd()
	for _, r := range p.rows() {
		step, place := p.stand(r)
		all = append(all, standing{step, place})
		if place == pinned {
			used += room(step)
		}
	}
	for _, s := range all {
		switch {
		case s.where == nowhere:
		case s.where == pinned:
			now = append(now, s.Step)
		case s.where == onTop && (used < screen || len(now) == 0):
			now = append(now, s.Step)
			used += room(s.Step)
		default:
			folded = append(folded, s.Step)
		}
	}
	once(now)
	if !p.works() {
		return nil, history(append(now, folded...))
	}
	return now, folded
}

// crowd is the room that what the thief did, and the questions about it, take
// from the steps.
func (p page) crowd() int {
	room := len(p.asksOwner())
	if len(p.st.Suspects()) > 0 && !p.st.Contained() {
		room++
	}
	return room
}

// history keeps of the steps what was planned, with nothing to press: nothing
// can be started here any more.
func history(steps []bot.Step) []bot.Step {
	planned := slices.DeleteFunc(steps, func(s bot.Step) bool { return s.Number == 0 })
	for i, s := range planned {
		planned[i] = bot.Step{Name: s.Name, Number: s.Number, Title: s.Title, State: s.State, Tone: s.Tone, Digest: s.Digest}
	}
	return planned
}

// room is how much of the screen a step takes: a way through the console, or
// votes and the buttons to stop them, take as much as a step.
func room(s bot.Step) int {
	if s.Tone == bot.Alarm || s.Number == 0 && len(s.Facts) > 0 || len(s.Buttons) > 2 {
		return 2
	}
	return 1
}

// once keeps a fact that several steps share, such as why automation did not
// run, at the first of them only.
func once(steps []bot.Step) {
	said := make(map[bot.Field]bool)
	for i := range steps {
		steps[i].Facts = slices.DeleteFunc(slices.Clone(steps[i].Facts), func(f bot.Field) bool {
			again := said[f]
			said[f] = true
			return again
		})
	}
}

// rows are the steps of the playbook in its order, each with its latest plan,
// then the plans that people asked for beside it.
func (p page) rows() []row {
	latest := p.latest()
	var rows []row
	if !p.st.FalseAlarm {
		for _, n := range p.Rules.Playbook.Next(p.st) {
			own := incident.Plan{Step: n.Step, Target: p.st.Target()}
			i := slices.IndexFunc(latest, func(pr *incident.Proposal) bool { return pr.Plan.Rivals(own) })
			if i < 0 {
				rows = append(rows, row{&n, nil})
				continue
			}
			rows = append(rows, row{&n, latest[i]})
			latest = slices.Delete(latest, i, i+1)
		}
	}
	for _, pr := range latest {
		rows = append(rows, row{nil, pr})
	}
	return rows
}

// latest are the plans that no newer one for the same thing stands above, in
// order.
func (p page) latest() []*incident.Proposal {
	var latest []*incident.Proposal
	for i := range p.st.Proposals {
		pr := &p.st.Proposals[i]
		if pr.Status == incident.StatusSuperseded {
			continue
		}
		latest = slices.DeleteFunc(latest, func(old *incident.Proposal) bool { return old.Plan.Rivals(pr.Plan) })
		latest = append(latest, pr)
	}
	return latest
}

// where says whether a step stands before the fold.
type where int

const (
	nowhere where = iota // over, and nothing to say
	below                // folded away
	onTop                // before the fold, if there is room
	pinned               // before the fold in any case
)

// stand is the step of a row, and where it stands.
func (p page) stand(r row) (bot.Step, where) {
	if r.plan == nil {
		if p.ofBot() && incident.StepTier(r.next.Step) != incident.Look {
			return bot.Step{}, nowhere // nobody does that for it: the guide says what people do
		}
		return p.unplanned(*r.next)
	}
	pr := *r.plan
	step := p.step(pr)
	switch pr.Status {
	case incident.StatusReady, incident.StatusRunning:
		return step, pinned
	case incident.StatusWaiting:
		if p.st.FalseAlarm && pr.Plan.Undoes == 0 || p.stale(r) {
			return step, below
		}
		if p.touched(pr) || r.next == nil && p.leads(pr) || pr.Plan.Step == incident.StepKeyDisable && !p.st.Contained() {
			return step, pinned // stopping a live key is never folded away
		}
		return step, onTop
	case incident.StatusDone:
		return p.ended(r, step)
	case incident.StatusDrifted:
		return step, p.unlessDone(r, pinned)
	}
	if p.offeredStill(r) {
		return step, p.unlessDone(r, onTop)
	}
	return step, p.unlessDone(r, below)
}

// leads reports whether a plan is about what the leaked key made or took on: a
// second way in, which must not be overlooked while the first is closed.
func (p page) leads(pr incident.Proposal) bool {
	of := incident.Identity(pr.Plan.Params[incident.ParamOf])
	return slices.ContainsFunc(p.st.Leads(), func(l incident.Lead) bool {
		return l.Of == of || l.Of == incident.OfUser(pr.Plan.Target.UserID)
	})
}

// stale reports whether the bot offered a step by hand that the playbook does not
// ask for any more.
func (p page) stale(r row) bool {
	return incident.Guided(r.plan.Plan.Step) && !p.touched(*r.plan) && (r.next == nil || !r.next.Now)
}

// ended places a finished plan: what went well is folded away, but for what a
// false alarm would take back.
func (p page) ended(r row, step bot.Step) (bot.Step, where) {
	pr := *r.plan
	switch {
	case pr.UndoneBy != 0 && r.next == nil:
		return step, below
	case pr.UndoneBy != 0 && p.st.FalseAlarm:
		return step, below
	case pr.Confirmed() && p.st.FalseAlarm && p.mayUndo(pr):
		return step, pinned
	case pr.Done() || pr.UndoneBy != 0:
		return step, below
	}
	return step, p.unlessDone(r, pinned)
}

// unlessDone folds away what failed when the playbook sees the step done after
// all: somebody did it in the console.
func (p page) unlessDone(r row, place where) where {
	if r.next != nil && r.next.Done {
		return below
	}
	return place
}

func (p page) offeredStill(r row) bool { return r.next != nil && r.next.Now }

// mayUndo reports whether a plan can be taken back and nobody is at it yet.
func (p page) mayUndo(pr incident.Proposal) bool {
	if pr.Plan.Undo == "" || !pr.Confirmed() {
		return false
	}
	return !slices.ContainsFunc(p.st.Proposals, func(u incident.Proposal) bool {
		open := u.Status == incident.StatusWaiting || u.Status == incident.StatusReady || u.Status == incident.StatusRunning
		return u.Plan.Undoes == pr.Number && open
	})
}

// stepTitle is what a plan does, in a few words.
func (p page) stepTitle(plan incident.Plan) string {
	title := p.titled(plan.Step, p.userOf(plan))
	if of := aimOf(plan); of != "" {
		title = p.say("step.of", "step", title, "of", of)
	}
	if plan.Undoes != 0 {
		return p.say("step.undoing", "step", title, "plan", strconv.Itoa(plan.Undoes))
	}
	return title
}

// titleOf is a step's name in words. A playbook may bring manual steps of its
// own: those go by their name.
func (p page) titleOf(step string) string { return p.titled(step, p.user()) }

func (p page) titled(step, user string) string {
	id := "step." + step + ".title"
	if !p.has(id) {
		return p.say("step.manual.title", "step", clean(step, maxName))
	}
	return p.say(id, "user", user)
}

// userOf is the user that a plan is about: the key's own, or one that it made.
func (p page) userOf(plan incident.Plan) string {
	if u := clean(plan.Target.User, maxName); u != "" {
		return u
	}
	return p.user()
}

// aimOf is the role or instance that a plan is about; empty if it is about the
// key or its user.
func aimOf(plan incident.Plan) string {
	_, name, _ := strings.Cut(plan.Params[incident.ParamOf], " ")
	return clean(name, maxName)
}

func (p page) user() string {
	if u := clean(p.st.KeyFact(incident.FactUser), maxName); u != "" {
		return u
	}
	return p.say("user.unnamed")
}

// effectOf is what a step does and whom it hits.
func (p page) effectOf(step string) string { return p.affecting(step, p.user()) }

func (p page) affecting(step, user string) string {
	id := "step." + step + ".effect"
	if !p.has(id) {
		return p.say("step.manual.effect")
	}
	return p.say(id, "user", user)
}

// effect is what a plan does and what it is known to break.
func (p page) effect(pr incident.Proposal) string {
	return p.prose(p.affecting(pr.Plan.Step, p.userOf(pr.Plan)), p.purges(pr.Plan), p.breaks(pr))
}

// purges names the keys that a full recycle bin loses for good when one more is
// deleted.
func (p page) purges(plan incident.Plan) string {
	var keys []string
	for _, f := range plan.Shown {
		other := f.Of != incident.OfKey(plan.Target.Key)
		if key, ok := strings.CutPrefix(string(f.Of), "key "); ok && other && f.Name == incident.FactStatus && f.Value == incident.KeyGone {
			keys = append(keys, clean(key, maxName))
		}
	}
	if plan.Step != incident.StepKeyDelete || len(keys) == 0 {
		return ""
	}
	return p.say("step.key.delete.purges", "keys", p.list(keys))
}

// maxBreaks is how many known uses a card names before it only counts them.
const maxBreaks = 3

// breaks is the predicted effect on what is known to use the key.
func (p page) breaks(pr incident.Proposal) string {
	i := pr.Plan.Impact
	switch {
	case pr.Plan.Step == incident.StepKeyFence && !i.Since.IsZero():
		return p.fenced(pr.Plan)
	case len(i.Breaks) > 0:
		known := make([]string, 0, maxBreaks+1)
		for n, b := range i.Breaks {
			if n == maxBreaks {
				known = append(known, p.say("people.more", "n", strconv.Itoa(len(i.Breaks)-maxBreaks)))
				break
			}
			known = append(known, clean(b, maxName))
		}
		return p.say("impact.breaks", "uses", p.list(known))
	case !i.Since.IsZero():
		return p.say("impact.none", "span", p.span(pr.At.Sub(i.Since)))
	case foretold(pr.Plan.Step):
		return p.say("impact.unknown")
	}
	return ""
}

// foretold are the steps for which a missing prediction is worth saying.
func foretold(step string) bool {
	switch step {
	case incident.StepKeyDisable, incident.StepKeyDelete, incident.StepPolicyQuarantine, incident.StepKeyFence,
		"permissions.trim", "user.deactivate", "user.delete":
		return true
	}
	return false
}

// undoText says how a plan is taken back, or that it can't be.
func (p page) undoText(plan incident.Plan) string {
	switch {
	case plan.Undo != "" && (plan.Step == incident.StepKeyDelete || plan.Step == incident.StepUserDelete):
		return p.say("undo.bin", "step", p.titled(plan.Undo, p.userOf(plan)), "people", p.tierNeed(plan.Undo))
	case plan.Undo != "":
		return p.say("undo.by", "step", p.titled(plan.Undo, p.userOf(plan)), "people", p.tierNeed(plan.Undo))
	case incident.StepTier(plan.Step) == incident.Look:
		return p.say("undo.nothing")
	}
	return p.say("undo.none")
}
