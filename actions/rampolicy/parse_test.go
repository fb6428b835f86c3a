package rampolicy_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/actions/rampolicy"
)

const denyRAM = `{"Version":"1","Statement":[{"Effect":"Deny","Action":["ram:CreateUser","ram:CreateAccessKey"],"Resource":"*"}]}`

func TestParseKeepsWhatTheDocumentSays(t *testing.T) {
	got, err := rampolicy.Parse([]byte(denyRAM))
	if err != nil {
		t.Fatal(err)
	}
	want := rampolicy.Document{Version: "1", Statements: []rampolicy.Statement{{
		Effect: rampolicy.Deny, Actions: []string{"ram:CreateUser", "ram:CreateAccessKey"}, Resources: []string{"*"},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestParseRefusesWhatRAMRefuses(t *testing.T) {
	with := func(old, replacement string) string { return strings.Replace(denyRAM, old, replacement, 1) }
	for _, row := range []struct {
		name, source, text string
		want               error
	}{
		{"Indonesian effect", "seed document 000, step 1 (id): Tolak", with("Deny", "Tolak"), rampolicy.ErrEffect},
		{"effect in lower case", "RAM docs: Policy structure and syntax", with("Deny", "deny"), rampolicy.ErrEffect},
		{"no effect", "RAM docs: Policy structure and syntax", with(`"Effect":"Deny",`, ""), rampolicy.ErrEffect},
		{"effect null", "RAM docs: Policy structure and syntax", with(`"Deny"`, "null"), rampolicy.ErrEffect},
		{"version 2", "RAM docs: Policy structure and syntax", with(`"1"`, `"2"`), rampolicy.ErrVersion},
		{"version as a number", "RAM docs: values are texts", with(`"1"`, `1`), rampolicy.ErrVersion},
		{"no version", "RAM docs: Policy structure and syntax", with(`"Version":"1",`, ""), rampolicy.ErrVersion},
		{"version in lower case", "RAM docs: Policy structure and syntax", with("Version", "version"), rampolicy.ErrUnknown},
		{"no statement", "RAM docs: CreatePolicy", `{"Version":"1"}`, rampolicy.ErrStatement},
		{"empty list", "RAM docs: CreatePolicy", `{"Version":"1","Statement":[]}`, rampolicy.ErrStatement},
		{"statement null", "RAM docs: CreatePolicy", `{"Version":"1","Statement":null}`, rampolicy.ErrStatement},
		{"statement in list null", "RAM docs: CreatePolicy", `{"Version":"1","Statement":[null]}`, rampolicy.ErrStatement},
		{"unknown at the top", "RAM docs: Policy structure and syntax", with(`"Version"`, `"Id":"x","Version"`), rampolicy.ErrUnknown},
		{"unknown in a statement", "RAM docs: Policy structure and syntax", with(`"Effect"`, `"Sid":"x","Effect"`), rampolicy.ErrUnknown},
		{"principal", "RAM docs: Policy overview", with(`"Effect"`, `"Principal":"*","Effect"`), rampolicy.ErrPrincipal},
		{"no action", "RAM docs: Policy structure and syntax", `{"Version":"1","Statement":{"Effect":"Deny","Resource":"*"}}`, rampolicy.ErrAction},
		{"both actions", "RAM docs: (Action | NotAction)", with(`"Effect"`, `"NotAction":"*","Effect"`), rampolicy.ErrAction},
		{"empty action list", "RAM docs: Policy structure and syntax", `{"Version":"1","Statement":{"Effect":"Deny","Action":[],"Resource":"*"}}`, rampolicy.ErrAction},
		{"null among actions", "RAM docs: Policy structure and syntax", with(`"ram:CreateUser"`, "null"), rampolicy.ErrAction},
		{"no resource", "RAM docs: Policy structure and syntax", with(`,"Resource":"*"`, ""), rampolicy.ErrResource},
		{"both resources", "RAM docs: (Resource | NotResource)", with(`"Effect"`, `"NotResource":"*","Effect"`), rampolicy.ErrResource},
		{"condition as text", "RAM docs: Policy structure and syntax", with(`"Effect"`, `"Condition":"x","Effect"`), rampolicy.ErrCondition},
		{"effect given twice", "two readers, two meanings", with(`"Effect"`, `"Effect":"Allow","Effect"`), rampolicy.ErrRepeated},
		{"twice inside a condition", "two readers, two meanings", with(`"Effect"`, `"Condition":{"Bool":{"a":"1","a":"2"}},"Effect"`), rampolicy.ErrRepeated},
		{"two documents", "RAM docs: one JSON document", denyRAM + denyRAM, rampolicy.ErrJSON},
		{"a list", "RAM docs: one JSON document", `[` + denyRAM + `]`, rampolicy.ErrJSON},
		{"null", "RAM docs: one JSON document", `null`, rampolicy.ErrJSON},
		{"empty", "RAM docs: one JSON document", ``, rampolicy.ErrJSON},
		{"not UTF-8", "RFC 8259", with("CreateUser", "\xff"), rampolicy.ErrJSON},
		{"too long", "our own bound", denyRAM + strings.Repeat(" ", rampolicy.MaxBytes), rampolicy.ErrTooLong},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := rampolicy.Parse([]byte(row.text)); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v (%s)", err, row.want, row.source)
			}
		})
	}
}

func TestARefusedEffectIsNamedWithItsPlaceAndReason(t *testing.T) {
	_, err := rampolicy.Parse([]byte(strings.Replace(denyRAM, "Deny", "Tolak", 1)))
	for _, part := range []string{"statement 1", `"Tolak"`, `"Deny"`, "never translated"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %s", err, part)
		}
	}
}

