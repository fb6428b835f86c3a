package storetest

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"twokey/incident"
	"twokey/store"
)

// model is a store in a few maps: slow, for one goroutine, and short enough to
// be read against the comments of package store.
type model struct {
	records map[incident.ID][]incident.Record
	jobs    map[string]work
	marks   map[string]store.Mark
	values  map[string][]byte
	index   map[incident.ID]incident.Index
	created uint64
}

// work is a job, the token of whoever claimed it last (0: waiting) and what was
// asked since.
type work struct {
	job   incident.Job
	token uint64
	until time.Time
	again []incident.Job
}

func newModel() *model {
	return &model{
		map[incident.ID][]incident.Record{},
		map[string]work{},
		map[string]store.Mark{},
		map[string][]byte{},
		map[incident.ID]incident.Index{},
		0,
	}
}

// refuses is why a batch must not be written; nil if it must.
func (m *model) refuses(b store.Batch) error {
	if b.Lease != nil && !m.holds(*b.Lease) {
		return store.ErrLost
	}
	length := map[incident.ID]int{}
	for id, records := range m.records {
		length[id] = len(records)
	}
	for _, r := range b.Records {
		if length[r.Incident]++; r.Seq != uint64(length[r.Incident]) { //nolint:gosec // small
			return store.ErrConflict
		}
	}
	marks := maps.Clone(m.marks)
	for _, name := range b.Release {
		delete(marks, name)
	}
	for _, k := range b.Marks {
		if had, ok := marks[k.Name]; ok && lasts(had, k.Now) {
			return &store.TakenError{Mark: k.Name, Incident: had.Incident}
		}
		marks[k.Name] = k
	}
	return nil
}

func lasts(k store.Mark, now time.Time) bool { return k.Until.IsZero() || now.Before(k.Until) }

func (m *model) append(b store.Batch) error {
	if err := m.refuses(b); err != nil {
		return err
	}
	for _, r := range b.Records {
		m.records[r.Incident] = append(m.records[r.Incident], r)
	}
	for _, j := range b.Jobs {
		m.ask(j)
	}
	if b.Finish {
		m.finish(*b.Lease)
	}
	for _, name := range b.Release {
		delete(m.marks, name)
	}
	for _, k := range b.Marks {
		m.marks[k.Name] = k
	}
	for _, v := range b.Values {
		m.values[v.Key] = v.Body
		if v.Body == nil {
			delete(m.values, v.Key)
		}
	}
	for _, e := range b.Index {
		m.index[e.Incident] = e
	}
	return nil
}

func (m *model) create(open func(incident.ID) store.Batch) (incident.ID, error) {
	n := m.created + 1
	for len(m.records[incident.NewID(n)]) > 0 {
		n++
	}
	b := open(incident.NewID(n))
	for i := range b.Marks {
		b.Marks[i].Incident = cmp.Or(b.Marks[i].Incident, incident.NewID(n))
	}
	if err := m.append(b); err != nil {
		return "", err
	}
	m.created = n
	return incident.NewID(n), nil
}

func (m *model) purge(ids []incident.ID) error {
	for _, id := range ids {
		if m.index[id].Open {
			return store.ErrBusy
		}
		for _, w := range m.jobs {
			if w.job.Incident == id {
				return store.ErrBusy
			}
		}
	}
	for _, id := range ids {
		delete(m.records, id)
		delete(m.index, id)
		maps.DeleteFunc(m.marks, func(_ string, k store.Mark) bool { return k.Incident == id })
		m.created = max(m.created, id.Number())
	}
	return nil
}

func (m *model) ask(j incident.Job) {
	w, ok := m.jobs[j.Key]
	switch {
	case !ok:
		w.job = j
	case w.token == 0:
		w.job = together(w.job, j)
	default:
		w.again = append(w.again, j)
	}
	m.jobs[j.Key] = w
}

