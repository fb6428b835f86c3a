package lark_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/lark/larktest"
	"twokey/bot/view"
	"twokey/incident"
)

var update = flag.Bool("update", false, "write the golden files")

// TestCardsLookAsTheyDid compares what Lark is sent with what people have looked at: the
// card of an incident that waits for votes, in each language.
func TestCardsLookAsTheyDid(t *testing.T) {
	words, err := view.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range words.Languages() {
		t.Run(lang, func(t *testing.T) {
			o := newOffice(t, true)
			o.posted(t, words.Card(waiting(lang)))
			all := o.Cards()
			var out bytes.Buffer
			if err := json.Indent(&out, []byte(all[len(all)-1]), "", "  "); err != nil {
				t.Fatal(err)
			}
			golden(t, "card."+lang+".json", append(bytes.ReplaceAll(out.Bytes(), []byte(keyID), []byte("KEYID")), '\n'))
			if found := larktest.CheckCard(out.Bytes()); len(found) > 0 {
				t.Error(found)
			}
		})
	}
}

// keyID is shaped like one.
const keyID = "LTAI" + "5tTESTTESTTEST01"

// waiting is an incident with a plan that two people have to agree to.
func waiting(lang string) bot.Scene {
	plan := incident.Plan{Step: incident.StepKeyDisable, Target: incident.Target{Account: "prod", User: "ci-deploy", UserID: "u1", Key: keyID}}
	s := incident.State{
		ID: "inc-1", Seq: 3, Opened: opened, At: opened, Key: keyID, Head: "9f2c41d07be3a855",
		Proposals: []incident.Proposal{{
			Number: 1, Plan: plan, By: chattest.Ana, Digest: "9f2c41d0aaaa", Tier: incident.Disruptive, Need: 2, Status: incident.StatusWaiting, At: opened,
			Votes: []incident.Vote{{By: chattest.Ana, At: opened.Add(time.Minute), Until: opened.Add(31 * time.Minute)}},
		}},
	}
	rules := chattest.Rules()
	return bot.Scene{
		State: s, Rules: rules, Lang: lang, Now: opened.Add(2 * time.Minute),
		Names: map[incident.Person]string{chattest.Ana: "Ana", chattest.Bo: "Bo", chattest.Chen: "Chen"},
		Steps: []string{incident.StepKeyDisable, incident.StepPolicyQuarantine},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
