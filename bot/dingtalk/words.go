package dingtalk

// WordIDs are the sentences that DingTalk needs from the catalogs, in every language:
// {command}, {commands}, {incident} and {n} are blanks.
var WordIDs = []string{
	"dingtalk.maybe", "dingtalk.more", "dingtalk.once_more", "dingtalk.reason", "dingtalk.type", "dingtalk.who",
}
