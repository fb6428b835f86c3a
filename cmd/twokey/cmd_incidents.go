package main

import (
	"fmt"
	"text/tabwriter"

	"twokey/bot/api"
	"twokey/incident"
)

type incidentsCmd struct {
	recordFlags

	Open   bool   `help:"Only those that people still work on."`
	Limit  int    `default:"50" help:"How many at most, up to 1000."`
	Before string `placeholder:"INCIDENT" help:"Only older ones than this."`
}

// Help is shown below the flags.
func (incidentsCmd) Help() string {
	return "Reads the bot's file, or asks the running bot when that has the file open."
}

// Run prints one line for each incident.
func (c *incidentsCmd) Run(e *env, g *globals) error {
	if c.Limit < 1 || c.Limit > api.MaxLimit {
		return usageError(fmt.Sprintf("--limit: want 1 to %d", api.MaxLimit))
	}
	record, err := c.open(e, g)
	if err != nil {
		return err
	}
	defer record.close()
	list, err := record.Incidents(e.ctx, api.Filter{Open: c.Open, Limit: c.Limit, Before: incident.ID(c.Before)})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		e.printf("no incidents in %s\n", record.from)
		return nil
	}
	table := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "INCIDENT\tSTATE\tKEY\tOWNER\tOPENED")
	for _, i := range list {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", i.ID, i.State, or(string(i.Key), "not known yet"), whose(i.Owner),
			i.Opened.UTC().Format("2006-01-02 15:04:05Z"))
	}
	return table.Flush()
}

func whose(o api.Owner) string {
	if o.User != "" {
		return o.User + " in " + o.Account
	}
	return or(o.Kind, "not asked yet")
}
