package console_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/bot/console"
	"twokey/bot/console/consoletest"
)

func TestAClickCarriesExactlyWhatTheButtonSays(t *testing.T) {
	r := open(t, console.Config{}, nil)
	r.post(t, "inc-7", moment2())
	if _, err := r.as(t, "bo").Press(t.Context(), approveDisable(), ""); err != nil {
		t.Fatal(err)
	}
	got := <-r.inputs
	want := bot.Input{
		From: bot.Account{Platform: "console", User: "bo", Lang: "en"}, Room: "console", ID: got.ID, In: inc,
		Button: &bot.Press{Act: bot.ActApprove, Incident: inc, Number: 2, Digest: digest("9f2c41d0")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("input differs (-want +got):\n%s", diff)
	}
	if len(got.ID) < 32 {
		t.Errorf("click id %q is too short to be unique", got.ID)
	}
}

func TestADoubleClickHasOneID(t *testing.T) {
	r := open(t, console.Config{}, nil)
	r.post(t, "inc-7", moment2())
	ana := r.as(t, "ana")
	form := formOf(t, ana)
	for range 2 {
		if _, err := ana.Send(t.Context(), form); err != nil {
			t.Fatal(err)
		}
	}
	first, replayed := <-r.inputs, <-r.inputs
	if first.ID != replayed.ID {
		t.Errorf("a replayed click got id %s after %s: it would count twice", replayed.ID, first.ID)
	}
	if _, err := ana.Press(t.Context(), approveDisable(), ""); err != nil {
		t.Fatal(err)
	}
	if meant := <-r.inputs; meant.ID == first.ID {
		t.Error("a click on the page as it stands after the answer has the old id: it would not count")
	}
}

func TestTwoPeopleNeverShareAClickID(t *testing.T) {
	r := open(t, console.Config{}, nil)
	r.post(t, "inc-7", moment2())
	ana, bo := r.as(t, "ana"), r.as(t, "bo")
	for reader, form := range map[*consoletest.Reader]consoletest.Form{ana: formOf(t, ana), bo: formOf(t, bo)} { // both drawn before either clicks
		if _, err := reader.Send(t.Context(), form); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := <-r.inputs, <-r.inputs; a.ID == b.ID {
		t.Errorf("Ana and Bo both clicked with id %s", a.ID)
	}
}

func TestACommandLosesTheBotsName(t *testing.T) {
	r := open(t, console.Config{}, nil)
	ana := r.as(t, "ana")
	ids := map[string]bool{}
	for _, row := range [][2]string{
		{"/leak approve 2", "approve 2"}, {"  list ", "list"}, {"@twokey help", "help"}, {"/leaks", "/leaks"},
	} {
		if _, err := ana.Say(t.Context(), row[0]); err != nil {
			t.Fatal(err)
		}
		in := <-r.inputs
		if in.Text != row[1] || in.Button != nil {
			t.Errorf("typed %q: text %q, button %v; want %q and none", row[0], in.Text, in.Button, row[1])
		}
		ids[in.ID] = true
	}
	if len(ids) != 4 {
		t.Errorf("4 commands have %d ids", len(ids))
	}
	wantStatus(t, http.StatusBadRequest, second(ana.Say(t.Context(), " /leak ")))
}

func TestAnAnswerIsForOneReaderOnly(t *testing.T) {
	plan := moment3()
	plan.Title = "the plan in full"
	r := open(t, console.Config{}, func(in bot.Input) bot.Answer {
		return bot.Answer{Text: "told to " + in.From.User, Card: &plan}
	})
	r.post(t, "inc-7", moment2())
	ana, bo := r.as(t, "ana"), r.as(t, "bo")
	shown, err := ana.Press(t.Context(), approveDisable(), "")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(shown, "told to ana") || !strings.Contains(shown, "the plan in full") {
		t.Errorf("Ana is not told: %s", consoletest.Text(shown))
	}
	if got := pageOf(t, bo); strings.Contains(got, "told to ana") || strings.Contains(got, "the plan in full") {
		t.Error("Bo reads what Ana was told")
	}
	decline := moment3().Steps[0].Buttons[1] // stands on the private card only
	if _, err := ana.Press(t.Context(), decline, "not now"); err != nil {
		t.Fatalf("a button of a private card: %v", err)
	}
	if _, err := bo.Press(t.Context(), decline, "x"); !errors.Is(err, consoletest.ErrNoButton) {
		t.Errorf("Bo pressed a button on Ana's private card: %v", err)
	}
}

func TestAForgedFormIsNoClick(t *testing.T) {
	r := open(t, console.Config{}, nil)
	r.post(t, "inc-7", moment2())
	ana := r.as(t, "ana")
	for field, value := range map[string]string{
		"digest": string(digest("ffff")), "number": "3", "incident": "inc-8", "act": "withdraw", "value": "x", "who": "bo",
		"ask": "false", "turn": "5", "mark": strings.Repeat("0", 32), "ref": "x",
	} {
		form := formOf(t, ana)
		form.Fields.Set(field, value)
		if err := second(ana.Send(t.Context(), form)); !refused(err, http.StatusConflict) {
			t.Errorf("forged %s: %v, want 409", field, err)
		}
	}
	if len(r.inputs) != 0 {
		t.Errorf("%d forged clicks were handed over", len(r.inputs))
	}
}

func TestAPageDrawnForAnaIsNoVoteOfBo(t *testing.T) {
	r := open(t, console.Config{}, nil)
	r.post(t, "inc-7", moment2())
	reader := r.as(t, "ana")
	form := formOf(t, reader)
	if err := reader.Be(t.Context(), "bo"); err != nil { // in another tab
		t.Fatal(err)
	}
	wantStatus(t, http.StatusConflict, second(reader.Send(t.Context(), form)))
	form.Fields.Set("who", "bo")
	wantStatus(t, http.StatusConflict, second(reader.Send(t.Context(), form)))
	if len(r.inputs) != 0 {
		t.Error("the click was handed over")
	}
}

func TestNobodyUnknownGetsIn(t *testing.T) {
	r := open(t, console.Config{}, nil)
	r.post(t, "inc-7", moment2())
	wantStatus(t, http.StatusForbidden, r.as(t, "ana").Be(t.Context(), "mallory"))
	ana := r.as(t, "ana")
	form := formOf(t, ana)
	for method, path := range map[string]string{http.MethodPost: "/console/press", http.MethodGet: "/console/events"} {
		answer := ask(t, method, r.url+path, form.Fields.Encode(), func(q *http.Request) {
			q.AddCookie(&http.Cookie{Name: "twokey_console_who", Value: "mallory"})
		})
		if answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s as mallory: %d, want 403", method, path, answer.StatusCode)
		}
	}
	if len(r.inputs) != 0 {
		t.Error("the click was handed over")
	}
}

func TestADangerousButtonAsksFirstAlsoWithoutScripts(t *testing.T) {
	r := open(t, console.Config{}, nil)
	r.post(t, "inc-7", moment2())
	ana := r.as(t, "ana")
	form, err := ana.Form(t.Context(), falseAlarm())
	if err != nil {
		t.Fatal(err)
	}
	post := func() (int, string) {
		q, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+form.Action, strings.NewReader(form.Fields.Encode()))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body := new(strings.Builder)
		_ = answer.Write(body)
		return answer.StatusCode, body.String()
	}
	if status, body := post(); status != http.StatusOK || !strings.Contains(body, "Why is it a false alarm?") {
		t.Errorf("unconfirmed: %d, want the question", status)
	}
	form.Fields.Set("confirmed", "1")
	form.Fields.Set("reason", "  \n")
	if status, _ := post(); status != http.StatusOK || len(r.inputs) != 0 {
		t.Errorf("confirmed without a reason: %d and %d clicks, want the question again", status, len(r.inputs))
	}
	form.Fields.Set("reason", "a test key")
	if status, _ := post(); status != http.StatusSeeOther {
		t.Errorf("confirmed with a reason: %d, want 303", status)
	}
	if in := <-r.inputs; in.Button.Reason != "a test key" {
		t.Errorf("reason %q", in.Button.Reason)
	}
}

