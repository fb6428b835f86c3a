package console_test

import (
	"strings"
	"time"

	"twokey/bot"
	"twokey/bot/console"
	"twokey/incident"
)

// The story that cards are drawn from: five moments of one incident, as a person
// reads them on a phone at three in the morning.

const inc = incident.ID("inc-7")

// keyID is built here so that no scanner takes this file for a leak.
var keyID = "LTAI" + "5tJ3XwExampleKeyId01"

func digest(start string) incident.Digest {
	return incident.Digest(start + strings.Repeat("0", 64-len(start)))
}

func clock(hhmmss string) time.Time {
	at, err := time.Parse(time.DateTime, "2026-11-20 "+hhmmss)
	if err != nil {
		panic(err)
	}
	return at
}

func button(act bot.Act, label string, tone bot.Tone) bot.Button {
	return bot.Button{Act: act, Label: label, Tone: tone, Incident: inc}
}

func approveDisable() bot.Button {
	b := button(bot.ActApprove, "Disable the key", bot.Strong)
	b.Number, b.Digest, b.Command = 2, digest("9f2c41d0"), "approve 2"
	b.Confirm = &bot.Confirm{
		Title: "Disable " + keyID + "?",
		Text:  "It stops the thief and ci-deploy at once.\nUndo: re-enable (2 people).",
		Yes:   "Approve", No: "Not now",
	}
	return b
}

func voteOn(act bot.Act, label string, tone bot.Tone, number int, d incident.Digest) bot.Button {
	b := button(act, label, tone)
	b.Number, b.Digest = number, d
	return b
}

func falseAlarm() bot.Button {
	b := button(bot.ActFalse, "False alarm", bot.Plain)
	b.Reason = &bot.Prompt{Title: "Why is it a false alarm?", Label: "Reason, for the record", Required: true}
	b.Command = "false_alarm because …"
	return b
}

func moment1() bot.Card {
	return bot.Card{
		Incident: inc, Lang: "en", Tone: bot.Alarm, Drill: "DRILL",
		Title:  "inc-7 · Leaked AccessKey " + keyID,
		Fields: []bot.Field{{Label: "Found", Text: "gitleaks found it in acme/web · deploy/.env line 12 · commit 3a9005e · public · 20 s ago"}},
		Notices: []bot.Notice{
			{Tone: bot.Plain, Text: "Looking up whose key it is …"},
		},
		Foot: "record 9f2c 41d0 7be3 a855", At: clock("02:53:50"),
	}
}

func moment2() bot.Card {
	quarantine := voteOn(bot.ActApprove, "Quarantine ci-deploy", bot.Plain, 3, digest("77aa02c1"))
	fence := voteOn(bot.ActApprove, "Fence the key", bot.Plain, 4, digest("b40c9911"))
	yes, no := button(bot.ActAnswer, "Yes", bot.Plain), button(bot.ActAnswer, "No", bot.Plain)
	yes.Value, no.Value = "rotatable=yes", "rotatable=no"
	del := button(bot.ActDo, "Delete the key", bot.Plain)
	del.Value = "key.delete"
	c := moment1()
	c.Title += " — NOT CONTAINED"
	c.Fields = []bot.Field{
		{Label: "Whose", Text: "RAM user ci-deploy, account prod · key Active · owner Ana"},
		{Label: "In use?", Text: "last call 4 min ago from 203.0.113.7 (known since March) · OSS, ECS · as of 02:50, may lag an hour"},
		{Label: "Abuse", Text: "1 call from a new address 198.51.100.66: RunInstances 02:53 — this looks like theft"},
	}
	c.Notices = nil
	c.Heading = "Do now"
	c.Steps = []bot.Step{
		{
			Name: "key.disable", Number: 2, Digest: "9f2c41d0", Title: "Disable the key", Tone: bot.Alarm,
			Effect: "Stops thief and ci-deploy at once.", Undo: "Undo: re-enable (2 people).",
			People: "2 approvers, 0 so far", Buttons: []bot.Button{approveDisable()},
		},
		{
			Name: "policy.quarantine", Number: 3, Digest: "77aa02c1", Title: "Quarantine ci-deploy", Tone: bot.Plain,
			Effect: "Denies 39 dangerous actions; nothing it did in 14 days would be refused.", Undo: "Undo: detach (2 people).",
			People: "1 person", Buttons: []bot.Button{quarantine},
		},
		{
			Name: "key.fence", Number: 4, Digest: "b40c9911", Title: "Fence the key", Tone: bot.Plain,
			Effect: "Only 3 known addresses may use it; cuts off 198.51.100.66, 0 of 3 known.", Undo: "Undo: lift the fence (2 people).",
			People: "1 person", Buttons: []bot.Button{fence},
		},
	}
	c.Asks = []bot.Ask{{Text: "Can ci-deploy be given a new key now?", Buttons: []bot.Button{yes, no}}}
	c.More = "All steps (4)"
	c.Folded = []bot.Step{{
		Name: "key.delete", Title: "Delete the key", State: "possible from 03:55", Tone: bot.Plain,
		Effect: "The key goes to the recycle bin: 30 days to restore.", People: "2 approvers", Buttons: []bot.Button{del},
	}}
	c.Actions = []bot.Button{button(bot.ActTake, "Take command", bot.Plain), falseAlarm()}
	c.Pending = 3
	return c
}

