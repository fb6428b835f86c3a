package main

import (
	"fmt"
	"slices"
	"unicode"

	"twokey/bot/api"
)

type showCmd struct {
	recordFlags

	Incident string `arg:"" help:"inc-7, 7, or system for what concerns the whole bot."`
	Lang     string `placeholder:"LANG" help:"en, zh, ja or id; the rooms' language when not given."`
	All      bool   `help:"Also records that people need not read."`
}

// Help is shown below the flags.
func (showCmd) Help() string {
	return "Reads the bot's file, or asks the running bot when that has the file open."
}

// Run prints the timeline as plain text, one line for each record.
func (c *showCmd) Run(e *env, g *globals) error {
	id, err := incidentID(c.Incident)
	if err != nil {
		return err
	}
	if c.Lang != "" && !slices.Contains(languages(), c.Lang) {
		return usageError("--lang: want en, zh, ja or id")
	}
	record, err := c.open(e, g)
	if err != nil {
		return err
	}
	defer record.close()
	entries, err := record.Timeline(e.ctx, id, c.Lang)
	if err != nil {
		return fmt.Errorf("%s in %s: %w", id, record.from, err)
	}
	for _, entry := range entries {
		if entry.Text == "" && !c.All {
			continue
		}
		e.printf("%s  %-8s %s\n", entry.At.UTC().Format("2006-01-02 15:04:05Z"), entry.By, printable(or(entry.Text, about(entry))))
	}
	if n := len(entries); n > 0 {
		e.printf("%s  record %d  %s\n", id, entries[n-1].Seq, entries[n-1].Hash.Short())
	}
	return nil
}

func about(entry api.Entry) string {
	if entry.Plan == 0 {
		return "(" + entry.Kind + ")"
	}
	return fmt.Sprintf("(%s: plan %d, %s)", entry.Kind, entry.Plan, entry.Step)
}

// printable keeps foreign text from steering the terminal it is printed on.
func printable(text string) string {
	out := []rune(text)
	for i, c := range out {
		if c != ' ' && !unicode.IsPrint(c) {
			out[i] = ' '
		}
	}
	return string(out)
}
