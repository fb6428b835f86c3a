package console_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/bot/console"
	"twokey/bot/console/consoletest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What differs at every start: marks, and names made from them.
var volatile = regexp.MustCompile(`[0-9a-f]{32}|b-[0-9a-f]{16}|[A-Z2-7]{26}`)

func TestACardLooksAsItDid(t *testing.T) {
	r := deaf(t, console.Config{Words: func(_, id string, blanks map[string]string) string { return id + blanks["number"] + blanks["count"] }})
	ref := r.post(t, "inc-7", moment3())
	for _, line := range story() {
		if err := r.Reply(t.Context(), ref, line); err != nil {
			t.Fatal(err)
		}
	}
	body := pageOf(t, r.as(t, "ana"))
	card := body[strings.Index(body, "<article"):strings.Index(body, "</article>")]
	got := strings.ReplaceAll(volatile.ReplaceAllString(card, "…"), keyID, "KEYID") + "</article>\n"
	const file = "testdata/card.golden.html"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the card differs; look, then run with -update (-want +got):\n%s", diff)
	}
}

// A card is read in an order: what is so, what to do now, then the rest.
func TestACardKeepsItsOrder(t *testing.T) {
	r := deaf(t, console.Config{})
	c := moment5()
	ref := r.post(t, "inc-7", c)
	if err := r.Reply(t.Context(), ref, story()[4]); err != nil {
		t.Fatal(err)
	}
	got := consoletest.Text(pageOf(t, r.as(t, "ana")))
	at := 0
	for _, want := range []string{
		"inc-7 · Leaked AccessKey", "NOT CONTAINED", "DRILL", "Whose", "In use?", "NOT CONFIRMED", "I did it, look again",
		"Do now", "Disable the key", "waiting for 1 more", "Breaks: whatever", "Ana approved 02:54 (counts", "Quarantine ci-deploy", "Fence the key",
		"Can ci-deploy be given a new key now?", "All steps (4)", "Delete the key", "Take command", "False alarm", "02:54:12", "approves plan 2", "record 9f2c",
	} {
		i := strings.Index(got[at:], want)
		if i < 0 {
			t.Fatalf("%q is missing or stands too early", want)
		}
		at += i
	}
}
