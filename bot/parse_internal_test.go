package bot

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

func TestWhatPeopleTypeIsRead(t *testing.T) {
	for typed, want := range map[string]request{
		"":                           {verb: "help"},
		"  help  ":                   {verb: "help"},
		"LIST":                       {verb: "list"},
		"show":                       {verb: "show"},
		"show inc-12":                {verb: "show", incident: "inc-12"},
		"show 3":                     {verb: "plan", plan: "3"},
		"show inc-7/2":               {verb: "plan", plan: "2", incident: "inc-7"},
		"steps inc-1":                {verb: "steps", incident: "inc-1"},
		"approve 2":                  {verb: "approve", plan: "2"},
		"approve 2 inc-7":            {verb: "approve", plan: "2", incident: "inc-7"},
		"approve inc-7/2 because ok": {verb: "approve", plan: "2", incident: "inc-7", reason: "ok"},
		"approve 2 BECAUSE: of this": {verb: "approve", plan: "2", reason: "of this"},
		"approve 2 karena bocor":     {verb: "approve", plan: "2", reason: "bocor"},
		"approve 2 因为泄露了":            {verb: "approve", plan: "2", reason: "泄露了"},
		"approve 2因为泄露了":             {verb: "approve", plan: "2", reason: "泄露了"},
		"decline 2 理由：まだ":            {verb: "decline", plan: "2", reason: "まだ"},
		"decline 2 なぜなら まだ":          {verb: "decline", plan: "2", reason: "まだ"},
		"ａｐｐｒｏｖｅ　ｉｎｃ－７／２":              {verb: "approve", plan: "2", incident: "inc-7"},
		"approve\t2\ninc-7":            {verb: "approve", plan: "2", incident: "inc-7"},
		"withdraw 1":                   {verb: "withdraw", plan: "1"},
		"undo 4 because it broke prod": {verb: "undo", plan: "4", reason: "it broke prod"},
		"do key.disable inc-2":         {verb: "do", arg: "key.disable", incident: "inc-2"},
		"do ＫＥＹ．disable":               {verb: "do", arg: "key.disable"},
		"answer in_use NO inc-2":       {verb: "answer", arg: "in_use", value: "no", incident: "inc-2"},
		"key ＬＴＡＩ inc-3":               {verb: "key", arg: "ＬＴＡＩ", incident: "inc-3"}, // a look-alike stays one
		"note it broke because of us":  {verb: "note", arg: "it broke because of us"},
		"note two\nlines inc-4":        {verb: "note", arg: "two lines", incident: "inc-4"},
		"report found in inc-4":        {verb: "report", arg: "found in inc-4"},
		"close because":                {verb: "close"},
		"close because it is over":     {verb: "close", reason: "it is over"},
		"false_alarm inc-1 because x":  {verb: "false_alarm", incident: "inc-1", reason: "x"},
		"take inc-1":                   {verb: "take", incident: "inc-1"},
		"go":                           {verb: "go"},
		"look":                         {verb: "look"},
	} {
		got, err := parse(typed)
		if err != nil {
			t.Errorf("%q: %v", typed, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(request{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", typed, diff)
		}
	}
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	for typed, want := range map[string]error{
		"dance":              NoSuchCommand,
		"list everything":    NoSuchCommand,
		"take over the ship": NoSuchCommand,
		"approve":            incident.NoSuchPlan,
		"approve inc-7":      incident.NoSuchPlan,
		"approve inc-7/":     incident.NoSuchPlan,
		"undo because":       incident.NoSuchPlan,
		"do":                 NoSuchCommand,
		"note":               NoSuchCommand,
		"key":                NoSuchCommand,
		"report":             NoSuchCommand,
		"answer in_use":      incident.BadAnswer,
		"answer a b c":       incident.BadAnswer,
	} {
		if _, err := parse(typed); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", typed, err, want)
		}
	}
}

func TestButtonsAreTheirCommands(t *testing.T) {
	for _, row := range []struct {
		press Press
		want  request
		err   error
	}{
		{Press{Act: ActApprove, Incident: "inc-1", Number: 2, Digest: "d", Reason: "r"}, request{verb: "approve", incident: "inc-1", number: 2, digest: "d", reason: "r"}, nil},
		{Press{Act: ActApprove, Incident: "inc-1", Number: 2}, request{}, incident.OtherPlan},
		{Press{Act: ActDecline, Incident: "inc-1", Number: 2}, request{}, incident.OtherPlan},
		{Press{Act: ActShow, Number: 2}, request{verb: "plan", number: 2}, nil},
		{Press{Act: ActDo, Value: "key.delete"}, request{verb: "do", arg: "key.delete"}, nil},
		{Press{Act: ActAnswer, Value: "in_use=yes"}, request{verb: "answer", arg: "in_use", value: "yes"}, nil},
		{Press{Act: ActAnswer, Value: "in_use"}, request{}, incident.BadAnswer},
		{Press{Act: ActKey, Incident: "inc-1", Value: "LTAI"}, request{verb: "key", incident: "inc-1", arg: "LTAI"}, nil},
		{Press{Act: ActUndo, Number: 2}, request{verb: "undo", number: 2}, nil},
		{Press{Act: "note", Value: "x"}, request{}, NoSuchCommand},
		{Press{}, request{}, NoSuchCommand},
	} {
		got, err := pressed(row.press)
		if !errors.Is(err, row.err) {
			t.Errorf("%+v: %v, want %v", row.press, err, row.err)
			continue
		}
		if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(request{})); err == nil && diff != "" {
			t.Errorf("%+v (-want +got):\n%s", row.press, diff)
		}
	}
}

func TestAPlanIsFoundByWhatNamesIt(t *testing.T) {
	digest := func(c string) incident.Digest { return incident.Digest(strings.Repeat(c, 64)) }
	s := incident.State{Proposals: []incident.Proposal{{Number: 1, Digest: digest("a")}, {Number: 2, Digest: digest("b")}, {Number: 3, Digest: digest("b")}}}
	for _, row := range []struct {
		r    request
		want int
		err  error
	}{
		{request{plan: "2"}, 2, nil},
		{request{plan: "aaaaaaaa"}, 1, nil},
		{request{plan: "AAAAAAAA"}, 1, nil},
		{request{plan: "aaaaaaa"}, 0, incident.NoSuchPlan},
		{request{plan: "bbbbbbbb"}, 0, incident.NoSuchPlan}, // two of them
		{request{plan: "0"}, 0, incident.NoSuchPlan},
		{request{plan: "4"}, 0, incident.NoSuchPlan},
		{request{plan: "-1"}, 0, incident.NoSuchPlan},
		{request{number: 2, digest: digest("b")}, 2, nil},
		{request{number: 2, digest: digest("a")}, 0, incident.OtherPlan},
		{request{number: 9, digest: digest("a")}, 0, incident.NoSuchPlan},
		{request{number: 1}, 1, nil},
	} {
		got, err := row.r.find(s)
		if !errors.Is(err, row.err) || err == nil && got.Number != row.want {
			t.Errorf("%+v: plan %d, %v; want %d, %v", row.r, got.Number, err, row.want, row.err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"approve 2 because ok", "ａｐｐｒｏｖｅ　２", "show inc-7/2", "report LTAI", "answer in_use yes", "because", "\u3000", "x/y/z", "approve 2因为", "do user.delete inc-7 of eve", "do permissions.trim policies=Custom:a groups=b", "do x of", "do ecs.attach_role of i-bp1234 role=r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		r, err := parse(typed)
		again, errAgain := parse(typed)
		if !reflect.DeepEqual(r, again) || !errors.Is(err, errAgain) {
			t.Fatalf("%q is read in two ways", typed)
		}
		if err != nil {
			if _, ok := refusal(err); !ok {
				t.Fatalf("%q: %v is no refusal", typed, err)
			}
			return
		}
		if r.number != 0 || r.digest != "" {
			t.Fatalf("%q was read as a button: %+v", typed, r)
		}
		if utf8.ValidString(typed) && len(r.reason) > len(typed) {
			t.Fatalf("%q grew a reason %q", typed, r.reason)
		}
	})
}
