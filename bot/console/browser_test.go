package console_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"twokey/bot"
	"twokey/bot/console"
)

// by is the form in the room that does an act to a plan.
func by(act bot.Act, number string) string {
	return `#room form:has(> [name=act][value=` + string(act) + `]):has(> [name=number][value="` + number + `"])`
}

const (
	asking  = `document.querySelector("dialog[open]")`
	answers = `document.querySelector("#answers").innerText`
	theRoom = `document.querySelector("#room").innerText`
)

func TestInABrowserADangerousButtonAsksAndThenCounts(t *testing.T) {
	b := browse(t)
	r := open(t, console.Config{Account: pretend}, func(in bot.Input) bot.Answer {
		return bot.Answer{Text: "Counted, " + in.From.User + ".", OK: true}
	})
	ref := r.post(t, "inc-7", moment2())
	b.visit(r.url)
	b.become("bo")
	b.become("ana")
	b.click(by(bot.ActApprove, "2") + ` > button`)
	b.sees(asking+`.innerText.includes("stops the thief")`, `document.activeElement.matches("dialog[open] [data-close]")`) // No, until it is meant
	if len(r.inputs) != 0 {
		t.Fatal("the click counted before it was confirmed")
	}
	b.click(`dialog[open] [name=confirmed]`)
	b.sees(answers+`.includes("Counted, ana.")`, `!`+asking)
	in := <-r.inputs
	if in.From.User != "ana" || in.Button == nil || in.Button.Act != bot.ActApprove || in.Button.Digest != digest("9f2c41d0") {
		t.Errorf("handed over: %+v %+v", in.From, in.Button)
	}
	if err := r.Update(t.Context(), ref, moment3()); err != nil {
		t.Fatal(err)
	}
	b.sees(theRoom + `.includes("Ana approved 02:54")`)
	if err := r.Reply(t.Context(), ref, story()[4]); err != nil {
		t.Fatal(err)
	}
	b.sees(`document.querySelector("#room [role=log]").innerText.includes("approves plan 2")`)
}

func TestInABrowserAReplayKeepsItsIDAndADoubleClickIsSentOnce(t *testing.T) {
	b := browse(t)
	r := open(t, console.Config{}, nil)
	r.post(t, "inc-7", moment2())
	b.visit(r.url)
	form := `document.querySelector('` + by(bot.ActApprove, "3") + `')`
	b.eval(`(async () => {
		const body = new URLSearchParams(new FormData(` + form + `));
		for (let i = 0; i < 2; i++) await fetch(` + form + `.action, {method: "POST", body, headers: {Accept: "application/json"}});
	})()`)
	if first, replay := <-r.inputs, <-r.inputs; first.ID != replay.ID {
		t.Errorf("the replay is a click of its own: %s, %s", first.ID, replay.ID)
	}
	turn := form + `.elements.turn.value`
	b.sees(turn + ` === "1"`)
	b.eval(`{ const b = ` + form + `.querySelector("button"); b.click(); b.click(); }`)
	b.sees(turn + ` === "2"`)
	if n := len(r.inputs); n != 1 {
		t.Errorf("a double click was sent %d times", n)
	}
}

func TestInABrowserAReasonIsAskedFor(t *testing.T) {
	b := browse(t)
	r := open(t, console.Config{}, func(bot.Input) bot.Answer { return bot.Answer{Text: "Noted.", OK: true} })
	r.post(t, "inc-7", moment2())
	b.visit(r.url)
	b.click(by(bot.ActFalse, "0") + ` > button`)
	b.sees(`document.activeElement.matches("dialog[open] textarea")`)
	b.keys("   ")
	b.click(`dialog[open] [name=confirmed]`)
	b.sees(`document.querySelector("dialog[open] textarea:invalid")`, `document.activeElement.matches("dialog[open] textarea")`)
	b.keys("a test key of ours")
	b.click(`dialog[open] [name=confirmed]`)
	b.sees(answers + `.includes("Noted.")`)
	if in := <-r.inputs; in.Button.Reason != "a test key of ours" || len(r.inputs) != 0 {
		t.Errorf("reason %q, and %d more clicks", in.Button.Reason, len(r.inputs))
	}
}

