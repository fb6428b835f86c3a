package heads

import "twokey/incident"

// queue is what waits to be written: the newest head of each history, in the
// order in which they came. So a flood of records of one incident is one line,
// and what can wait is bounded by the number of histories.
type queue struct {
	order  []place
	newest map[place]Head
}

// place is a history, or the end of one that is taken out.
type place struct {
	id     incident.ID
	purged bool
}

// add takes heads and returns how many were left out for them.
func (q *queue) add(heads ...Head) (lost uint64) {
	if q.newest == nil {
		q.newest = make(map[place]Head)
	}
	for _, h := range heads {
		p := place{h.ID, h.Purged}
		old, waits := q.newest[p]
		if waits && old.Seq > h.Seq {
			continue
		}
		if !waits {
			q.order = append(q.order, p)
		}
		q.newest[p] = h
	}
	for len(q.order) > maxWaiting {
		delete(q.newest, q.order[0])
		q.order = q.order[1:]
		lost++
	}
	return lost
}

// take empties the queue.
func (q *queue) take() queue {
	all := *q
	*q = queue{}
	return all
}

// putBack puts what was taken before everything that came since.
func (q *queue) putBack(taken queue) (lost uint64) {
	since := q.take()
	*q = taken
	for _, p := range since.order {
		lost += q.add(since.newest[p])
	}
	return lost
}

// lineLen is enough for a line.
const lineLen = 120

func (q queue) lines() []byte {
	if len(q.order) == 0 {
		return nil
	}
	b := make([]byte, 0, lineLen*len(q.order))
	for _, p := range q.order {
		b = append(q.newest[p].line(b), '\n')
	}
	return b
}