func TestAClickIsRefusedInWordsWhileNobodyListens(t *testing.T) {
	r := deaf(t, console.Config{})
	r.post(t, "inc-7", moment2())
	press := func() error { return second(r.as(t, "ana").Press(t.Context(), approveDisable(), "")) }
	wantStatus(t, http.StatusServiceUnavailable, press())
	stop := r.listen(t)
	if err := press(); err != nil {
		t.Fatal(err)
	}
	stop()
	wantStatus(t, http.StatusServiceUnavailable, press())
	r.listen(t) // the next one may
	if err := press(); err != nil {
		t.Error(err)
	}
	if n := len(r.inputs); n != 2 {
		t.Errorf("%d clicks were handed over, want 2", n)
	}
}

func TestAListenerIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := console.New(console.Config{Identities: people()})
		ctx, cancel := context.WithCancel(t.Context())
		leave, ended := make(chan struct{}), make(chan struct{})
		go func() {
			_ = c.Listen(ctx, func(context.Context, bot.Input) bot.Answer { <-leave; return bot.Answer{} })
			close(ended)
		}()
		synctest.Wait()
		said := make(chan error, 1)
		go func() { said <- second(consoletest.Inside(c).Say(t.Context(), "list")) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		select {
		case <-ended:
			t.Error("Listen ended while a click was being answered")
		default:
		}
		close(leave)
		<-ended
		if err := <-said; err != nil {
			t.Error(err)
		}
	})
}

