package view

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"twokey/bot"
	"twokey/incident"
)

// A new key: who it is sealed for, whether it was fetched, and whether it has taken
// the old one's place.

// madeKey is what became of a step that created a key; empty if it is none.
func (p page) madeKey(pr incident.Proposal) string {
	if pr.Plan.Step != incident.StepKeyCreate || pr.Result == "" {
		return ""
	}
	key, user := clean(pr.Result, maxName), clean(pr.Plan.Target.User, maxName)
	switch pr.Code {
	case incident.CodeOrphan:
		return p.say("key.orphan", "key", key, "status", p.status(p.fact(pr.Result, incident.FactStatus)))
	case incident.CodeSeveral:
		return p.say("key.several", "keys", key)
	}
	return dots(p.say("key.made", "key", key, "user", user), p.handOver(pr))
}

// handOver is where the new key's secret is.
func (p page) handOver(pr incident.Proposal) string {
	name := p.name(pr.Plan.Receiver())
	way, where := pr.Plan.SealedFor()
	switch {
	case way == incident.SealKMS:
		return p.say("key.in_kms", "where", clean(where, maxPlace), "name", name)
	case pr.Sealed == "":
		return ""
	case !pr.Fetched.At.IsZero():
		return p.say("key.fetched", "who", p.fetcher(pr.Fetched), "at", p.clock(pr.Fetched.At))
	case !pr.LetGo.IsZero():
		return p.say("key.uncollected", "at", p.clock(pr.LetGo), "name", name)
	}
	return p.say("key.sealed", "name", name, "until", p.clock(pr.Finished.Add(incident.HandOverFor)))
}

// sealedAt is where in KMS the secret lies.
func (p page) sealedAt(pr incident.Proposal) string {
	_, where := pr.Plan.SealedFor()
	return clean(where, maxPlace)
}

// fetcher is who fetched a secret. Whoever used the API's token or the bot's file has
// no name here.
func (p page) fetcher(f incident.Fetch) string {
	switch {
	case f.By != incident.Bot:
		return p.name(f.By)
	case f.Way == incident.WayFile:
		return p.say("key.by_file")
	}
	return p.say("key.by_api")
}

// fact is the last observed value of a fact about any key.
func (p page) fact(key string, n incident.FactName) string {
	return p.st.Seen[incident.OfKey(incident.KeyID(key))][n].Value
}

// received is a line about a sealed secret that was fetched, or that nobody fetched.
func (p page) received(number int, f incident.Fetch, over bool) (string, bot.Tone) {
	pr, _ := p.st.Proposal(number)
	key := clean(pr.Result, maxName)
	if over {
		return p.say("line.uncollected", "key", key, "name", p.name(pr.Plan.Receiver())), bot.Alarm
	}
	return p.say("line.received", "key", key, "who", p.fetcher(f)), bot.Calm
}

// replacing are the steps for which it matters whether the new key has taken the old
// one's place.
var replacing = []string{"manual.replace_key", incident.StepKeyDisable, incident.StepKeyDelete}

// rotation says whether the old key fell silent and the new one is used, as far as
// the audit trail knows; nothing before there is a new key.
func (p page) rotation(step string) []bot.Field {
	key, ok := p.st.NewKey()
	pr, made := p.st.Made(key)
	if !ok || !made || pr.Orphaned() || !slices.Contains(replacing, step) {
		return nil
	}
	old, fresh := p.st.Seen[incident.OfKey(p.st.Key)], p.st.Seen[incident.OfKey(key)]
	used, asked := fresh[incident.FactLastUsed]
	var text string
	if !asked {
		text = p.say("rotation.new_unseen", "key", string(key))
	} else {
		from := addresses(fresh[incident.FactKnownIPs].Value)
		text = p.say("rotation.new_seen", "key", string(key), "at", p.moment(used.Value), "n", strconv.Itoa(len(from)))
		if known, ok := old[incident.FactKnownIPs]; ok {
			text = dots(text, p.say("rotation.same", "n", strconv.Itoa(len(common(from, addresses(known.Value))))))
		}
	}
	if last, ok := old[incident.FactLastUsed]; ok {
		text = dots(p.say("rotation.old", "at", p.moment(last.Value)), text)
	}
	asOf := fresh[incident.FactStatus].AsOf
	if asked {
		asOf = used.AsOf
	}
	if !asOf.IsZero() {
		text = dots(text, p.say("use.as_of", "at", p.clock(asOf)))
	}
	return []bot.Field{{Label: p.say("label.rotation"), Text: text}}
}

// moment is a time that a fact holds.
func (p page) moment(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return p.say("status.unknown")
	}
	return p.clock(t)
}

func addresses(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ","), func(ip string) bool { return ip == "" })
}

func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(x string) bool { return !slices.Contains(b, x) })
}
