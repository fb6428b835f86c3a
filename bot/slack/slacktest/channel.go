package slacktest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Channel is a conversation as a test sets it up or finds it.
type Channel struct {
	ID, Name string // "C…", or "D…" between the bot and one person
	Private  bool
	IM       bool
	Archived bool
	Shared   bool // with another organization: Slack Connect
	Members  []string
	Topic    string
	Purpose  string
	Creator  string
	Created  time.Time
}

// channel is a conversation with everything in it.
type channel struct {
	Channel
	messages  []*Message // oldest first, threads and what is ephemeral included
	pins      []string   // timestamps
	bookmarks []Bookmark
}

// Bookmark is a link at the top of a channel.
type Bookmark struct{ ID, Title, Link, Emoji string }

// AddChannel adds a channel with just these members; the bot is none of them
// unless it is named ([App.BotUser]). An empty id is filled in.
func (w *Workspace) AddChannel(c Channel) Channel {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.addChannel(c).Channel
}

func (w *Workspace) addChannel(c Channel) *channel {
	letter := "C"
	if c.IM {
		letter = "D"
	}
	c.ID = cmp.Or(c.ID, newID(letter))
	c.Name = cmp.Or(c.Name, strings.ToLower(c.ID))
	if c.Created.IsZero() {
		c.Created = w.o.Now()
	}
	c.Members = slices.Clone(c.Members)
	made := &channel{Channel: c}
	w.channels = append(w.channels, made)
	return made
}

// Room adds a public channel that the bot and these people are in.
func (w *Workspace) Room(name string, people ...string) Channel {
	return w.AddChannel(Channel{Name: name, Members: append([]string{w.App.BotUser}, people...)})
}

// ChangeChannel changes a channel behind the bot's back.
func (w *Workspace) ChangeChannel(id string, change func(*Channel)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.channel(id); c != nil {
		change(&c.Channel)
		w.touch()
	}
}

// Channels are all channels as they are now, in the order in which they came.
func (w *Workspace) Channels() []Channel {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Channel
	for _, c := range w.channels {
		copied := c.Channel
		copied.Members = slices.Clone(c.Members)
		all = append(all, copied)
	}
	return all
}

// Bookmarks are the links at the top of a channel.
func (w *Workspace) Bookmarks(id string) []Bookmark {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.channel(id); c != nil {
		return slices.Clone(c.bookmarks)
	}
	return nil
}

func (w *Workspace) channel(id string) *channel {
	i := slices.IndexFunc(w.channels, func(c *channel) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return w.channels[i]
}

func (c *channel) has(user string) bool { return slices.Contains(c.Members, user) }

// visible is a channel that the bot may know of: Slack hides private ones that it
// is not in.
func (w *Workspace) visible(id string) (*channel, *refusal) {
	c := w.channel(id)
	if c == nil || (c.Private || c.IM) && !c.has(w.App.BotUser) {
		return nil, refuse("channel_not_found")
	}
	return c, nil
}

// entered is a channel that the bot is in.
func (w *Workspace) entered(id string) (*channel, *refusal) {
	c, refused := w.visible(id)
	if refused == nil && !c.has(w.App.BotUser) {
		return nil, refuse("not_in_channel")
	}
	return c, refused
}

// live is a channel that the bot is in and that is not archived.
func (w *Workspace) live(id string) (*channel, *refusal) {
	c, refused := w.entered(id)
	if refused == nil && c.Archived {
		return nil, refuse("is_archived")
	}
	return c, refused
}

// direct is the conversation of the bot and one person, made when it is first
// needed.
func (w *Workspace) direct(user string) *channel {
	for _, c := range w.channels {
		if c.IM && c.has(user) {
			return c
		}
	}
	return w.addChannel(Channel{IM: true, Members: []string{w.App.BotUser, user}, Creator: w.App.BotUser})
}

func (c *channel) partner(bot string) string {
	for _, m := range c.Members {
		if m != bot {
			return m
		}
	}
	return ""
}

func (w *Workspace) channelObject(c *channel) object {
	o := object{
		"id": c.ID, "created": c.Created.Unix(), "is_im": c.IM, "is_archived": c.Archived, "is_private": c.Private || c.IM,
		"is_channel": !c.IM, "is_group": false, "is_mpim": false, "is_ext_shared": c.Shared, "is_shared": c.Shared,
		"is_org_shared": false, "context_team_id": w.App.Team,
	}
	if c.IM {
		o["user"] = c.partner(w.App.BotUser)
		return o
	}
	o["name"], o["name_normalized"], o["creator"] = c.Name, c.Name, c.Creator
	o["is_member"] = c.has(w.App.BotUser)
	o["topic"] = object{"value": c.Topic, "creator": "", "last_set": 0}
	o["purpose"] = object{"value": c.Purpose, "creator": "", "last_set": 0}
	return o
}