func TestAnotherCommandOnTheSameLineIsNoDuplicate(t *testing.T) {
	r := open(t, console.Config{}, nil)
	ana := r.as(t, "ana")
	line, err := ana.Line(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, text := range []string{"list", "list", "help"} {
		line.Fields.Set("text", text)
		if _, err := ana.Send(t.Context(), line); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, (<-r.inputs).ID)
	}
	if ids[0] != ids[1] || ids[1] == ids[2] {
		t.Errorf("list, list, help have ids %v; want the first two the same", ids)
	}
}

func TestTheLanguageOfThePageIsTheReaders(t *testing.T) {
	r := open(t, console.Config{Words: func(lang, id string, _ map[string]string) string { return lang + " " + id }}, nil)
	chen := r.as(t, "chen")
	if got := pageOf(t, chen); !strings.Contains(got, "zh console.who") {
		t.Error("Chen's page is not in Chinese")
	}
	if _, err := chen.Say(t.Context(), "help"); err != nil {
		t.Fatal(err)
	}
	if in := <-r.inputs; in.From.Lang != "zh" {
		t.Errorf("input in %q, want zh", in.From.Lang)
	}
}

// formOf is the approving form as it is drawn now, confirmed.
func formOf(t *testing.T, reader *consoletest.Reader) consoletest.Form {
	t.Helper()
	form, err := reader.Form(t.Context(), approveDisable())
	if err != nil {
		t.Fatal(err)
	}
	form.Fields.Set("confirmed", "1")
	return form
}

func second[T any](_ T, err error) error { return err }

func refused(err error, status int) bool {
	var got *consoletest.StatusError
	return errors.As(err, &got) && got.Status == status && got.Problem != ""
}

func wantStatus(t *testing.T, status int, err error) {
	t.Helper()
	if !refused(err, status) {
		t.Errorf("got %v, want %d with words", err, status)
	}
}

func TestAnAnswerSaysNothingTwice(t *testing.T) {
	step := moment3().Steps[0]
	r := open(t, console.Config{}, func(bot.Input) bot.Answer {
		return bot.Answer{Text: "Disable the key", OK: true, Card: &bot.Card{Incident: inc, Title: "Disable the key", Steps: []bot.Step{step}}}
	})
	r.post(t, "inc-7", moment2())
	ana := r.as(t, "ana")
	for _, row := range []struct {
		act    bot.Act
		folded bool
	}{{bot.ActApprove, true}, {bot.ActDo, false}} {
		b := approveDisable()
		if row.act == bot.ActDo {
			b = moment2().Folded[0].Buttons[0]
		}
		if _, err := ana.Press(t.Context(), b, ""); err != nil {
			t.Fatal(err)
		}
		body := pageOf(t, ana)
		answer := body[strings.Index(body, `<section class="answer`):]
		answer = answer[:strings.Index(answer, "</section>")]
		if strings.Contains(answer, "<h3") {
			t.Errorf("%s: the title repeats the words", row.act)
		}
		if got := strings.Contains(answer, "<details"); got != row.folded {
			t.Errorf("%s: plan folded %t, want %t", row.act, got, row.folded)
		}
	}
}
