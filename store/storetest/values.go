package storetest

import (
	"bytes"

	"github.com/google/go-cmp/cmp"

	"twokey/store"
)

func valueClaims() []claim {
	return []claim{
		{"keeps, changes and erases side values", keepsValues},
		{"lists the values under a prefix and no others, sorted", listsValues},
		{"gives out copies of values", givesCopies},
	}
}

// value demands a body; nil: there is none.
func (w two) value(key string, want []byte) {
	w.Helper()
	got, ok, err := w.b.Value(w.Context(), key)
	if err != nil || ok != (want != nil) || !bytes.Equal(got, want) {
		w.Errorf("Value %q = %q, %v, %v; want %q", key, got, ok, err, want)
	}
}

func values(vs ...store.Value) store.Batch { return store.Batch{Values: vs} }

func keepsValues(w two) {
	w.value("k", nil)
	w.value("", nil)
	w.append(values(store.Value{Key: "k", Body: []byte("one")}, store.Value{Key: "empty", Body: []byte{}}))
	w.value("k", []byte("one"))
	w.value("empty", []byte{})
	w.value("", nil)
	large := bytes.Repeat([]byte{0, 255, '\n'}, 100_000)
	w.append(values(store.Value{Key: "k", Body: []byte("two")}, store.Value{Key: "k", Body: large}))
	w.value("k", large)
	w.append(values(store.Value{Key: "k"}, store.Value{Key: "never there"}, store.Value{Key: "empty"}))
	w.value("k", nil)
	w.value("empty", nil)
	w.append(values(store.Value{Key: "k", Body: []byte("three")}, store.Value{Key: "k"}))
	w.value("k", nil)
}

func listsValues(w two) {
	all := []store.Value{
		{Key: "A", Body: []byte("upper case sorts first")},
		{Key: "text", Body: []byte("1")},
		{Key: "text/inc-1/a", Body: []byte("2")},
		{Key: "text/inc-1/b", Body: []byte{}},
		{Key: "text/inc-10/a", Body: []byte("4")},
		{Key: "text0", Body: []byte("5")},
		{Key: "text\U0010ffff", Body: []byte("6")},
		{Key: "text\U0010ffff\U0010ffff", Body: []byte("7")},
		{Key: "texu", Body: []byte("8")},
	}
	for i := range all {
		w.append(values(all[len(all)-1-i]))
	}
	for prefix, want := range map[string][]store.Value{
		"":               all,
		"text":           all[1:8],
		"text/":          all[2:5],
		"text/inc-1/":    all[2:4],
		"text/inc-1":     all[2:5],
		"text\U0010ffff": all[6:8],
		"texu":           all[8:],
		"texv":           nil,
		"text/inc-1/c":   nil,
	} {
		got, err := w.b.Values(w.Context(), prefix)
		if err != nil {
			w.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.Errorf("Values %q (-want +got):\n%s", prefix, diff)
		}
	}
}

func givesCopies(w two) {
	body := []byte("kept")
	large := store.Value{Key: "large", Body: make([]byte, 100_000)} // small ones may be copies by chance
	w.append(values(store.Value{Key: "k", Body: body}, large))
	copy(body, "gone")
	w.value("k", []byte("kept"))
	got, _, err := w.b.Value(w.Context(), "k")
	if err != nil {
		w.Fatal(err)
	}
	copy(got, "gone")
	all, err := w.b.Values(w.Context(), "k")
	if err != nil {
		w.Fatal(err)
	}
	copy(all[0].Body, "gone")
	w.value("k", []byte("kept"))
}
