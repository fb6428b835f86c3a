package slack

// scope is a permission of the bot's token. docs/slack.md has the same table, and the
// manifest there asks for these and no others.
type scope struct {
	Name    string // "chat:write"
	For     string // what the bot does with it
	Without string // what people miss when it is not there
	when    when
}

// when is what a scope is needed with.
type when int

const (
	always   when = iota
	public        // the room is a public channel
	hidden        // the room is private, or incidents have channels of their own
	channels      // incidents have channels of their own
)

var scopes = []scope{
	{"app_mentions:read", "hear who mentions it", "mentioning the bot does nothing", always},
	{"bookmarks:write", "link the card at the top of an incident's channel", "an incident's channel has no link to its card", channels},
	{"channels:history", "find its own messages in a public channel, so that none is posted twice", "a card or a line may be shown twice", public},
	{"channels:read", "see whether other organisations share a public channel", "nothing is shown or decided in public channels", always},
	{"chat:write", "post cards, lines and answers", "no card is shown", always},
	{"commands", "take /leak, and the message shortcut", "/leak and the shortcut do nothing", always},
	{"groups:history", "find its own messages in a private channel, so that none is posted twice", "a card or a line may be shown twice", hidden},
	{"groups:read", "see whether other organisations share a private channel; find an incident's channel again", "nothing is shown or decided in private channels", always},
	{"groups:write", "open an incident's channel, ask people in, set its topic, archive it", "no incident gets a channel", channels},
	{"im:history", "hear direct messages", "writing to the bot does nothing", always},
	{"im:write", "answer in a direct message where it can't answer in place", "some answers reach nobody", always},
	{"pins:write", "pin the card in an incident's channel", "the card of an incident's channel is not pinned", channels},
	{"users:read", "tell members from guests, bots and people who left; their language", "nobody may press or type anything", always},
}

// site is what decides which scopes are needed. A room that could not be read is
// neither public nor private.
type site struct{ public, private, channels bool }

func (s scope) neededBy(at site) bool {
	switch s.when {
	case always:
		return true
	case public:
		return at.public
	case hidden:
		return at.private || at.channels
	}
	return at.channels
}
