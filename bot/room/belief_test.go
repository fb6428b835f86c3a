package room_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"twokey/bot/room"
)

func TestAnAnswerIsBelievedWhileItIsFresh(t *testing.T) {
	now, asked := start, 0
	b := room.NewBeliefs[string, int](func() time.Time { return now })
	ask := func(who string) int {
		v, err := b.Ask(who, func() (int, error) { asked++; return asked, nil })
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, who := range []string{"ana", "ana", "bo"} {
		if got, want := ask(who), map[string]int{"ana": 1, "bo": 2}[who]; got != want {
			t.Errorf("%s: answer %d, want %d", who, got, want)
		}
	}
	now = now.Add(room.Fresh - 1)
	if ask("ana") != 1 {
		t.Error("it was forgotten early")
	}
	now = now.Add(1)
	if ask("ana") != 3 {
		t.Error("an old answer is believed")
	}
	if b.Hold("ana", 9); ask("ana") != 9 {
		t.Error("what was told is not believed")
	}
}

func TestNoErrorIsBelieved(t *testing.T) {
	b := room.NewBeliefs[string, int](func() time.Time { return start })
	lost := errors.New("lost")
	if _, err := b.Ask("ana", func() (int, error) { return 1, lost }); !errors.Is(err, lost) {
		t.Fatal(err)
	}
	if v, err := b.Ask("ana", func() (int, error) { return 2, nil }); v != 2 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestNoTableGrowsForEver(t *testing.T) {
	b := room.NewBeliefs[int, int](func() time.Time { return start })
	var told room.Told
	for i := range room.Kept {
		b.Hold(i, i)
		told.Set(strconv.Itoa(i), "x")
	}
	known := func(i int) bool {
		v, _ := b.Ask(i, func() (int, error) { return -1, nil })
		return v == i
	}
	if !known(0) || !told.Is("0", "x") {
		t.Error("forgotten although there was room")
	}
	b.Hold(room.Kept, room.Kept)
	told.Set("more", "x")
	if known(0) || !known(room.Kept) || told.Is("0", "x") || !told.Is("more", "x") {
		t.Error("a full table forgets nothing, or what it was just given")
	}
}

func TestAFixedAnswerIsAskedForUntilThereIsOne(t *testing.T) {
	var f room.Fixed[string]
	lost := errors.New("lost")
	for i, c := range []struct {
		answer string
		err    error
		want   string
	}{{"half", lost, ""}, {"", nil, ""}, {"U1", nil, "U1"}, {"U2", nil, "U1"}, {"", lost, "U1"}} {
		got, err := f.Ask(func() (string, error) { return c.answer, c.err })
		if got != c.want || i == 0 && !errors.Is(err, lost) || i > 0 && err != nil {
			t.Errorf("%d: %q, %v, want %q", i, got, err, c.want)
		}
	}
}

func TestTheSameIsNotToldTwice(t *testing.T) {
	var told room.Told
	if told.Is("C1", "") {
		t.Error("something was told where nothing was")
	}
	told.Set("C1", "calm")
	if !told.Is("C1", "calm") || told.Is("C1", "alarm") || told.Is("C2", "calm") {
		t.Error("not what was told")
	}
	if told.Set("C1", "alarm"); told.Is("C1", "calm") {
		t.Error("what was told before counts still")
	}
}
