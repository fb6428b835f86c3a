package room_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"twokey/bot/room"
)

// letters is a sheet on which each letter is a part.
func letters(most, longest int) *room.Sheet[string] {
	return &room.Sheet[string]{Most: most, Longest: longest, Measure: func(part []string) (count, size int) {
		for _, text := range part {
			size += len(text)
		}
		return len(part), size
	}}
}

func TestASheetNeverHoldsTooMuchAndCountsTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := letters(rapid.IntRange(0, 9).Draw(t, "most"), rapid.IntRange(0, 20).Draw(t, "longest"))
		var folded []string
		left := 0
		// what is shown of a list is its beginning, part by part
		put := func(where *[]string, parts [][]string) {
			s.Each(where, parts)
			for i := range len(parts) + 1 {
				if slices.Equal(slices.Concat(parts[:i]...), *where) {
					left += len(parts) - i
					return
				}
			}
			t.Fatalf("%q of %q", *where, parts)
		}
		list := rapid.SliceOf(rapid.SliceOfN(rapid.StringN(1, 4, 4), 1, 3))
		if !s.End([]string{"foot"}) {
			left++
		}
		put(&s.Body, list.Draw(t, "body"))
		put(&folded, list.Draw(t, "folded"))
		if count, size := s.Measure(slices.Concat(s.Body, folded, s.Foot)); count > s.Most || size > s.Longest {
			t.Fatalf("%d of %d, %d of %d", count, s.Most, size, s.Longest)
		}
		if s.Left != left {
			t.Fatalf("%d are left out, and %d are missing", s.Left, left)
		}
	})
}

func TestTheFootHasItsRoomFirst(t *testing.T) {
	s := letters(2, 10)
	s.End([]string{"foot"})
	if !s.Add([]string{"one"}) || s.Add([]string{"two"}) || s.Left != 1 || len(s.Foot) != 1 {
		t.Errorf("%+v", s)
	}
}