func TestEqualDocumentsHaveOneHash(t *testing.T) {
	same := []string{
		`{"Version":"1","Statement":[{"Effect":"Deny","Action":["b:X","a:Y"],"Resource":"*","Condition":{"Bool":{"y":"1","x":"<2>"}}}]}`,
		`{"Statement": {"Resource":["*"], "Action":["a:Y","b:X","b:X"], "Condition":{"Bool":{"x":"<2>","y":"1"}},"Effect":"Deny"}, "Version":"1"}`,
	}
	a, b := parse(t, same[0]), parse(t, same[1])
	if a.Hash() != b.Hash() {
		t.Errorf("%s\n%s", a.Canonical(), b.Canonical())
	}
	for _, change := range [][2]string{{"Deny", "Allow"}, {"a:Y", "a:Z"}, {`"*"`, `"acs:a:*:*:*"`}, {"<2>", "<3>"}, {`"Action"`, `"NotAction"`}} {
		other := parse(t, strings.Replace(same[0], change[0], change[1], 1))
		if other.Hash() == a.Hash() {
			t.Errorf("%s -> %s kept the hash", change[0], change[1])
		}
	}
	if !bytes.Contains(a.Canonical(), []byte("<2>")) {
		t.Errorf("escaped: %s", a.Canonical())
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(denyRAM))
	f.Add([]byte(`{"Version":"1","Statement":{"Effect":"Allow","NotAction":"*","NotResource":["a","\u2028"],"Condition":{"B":{"n":1.0}}}}`))
	f.Add([]byte(strings.Replace(denyRAM, "Deny", "Tolak", 1)))
	f.Add([]byte(`{"Version":"1","Version":"1"`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := rampolicy.Parse(text)
		if err != nil {
			return
		}
		canonical := d.Canonical()
		again, err := rampolicy.Parse(canonical)
		if len(canonical) > rampolicy.MaxBytes {
			return
		}
		if err != nil {
			t.Fatalf("canonical form refused: %v\n%s", err, canonical)
		}
		if !bytes.Equal(again.Canonical(), canonical) || again.Hash() != d.Hash() {
			t.Fatalf("not stable:\n%s\n%s", canonical, again.Canonical())
		}
		for _, docs := range [][]rampolicy.Document{{d}, {again}} {
			rampolicy.Evaluate(docs, "ecs:RunInstances", "acs:ecs:cn-hangzhou:1:instance/i-1")
		}
		rampolicy.Lint(d, 2048)
	})
}

func parse(t *testing.T, text string) rampolicy.Document {
	t.Helper()
	d, err := rampolicy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}
