package console_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/bot/console"
)

func TestWordIDsAreThoseThatAreUsed(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Glob("assets/*.html")
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`"(console\.[a-z_.]+)"`)
	file := regexp.MustCompile(`\.(js|css)$`)
	used := map[string]bool{}
	for _, name := range append(sources, templates...) {
		if name == "words.go" || filepath.Ext(name) == ".go" && regexp.MustCompile(`_test\.go$`).MatchString(name) {
			continue
		}
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range id.FindAllStringSubmatch(string(body), -1) {
			if !file.MatchString(m[1]) {
				used[m[1]] = true
			}
		}
	}
	var want []string
	for name := range used {
		want = append(want, name)
	}
	slices.Sort(want)
	got := slices.Sorted(slices.Values(console.WordIDs))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("WordIDs differ from what the page uses (-used +listed):\n%s", diff)
	}
}

func TestEveryLanguageHasThePagesWords(t *testing.T) {
	say := words(t)
	for _, lang := range []string{"en", "zh", "ja", "id"} {
		for _, id := range console.WordIDs {
			if say(lang, id, nil) == id {
				t.Errorf("%s lacks %s", lang, id)
			}
		}
	}
}
