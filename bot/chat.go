package bot

import (
	"context"
	"time"

	"twokey/incident"
)

// Chat is one room on one chat platform. What it shows is neutral; the platform
// turns it into its own dialect and makes foreign text inert there.
type Chat interface {
	// Room is the room's name, unique in the bot: "console", "slack".
	Room() string

	// Platform is the platform's name: "console", "slack", "lark", "dingtalk".
	Platform() string

	// Post shows a card as a new top-level message. The key is the same for the
	// same card, so that a platform which remembers keys posts it only once.
	Post(ctx context.Context, key string, c Card) (Ref, error)

	// Update shows a card in place of what ref shows. It returns [ErrGone] if
	// that message is no longer there.
	Update(ctx context.Context, ref Ref, c Card) error

	// Reply adds a line to the card's thread, once for each key.
	Reply(ctx context.Context, ref Ref, l Line) error

	// Listen hands over what people press and type, until ctx ends. The platform
	// has checked that the input is genuine before it calls h.
	Listen(ctx context.Context, h Handler) error
}

// Forgetful can be implemented by a [Chat] that keeps nothing over a restart.
// At each start it is shown every open incident anew.
type Forgetful interface{ Forgets() bool }

// Sparing can be implemented by a [Chat] that shows only incidents that matter, such
// as one that opens a channel for each.
type Sparing interface{ OnlyMatters() bool }

// Archiver can be implemented by a [Chat] that puts an incident's messages away once
// it is closed. Reopened, the incident is posted anew.
type Archiver interface {
	Archive(ctx context.Context, ref Ref) error
}

// Ref is a message of a platform, in the platform's own words.
type Ref string

// Handler answers one input.
type Handler func(ctx context.Context, in Input) Answer

// Account is somebody on a chat platform, not yet a person.
type Account struct {
	Platform string
	Tenant   string // team, tenant or corporation; empty where there is only one
	User     string // the platform's stable id, never a display name
	Lang     string // BCP 47, if the platform says
}

// Input is a button pressed or a command typed, genuine but not yet allowed.
type Input struct {
	From   Account
	Room   string      // where it came from
	ID     string      // unique per click or message on its platform: a second one is a duplicate
	Text   string      // what was typed, without the bot's own name; empty for a button
	Button *Press      // the button; nil for text
	In     incident.ID // incident of the thread or card it came from; empty: unknown
	On     Ref         // message that the button stands on; empty: one that only this person sees
}

// Press is one press of one button.
type Press struct {
	Act      Act
	Incident incident.ID
	Number   int
	Digest   incident.Digest // whole
	Value    string          // an answer: "in_use=yes"
	Reason   string          // what the person typed when asked why
}

// Act is what a button does. A button never names a step to run: it names a
// plan by its digest, or a question.
type Act string

// The acts.
const (
	ActApprove  Act = "approve"
	ActDecline  Act = "decline"
	ActWithdraw Act = "withdraw"
	ActShow     Act = "show"   // the plan in full, to this person only
	ActDo       Act = "do"     // ask for a step: Value is its name
	ActUndo     Act = "undo"   // ask to take plan Number back
	ActAnswer   Act = "answer" // Value is "in_use=yes"
	ActTake     Act = "take"
	ActFalse    Act = "false_alarm"
	ActClose    Act = "close"
	ActSteps    Act = "steps"
	ActLook     Act = "look"   // "I did it, look again"
	ActReport   Act = "report" // Value is a key id
	ActKey      Act = "key"    // "yes, it is that key": Value is its id
)

// Answer is shown to the person alone.
type Answer struct {
	Text string
	Card *Card // a plan in full, with its buttons; nil: words only
	OK   bool  // false: refused
}

// Card is the one message of an incident that is kept up to date, in the order
// in which it is read: state, what to do now, then the rest.
type Card struct {
	Incident incident.ID
	Lang     string
	Tone     Tone
	Title    string   // "inc-7 · Leaked AccessKey LTAI… — NOT CONTAINED"
	Drill    string   // "DRILL": a pretend account; empty otherwise
	Fields   []Field  // whose, in use, abuse
	Notices  []Notice // what went wrong, what drifted, who undid what
	Heading  string   // "Do now"
	Steps    []Step   // in the order of the playbook
	Asks     []Ask    // questions as buttons
	Folded   []Step   // the rest, folded away where the platform can
	More     string   // label of the fold: "All steps (4)"
	Actions  []Button // take command, false alarm, close
	Foot     string   // "record 9f2c 41d0 7be3 a855"
	Pending  int      // plans that wait for votes
	Opened   time.Time
	At       time.Time // of the last record
}

// Field is a labelled fact. Text is foreign as soon as any of it is.
type Field struct {
	Label string
	Text  string
}

// Notice is a line that must not be missed.
type Notice struct {
	Tone    Tone
	Text    string
	Buttons []Button
}

// Step is one plan as it stands on a card, or one that comes later.
type Step struct {
	Name    string // "key.disable", never translated
	Number  int    // of the plan; 0: none yet
	Title   string // "Disable the key"
	State   string // "waiting for 1 more", "done 02:55:02"
	Tone    Tone
	Effect  string // what it does and breaks
	Undo    string // how it is taken back
	People  string // who approved until when, who can still
	Digest  string // first 8 characters
	Facts   []Field
	Buttons []Button
}

// Ask is a question with its answers.
type Ask struct {
	Text    string
	Buttons []Button
}

// Button is something to press.
type Button struct {
	Act      Act
	Label    string
	Tone     Tone
	Incident incident.ID
	Number   int
	Digest   incident.Digest
	Value    string
	Confirm  *Confirm // asked before it counts
	Reason   *Prompt  // a text asked for before it counts
	Command  string   // the text command that does the same: "approve 2"
}

// Confirm is asked before a disruptive or destructive button counts.
type Confirm struct{ Title, Text, Yes, No string }

// Prompt asks for a text.
type Prompt struct {
	Title    string
	Label    string
	Required bool
}

// Line is one entry of the timeline.
type Line struct {
	Key  string // the same for the same record, so that it shows once
	Seq  uint64
	At   time.Time
	Tone Tone
	Who  string // display name; empty: the bot
	Text string

	Mention []Account // who is to be told that the line is for them
}

// Tone is how a thing looks where colours exist. It never carries meaning alone.
type Tone string

// Tones.
const (
	Plain  Tone = "plain"
	Alarm  Tone = "alarm"
	Warn   Tone = "warn"
	Calm   Tone = "calm"
	Strong Tone = "strong" // the main button
)
