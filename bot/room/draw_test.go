package room_test

import (
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"twokey/bot"
	"twokey/bot/room"
)

func TestSignsStandBesideWords(t *testing.T) {
	for tone, want := range map[bot.Tone]string{
		bot.Alarm: "🔴 text", bot.Warn: "🟠 text", bot.Calm: "🟢 text", bot.Plain: "text", bot.Strong: "text", "": "text",
	} {
		if got := room.Signed(tone, "text"); got != want {
			t.Errorf("%s: %q", tone, got)
		}
	}
	if got := room.Title(bot.Card{Tone: bot.Alarm, Drill: "DRILL", Title: "inc-1"}); got != "🔴 DRILL inc-1" {
		t.Errorf("a drill: %q", got)
	}
	if got := room.Title(bot.Card{Title: "inc-1"}); got != "inc-1" {
		t.Errorf("no drill: %q", got)
	}
	if a, b := room.Said(bot.Line{Who: "Ana", Text: "approved"}), room.Said(bot.Line{Text: "it holds"}); a != "Ana: approved" || b != "it holds" {
		t.Errorf("%q, %q", a, b)
	}
}

func TestACutTextFitsAndShowsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, most := rapid.String().Draw(t, "text"), rapid.IntRange(-2, 20).Draw(t, "most")
		long := utf8.RuneCountInString(text)
		got := room.Cut(text, most)
		switch n := utf8.RuneCountInString(got); {
		case long <= most && got != text:
			t.Fatalf("%q became %q", text, got)
		case long > most && n != max(most, 0):
			t.Fatalf("%q is %d characters long", got, n)
		case long > most && n > 0 && got != string([]rune(text)[:n-1])+"…":
			t.Fatalf("%q was cut to %q", text, got)
		}
	})
}

func TestTwoStoresCardsAreNotTheSame(t *testing.T) {
	here, there := bot.Card{Incident: "inc-1", Opened: start}, bot.Card{Incident: "inc-1", Opened: start.Add(time.Second)}
	if room.Mark("k", here) == room.Mark("k", there) || room.Mark("k", here) == room.Mark("l", here) {
		t.Error("two cards have one mark")
	}
	later := here
	later.At, later.Title = start.Add(time.Hour), "changed"
	if room.Mark("k", here) != room.Mark("k", later) {
		t.Error("a card that moved on has another mark")
	}
	if room.Mark("k", bot.Card{At: start}) != room.Mark("k", here) {
		t.Error("a card that was never opened goes by its last record")
	}
}

func TestARefIsReadAsItWasWritten(t *testing.T) {
	for _, c := range [][2]string{{"C1", "170.01"}, {"C1", ""}, {"", "om_1"}, {"twokey-c-1", "a/b"}} {
		if where, what := room.Split(room.Ref(c[0], c[1])); where != c[0] || what != c[1] {
			t.Errorf("%q became %q and %q", c, where, what)
		}
	}
	if where, what := room.Split("C1"); where != "C1" || what != "" {
		t.Errorf("half a ref: %q, %q", where, what)
	}
}
