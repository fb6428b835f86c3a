package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"twokey/bot"
	"twokey/bot/api"
	"twokey/store"
	"twokey/store/heads"
)

// metrics are few, and none has a key id, a person or foreign text in a label.
type metrics struct {
	registry *prometheus.Registry
	alerts   *prometheus.CounterVec
	refused  *prometheus.CounterVec
	store    store.Store
	now      func() time.Time
	lanes    []string
	rooms    []string
	failing  func(room string) (bot.Behind, bool)
	checks   func() bot.Checks
	heads    *heads.File // nil: none is kept

	mu   sync.Mutex
	last map[string]time.Time // by room
}

var (
	openIncidents = prometheus.NewDesc("twokey_incidents_open", "Incidents that people still work on, counted up to 1000.", nil, nil)
	laneLate      = prometheus.NewDesc("twokey_jobs_late_seconds", "How long the oldest job that is due has waited.", []string{"lane"}, nil)
	lastInbound   = prometheus.NewDesc("twokey_room_last_inbound_timestamp_seconds",
		"When somebody last pressed or typed something in a room; 0: not since the start.", []string{"room"}, nil)
	roomFailing = prometheus.NewDesc("twokey_room_failing_seconds",
		"How long nothing could be shown in a room; 0: the last call got through.", []string{"room"}, nil)
	chainBroken  = prometheus.NewDesc("twokey_chain_broken", "Histories that do not hold together, as found since the start.", nil, nil)
	chainChecked = prometheus.NewDesc("twokey_chain_checked_timestamp_seconds", "When the whole record was last read through; 0: not yet.", nil, nil)
	headsFailing = prometheus.NewDesc("twokey_heads_failing", "1 while the file of heads can't be written.", nil, nil)
	headsLost    = prometheus.NewDesc("twokey_heads_lost_total", "Heads left out because too many waited for the file.", nil, nil)
)

func newMetrics(registry *prometheus.Registry, s store.Store, now func() time.Time) *metrics {
	m := &metrics{
		registry: registry, store: s, now: now, last: map[string]time.Time{},
		alerts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twokey_alerts_total", Help: "Findings that came in, by what became of them.",
		}, []string{"verdict"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twokey_room_refused_total", Help: "What came in as from a chat and was not let in, by why.",
		}, []string{"room", "reason"}),
	}
	registry.MustRegister(m, m.alerts, m.refused, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

var _ prometheus.Collector = (*metrics)(nil)

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(all chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{openIncidents, laneLate, lastInbound, roomFailing, chainBroken, chainChecked, headsFailing, headsLost} {
		all <- d
	}
}

// scrapeTimeout bounds what one scrape may ask of the store.
const scrapeTimeout = 2 * time.Second

// Collect implements [prometheus.Collector]: the store is read when somebody
// asks, so that nothing can be out of date.
func (m *metrics) Collect(all chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		all <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	m.evidence(gauge, all)
	m.chats(gauge)
	open, err := m.store.Find(ctx, store.Query{Open: true, Limit: api.MaxLimit})
	if err != nil {
		all <- prometheus.NewInvalidMetric(openIncidents, err)
		return
	}
	gauge(openIncidents, float64(len(open)))
	for _, lane := range m.lanes {
		due, busy, err := m.store.NextDue(ctx, lane)
		if err != nil {
			all <- prometheus.NewInvalidMetric(laneLate, err)
			return
		}
		late := time.Duration(0)
		if busy {
			late = max(0, m.now().Sub(due))
		}
		gauge(laneLate, late.Seconds(), lane)
	}
}

// chats says how each room is heard and reached. It asks nobody.
func (m *metrics) chats(gauge func(*prometheus.Desc, float64, ...string)) {
	for _, room := range m.rooms {
		heard, failing := 0.0, 0.0
		if at := m.inbound(room); !at.IsZero() {
			heard = float64(at.Unix())
		}
		if down, is := m.failing(room); is {
			failing = max(0, m.now().Sub(down.Since).Seconds())
		}
		gauge(lastInbound, heard, room)
		gauge(roomFailing, failing, room)
	}
}

// evidence says how the record stands. It asks nobody, so that it is told also
// while the store does not answer.
func (m *metrics) evidence(gauge func(*prometheus.Desc, float64, ...string), all chan<- prometheus.Metric) {
	if m.checks != nil {
		found, whole := m.checks(), 0.0
		if !found.Whole.IsZero() {
			whole = float64(found.Whole.Unix())
		}
		gauge(chainBroken, float64(len(found.Broken)))
		gauge(chainChecked, whole)
	}
	if m.heads != nil {
		failing := 0.0
		if m.heads.Failing() != nil {
			failing = 1
		}
		gauge(headsFailing, failing)
		all <- prometheus.MustNewConstMetric(headsLost, prometheus.CounterValue, float64(m.heads.Lost()))
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// inbound is when somebody last used a room; zero: not since the start.
func (m *metrics) inbound(room string) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last[room]
}

// heard notes that somebody used a room.
func (m *metrics) heard(room string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last[room] = m.now()
}
