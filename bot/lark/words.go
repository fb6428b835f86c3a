package lark

// WordIDs are the sentences that Lark needs from the catalogs, in every language:
// {command}, {incident} and {n} are blanks.
var WordIDs = []string{
	"lark.asked", "lark.more", "lark.no_message", "lark.no_window", "lark.send", "lark.shared", "lark.who", "lark.working", "lark.written",
}
