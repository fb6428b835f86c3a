package console

import "time"

// Pretend is the pretend account beside the room: what really is so in the cloud,
// without the bot in between.
type Pretend struct {
	Account string // its name or number
	Users   []User
	Calls   []Call // newest first
}

// User is a RAM user of the pretend account.
type User struct {
	Name     string
	Keys     []Key
	Policies []Policy
}

// Key is an AccessKey of a user.
type Key struct {
	ID     string
	Status string    // "Active", "Inactive": the cloud's own words
	Leaked bool      // the one that the thief has
	InBin  bool      // deleted, can be restored
	Until  time.Time // when it leaves the recycle bin for good
	Fence  string    // its network policy; empty: from anywhere
}

// Policy is attached to a user.
type Policy struct {
	Name       string
	Via        string // the group it comes from; empty: attached directly
	Quarantine bool   // the bot's own
}

// Call is one call to the pretend cloud. Action and key of a refused call are a
// stranger's words.
type Call struct {
	Seq     int // unique
	At      time.Time
	Key     string
	User    string // whose key it is; empty: nobody's here
	Action  string // "RunInstances"
	Source  string // address
	Code    string // why it was refused
	Allowed bool
	Thief   bool // made by the scripted attacker
}
