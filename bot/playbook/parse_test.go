package playbook_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/bot/playbook"
	"twokey/incident"
)

// file is a playbook with one row; its steps begin in line 5.
func file(steps string) string {
	return "name: mine\nrows:\n  - name: all\n    steps:\n" + steps
}

func TestParse(t *testing.T) {
	got, err := playbook.Parse("mine.yaml", []byte(`
name: mine
second_look: 90m
raise: {key.fence: disruptive, audit.events: look}
rows:
  - name: first
    when: {owner: ram, status: [Active, unknown], abuse: any}
    steps:
      - key.disable
      - {step: manual.page_the_on_call, guided: true}
      - step: key.delete
        needs: {status: Inactive}
        after: [manual.page_the_on_call, key.disable]
  - name: rest
    when: {}
    steps: [owner.ask]
`), incident.Steps())
	if err != nil {
		t.Fatal(err)
	}
	want := incident.Playbook{Name: "mine", SecondLook: 90 * time.Minute, Rows: []incident.Row{
		{
			Name: "first", When: incident.Conditions{"owner": {"ram"}, "status": {"Active", "unknown"}, "abuse": {"any"}},
			Steps: []incident.PlayStep{
				{Step: "key.disable"},
				{Step: "manual.page_the_on_call", Guided: true},
				{Step: "key.delete", Needs: incident.Conditions{"status": {"Inactive"}}, After: []string{"manual.page_the_on_call", "key.disable"}},
			},
		},
		{Name: "rest", When: incident.Conditions{}, Steps: []incident.PlayStep{{Step: "owner.ask"}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRaise(t *testing.T) {
	b := []byte(file("      - key.fence\n") + "raise: {key.fence: disruptive, fees.check: reversible}\n")
	got, err := playbook.Raise("mine.yaml", b, incident.Steps())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]incident.Tier{"key.fence": "disruptive", "fees.check": "reversible"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := playbook.Raise("mine.yaml", []byte("raise: {key.fence: look}"), incident.Steps()); err == nil {
		t.Error("a lowered tier passes")
	}
}

// Each message names the file, the line and the key.
func TestProblems(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"nothing", "", "p.yaml: no documents in stream"},
		{"two documents", file("      - owner.ask\n") + "---\nname: b\n", "p.yaml: expected single document, found multiple"},
		{"broken YAML", "name: [a\nrows: b\n", "p.yaml:2: did not find expected ',' or ']'"},
		{"a list", "- a\n", "p.yaml:1: is a list; it must be keys with values"},
		{"no rows", "name: a\n", "p.yaml:1: rows: is missing"},
		{"empty rows", "name: a\nrows: []\n", "p.yaml:2: rows: is empty"},
		{"rows without a value", "name: a\nrows:\n", "p.yaml:2: rows: is a single value; it must be a list"},
		{"unknown key", file("      - owner.ask\n") + "people: 1\n", "p.yaml:6: people: unknown key; one of name, second_look, raise, rows"},
		{"key twice", "name: a\nname: b\nrows: [{name: x, steps: [owner.ask]}]\n", "p.yaml:2: name: is there already, in line 1"},
		{"key of a step twice", file("      - step: owner.ask\n        step: fees.check\n"), "p.yaml:6: rows[0].steps[0].step: is there already, in line 5"},
		{"fact twice", "name: a\nrows:\n  - name: x\n    when:\n      owner: ram\n      owner: root\n    steps: [owner.ask]\n", "p.yaml:6: rows[0].when.owner: is there already, in line 5"},
		{"merge key", "name: a\n<<: {rows: []}\n", "p.yaml:1: rows: is missing\np.yaml:2: has a key that is not a plain word"},
		{"alias", "name: &n a\nrows:\n  - name: *n\n    steps: [owner.ask]\n", "p.yaml:3: rows[0].name: is an alias; it must be a single value"},
		{"row without name", "name: a\nrows:\n  - steps: [owner.ask]\n", "p.yaml:3: rows[0].name: is missing"},
		{"row without steps", "name: a\nrows:\n  - name: x\n", "p.yaml:3: rows[0].steps: is missing"},
		{"row with empty steps", "name: a\nrows:\n  - name: x\n    steps: []\n", "p.yaml:4: rows[0].steps: is empty"},
		{"row that is a word", "name: a\nrows:\n  - x\n", "p.yaml:3: rows[0]: is a single value; it must be keys with values"},
		{"row names twice", "name: a\nrows:\n  - {name: x, when: {owner: ram}, steps: [owner.ask]}\n  - {name: x, steps: [owner.ask]}\n", `p.yaml:4: rows[1].name: "x" is the name of the row in line 3`},
		{"row never reached", "name: a\nrows:\n  - {name: x, when: {owner: any}, steps: [owner.ask]}\n  - {name: y, steps: [owner.ask]}\n", `p.yaml:4: rows[1]: is never reached: the row "x" always holds`},
		{"unknown fact", "name: a\nrows:\n  - name: x\n    when: {colour: red}\n    steps: [owner.ask]\n", "p.yaml:4: rows[0].when.colour: no fact is called so"},
		{"unknown value", "name: a\nrows:\n  - name: x\n    when: {abuse: true}\n    steps: [owner.ask]\n", `p.yaml:4: rows[0].when.abuse: "true" is no value of this fact; any or one of yes, no, unknown`},
		{"no value", "name: a\nrows:\n  - name: x\n    when: {abuse: }\n    steps: [owner.ask]\n", "p.yaml:4: rows[0].when.abuse: is empty"},
		{"no values", "name: a\nrows:\n  - name: x\n    when: {abuse: []}\n    steps: [owner.ask]\n", "p.yaml:4: rows[0].when.abuse: is empty"},
		{"value twice", "name: a\nrows:\n  - name: x\n    when: {abuse: [yes, yes]}\n    steps: [owner.ask]\n", `p.yaml:4: rows[0].when.abuse: "yes" is there already`},
		{"unknown value in needs", file("      - owner.ask\n      - {step: fees.check, needs: {slot: empty}}\n"), `p.yaml:6: rows[0].steps[1].needs.slot: "empty" is no value of this fact; any or one of free, full, unknown`},
		{"unknown step", file("      - key.disabel\n"), `p.yaml:5: rows[0].steps[0].step: no step is called "key.disabel"`},
		{"unknown guided step", file("      - {step: root.dance, guided: true}\n"), `p.yaml:5: rows[0].steps[0].step: no step is called "root.dance"`},
		{"badly named manual step", file("      - {step: manual.<b>, guided: true}\n"), `p.yaml:5: rows[0].steps[0].step: no step is called "manual.<b>"`},
		{"unknown step before", file("      - {step: owner.ask, after: key.disabel}\n"), `p.yaml:5: rows[0].steps[0].after: no step is called "key.disabel"`},
		{"after itself", file("      - {step: owner.ask, after: owner.ask}\n"), "p.yaml:5: rows[0].steps[0].after: owner.ask can't come after itself"},
		{"after a later one", file("      - {step: owner.ask, after: fees.check}\n      - fees.check\n"), "p.yaml:5: rows[0].steps: owner.ask waits for fees.check, which stands below it"},
		{"step twice", file("      - owner.ask\n      - owner.ask\n"), "p.yaml:6: rows[0].steps: owner.ask is there already"},
		{"empty step", file("      -\n"), "p.yaml:5: rows[0].steps[0]: is empty"},
		{"step without name", file("      - {after: owner.ask}\n"), "p.yaml:5: rows[0].steps[0].step: is missing"},
		{"step that is a list", file("      - [owner.ask]\n"), "p.yaml:5: rows[0].steps[0]: is a list; it must be keys with values"},
		{"guided is a word", file("      - {step: root.mfa, guided: sure}\n"), `p.yaml:5: rows[0].steps[0].guided: "sure" is neither true nor false…`},

		{"root without people", file("      - root.mfa\n"), "p.yaml:5: rows[0].steps[0].guided: must be true: only people can do root.mfa"},
		{"a word instead of a look", file("      - {step: key.disable, guided: true}\n"), "p.yaml:5: rows[0].steps[0].guided: can't be true: key.disable is done and read back, a word is not enough"},
		{"shorter second look", file("      - owner.ask\n") + "second_look: 59m\n", "p.yaml:6: second_look: 59m0s is less than 1h0m0s, and a playbook can't lower it"},
		{"no second look", file("      - owner.ask\n") + "second_look: soon\n", `p.yaml:6: second_look: "soon" is not a duration such as 1h or 90m`},
		{"deleting an Active key", file("      - key.delete\n"), "p.yaml:5: rows[0].steps[0].needs: key.delete needs status: Inactive"},
		{"deleting in any state", file("      - {step: key.delete, needs: {status: [Inactive, any]}}\n"), "p.yaml:5: rows[0].steps[0].needs: key.delete needs status: Inactive"},
		{"detaching early", file("      - {step: policy.detach, after: policy.quarantine}\n"), "p.yaml:5: rows[0].steps[0].after: policy.detach must come after key.delete"},
		{"lower tier", file("      - owner.ask\n") + "raise:\n  key.delete: disruptive\n", "p.yaml:7: raise.key.delete: disruptive is lower than destructive, and a playbook can't lower it"},
		{"lower tier of a guided step", file("      - owner.ask\n") + "raise:\n  root.mfa: look\n", "p.yaml:7: raise.root.mfa: look is lower than destructive, and a playbook can't lower it"},
		{"no tier", file("      - owner.ask\n") + "raise:\n  key.fence: high\n", `p.yaml:7: raise.key.fence: "high" is no tier; one of look, reversible, disruptive, destructive`},
		{"tier of no step", file("      - owner.ask\n") + "raise:\n  key.fance: destructive\n", "p.yaml:7: raise.key.fance: no step is called so"},
		{"tier of a step", file("      - {step: key.delete, tier: look, needs: {status: Inactive}}\n"), "p.yaml:5: rows[0].steps[0].tier: unknown key; one of step, needs, after, guided"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := playbook.Parse("p.yaml", []byte(c.file), incident.Steps())
			if err == nil {
				t.Fatal("no error")
			}
			want, more := strings.CutSuffix(c.want, "…")
			if got := err.Error(); got != want && (!more || !strings.HasPrefix(got, want)) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Everything is reported at once, in the order of the file.
func TestAllProblemsTogether(t *testing.T) {
	b, err := playbook.Parse("p.yaml", []byte(`nam: a
second_look: 1s
rows:
  - name: x
    when: {owner: me, wind: north}
    steps:
      - key.disabel
      - key.delete
raise: {key.delete: look}
`), incident.Steps())
	var lines []int
	for _, e := range problems(err) {
		lines = append(lines, e.Line)
	}
	if diff := cmp.Diff([]int{1, 1, 2, 5, 5, 7, 8, 9}, lines); diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if len(b.Rows) != 0 {
		t.Error("part of a bad playbook is returned")
	}
}

func problems(err error) []*playbook.Problem {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var all []*playbook.Problem
	for _, e := range joined.Unwrap() {
		if p, ok := errors.AsType[*playbook.Problem](e); ok {
			all = append(all, p)
		}
	}
	return all
}

// Known steps are those of the catalog: a step that has no action is refused.
func TestOnlyKnownSteps(t *testing.T) {
	_, err := playbook.Parse("p.yaml", []byte(file("      - key.disable\n      - fees.check\n")), []string{"key.disable"})
	if want := `p.yaml:6: rows[0].steps[1].step: no step is called "fees.check"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(file("      - {step: key.delete, needs: {status: Inactive}, after: [key.disable]}\n"))
	f.Add("name: a\nsecond_look: 2h\nraise: {key.fence: destructive}\nrows:\n- {name: b, when: {owner: [ram, any]}, steps: [owner.ask]}\n")
	f.Add("a: &a [*a]\n? [x]\n: !!binary y\n<<: *a\n")
	place := regexp.MustCompile(`^f(:[1-9][0-9]*)?: .`)
	f.Fuzz(func(t *testing.T, s string) {
		b, err := playbook.Parse("f", []byte(s), incident.Steps())
		if err != nil {
			all := problems(err)
			if len(all) == 0 {
				t.Fatalf("not a list of problems: %v", err)
			}
			for _, p := range all {
				if !place.MatchString(p.Error()) {
					t.Fatalf("no place: %q", p.Error())
				}
			}
			return
		}
		if b.Name == "" || b.SecondLook < playbook.MinSecondLook || len(b.Rows) == 0 {
			t.Fatalf("passes: %+v", b)
		}
		for _, row := range b.Rows {
			for _, p := range row.Steps {
				if err := sound(p); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// sound says again, in other words, what a step that passes must be.
func sound(p incident.PlayStep) error {
	tiered := slices.Contains(incident.Steps(), p.Step)
	switch {
	case tiered == p.Guided:
		return fmt.Errorf("%s: guided %v", p.Step, p.Guided)
	case p.Step == "key.delete" && (len(p.Needs["status"]) != 1 || p.Needs["status"][0] != "Inactive"):
		return fmt.Errorf("%s: needs %v", p.Step, p.Needs)
	case p.Step == "policy.detach" && !slices.Contains(p.After, "key.delete"):
		return fmt.Errorf("%s: after %v", p.Step, p.After)
	}
	return nil
}