func moment3() bot.Card {
	c := moment2()
	approve := approveDisable()
	approve.Label = "Approve"
	decline := voteOn(bot.ActDecline, "Decline", bot.Plain, 2, digest("9f2c41d0"))
	decline.Reason = &bot.Prompt{Title: "Why not?", Label: "Reason"}
	c.Steps[0] = bot.Step{
		Name: "key.disable", Number: 2, Digest: "9f2c41d0", Title: "Disable the key", State: "waiting for 1 more", Tone: bot.Warn,
		Effect: "Breaks: whatever uses this key (last: 203.0.113.7, 4 min ago)",
		Undo:   "Undo: re-enable (2 people).",
		Facts: []bot.Field{
			{Label: "Call", Text: "UpdateAccessKey ci-deploy / " + keyID + " → Inactive"},
			{Label: "Was", Text: "Active at 02:54:10, account prod"},
		},
		People:  "Ana approved 02:54 (counts until 03:24) · one more approver: Bo, Chen",
		Buttons: []bot.Button{approve, decline},
	}
	return c
}

func moment4() bot.Card {
	plan := button(bot.ActDo, "Plan it", bot.Strong)
	plan.Value = "key.create"
	undo := voteOn(bot.ActUndo, "Undo", bot.Plain, 2, "")
	return bot.Card{
		Incident: inc, Lang: "en", Tone: bot.Calm, Drill: "DRILL",
		Title: "inc-7 · Leaked AccessKey " + keyID + " — CONTAINED 02:55:02",
		Fields: []bot.Field{
			{Label: "After", Text: "1 min 12 s after the alert"},
			{Label: "Proof", Text: "Key Inactive, read back 3 times, last 03:05 · since then: 0 calls went through, 17 refused"},
			{Label: "Whose", Text: "RAM user ci-deploy, account prod · owner Ana"},
		},
		Heading: "Next",
		Steps: []bot.Step{
			{Name: "key.create", Title: "Create a new key for ci-deploy", Tone: bot.Plain, Effect: "Ana receives it, sealed.", People: "2 approvers", Buttons: []bot.Button{plan}},
			{Name: "audit.events", Title: "Look at what 198.51.100.66 did", Tone: bot.Plain, Effect: "1 call, 0 things created"},
		},
		More: "Done (2)",
		Folded: []bot.Step{
			{Name: "key.disable", Number: 2, Digest: "9f2c41d0", Title: "Disable the key", State: "done 02:55:02, seen to be so", Tone: bot.Calm, People: "Ana, Bo", Buttons: []bot.Button{undo}},
			{Name: "policy.quarantine", Number: 3, Digest: "77aa02c1", Title: "Quarantine ci-deploy", State: "done 02:54:01, seen to be so", Tone: bot.Calm, People: "Ana"},
		},
		Notices: []bot.Notice{{Tone: bot.Plain, Text: "Quarantine stays until the old key is deleted. Delete from 03:55 (second look an hour after disabling), then 30 days to restore."}},
		Actions: []bot.Button{falseAlarm()},
		Foot:    "record 41d0 7be3 a855 9f2c", At: clock("03:05:02"),
	}
}

func moment5() bot.Card {
	c := moment3()
	look := button(bot.ActLook, "I did it, look again", bot.Strong)
	c.Notices = []bot.Notice{
		{Tone: bot.Alarm, Text: "Disable the key — NOT CONFIRMED. Alibaba answered Throttling.User 3 times; the key was still Active at 02:55:40. Trying again at 02:55:45."},
		{Tone: bot.Warn, Text: "If this lasts: console → RAM → Users → ci-deploy → AccessKey → Disable, then press:", Buttons: []bot.Button{look}},
	}
	return c
}

func story() []bot.Line {
	line := func(seq uint64, at string, tone bot.Tone, who, text string) bot.Line {
		return bot.Line{Key: "inc-7/" + at, Seq: seq, At: clock(at), Tone: tone, Who: who, Text: text}
	}
	return []bot.Line{
		line(1, "02:53:50", bot.Alarm, "", "gitleaks reports "+keyID+" in acme/web"),
		line(2, "02:53:52", bot.Plain, "", "Owner found: RAM user ci-deploy, account prod"),
		line(3, "02:53:53", bot.Warn, "", "RunInstances from 198.51.100.66, an address never seen before"),
		line(4, "02:53:54", bot.Plain, "", "offers plan 2: disable the key (9f2c41d0)"),
		line(5, "02:54:12", bot.Plain, "Ana", "approves plan 2 (9f2c41d0), counts until 03:24"),
	}
}

func pretend() console.Pretend {
	call := func(seq int, at, action, code string, thief bool) console.Call {
		c := console.Call{Seq: seq, At: clock(at), Key: keyID, User: "ci-deploy", Action: action, Source: "198.51.100.66", Code: code, Allowed: code == "", Thief: thief}
		if !thief {
			c.Source = "203.0.113.7"
		}
		return c
	}
	return console.Pretend{
		Account: "prod · 1234567890123456",
		Users: []console.User{
			{
				Name: "ci-deploy",
				Keys: []console.Key{
					{ID: keyID, Status: "Active", Leaked: true},
					{ID: "LTAI" + "5tOldExampleKeyId02", Status: "Inactive", InBin: true, Until: clock("02:00:00").AddDate(0, 0, 30)},
				},
				Policies: []console.Policy{{Name: "twokey-quarantine", Quarantine: true}, {Name: "AliyunOSSFullAccess", Via: "deployers"}},
			},
			{Name: "twokey", Keys: []console.Key{{ID: "LTAI" + "5tBotExampleKeyId03", Status: "Active", Fence: "203.0.113.0/24"}}},
		},
		Calls: []console.Call{
			call(6, "02:54:20", "RunInstances", "InvalidAccessKeyId.Inactive", true),
			call(5, "02:54:15", "DescribeInstances", "NoPermission", true),
			call(4, "02:53:40", "DescribeInstances", "", false),
			call(3, "02:53:11", "RunInstances", "", true),
			call(2, "02:53:05", "DescribeInstances", "", true),
			call(1, "02:53:01", "GetCallerIdentity", "", true),
		},
	}
}
