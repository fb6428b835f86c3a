package view

import (
	"slices"
	"strconv"

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
	used := notices
	for _, r := range p.rows() {
		step, place := p.stand(r)
		switch {
		case place == nowhere:
		case place == pinned, place == onTop && (used < screen || len(now) == 0):
			now = append(now, step)
			used += room(step)
		default:
			folded = append(folded, step)
		}
	}
	once(now)
	if !p.works() {
		return nil, history(append(now, folded...))
	}
	return now, folded
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
	latest := make(map[string]*incident.Proposal)
	for i := range p.st.Proposals {
		if pr := &p.st.Proposals[i]; pr.Status != incident.StatusSuperseded {
			latest[pr.Plan.Step] = pr
		}
	}
	var rows []row
	if !p.st.FalseAlarm {
		for _, n := range p.Rules.Playbook.Next(p.st) {
			rows = append(rows, row{&n, latest[n.Step]})
			delete(latest, n.Step)
		}
	}
	for i := range p.st.Proposals {
		if pr := &p.st.Proposals[i]; latest[pr.Plan.Step] == pr {
			rows = append(rows, row{nil, pr})
		}
	}
	return rows
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
		return p.unplanned(*r.next)
	}
	pr := *r.plan
	step := p.step(pr)
	switch pr.Status {
	case incident.StatusReady, incident.StatusRunning:
		return step, pinned
	case incident.StatusWaiting:
		if p.st.FalseAlarm && pr.Plan.Undoes == 0 {
			return step, below
		}
		if p.touched(pr) || pr.Plan.Step == incident.StepKeyDisable && !p.st.Contained() {
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
	case pr.Confirmed() || pr.UndoneBy != 0:
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
	title := p.titleOf(plan.Step)
	if plan.Undoes != 0 {
		return p.say("step.undoing", "step", title, "plan", strconv.Itoa(plan.Undoes))
	}
	return title
}

// titleOf is a step's name in words. A playbook may bring manual steps of its
// own: those go by their name.
func (p page) titleOf(step string) string {
	id := "step." + step + ".title"
	if !p.has(id) {
		return p.say("step.manual.title", "step", clean(step, maxName))
	}
	return p.say(id, "user", p.user())
}

func (p page) user() string {
	if u := clean(p.st.KeyFact(incident.FactUser), maxName); u != "" {
		return u
	}
	return p.say("user.unnamed")
}

// effectOf is what a step does and whom it hits.
func (p page) effectOf(step string) string {
	id := "step." + step + ".effect"
	if !p.has(id) {
		return p.say("step.manual.effect")
	}
	return p.say(id, "user", p.user())
}

// effect is what a plan does and what it is known to break.
func (p page) effect(pr incident.Proposal) string {
	return p.prose(p.effectOf(pr.Plan.Step), p.breaks(pr))
}

// maxBreaks is how many known uses a card names before it only counts them.
const maxBreaks = 3

// breaks is the predicted effect on what is known to use the key.
func (p page) breaks(pr incident.Proposal) string {
	i := pr.Plan.Impact
	switch {
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
	case plan.Undo != "" && plan.Step == incident.StepKeyDelete:
		return p.say("undo.bin", "step", p.titleOf(plan.Undo), "people", p.tierNeed(plan.Undo))
	case plan.Undo != "":
		return p.say("undo.by", "step", p.titleOf(plan.Undo), "people", p.tierNeed(plan.Undo))
	case incident.StepTier(plan.Step) == incident.Look:
		return p.say("undo.nothing")
	}
	return p.say("undo.none")
}
