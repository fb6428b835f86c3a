package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is the page of a demo in a browser that has nothing of its user's.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// browse starts Debian's chromium. Without it the test is skipped, but not in CI.
// A script error or a breach of the page's policy fails the test.
func browse(t *testing.T) tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium is missing")
		}
		t.Skip("chromium is missing")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // of a hung browser, not of the test
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
	)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	err = chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("script error: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
		case *log.EventEntryAdded:
			if strings.Contains(e.Entry.Text, "Content Security Policy") {
				t.Errorf("policy breached: %s", e.Entry.Text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	b := tab{t, ctx}
	b.do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
		return chromedp.Void{}, err
	})
	return b
}

func (b tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for _, s := range steps {
		if err := chromedp.Do(b.ctx, s); err != nil {
			b.t.Fatal(err)
		}
	}
}

// sees waits until each expression is true in the page, also across a navigation.
// It does not go through chromedp's Poll, which the page's policy forbids.
func (b tab) sees(expressions ...string) {
	b.t.Helper()
	for _, what := range expressions {
		if err := b.see(what); err != nil {
			shown, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
			b.t.Fatalf("never so: %s: %v\n%s", what, err, shown)
		}
	}
}

var errNever = errors.New("waited long enough")

func (b tab) see(what string) error {
	look := chromedp.Evaluate[bool](`new Promise((yes) => {
		let looks = 0;
		const look = () => {
			let is = false;
			try { is = Boolean(`+what+`); } catch {}
			if (is || ++looks > 2000) yes(is); else setTimeout(look, 10);
		};
		look();
	})`, chromedp.EvalAwaitPromise)
	for {
		is, err := chromedp.Run(b.ctx, look)
		script := (*chromedp.ExceptionError)(nil)
		switch {
		case is:
			return nil
		case b.ctx.Err() != nil, errors.As(err, &script):
			return err
		case err == nil:
			return errNever
		} // else the page went away under the question
	}
}

func (b tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// eval runs a script that is meant to have an effect.
func (b tab) eval(script string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](script, chromedp.EvalAwaitPromise))
}

const live = `document.querySelector("#live").dataset.state === "live"`

func (b tab) become(user string) {
	b.t.Helper()
	b.click(`.who button[value="` + user + `"]`)
	b.sees(`document.body.dataset.who === "`+user+`"`, live)
}

// says types a command as a person does.
func (b tab) says(command string) {
	b.t.Helper()
	b.sees(`document.querySelector("#say-text").value === ""`)
	b.do(chromedp.SendKeys(chromedp.CSS(`#say-text`), command+"\n"))
}