// together is one job that was asked for several times.
func together(j incident.Job, more ...incident.Job) incident.Job {
	for _, o := range more {
		j.Seq = max(j.Seq, o.Seq)
		if o.Due.Before(j.Due) {
			j.Due = o.Due
		}
	}
	return j
}

func (w work) at() time.Time {
	if w.token != 0 {
		return w.until
	}
	return w.job.Due
}

// first is the key of the job of a lane that can be claimed first.
func (m *model) first(lane string) (string, bool) {
	keys := slices.DeleteFunc(slices.Collect(maps.Keys(m.jobs)), func(k string) bool { return m.jobs[k].job.Lane != lane })
	if len(keys) == 0 {
		return "", false
	}
	return slices.MinFunc(keys, func(a, b string) int {
		return cmp.Or(m.jobs[a].at().Compare(m.jobs[b].at()), strings.Compare(a, b))
	}), true
}

// claim returns the job to hand out; the caller tells with which token.
func (m *model) claim(lane string, now, until time.Time, token uint64) (incident.Job, bool) {
	key, ok := m.first(lane)
	if !ok || m.jobs[key].at().After(now) {
		return incident.Job{}, false
	}
	w := m.jobs[key]
	if w.token != 0 {
		w.job.Attempt++
	}
	if len(w.again) > 0 {
		if asked := together(w.again[0], w.again[1:]...); !asked.Due.After(now) {
			w.job, w.again = together(w.job, asked), nil
		}
	}
	w.token, w.until = token, until
	m.jobs[key] = w
	return w.job, true
}

func (m *model) holds(l store.Lease) bool {
	w, ok := m.jobs[l.Job.Key]
	return ok && w.token != 0 && w.token == l.Token
}

func (m *model) finish(l store.Lease) {
	w := m.jobs[l.Job.Key]
	delete(m.jobs, l.Job.Key)
	if len(w.again) > 0 {
		m.jobs[l.Job.Key] = work{job: together(w.again[0], w.again[1:]...)}
	}
}

func (m *model) retry(l store.Lease, due time.Time) {
	w := m.jobs[l.Job.Key]
	w.job.Due = due
	w.job = together(w.job, w.again...)
	w.job.Attempt++
	m.jobs[l.Job.Key] = work{job: w.job}
}

func (m *model) extend(l store.Lease, until time.Time) store.Lease {
	w := m.jobs[l.Job.Key]
	if until.After(w.until) {
		w.until = until
	}
	m.jobs[l.Job.Key] = w
	l.Until = w.until
	return l
}

func (m *model) find(q store.Query) []incident.Index {
	newest := func(a, b incident.Index) int {
		return -cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.Incident.Number(), b.Incident.Number()))
	}
	var found []incident.Index
	for _, e := range slices.SortedFunc(maps.Values(m.index), newest) {
		from, known := m.index[q.Before]
		switch {
		case q.Open && !e.Open, q.Key != "" && q.Key != e.Key, q.Account != "" && q.Account != e.Account, q.UserID != "" && q.UserID != e.UserID:
		case e.Opened.Before(q.Since), !q.Until.IsZero() && !e.Opened.Before(q.Until):
		case q.Before != "" && (!known || newest(from, e) >= 0):
		case len(found) < q.Limit:
			found = append(found, e)
		}
	}
	return found
}

// contents is what look must see.
func (m *model) contents(now time.Time, lanes []string) contents {
	c := contents{map[incident.ID][]string{}, map[string]time.Time{}, map[string]incident.ID{}, nil, m.find(store.Query{Limit: 1000})}
	for id, records := range m.records {
		c.Records[id] = encoded(records)
	}
	for _, lane := range lanes {
		if key, ok := m.first(lane); ok {
			c.Next[lane] = m.jobs[key].at()
		}
	}
	for name, k := range m.marks {
		if lasts(k, now) {
			c.Marks[name] = k.Incident
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.values)) {
		c.Values = append(c.Values, store.Value{Key: key, Body: bytes.Clone(m.values[key])})
	}
	return c
}
