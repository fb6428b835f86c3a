package console

// WordIDs are the sentences that the page needs from the catalogs, in every
// language: {count}, {number}, {time} and {addresses} are blanks.
var WordIDs = []string{
	"console.account", "console.account.note", "console.allowed", "console.attack", "console.back", "console.bin",
	"console.bin.until", "console.cancel", "console.command", "console.command.hint", "console.denied",
	"console.dismiss", "console.dock", "console.earlier", "console.earlier_answers", "console.empty.text",
	"console.empty.title", "console.failed", "console.fence", "console.language", "console.leaked", "console.live",
	"console.lost", "console.moved", "console.no_calls", "console.no_keys", "console.only_you", "console.older",
	"console.or_type", "console.others", "console.passed", "console.plan", "console.policies", "console.pretend",
	"console.problem", "console.problem.attack", "console.problem.busy", "console.problem.empty", "console.problem.far",
	"console.problem.gone", "console.problem.host", "console.problem.identity", "console.problem.not_listening",
	"console.problem.origin", "console.problem.other", "console.problem.stale", "console.problem.too_large",
	"console.refused", "console.refusals", "console.required", "console.room", "console.send", "console.skip", "console.stranger",
	"console.thief", "console.timeline", "console.title", "console.tone.alarm", "console.tone.warn", "console.waiting",
	"console.who",
}
