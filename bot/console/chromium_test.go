package console_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a page of a browser that has nothing of its user's.
type tab struct {
	t   *testing.T
	ctx context.Context
}

type step = chromedp.Action[chromedp.Void]

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
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // of a hung browser, not of the test
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
	)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := tab{t, ctx}
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
	b.do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
		return chromedp.Void{}, err
	}, screenOf(1280, 900, false))
	return b
}

func (b tab) do(steps ...step) {
	b.t.Helper()
	for _, s := range steps {
		if err := chromedp.Do(b.ctx, s); err != nil {
			b.t.Fatal(err)
		}
	}
}

// sees waits until an expression is true in the page, also across a navigation.
// It does not go through chromedp's Poll, which the page's policy forbids.
func (b tab) sees(expressions ...string) {
	b.t.Helper()
	for _, what := range expressions {
		if err := chromedp.Do(b.ctx, see(what)); err != nil {
			var state string
			state, _ = chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.activeElement.outerHTML.slice(0, 300) + " … " + document.body.innerText`))
			b.t.Fatalf("never so: %s: %v\n%s", what, err, state)
		}
	}
}

func see(what string) step {
	wait := chromedp.Evaluate[bool](`new Promise((yes) => {
		let looks = 0;
		const look = () => {
			let is = false;
			try { is = Boolean(`+what+`); } catch {}
			if (is || ++looks > 1000) yes(is); else setTimeout(look, 10);
		};
		look();
	})`, chromedp.EvalAwaitPromise)
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		for {
			is, err := wait(ctx, target)
			var script *chromedp.ExceptionError
			switch {
			case is, ctx.Err() != nil, errors.As(err, &script):
				return chromedp.Void{}, err
			case err == nil:
				return chromedp.Void{}, errors.New("waited long enough")
			}
		}
	}
}

func (b tab) eval(script string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](script, chromedp.EvalAwaitPromise))
}

func (b tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

func (b tab) keys(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// tabTo presses the tab key until the focus is there.
func (b tab) tabTo(selector string) {
	b.t.Helper()
	for range 80 {
		there, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.activeElement.matches('`+selector+`')`))
		if err != nil {
			b.t.Fatal(err)
		}
		if there {
			return
		}
		b.keys("\t")
	}
	b.t.Errorf("80 tabs do not reach %s", selector)
}

func screenOf(width, height int64, dark bool) step {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		if err != nil {
			return chromedp.Void{}, err
		}
		_, err = cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: height, DeviceScaleFactor: 2, Mobile: width < 600,
		})
		return chromedp.Void{}, err
	}
}

const live = `document.querySelector("#live").dataset.state === "live"`

func (b tab) visit(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url + "/console/"))
	b.sees(live)
}

func (b tab) become(user string) {
	b.t.Helper()
	b.click(`.who button[value="` + user + `"]`)
	b.sees(`document.body.dataset.who === "`+user+`"`, live)
}
