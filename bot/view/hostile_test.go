package view_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"twokey/incident"
)

// hostile is what strangers write into titles, paths and names.
const hostile = "<!channel> \x1b[31mred\x1b[0m \u202edrawkcab\u2066 a\u200bb \x00\x07 [x](javascript:1)\r\n\u2028{user} \U000E0041"

// Foreign text loses its control and format characters and is cut; what a
// platform reads as mark-up is left to the platform; a blank in it stays text.
func TestForeignTextIsInert(t *testing.T) {
	s := newStory(t)
	text := incident.AlertText{Places: []incident.Place{{Repo: hostile, Path: strings.Repeat(hostile, 50), Commit: hostile}}}
	a := s.alert(leaked(), text)
	a.Type = hostile
	s.do(incident.Bot, incident.Open{Alert: a}).owned().do(ana, incident.Note{Text: s.text(hostile)})
	s.sees(map[incident.FactName]string{incident.FactLastIP: hostile, incident.FactLastService: hostile})
	s.do(incident.Bot, incident.Propose{Plan: s.plan("key.disable", "key.enable")})
	p, _ := s.state.Proposal(1)
	s.do(bo, incident.Decline{Number: 1, Digest: p.Digest, Reason: s.text(hostile)})
	v := words(t)
	scene := s.scene("en")
	scene.Names = map[incident.Person]string{bo: hostile}
	all := append(texts(reflect.ValueOf(v.Card(scene))), texts(reflect.ValueOf(v.Plan(scene, 1)))...)
	all = append(all, v.Say("en", "said.merged", map[string]string{"incident": hostile}))
	for _, r := range s.records {
		if l, ok := v.Line(scene, r); ok {
			all = append(all, l.Text, l.Who)
		}
	}
	for _, text := range all {
		checkInert(t, text)
	}
	if !slices.ContainsFunc(all, func(text string) bool { return strings.Contains(text, "<!channel>") }) {
		t.Error("foreign text was not shown at all")
	}
}

type failer interface{ Errorf(string, ...any) }

func checkInert(t failer, text string) {
	for _, r := range text {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) {
			t.Errorf("%q holds %U", text, r)
			return
		}
	}
	if strings.Contains(text, "[31m") || utf8.RuneCountInString(text) > 600 {
		t.Errorf("%q keeps an escape sequence or is too long", text)
	}
}

// Whatever is filled into a sentence comes out inert.
func TestAnyTextIsInert(t *testing.T) {
	v := words(t)
	rapid.Check(t, func(t *rapid.T) {
		foreign := rapid.String().Draw(t, "foreign") + string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		said := v.Say("en", "said.merged", map[string]string{"incident": foreign})
		checkInert(t, said)
		if !utf8.ValidString(said) {
			t.Errorf("%q is not UTF-8", said)
		}
	})
}
