package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store"
)

func findClaims() []claim {
	return []claim{
		{"finds by key, by user, by time and what is open, alone and together, newest first", findsByAll},
		{"finds an incident where it is, not where it was", findsMoved},
		{"finds page after page, each incident once", findsPages},
		{"finds a hundred unless told otherwise", findsHundred},
		{"orders by when incidents were opened, then by number", findsInOrder},
		{"never finds one name by another that begins alike", findsExactly},
	}
}

func (w two) find(q store.Query) []incident.Index {
	w.Helper()
	found, err := w.b.Find(w.Context(), q)
	if err != nil {
		w.Fatalf("Find %+v: %v", q, err)
	}
	return found
}

// finds demands what a query finds, by their numbers.
func (w two) finds(q store.Query, want ...uint64) {
	w.Helper()
	var got []uint64
	for _, e := range w.find(q) {
		got = append(got, e.Incident.Number())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("Find %+v (-want +got):\n%s", q, diff)
	}
}

// index lists incident n, opened n hours after t0.
func index(n uint64, key incident.KeyID, account, user string, open bool) incident.Index {
	return incident.Index{
		Incident: incident.NewID(n), Key: key, Account: account, UserID: user, Open: open,
		Opened: in(time.Duration(n) * hour), //nolint:gosec // small
	}
}

func findsByAll(w two) {
	entries := []incident.Index{
		index(1, "key-1", "prod", "u1", false),
		index(2, "key-1", "prod", "u1", true),
		index(3, "key-2", "prod", "u1", true),
		index(4, "key-3", "prod", "u2", false),
		index(5, "key-4", "test", "u1", true),
		index(6, "", "", "", true), // only a look-up is possible
	}
	w.append(store.Batch{Index: entries})
	slices.Reverse(entries)
	if diff := cmp.Diff(entries, w.find(store.Query{})); diff != "" {
		w.Errorf("Find all (-want +got):\n%s", diff)
	}
	w.finds(store.Query{Open: true}, 6, 5, 3, 2)
	w.finds(store.Query{Key: "key-1"}, 2, 1)
	w.finds(store.Query{Key: "key-1", Open: true}, 2)
	w.finds(store.Query{Key: "key-9"})
	w.finds(store.Query{Account: "prod", UserID: "u1"}, 3, 2, 1)
	w.finds(store.Query{Account: "prod", UserID: "u1", Open: true}, 3, 2)
	w.finds(store.Query{Account: "test", UserID: "u1"}, 5)
	w.finds(store.Query{Account: "test", UserID: "u2"})
	w.finds(store.Query{Account: "prod"}, 4, 3, 2, 1)
	w.finds(store.Query{UserID: "u1"}, 5, 3, 2, 1)
	w.finds(store.Query{Key: "key-1", Account: "test", UserID: "u1"})
	w.finds(store.Query{Since: in(3 * hour)}, 6, 5, 4, 3)
	w.finds(store.Query{Since: in(3*hour + 1)}, 6, 5, 4)
	w.finds(store.Query{Until: in(3 * hour)}, 2, 1)
	w.finds(store.Query{Until: in(3*hour + 1)}, 3, 2, 1)
	w.finds(store.Query{Since: in(2 * hour), Until: in(5 * hour)}, 4, 3, 2)
	w.finds(store.Query{Since: in(2 * hour), Until: in(5 * hour), Open: true}, 3, 2)
	w.finds(store.Query{Since: in(2 * hour), Key: "key-1"}, 2)
	w.finds(store.Query{Until: in(2 * hour), Key: "key-1"}, 1)
	w.finds(store.Query{Since: in(9 * hour)})
	w.finds(store.Query{Limit: 2}, 6, 5)
	w.finds(store.Query{Limit: 1, Until: in(4 * hour), Open: true}, 3)
	w.finds(store.Query{Before: "inc-3"}, 2, 1)
	w.finds(store.Query{Before: "inc-4", Open: true}, 3, 2)
	w.finds(store.Query{Before: "inc-5", Until: in(3 * hour)}, 2, 1)
	w.finds(store.Query{Before: "inc-2", Until: in(5 * hour)}, 1)
	w.finds(store.Query{Before: "inc-1"})
	w.finds(store.Query{Before: "inc-99"})
}