// Everything that happens while somebody reads must leave their hands alone.
func TestInABrowserWhatIsOpenStaysOpenWhenTheRoomMoves(t *testing.T) {
	b := browse(t)
	r := open(t, console.Config{Account: pretend}, nil)
	ref := r.post(t, "inc-7", moment2())
	b.visit(r.url)
	b.click(`details.folded summary`)
	b.do(chromedp.SendKeys(chromedp.CSS(`#say-text`), "note half a sen"))
	b.click(by(bot.ActFalse, "0") + ` > button`)
	b.keys("because it")
	if err := r.Update(t.Context(), ref, moment3()); err != nil {
		t.Fatal(err)
	}
	r.post(t, "inc-8", moment1())
	b.sees(`document.querySelectorAll("#room article").length === 2`, theRoom+`.includes("Ana approved 02:54")`,
		`document.activeElement.matches("dialog[open] textarea") && document.activeElement.value === "because it"`,
		`document.querySelector("details.folded").open`, `document.querySelector("#say-text").value === "note half a sen"`)
	b.keys(kb.Escape)
	b.sees(`!`+asking, `document.activeElement.closest("form").elements.act.value === "false_alarm"`)
	b.click(by(bot.ActFalse, "0") + ` > button`)
	b.sees(asking)
	if err := r.Update(t.Context(), ref, bot.Card{Incident: inc, Title: "inc-7 · all is different — CLOSED"}); err != nil {
		t.Fatal(err)
	}
	b.sees(`!`+asking, `!document.querySelector("#problem").hidden`) // and it says why the dialog went away
	b.sees(`document.activeElement.closest("article, main")`)
	if len(r.inputs) != 0 {
		t.Errorf("%d clicks out of nowhere", len(r.inputs))
	}
}

func TestInABrowserNoMouseIsNeeded(t *testing.T) {
	b := browse(t)
	r := open(t, console.Config{}, func(bot.Input) bot.Answer { return bot.Answer{Text: "Counted.", OK: true} })
	r.post(t, "inc-7", moment2())
	b.visit(r.url)
	ring := `getComputedStyle(document.activeElement).outlineStyle !== "none" && parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2`
	first := `#room form > button`
	b.tabTo(".skip")
	b.sees(ring)
	b.keys(kb.Enter)
	b.sees(`document.activeElement.id === "main"`)
	b.tabTo(first)
	b.sees(ring)
	b.keys(kb.Enter)
	b.sees(asking)
	b.keys(kb.Escape)
	b.sees(`!`+asking, `document.activeElement.matches('`+first+`')`)
	b.keys(kb.Enter)
	b.sees(asking)
	b.tabTo(`dialog[open] [name=confirmed]`)
	b.sees(ring)
	b.keys(kb.Enter)
	b.sees(answers+`.includes("Counted.")`, `document.activeElement.matches('`+first+`')`) // back where it was
	b.tabTo(`#say-text`)
	b.keys("/leak list" + kb.Enter)
	b.sees(`document.querySelector("#say-text").value === ""`)
	if in := <-r.inputs; in.Button == nil || in.Button.Digest != digest("9f2c41d0") {
		t.Errorf("the keyboard pressed %+v", in.Button)
	}
	if in := <-r.inputs; in.Text != "list" {
		t.Errorf("the keyboard typed %q", in.Text)
	}
}

func TestInABrowserAnotherTabFollowsWhoYouAre(t *testing.T) {
	b := browse(t)
	r := open(t, console.Config{}, nil)
	b.visit(r.url)
	other, cancel := chromedp.NewContext(b.ctx)
	defer cancel()
	second := tab{t, other}
	second.visit(r.url)
	second.become("eve")
	b.sees(`document.body.dataset.who === "eve"`)
}

func TestInABrowserARestartIsSurvived(t *testing.T) {
	b := browse(t)
	var front relay
	r := deaf(t, console.Config{})
	url := front.serve(t, r.Console)
	r.post(t, "inc-7", moment2())
	for range 20 {
		r.Touch() // far ahead in the old count of changes
	}
	b.visit(url)
	next := open(t, console.Config{}, nil)
	next.post(t, "inc-7", moment4())
	front.set(next.Console)
	r.Close() // the old one dies, and its streams with it
	b.sees(`document.querySelectorAll("#room article").length === 1`, theRoom+`.includes("CONTAINED 02:55:02")`)
	b.click(`.folded summary`)
	b.click(by(bot.ActUndo, "2") + ` > button`)
	b.sees(`document.querySelector('` + by(bot.ActUndo, "2") + `').elements.turn.value === "1"`)
	if in := <-next.inputs; in.Button.Act != bot.ActUndo {
		t.Errorf("the new console was told %+v", in.Button)
	}
}

