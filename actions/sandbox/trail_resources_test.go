package sandbox_test

import (
	"net/http"
	"testing"

	"twokey/actions/sandbox"
)

func TestLastUsedResourcesComeByServiceInPages(t *testing.T) {
	s := start(t)
	for _, name := range []string{"i-1", "i-2", "i-1"} {
		ok(t, s.RecordUse(s.alice.ID, sandbox.Use{Service: "Ecs", Event: "StopInstance", Source: thief, Resource: name}))
	}
	_, err := s.call(t, s.bot, trail, "GetAccessKeyLastUsedResources", map[string]any{"AccessKey": s.alice.ID})
	refused(t, err, http.StatusBadRequest, "MissingParameter")
	page := read[struct {
		Resources []struct{ ResourceName string }
		NextToken string
	}](t, must[answer](t)(s.call(t, s.bot, trail, "GetAccessKeyLastUsedResources", map[string]any{
		"AccessKey": s.alice.ID, "ServiceName": "Ecs", "PageSize": "1",
	})))
	if len(page.Resources) != 1 || page.Resources[0].ResourceName != "i-1" || page.NextToken != "1" {
		t.Errorf("%+v", page)
	}
}