func findsMoved(w two) {
	w.append(store.Batch{Index: []incident.Index{index(1, "", "", "", true), index(2, "key-2", "prod", "u2", true)}})
	w.append(store.Batch{Index: []incident.Index{index(1, "key-1", "prod", "u1", true)}})
	w.finds(store.Query{Key: "key-1"}, 1)
	w.finds(store.Query{Account: "prod", UserID: "u1"}, 1)
	w.append(store.Batch{Index: []incident.Index{index(1, "key-9", "prod", "u9", true), index(1, "key-8", "test", "u1", false)}})
	w.finds(store.Query{Key: "key-1"})
	w.finds(store.Query{Key: "key-9"})
	w.finds(store.Query{Account: "prod", UserID: "u1"})
	w.finds(store.Query{Account: "prod", UserID: "u9"})
	w.finds(store.Query{Key: "key-8"}, 1)
	w.finds(store.Query{Account: "test", UserID: "u1"}, 1)
	w.finds(store.Query{Open: true}, 2)
	w.finds(store.Query{}, 2, 1)
}

func findsPages(w two) {
	const n = 700 // more than fit on any page of a file
	var b store.Batch
	var want []uint64
	for i := uint64(n); i >= 1; i-- {
		b.Index = append(b.Index, index(i, incident.KeyID(fmt.Sprintf("key-%d", i%3)), "prod", "u", i%5 != 0))
		if i%5 != 0 && i%3 == 1 {
			want = append(want, i)
		}
	}
	w.append(b)
	var got []uint64
	q := store.Query{Key: "key-1", Open: true, Limit: 17}
	for range n {
		page := w.find(q)
		for _, e := range page {
			got = append(got, e.Incident.Number())
		}
		if len(page) < q.Limit {
			break
		}
		q.Before = page[len(page)-1].Incident
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("all pages together (-want +got):\n%s", diff)
	}
}

func findsHundred(w two) {
	var b store.Batch
	for i := range uint64(150) {
		b.Index = append(b.Index, index(i+1, "key-1", "prod", "u", true))
	}
	w.append(b)
	for _, q := range []store.Query{{}, {Open: true}, {Key: "key-1"}} {
		if found := w.find(q); len(found) != 100 || found[0].Incident != "inc-150" {
			w.Errorf("Find %+v: %d found", q, len(found))
		}
	}
	if found := w.find(store.Query{Limit: 140}); len(found) != 140 {
		w.Errorf("%d found, want 140", len(found))
	}
}

func findsInOrder(w two) {
	var b store.Batch
	for _, n := range []uint64{2, 100, 9, 10, 11, 1} {
		e := index(n, "key-1", "prod", "u", true)
		e.Opened = t0()
		b.Index = append(b.Index, e)
	}
	late := index(3, "key-1", "prod", "u", true) // a clock that went backwards
	late.Opened = in(time.Microsecond)
	w.append(store.Batch{Index: append(b.Index, late)})
	w.finds(store.Query{}, 3, 100, 11, 10, 9, 2, 1)
	w.finds(store.Query{Key: "key-1", Before: "inc-11"}, 10, 9, 2, 1)
	w.finds(store.Query{Open: true, Before: "inc-3", Limit: 2}, 100, 11)
}

func findsExactly(w two) {
	w.append(store.Batch{Index: []incident.Index{
		index(1, "key-1", "prod", "u1", true), index(2, "key-10", "prod", "u10", true), index(3, "key", "pro", "du1", true),
	}})
	w.finds(store.Query{Key: "key-1"}, 1)
	w.finds(store.Query{Key: "key-10"}, 2)
	w.finds(store.Query{Key: "key"}, 3)
	w.finds(store.Query{Account: "prod", UserID: "u1"}, 1)
	w.finds(store.Query{Account: "prod", UserID: "u10"}, 2)
	w.finds(store.Query{Account: "pro", UserID: "du1"}, 3)
	w.finds(store.Query{Account: "prodx", UserID: "u"})
}
