package sandbox

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// logQuery is the part of SLS's query language that the sandbox speaks:
//
//   - | SELECT "column" AS name, count(1) AS n, min(__time__) AS first, max(__time__) AS last
//     FROM log WHERE "column" = 'text' AND "column" LIKE 'text%' AND "column" IS NULL
//     GROUP BY "column", … LIMIT 100
type logQuery struct {
	columns []logColumn
	where   []logTest
	groups  []string
	limit   int
}

type logColumn struct{ of, name string } // of: a column, or count, min, max

type logTest struct{ column, is, value string }

var (
	logWhole  = regexp.MustCompile(`(?s)^\* \| SELECT (.+?) FROM log(?: WHERE (.+?))?(?: GROUP BY (.+?))?(?: LIMIT ([0-9]+))?$`)
	logSelect = regexp.MustCompile(`^(?:"([^"]+)"|(count)\(1\)|(min|max)\(__time__\)) AS ([a-z_]+)$`)
	logWhere  = regexp.MustCompile(`^"([^"]+)" (?:(=|LIKE) '([^']*)'|(IS NULL))$`)
	logGroup  = regexp.MustCompile(`^"([^"]+)"$`)
)

// parseLogQuery reads a query; false if it is not one that the sandbox speaks.
func parseLogQuery(text string) (logQuery, bool) {
	whole := logWhole.FindStringSubmatch(text)
	if whole == nil {
		return logQuery{}, false
	}
	q := logQuery{limit: 100}
	for part := range strings.SplitSeq(whole[1], ", ") {
		m := logSelect.FindStringSubmatch(part)
		if m == nil {
			return q, false
		}
		q.columns = append(q.columns, logColumn{or(m[1], or(m[2], m[3])), m[4]})
		if m[1] == "" {
			q.columns[len(q.columns)-1].of = "()" + q.columns[len(q.columns)-1].of
		}
	}
	if whole[2] != "" {
		for part := range strings.SplitSeq(whole[2], " AND ") {
			m := logWhere.FindStringSubmatch(part)
			if m == nil {
				return q, false
			}
			q.where = append(q.where, logTest{m[1], or(m[2], m[4]), m[3]})
		}
	}
	if whole[3] != "" {
		for part := range strings.SplitSeq(whole[3], ", ") {
			m := logGroup.FindStringSubmatch(part)
			if m == nil {
				return q, false
			}
			q.groups = append(q.groups, m[1])
		}
	}
	if whole[4] != "" {
		q.limit, _ = strconv.Atoi(whole[4]) // only digits
	}
	return q, true
}

// answer runs the query over the rows of a time.
func (q logQuery) answer(rows []LogRow, from, to int64) []map[string]string {
	groups, order := map[string][]LogRow{}, []string{}
	for i, row := range rows {
		at := row.At.Unix()
		if at < from || at >= to || !q.holds(row) {
			continue
		}
		key := strconv.Itoa(i)
		if len(q.groups) > 0 {
			key = ""
			for _, column := range q.groups {
				key += strconv.Quote(row.Fields[column])
			}
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], row)
	}
	out := []map[string]string{}
	for _, key := range order[:min(q.limit, len(order))] {
		out = append(out, q.row(groups[key]))
	}
	return out
}

func (q logQuery) holds(row LogRow) bool {
	return !slices.ContainsFunc(q.where, func(t logTest) bool {
		value, has := row.Fields[t.column]
		switch t.is {
		case "=":
			return value != t.value || !has
		case "LIKE":
			return !has || !like(value, t.value)
		}
		return has // IS NULL
	})
}

// like is SQL's, with nothing but a "%" at the end.
func like(value, pattern string) bool {
	if prefix, open := strings.CutSuffix(pattern, "%"); open {
		return strings.HasPrefix(value, prefix)
	}
	return value == pattern
}

func (q logQuery) row(rows []LogRow) map[string]string {
	out := map[string]string{}
	first := slices.MinFunc(rows, func(a, b LogRow) int { return a.At.Compare(b.At) })
	last := slices.MaxFunc(rows, func(a, b LogRow) int { return a.At.Compare(b.At) })
	for _, c := range q.columns {
		switch c.of {
		case "()count":
			out[c.name] = strconv.Itoa(len(rows))
		case "()min":
			out[c.name] = strconv.FormatInt(first.At.Unix(), 10)
		case "()max":
			out[c.name] = strconv.FormatInt(last.At.Unix(), 10)
		default:
			out[c.name] = or(rows[0].Fields[c.of], "null") // as SLS writes it
		}
	}
	return out
}
