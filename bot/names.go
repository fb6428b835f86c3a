package bot

import (
	"errors"
	"fmt"
	"time"

	"twokey/incident"
	"twokey/store"
)

// How long the names of things that must happen once are remembered.
const (
	deliveryFor = 3 * 24 * time.Hour // GitHub can redeliver for three days
	clickFor    = 8 * time.Hour      // Lark's last retry comes after six hours
	autoFor     = time.Hour
)

// openName is taken by the one open incident of a key.
func openName(k incident.KeyID) string { return "open/" + string(k) }

// lookupName is taken by the one open look-up of a finding.
func lookupName(a incident.Alert) string { return "lookup/" + a.Source + "/" + a.ExternalKey }

func deliveryName(a incident.Alert) string { return "delivery/" + a.Source + "/" + a.Delivery }

func clickName(in Input) string { return "click/" + in.From.Platform + "/" + in.ID }

// slotName is taken by one of the automatic containments of an account in an
// hour: there are as many as the cap allows.
func slotName(account string, n int) string { return fmt.Sprintf("auto/%s/%d", account, n) }

// takenBy tells who has a name, if that is why err is. Other names are none of
// the caller's business.
func takenBy(err error, name string) *store.TakenError {
	taken, ok := errors.AsType[*store.TakenError](err)
	if !ok || taken.Mark != name {
		return nil
	}
	return taken
}

// names lists the names that records take and give back.
func names(records []incident.Record, after incident.State) (take []store.Mark, release []string) {
	for _, r := range records {
		mark := func(name string) {
			take = append(take, store.Mark{Name: name, Incident: r.Incident, Now: r.At})
		}
		switch e := r.Event.(type) {
		case incident.Opened:
			switch {
			case e.Alert.KeyID != "":
				mark(openName(e.Alert.KeyID))
			case e.Alert.ExternalKey != "":
				mark(lookupName(e.Alert))
			}
		case incident.KeyEntered:
			mark(openName(e.Key))
		case incident.Reopened:
			mark(openName(after.Key))
		case incident.Closed, incident.Merged:
			release = append(release, lookupNames(after)...)
			if after.Key != "" {
				release = append(release, openName(after.Key))
			}
		}
	}
	return take, release
}

func lookupNames(s incident.State) []string {
	if len(s.Alerts) == 0 || s.Alerts[0].KeyID != "" || s.Alerts[0].ExternalKey == "" {
		return nil
	}
	return []string{lookupName(s.Alerts[0])}
}
