package main

import (
	"testing"
	"time"

	"twokey/bot/console/consoletest"
)

// How long it takes is told, not judged: the machine decides.
func TestHowSoonTheDemoShowsWhatToDo(t *testing.T) {
	began := time.Now()
	d := runDemo(t, t.TempDir())
	p := &persona{url: d.url, reader: consoletest.Open(d.url)}
	if err := p.sees(t.Context(), "Leaked AccessKey"); err != nil {
		t.Fatal(err)
	}
	card := time.Since(began)
	if err := p.sees(t.Context(), "RAM user ci-deploy, account prod · key Active · owner Ana", "last call"); err != nil {
		t.Fatal(err)
	}
	owner := time.Since(began)
	if _, err := p.form(t.Context(), "Disable the key"); err != nil {
		t.Fatal(err)
	}
	t.Logf("from the start of the demo: card %s, owner and last use %s, steps to press %s",
		card.Round(time.Millisecond), owner.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
}