// Looks are judged by eye: run with -artifacts and open the pictures. That nothing
// is wider than its screen is judged here.
func TestInABrowserEveryMomentFitsPhoneAndDesk(t *testing.T) {
	b := browse(t)
	dir := t.ArtifactDir()
	for name, card := range map[string]bot.Card{"1": moment1(), "2": moment2(), "3": moment3(), "4": moment4(), "5": moment5()} {
		r := open(t, console.Config{Account: pretend, Attack: func(context.Context) error { return nil }}, func(bot.Input) bot.Answer {
			return bot.Answer{Text: "You already approved; the second yes must come from someone else. I have pinged Bo and Chen; at 02:59 I page the on-call."}
		})
		ref := r.post(t, "inc-7", card)
		for _, line := range story() {
			if err := r.Reply(t.Context(), ref, line); err != nil {
				t.Fatal(err)
			}
		}
		for device, width := range map[string]int64{"phone": 390, "desk": 1280} {
			for _, dark := range []bool{false, true} {
				file := filepath.Join(dir, "moment-"+name+"-"+device+map[bool]string{false: "-light", true: "-dark"}[dark]+".png")
				b.do(screenOf(width, 844, dark))
				b.visit(r.url)
				if name == "3" && !dark {
					b.shootAnswerAndDialog(strings.TrimSuffix(file, "-light.png"))
				}
				b.sees(`document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
				b.accessible()
				b.shoot(file, true)
			}
		}
	}
	r := deaf(t, console.Config{Account: pretend})
	b.do(screenOf(390, 844, false))
	b.visit(r.url)
	b.shoot(filepath.Join(dir, "empty.png"), false)
	b.become("chen")
	b.shoot(filepath.Join(dir, "empty-zh.png"), false)
}

// accessible claims what a script can see of it: names, targets of a thumb's size,
// and references that lead somewhere.
func (b tab) accessible() {
	b.t.Helper()
	b.sees(`[...document.querySelectorAll("button")].every((b) => (b.getAttribute("aria-label") || b.textContent).trim())`,
		`[...document.querySelectorAll("button, summary, input:not([type=hidden])")].every((b) => !b.checkVisibility() || b.getBoundingClientRect().height >= 44)`,
		`new Set([...document.querySelectorAll("[id]")].map((e) => e.id)).size === document.querySelectorAll("[id]").length`,
		`[...document.querySelectorAll("[aria-labelledby], label[for]")].every((e) => document.getElementById(e.getAttribute("aria-labelledby") || e.htmlFor))`,
		`document.querySelector("#room").ariaLive === "polite" && document.querySelector("#answers").ariaLive === "polite"`,
		`["header", "main", "aside"].every((name) => document.querySelectorAll("body > " + name + ", .columns > " + name).length === 1)`)
}

func (b tab) shootAnswerAndDialog(file string) {
	b.do(chromedp.SetValue(chromedp.CSS("#say-text"), "approve 2"))
	b.click(".say button")
	b.sees(`document.querySelector(".answer")`)
	b.shoot(file+"-answer.png", false)
	b.click(by(bot.ActApprove, "2") + ` > button`)
	b.sees(asking)
	b.shoot(file+"-dialog.png", false)
	b.click(`dialog[open] [data-close]`)
	b.click(by(bot.ActFalse, "0") + ` > button`)
	b.sees(asking)
	b.shoot(file+"-reason.png", false)
	b.keys(kb.Escape)
	b.click(`.dismiss button`)
	b.sees(`!document.querySelector(".answer")`)
}

func (b tab) shoot(file string, whole bool) {
	b.t.Helper()
	take := chromedp.CaptureScreenshot()
	if whole {
		take = chromedp.FullScreenshot(100)
	}
	picture, err := chromedp.Run(b.ctx, take)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
