package incident_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"twokey/incident"
)

// id is made at test time, so that no scanner takes this file for a leak.
var id = "LTAI" + "5tAbCdEfGh" + "0123456789"

func TestWhatFitsAMask(t *testing.T) {
	for _, row := range []struct {
		mask, key string
		tells     bool
		fits      bool
	}{
		{"LTAI5tAb****6789", id, true, true},
		{"LTAI5tAb*6789", id, true, true},
		{"LTAI5tAb" + strings.Repeat("*", 26) + "6789", id, true, true},
		{"LTAI5tAbCdEf**", id, true, true},
		{"LTAI**23456789", id, true, true},
		{"LTAI5tAb****678", id, false, false},       // seven are too few
		{"LTAI5t****Xk9Q", id, false, false},        // so are six
		{"5tAbCdEf****6789", id, false, false},      // no beginning
		{"LT****" + id[4:], id, false, false},       //
		{id, id, false, false},                      // hides nothing
		{"LTAI5tAb**Ef**6789", id, false, false},    // no source hides like that
		{"LTAI5tAb** **6789", id, false, false},     //
		{"LTAI5tАb****6789", id, false, false},      // a Cyrillic letter
		{"LTAI5tAb****6789\n", id, false, false},    //
		{"LTAI5tAb****6789", id + "0", true, false}, //
		{"LTAI5tAb****6789", strings.ToUpper(id), true, false},
		{"LTAI5tAb****6789", "LTAI" + "5tAb" + "6789", true, false}, // nothing between
		{"LTAI5tAbCd**bCd6789", "LTAI" + "5tAbCd6789", true, false}, // the ends would overlap
		{"LTAI5tAb****6789", "STS." + id[4:], true, false},
		{"LTAI5tAb****6789", id[:10] + " @all " + id[10:], true, false},
		{"", "", false, false},
	} {
		m := incident.Mask(row.mask)
		if m.Tells() != row.tells || m.Fits(incident.KeyID(row.key)) != row.fits {
			t.Errorf("%q and %q: tells %v, fits %v; want %v, %v", row.mask, row.key, m.Tells(), m.Fits(incident.KeyID(row.key)), row.tells, row.fits)
		}
	}
}

// A mask fits the key that it was made of, and no key of which a shown character is
// another.
func TestAMaskFitsWhatItWasMadeOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := "LTAI" + rapid.StringMatching(`[A-Za-z0-9]{12,26}`).Draw(t, "key")
		from := rapid.IntRange(4, len(key)-1).Draw(t, "from")
		to := rapid.IntRange(from+1, len(key)).Draw(t, "to")
		stars := rapid.IntRange(1, 30).Draw(t, "stars")
		m := incident.Mask(key[:from] + strings.Repeat("*", stars) + key[to:])
		enough := from-4+len(key)-to >= 8
		if m.Tells() != enough || m.Fits(incident.KeyID(key)) != enough {
			t.Fatalf("%s and %s: tells %v, fits %v, want %v", m, key, m.Tells(), m.Fits(incident.KeyID(key)), enough)
		}
		at := rapid.IntRange(0, len(key)-1).Draw(t, "at")
		other := []byte(key)
		other[at] = '_'
		if m.Fits(incident.KeyID(other)) {
			t.Fatalf("%s fits %s", m, other)
		}
	})
}

// masked is a look-up whose alert shows that of the key.
func masked(t *testing.T, mask string) *history {
	h := fresh(t)
	a := alert("scans", "")
	a.Kind, a.KeyMask = incident.KindLookup, mask
	h.must(incident.Bot, incident.Open{Alert: a})
	return h
}

func TestWhatFitsIsEvidenceAndNoKey(t *testing.T) {
	h := masked(t, "LTAI5tAb****6789")
	if _, known := h.state().Fit(); known {
		t.Error("known before anybody looked")
	}
	sees := func(keys ...incident.KeyID) {
		h.sees(incident.OfMask(h.state().Mask()), incident.FitOf(keys, h.clock).Facts())
	}
	other := incident.KeyID(id[:12] + "x" + id[13:])
	for _, row := range []struct {
		keys []incident.KeyID
		n    int
		only incident.KeyID
	}{
		{nil, 0, ""},
		{[]incident.KeyID{incident.KeyID(id)}, 1, incident.KeyID(id)},
		{[]incident.KeyID{incident.KeyID(id), other}, 2, ""},
		{[]incident.KeyID{other, other}, 1, other}, // two accounts name the same one
	} {
		sees(row.keys...)
		fit, known := h.state().Fit()
		if !known || fit.Keys != row.n || fit.Only != row.only {
			t.Errorf("%v: %+v %v", row.keys, fit, known)
		}
	}
	sees(key) // whatever is written down: it does not fit
	if fit, _ := h.state().Fit(); fit.Only != "" {
		t.Errorf("%s does not fit", fit.Only)
	}
	sees(other)
	if s := h.state(); !s.Lookup() || s.KeyTyped {
		t.Error("evidence entered a key")
	}
	h.refused(incident.NoKeyYet, "rio", incident.Propose{Plan: disable})
	h.refused(incident.NotAllowed, incident.Bot, incident.EnterKey{Key: other})
	h.must("rio", incident.EnterKey{Key: other})
	if s := h.state(); s.Key != other || !s.KeyTyped || s.Mask() != "" {
		t.Errorf("key %q, typed %v, mask %q", s.Key, s.KeyTyped, s.Mask())
	}
}

func TestTheMaskIsTheFirstThatTellsEnough(t *testing.T) {
	h := masked(t, "LTAI5t****Xk9Q")
	if m := h.state().Mask(); m != "" {
		t.Errorf("%q tells too little", m)
	}
	for _, mask := range []string{"LTAI5tAb****6789", "LTAI5tXy****6789"} {
		a := alert("scans", "")
		a.Kind, a.KeyMask = incident.KindLookup, mask
		h.must(incident.Bot, incident.Hear{Alert: a})
	}
	if m := h.state().Mask(); m != "LTAI5tAb****6789" {
		t.Errorf("the mask is %q", m)
	}
}
