package console

import "time"

// accountView is the pretend account with its calls sorted out.
type accountView struct {
	speech
	Pretend
	Mark            string
	Attack          bool
	Holders         []holderView
	Thief, Others   []callView
	Passed, Refused int // of the thief's calls
}

type holderView struct {
	speech
	User
	Keys []keyView
}

type keyView struct {
	speech
	Key
	Limit string // when it leaves the recycle bin
}

type callView struct {
	speech
	Call
	Clock, Stamp string
}

// shownCalls bounds each list of calls.
const shownCalls = 12

func accountOf(words speech, p Pretend, zone *time.Location) *accountView {
	v := &accountView{speech: words, Pretend: p}
	for _, u := range p.Users {
		h := holderView{speech: words, User: u}
		for _, k := range u.Keys {
			kv := keyView{speech: words, Key: k}
			if k.InBin && !k.Until.IsZero() {
				kv.Limit = k.Until.In(zone).Format("2006-01-02 15:04")
			}
			h.Keys = append(h.Keys, kv)
		}
		v.Holders = append(v.Holders, h)
	}
	for _, call := range p.Calls {
		cv := callView{words, call, call.At.In(zone).Format(time.TimeOnly), call.At.UTC().Format(time.RFC3339)}
		switch {
		case !call.Thief:
			v.Others = append(v.Others, cv)
			continue
		case call.Allowed:
			v.Passed++
		default:
			v.Refused++
		}
		v.Thief = append(v.Thief, cv)
	}
	v.Thief, v.Others = v.Thief[:min(len(v.Thief), shownCalls)], v.Others[:min(len(v.Others), shownCalls)]
	return v
}
