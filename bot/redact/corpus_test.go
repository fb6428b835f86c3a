package redact_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"twokey/bot/redact"
)

type sample struct {
	ID     string
	Text   string
	Expect struct {
		Keys      []string `json:"access_key_ids"`
		Temporary []string `json:"temporary_ids"`
		Masked    []string `json:"masked_ids"`
		Secrets   []string
	}
}

// corpus is texts in the forms that were met: some made here, and the collected
// ones where they are at hand.
func corpus(t *testing.T) []sample {
	t.Helper()
	all := ownTexts()
	b, err := os.ReadFile(filepath.Join(samples(), "alerts", "text", "corpus.json"))
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("TWOKEY_SAMPLES") == "" {
		return all
	}
	var more []sample
	if err := errors.Join(err, json.Unmarshal(b, &more)); err != nil {
		t.Fatal(err)
	}
	return append(all, more...)
}

// samples is where collected samples are, if anywhere.
func samples() string {
	if dir := os.Getenv("TWOKEY_SAMPLES"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "..", "shared", "samples")
}

func ownTexts() []sample {
	r := source(40)
	id, old, s := key(r, 24), key(r, 16), secret(r)
	config := sample{ID: "config", Text: "provider \"alicloud\" {\n  access_key = \"" + id + "\"\n  secret_key = \"" + s + "\"\n}\n"}
	config.Expect.Keys, config.Expect.Secrets = []string{id}, []string{s}
	mail := sample{ID: "mail", Text: "<p>Key:&nbsp;<b>" + old + "</b><br>Secret:&nbsp;<b>" + s + "</b></p>"}
	mail.Expect.Keys, mail.Expect.Secrets = []string{old}, []string{s}
	ticket := sample{ID: "ticket", Text: "Tolong nonaktifkan " + old + "; yang satunya (" + id + ") masih dipakai, " + id[:8] + "**** juga"}
	ticket.Expect.Keys, ticket.Expect.Masked = []string{old, id}, []string{id[:8] + "****"}
	return []sample{config, mail, ticket}
}

func TestCorpus(t *testing.T) {
	for _, c := range corpus(t) {
		t.Run(c.ID, func(t *testing.T) {
			f, want := redact.IDs(c.Text), c.Expect
			got := [][]string{f.Keys, f.Temporary, f.Masked}
			if diff := cmp.Diff([][]string{want.Keys, want.Temporary, want.Masked}, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("ids: %s", diff)
			}
			clean, found := redact.Text(c.Text)
			if len(want.Secrets) > 0 && !found {
				t.Error("no secret was found")
			}
			for _, s := range want.Secrets {
				if strings.Contains(clean, s) {
					t.Error("a secret is left")
				}
			}
			for _, id := range append(append(want.Keys, want.Temporary...), want.Masked...) {
				if !strings.Contains(clean, id) {
					t.Errorf("id %s is gone", id)
				}
			}
		})
	}
}

// Samples of every source are searched as they are, byte by byte, for what must
// not survive them.
func TestSamplesAsText(t *testing.T) {
	dir := filepath.Join(samples(), "alerts")
	b, err := os.ReadFile(filepath.Join(dir, "EXPECTED.json"))
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("TWOKEY_SAMPLES") == "" {
		return // TestNoPlaceHidesASecret says the same of texts made here
	}
	var expected map[string]struct {
		Secrets []string `json:"secrets_that_must_not_survive"`
	}
	if err := errors.Join(err, json.Unmarshal(b, &expected)); err != nil {
		t.Fatal(err)
	}
	for name, want := range expected {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		clean, _ := redact.Text(string(b))
		for _, s := range want.Secrets {
			if len(s) >= 30 && strings.Contains(clean, s) { // shorter ones were cut: the allow-list's business
				t.Errorf("%s: a secret is left", name)
			}
		}
	}
}
