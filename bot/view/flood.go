package view

import (
	"strconv"

	"twokey/bot"
	"twokey/incident"
)

// Flood is the message that stands for cards held back: how many, from where, and
// how to see them all the same.
func (v *View) Flood(f bot.Flood) bot.Card {
	w := v.words(f.Lang)
	p := page{words: w}
	p.st.Opened = f.Began // the day that needs no date
	var sources, newest []string
	for _, s := range f.Sources {
		name := clean(s.Name, maxName)
		if name == "" {
			name = w.say("flood.others")
		}
		sources = append(sources, name+" "+strconv.Itoa(s.Count))
	}
	for _, id := range f.Newest {
		newest = append(newest, string(id))
	}
	c := bot.Card{
		Incident: incident.System, Lang: w.lang, Tone: bot.Warn, At: f.Last,
		Title: w.say("flood.title", "n", strconv.Itoa(f.Held)),
		Fields: []bot.Field{
			{Label: w.say("label.sources"), Text: dots(sources...)},
			{Label: w.say("label.newest"), Text: dots(newest...)},
			{Label: w.say("label.when"), Text: w.say("flood.when", "began", p.clock(f.Began), "last", p.clock(f.Last))},
		},
		Notices: []bot.Notice{{Tone: bot.Plain, Text: w.say("flood.why")}},
	}
	if len(newest) > 0 {
		c.Notices = append(c.Notices, bot.Notice{Tone: bot.Plain, Text: w.say("flood.how", "incident", newest[0])})
	}
	if f.Drill {
		c.Drill = w.say("card.drill")
	}
	return c
}
