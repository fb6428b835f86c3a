package slack_test

import (
	"encoding/json"
	"testing"

	"twokey/bot/chattest"
	"twokey/bot/slack/e2e"
	"twokey/bot/slack/slacktest"
)

// TestWhatIsDrawnIsOfSlacksTypes plays the story once more and compiles every message
// and every dialog that it drew against Slack's own types: what the workspace of the
// other tests checks was written here.
func TestWhatIsDrawnIsOfSlacksTypes(t *testing.T) {
	const folder = "e2e"
	if what := e2e.Missing(folder); what != "" {
		t.Skip(what)
	}
	drawn := map[string]slacktest.Kind{}
	chattest.Run(t, func(t *testing.T) chattest.Platform {
		o := newOffice(t, false)
		t.Cleanup(func() {
			for _, d := range o.Drawn() {
				drawn[string(d.JSON)] = d.Kind
			}
		})
		return o
	})
	var docs []e2e.Doc
	for doc, kind := range drawn {
		docs = append(docs, e2e.Doc{View: kind == slacktest.ForView, JSON: json.RawMessage(doc)})
	}
	if len(docs) == 0 {
		t.Fatal("nothing was drawn")
	}
	if err := e2e.CheckTypes(t.Context(), folder, t.TempDir(), docs); err != nil {
		t.Error(err)
	}
	t.Logf("%d messages and dialogs", len(docs))
}
