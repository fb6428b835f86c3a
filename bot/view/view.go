// Package view turns the state of an incident into words: cards, timeline lines,
// plans in full, refusals. It is pure: the same [bot.Scene] gives the same words,
// and all words stand in the catalogs under locales. It knows no platform's
// dialect: it takes control and format characters out of foreign text, and
// leaves escaping to the platform that shows it.
package view

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/language"

	"twokey/bot"
	"twokey/incident"
)

//go:embed locales/*.yaml
var locales embed.FS

// languages lists the catalogs. The first is used when nothing fits.
var languages = []string{"en", "zh", "ja", "id"}

// View is a [bot.View] on the embedded catalogs.
type View struct {
	catalogs map[string]catalog
	matcher  language.Matcher
}

var _ bot.View = (*View)(nil)

// New reads the embedded catalogs. It fails only if one of them is not flat YAML.
func New() (*View, error) {
	v := &View{catalogs: make(map[string]catalog)}
	tags := make([]language.Tag, len(languages))
	for i, lang := range languages {
		b, err := fs.ReadFile(locales, "locales/"+lang+".yaml")
		if err != nil {
			return nil, fmt.Errorf("read catalog %s: %w", lang, err)
		}
		var c catalog
		if err := yaml.Load(b, &c, yaml.WithUniqueKeys()); err != nil {
			return nil, fmt.Errorf("parse catalog %s: %w", lang, err)
		}
		v.catalogs[lang], tags[i] = c, language.Make(lang)
	}
	v.matcher = language.NewMatcher(tags)
	return v, nil
}

// Languages lists the languages that there are catalogs for.
func (v *View) Languages() []string { return slices.Clone(languages) }

// Say is a sentence of the catalog with its blanks filled in. Blanks are cleaned
// of control characters. An id that no catalog has comes back as it is, so that
// it is seen.
func (v *View) Say(lang, id string, blanks map[string]string) string {
	pairs := make([]string, 0, 2*len(blanks))
	for name, value := range blanks {
		pairs = append(pairs, name, clean(value, maxWords))
	}
	return v.words(lang).say(id, pairs...)
}

// words picks the catalog that fits a BCP 47 tag best.
func (v *View) words(lang string) words {
	_, i := language.MatchStrings(v.matcher, lang)
	return words{lang: languages[i], texts: v.catalogs[languages[i]]}
}

// page is one scene in one language: what every part of the view reads.
type page struct {
	words
	bot.Scene
	st incident.State
}

func (v *View) page(s bot.Scene) page { return page{v.words(s.Lang), s, s.State} }
