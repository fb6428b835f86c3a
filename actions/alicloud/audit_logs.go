package alicloud

import (
	"context"
	"strconv"
	"time"

	"twokey/incident"
)

// addLogs asks the configured logs what the key did, and adds it to what was found.
// A logstore that does not answer is an error; the others are asked all the same.
func (a *Account) addLogs(ctx context.Context, key incident.KeyID, sign time.Time, v *verdict, f *incident.Findings) error {
	quoted, err := quotedKey(key)
	if err != nil {
		return err
	}
	since := sign
	if edge := a.now().Add(-window); since.Before(edge) {
		since = edge
	}
	found, whole := make([][]map[string]string, len(a.logs.stores)), make([]bool, len(a.logs.stores))
	looks := make([]func() error, len(a.logs.stores))
	for i, s := range a.logs.stores {
		looks[i] = func() (err error) {
			found[i], whole[i], err = a.getLogs(ctx, s, since, a.now().Add(time.Second), a.logs.query(s.kind, quoted))
			return err
		}
	}
	err = together(looks...)
	f.From = append(f.From, getLogsOp)
	missing := false
	for i, s := range a.logs.stores {
		for _, row := range found[i] {
			if j, ok := logCall(s.kind, row); ok {
				j.key = string(key)
				f.Items = append(f.Items, v.weighLog(j).finding(key))
			}
		}
		missing = missing || !whole[i] || len(found[i]) >= logLines
	}
	if missing {
		f.Blind = append(f.Blind, blindLogs)
	}
	return err
}

// logLines is how many rows a query brings at the most.
const logLines = 100

// query counts what a key did, by operation and address. Columns were checked when
// they were configured, the key right before.
func (l logs) query(kind, quoted string) string {
	column := func(name string) string { return `"` + l.columns[kind+"."+name] + `"` }
	return `* | SELECT ` + column("operation") + ` AS operation, ` + column("ip") + ` AS ip, ` + column("error") + ` AS code, ` +
		`count(1) AS n, min(__time__) AS first, max(__time__) AS last FROM log WHERE ` + column("key") + ` = ` + quoted +
		` GROUP BY ` + column("operation") + `, ` + column("ip") + `, ` + column("error") + ` LIMIT ` + strconv.Itoa(logLines)
}

// logCall reads a row of the answer; false if it names no operation.
func logCall(kind string, row map[string]string) (judged, bool) {
	operation := word(row["operation"])
	n, err := strconv.Atoi(row["n"])
	if operation == "" || err != nil || n < 1 {
		return judged{}, false
	}
	code := word(row["code"])
	if code == "null" || code == "-" {
		code = "" // how SLS writes that there is none
	}
	prefix := map[string]string{kindOSS: "oss:", kindSLS: "log:"}[kind]
	return judged{tally: tally{
		deedOf: deedOf{action: prefix + operation, address: addressIn(row["ip"]), code: code},
		n:      n, first: unixText(row["first"]), last: unixText(row["last"]),
	}}, true
}

// weighLog judges a call of the logs. Whether it writes, they do not say: what is
// new is worth a look, what is sensitive from a new address is theft.
func (v *verdict) weighLog(j judged) judged {
	j.fresh = v.read && j.address != "" && !v.ips[j.address]
	j.sensitive = isSensitive(j.action) && j.fresh
	return j
}

func unixText(text string) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}
