package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// What the story looks at in the page.
const (
	cardState   = `document.querySelector("#room article .state").innerText`
	privately   = `document.querySelector("#answers").innerText`
	dialog      = `document.querySelector("dialog[open]")`
	leakedKey   = `document.querySelector("#account .key:has(.leaked) .chip").innerText`
	newestTheft = `document.querySelector("#account .calls > ol > li")`
)

// stepOf is the newest step of that title in the room, whose plan is offered.
func stepOf(title string) string {
	return `[...document.querySelectorAll("#room li.step")].find((s) => s.innerText.includes("` + title + `") && s.querySelector("[name=act][value=approve]"))`
}

// plan is the number of the plan that a step offers.
func (b tab) plan(title string) string {
	b.t.Helper()
	b.sees(stepOf(title))
	number, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](stepOf(title)+`.querySelector("form [name=number]").value`))
	if err != nil {
		b.t.Fatal(err)
	}
	return number
}

// approves presses the button of a plan and says yes to the question, with a
// reason if there is one.
func (b tab) approves(number, reason string) {
	b.t.Helper()
	b.click(`#room form:has(> [name=act][value=approve]):has(> [name=number][value="` + number + `"]) > button`)
	b.sees(dialog)
	if reason != "" {
		b.do(chromedp.SendKeys(chromedp.CSS(`dialog[open] textarea`), reason))
	}
	b.click(`dialog[open] [name=confirmed]`)
	b.sees(`!` + dialog)
}

// asks types a command until the plan of its step stands in the room.
func (b tab) asks(command, title string) string {
	b.t.Helper()
	for range 100 {
		b.eval(`window.answer = document.querySelector("#answers .answer")?.id`)
		b.says(command)
		b.sees(`document.querySelector("#answers .answer").id !== window.answer`)
		offered, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`!`+dialog+` && Boolean(`+stepOf(title)+` || `+privately+`.includes("Up for votes"))`))
		if err != nil {
			b.t.Fatal(err)
		}
		if offered {
			return b.plan(title)
		}
	}
	b.t.Fatalf("%s: there was never a plan to %s", command, title)
	return ""
}

// The whole main job, as two people and one stranger see it in a browser. Nobody
// reloads: what others did, and what the cloud did, comes by itself.
func TestInABrowserTwoPeopleContainAKeyOfTheDemo(t *testing.T) {
	b := browse(t)
	d := runDemo(t, t.TempDir())
	b.do(chromedp.Navigate(d.url + "/console/"))
	b.sees(live, cardState+` === "NOT CONTAINED"`, `document.querySelector("#room article").innerText.includes("owner Ana")`, leakedKey+` === "Active"`)
	b.click(`form.attack button`)
	b.sees(newestTheft + `.matches(".allowed")`)

	disable := b.plan("Disable the key")
	b.approves(disable, "")
	b.sees(stepOf("Disable the key")+`.innerText.includes("1 more: Bo or Chen")`, privately+`.includes("Your yes counts")`)
	b.approves(disable, "") // Ana again
	b.sees(privately+`.includes("the next yes must come from someone else")`, cardState+` === "NOT CONTAINED"`)

	b.become("eve")
	b.approves(disable, "")
	b.sees(privately+`.includes("I don't know who you are")`, privately+`.includes("Refused")`, leakedKey+` === "Active"`, cardState+` === "NOT CONTAINED"`)

	b.become("bo")
	b.eval(`window.notReloaded = true`)
	b.approves(disable, "")
	b.sees(cardState+`.startsWith("CONTAINED")`, leakedKey+` === "Inactive"`, `window.notReloaded`)
	b.eval(`window.before = ` + newestTheft + `.id`)
	b.click(`form.attack button`)
	b.sees(newestTheft+`.id !== window.before`, newestTheft+`.matches(".denied")`)

	remove := b.asks("do key.delete inc-1", "Delete the key") // refused for a second: see first whether anything broke
	b.approves(remove, "nobody needs it")
	b.sees(stepOf("Delete the key")+`.innerText.includes("1 more: Ana or Chen")`, leakedKey+` === "Inactive"`, `window.notReloaded`)
	b.become("ana")
	b.approves(remove, "it is out in the world")
	b.sees(leakedKey + ` === "In the recycle bin"`)

	restore := b.asks("do key.restore", "Restore the key")
	b.says("approve " + restore + " because a job still needs it")
	b.sees(privately+`.includes("Your yes counts")`, leakedKey+` === "In the recycle bin"`)
	b.become("eve")
	b.says("approve " + restore + " because I say so")
	b.sees(privately+`.includes("I don't know who you are")`, leakedKey+` === "In the recycle bin"`)
	b.become("bo")
	b.says("approve " + restore + " because Ana is right")
	b.sees(leakedKey + ` === "Inactive"`) // back, and still of no use to the thief
	b.eval(`window.before = ` + newestTheft + `.id`)
	b.click(`form.attack button`)
	b.sees(newestTheft+`.id !== window.before`, newestTheft+`.matches(".denied")`)
	b.toldInOrder("Confirmed by reading back: plan "+disable, "Confirmed by reading back: plan "+remove, "Confirmed by reading back: plan "+restore)
}

// toldInOrder checks the timeline under the card.
func (b tab) toldInOrder(lines ...string) {
	b.t.Helper()
	b.sees(`document.querySelector("#room .thread").textContent.includes("` + lines[len(lines)-1] + `")`)
	told, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector("#room .thread").textContent`))
	if err != nil {
		b.t.Fatal(err)
	}
	rest := told
	for _, line := range lines {
		_, after, found := strings.Cut(rest, line)
		if !found {
			b.t.Errorf("the timeline lacks %q, or has it too early:\n%s", line, told)
		}
		rest = after
	}
}
