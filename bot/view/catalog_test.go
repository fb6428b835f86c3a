package view_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"twokey/bot"
	"twokey/bot/console"
	"twokey/bot/dingtalk"
	"twokey/bot/lark"
	"twokey/bot/playbook"
	"twokey/bot/slack"
	"twokey/bot/view"
	"twokey/incident"
)

// catalogs are the files as they stand, read without the code under test.
func catalogs(t *testing.T) map[string]map[string]string {
	t.Helper()
	all := make(map[string]map[string]string)
	files, err := filepath.Glob("locales/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c map[string]string
		if err := yaml.Load(b, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = c
	}
	return all
}

// Every language has the same sentences with the same blanks.
func TestLanguagesSayTheSame(t *testing.T) {
	all := catalogs(t)
	if diff := cmp.Diff([]string{"en", "id", "ja", "zh"}, slices.Sorted(maps.Keys(all))); diff != "" {
		t.Fatal(diff)
	}
	for lang, c := range all {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(all["en"])), slices.Sorted(maps.Keys(c))); diff != "" {
			t.Errorf("%s (-en +%s):\n%s", lang, lang, diff)
		}
		for id, text := range c {
			if strings.TrimSpace(text) == "" && id != "list.sentence" {
				t.Errorf("%s: %s has no words", lang, id)
			}
			if diff := cmp.Diff(blanks(all["en"][id]), blanks(text)); diff != "" {
				t.Errorf("%s: %s has other blanks (-en +%s):\n%s", lang, id, lang, diff)
			}
		}
	}
}

var blank = regexp.MustCompile(`\{[a-z_]+\}`)

// blanks are the names in braces, each once: a language may say a name twice.
func blanks(text string) []string {
	return slices.Compact(slices.Sorted(slices.Values(blank.FindAllString(text, -1))))
}

// Sentences that are looked up by a name from elsewhere have words for each of
// those names, and the catalogs hold nothing that nobody says.
func TestCatalogsHoldWhatIsSaidAndNothingElse(t *testing.T) {
	said := literals(t, ".")
	maps.Copy(said, literals(t, "..")) // package bot asks for whole sentences
	wanted := slices.Concat(named(t), console.WordIDs, dingtalk.WordIDs, lark.WordIDs, slack.WordIDs)
	for _, id := range wanted {
		said[id] = true
	}
	en := catalogs(t)["en"]
	for id := range en {
		if !said[id] {
			t.Errorf("nobody says %s", id)
		}
	}
	for _, id := range wanted {
		if _, ok := en[id]; !ok {
			t.Errorf("no words for %s", id)
		}
	}
}

// named are the sentences whose ids are put together from a name.
func named(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, step := range playbook.Steps() {
		ids = append(ids, "step."+step+".title", "step."+step+".effect")
	}
	for _, code := range view.Codes {
		ids = append(ids, "code."+code)
	}
	for _, kind := range view.FindingKinds {
		ids = append(ids, "finding."+kind)
	}
	for _, spot := range view.BlindSpots {
		id := "blind." + strings.ReplaceAll(spot, " ", "_")
		if ids = append(ids, id); strings.HasSuffix(id, "_events") {
			ids = append(ids, id+".where")
		}
	}
	for _, r := range bot.Refusals() {
		ids = append(ids, "refusal."+string(r))
	}
	for typ, prefix := range map[string]string{
		"Refusal": "refusal.", "Tier": "tier.", "Task": "task.", "AlertKind": "alert.", "FactName": "fact.", "Question": "fact.",
	} {
		for _, value := range constants(t, "../../incident", typ) {
			ids = append(ids, prefix+value)
		}
	}
	for _, verdict := range constants(t, "..", "Verdict") {
		ids = append(ids, "said.report_"+verdict)
	}
	for _, verb := range []string{"answer", "take", "note", "approve", "decline", "withdraw"} {
		ids = append(ids, "said."+verb)
	}
	holds := []string{
		incident.HoldRestored, incident.HoldBehind, incident.HoldRestoredBehind, incident.HoldClock, incident.HoldForeign, incident.HoldBroken,
	}
	for _, why := range holds {
		ids = append(ids, "hold."+why)
	}
	for _, why := range []string{"edited", "gap", "reordered", "foreign", "missing", "unreadable", "tombstones"} {
		ids = append(ids, "damage."+why)
	}
	for _, value := range []string{incident.Yes, incident.No, incident.Unknown, incident.Free, incident.Full} {
		ids = append(ids, "fact.value."+value)
	}
	for _, what := range []string{
		"may_approve", "may_respond", "need", "window", "requester_counts", "cross_platform", "reason", "alone_after",
		"automation", "protected", "protected_roles", "playbook",
	} {
		ids = append(ids, "change."+what)
	}
	for _, room := range []string{console.Name, slack.Name, slack.Channels, lark.Name, lark.Groups, dingtalk.Name, dingtalk.Groups} {
		ids = append(ids, "room."+room)
	}
	return append(ids, "button.yes", "button.no")
}

// constants are the values of the constants of one type in a directory.
func constants(t *testing.T, dir, typ string) []string {
	t.Helper()
	var values []string
	each(t, dir, func(n ast.Node) {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typ {
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok {
					values = append(values, unquote(t, lit))
				}
			}
		}
	})
	if len(values) == 0 {
		t.Fatalf("no constants of type %s in %s", typ, dir)
	}
	return values
}

// literals are all string literals of the code in a directory.
func literals(t *testing.T, dir string) map[string]bool {
	t.Helper()
	found := make(map[string]bool)
	each(t, dir, func(n ast.Node) {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			found[unquote(t, lit)] = true
		}
	})
	return found
}

func each(t *testing.T, dir string, visit func(ast.Node)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(dir, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool { visit(n); return true })
	}
}

func unquote(t *testing.T, lit *ast.BasicLit) string {
	t.Helper()
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Package bot asks only for sentences that exist.
func TestTheBotAsksForSentencesThatExist(t *testing.T) {
	en := catalogs(t)["en"]
	id := regexp.MustCompile(`^(said|help|list|page)\.[a-z_]*[a-z]$`)
	for lit := range literals(t, "..") {
		if _, ok := en[lit]; id.MatchString(lit) && !ok {
			t.Errorf("package bot says %q, which no catalog has", lit)
		}
	}
}

// Languages are matched as people name them; what does not fit gets English.
func TestLanguagesAreMatched(t *testing.T) {
	v := words(t)
	for tag, want := range map[string]string{
		"": "en", "en-GB": "en", "zh-CN": "zh", "zh-Hans-SG": "zh", "ja-JP": "ja", "in": "id", "id-ID": "id",
		"xx": "en", "not a tag": "en",
	} {
		if got := v.Card(opened(t).scene(tag)).Lang; got != want {
			t.Errorf("%q is answered in %s, want %s", tag, got, want)
		}
	}
}
