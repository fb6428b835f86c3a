package slack

// WordIDs are the sentences that Slack needs from the catalogs, in every language:
// {command}, {incident} and {n} are blanks.
var WordIDs = []string{
	"slack.cancel", "slack.close", "slack.looking", "slack.more", "slack.no_window", "slack.send", "slack.shared", "slack.who",
	"slack.working",
}
