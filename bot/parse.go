package bot

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"twokey/incident"
)

// request is what somebody wants, whether pressed or typed.
type request struct {
	verb     string
	incident incident.ID
	plan     string // number or beginning of a digest, as typed
	number   int    // of a button's plan
	digest   incident.Digest
	arg      string // a step, a question, a key, or text
	of       string // what a step is about, if not the incident's own key and user
	params   map[string]string
	value    string // an answer
	reason   string
}

// because separates a reason from the rest, in the words of each language. Those
// that are written without blanks need none before them.
var because = regexp.MustCompile(`(?i)(?:(?:^|\s)(?:because|karena)\b|因为|なぜなら|理由[:\x{ff1a}])[\s:\x{ff1a}]*`)

var incidentName = regexp.MustCompile(`^inc-[1-9][0-9]*$`)

// parse reads a typed command. Full-width characters count as their ASCII forms
// in the command's own words, as people type them on Lark and DingTalk; never
// in key ids, where a look-alike must not pass.
func parse(typed string) (request, error) {
	verb, rest := cutWord(typed)
	r := request{verb: strings.ToLower(halfWidth(verb))}
	if r.verb != "note" && r.verb != "report" {
		if at := because.FindStringIndex(rest); at != nil {
			rest, r.reason = rest[:at[0]], strings.TrimSpace(rest[at[1]:])
		}
	}
	words := strings.Fields(rest)
	if n := len(words); n > 0 && r.verb != "report" {
		if last := halfWidth(words[n-1]); incidentName.MatchString(last) {
			r.incident, words = incident.ID(last), words[:n-1]
		}
	}
	return r.fill(words)
}

// cutWord splits off the first word. Any blank ends it, also a full-width one.
func cutWord(typed string) (word, rest string) {
	typed = strings.TrimSpace(typed)
	if at := strings.IndexFunc(typed, unicode.IsSpace); at >= 0 {
		return typed[:at], strings.TrimSpace(typed[at:])
	}
	return typed, ""
}

// fill gives each verb the words it takes.
func (r request) fill(words []string) (request, error) {
	rest := strings.Join(words, " ")
	switch r.verb {
	case "show":
		if rest == "" {
			return r, nil
		}
		r.verb = "plan"
		return r.named(rest)
	case "help", "list", "steps", "take", "receive", "false_alarm", "close", "go", "look":
		if rest != "" {
			return r, NoSuchCommand
		}
	case "report", "note", "key":
		if r.arg = rest; rest == "" {
			return r, NoSuchCommand
		}
	case "do":
		return r.step(words)
	case "approve", "decline", "withdraw", "undo":
		return r.named(rest)
	case "answer":
		if len(words) != 2 {
			return r, incident.BadAnswer
		}
		r.arg, r.value = halfWidth(words[0]), strings.ToLower(halfWidth(words[1]))
	case "":
		r.verb = "help"
	default:
		return r, NoSuchCommand
	}
	return r, nil
}

// stepParams are the parameters of a step that people may name.
var stepParams = []string{"policies", "groups", "role"}

// step reads a step, what it is about, and its parameters:
// "permissions.trim policies=Custom:a,System:b", "user.delete inc-7 of eve".
func (r request) step(words []string) (request, error) {
	if len(words) == 0 {
		return r, NoSuchCommand
	}
	r.arg = strings.ToLower(halfWidth(words[0]))
	for rest := words[1:]; len(rest) > 0; rest = rest[1:] {
		name, value, named := strings.Cut(halfWidth(rest[0]), "=")
		switch {
		case named && slices.Contains(stepParams, name) && value != "":
			if r.params == nil {
				r.params = make(map[string]string)
			}
			r.params[name] = value
		case name == "of" && len(rest) > 1 && r.of == "":
			r.of, rest = halfWidth(rest[1]), rest[1:]
		case incidentName.MatchString(name) && r.incident == "":
			r.incident = incident.ID(name)
		default:
			return r, NoSuchCommand
		}
	}
	return r, nil
}

// named reads the name of a plan: "2", "inc-7/2", or the beginning of a digest.
func (r request) named(plan string) (request, error) {
	r.plan = halfWidth(plan)
	if id, number, ok := strings.Cut(r.plan, "/"); ok {
		r.incident, r.plan = incident.ID(id), number
	}
	if r.plan == "" {
		return r, incident.NoSuchPlan
	}
	return r, nil
}

// pressed turns a button into the same request as its text command.
func pressed(p Press) (request, error) {
	r := request{incident: p.Incident, number: p.Number, digest: p.Digest, reason: p.Reason, verb: string(p.Act)}
	switch p.Act {
	case ActApprove, ActDecline:
		if p.Digest == "" {
			return r, incident.OtherPlan // a yes or no is to what was shown
		}
	case ActWithdraw, ActUndo, ActTake, ActFalse, ActClose, ActSteps, ActLook:
	case ActShow:
		r.verb = "plan"
	case ActReport, ActKey:
		r.arg = p.Value
	case ActDo:
		return r.step(strings.Fields(p.Value))
	case ActAnswer:
		question, value, ok := strings.Cut(p.Value, "=")
		if !ok {
			return r, incident.BadAnswer
		}
		r.arg, r.value = question, value
	default:
		return r, NoSuchCommand
	}
	return r, nil
}

// find returns the plan that a request is about. Typed numbers and digests name
// a plan whose digest is then the one voted on: a plan never changes.
func (r request) find(s incident.State) (incident.Proposal, error) {
	if r.plan == "" {
		p, ok := s.Proposal(r.number)
		switch {
		case !ok:
			return p, incident.NoSuchPlan
		case r.digest != "" && r.digest != p.Digest:
			return p, incident.OtherPlan
		}
		return p, nil
	}
	if p, ok := s.ByDigest(strings.ToLower(r.plan)); ok {
		return p, nil
	}
	if n, err := strconv.Atoi(r.plan); err == nil {
		if p, ok := s.Proposal(n); ok {
			return p, nil
		}
	}
	return incident.Proposal{}, incident.NoSuchPlan
}

// halfWidth turns full-width ASCII into ASCII.
func halfWidth(s string) string {
	return strings.Map(func(c rune) rune {
		const first, last, shift = '！', '～', '！' - '!'
		switch {
		case c >= first && c <= last:
			return c - shift
		case c == '\u3000':
			return ' '
		}
		return c
	}, s)
}
