package alicloud

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"twokey/incident"
)

// grounds are what a use after the leak is judged by: what was seen before it.
type grounds struct {
	ips      map[string]bool   // addresses that the key or its user was used from
	routine  map[callFrom]bool // operations, each with such an address
	services []string          // used in 400 days
	own      time.Time         // newest use; zero: none is known
	read     bool              // the trail answered, as far as it goes back
}

// callFrom is an operation as policies name it, and where it came from.
type callFrom struct{ action, address string }

// Around the first sign of the leak scanners try the key: see [grounds.probe].
const (
	probeWindow = 30 * time.Minute
	probeCalls  = 3
)

// groundsOf reads what was known before the first sign: events of the key and its
// user of 90 days, and the key's addresses of 400.
func (a *Account) groundsOf(ctx context.Context, t incident.Target, sign time.Time) (grounds, error) {
	key := usedBefore(t.Key, sign)
	g := grounds{ips: map[string]bool{}, routine: map[callFrom]bool{}}
	var ofKey, ofUser past
	var last []dated
	err := together(
		func() error { ofKey = a.history(ctx, key); return nil },
		func() error {
			if t.User == "" {
				ofUser.since = sign
				return nil
			}
			ofUser = a.history(ctx, question{user: t.User, until: key.until})
			return nil
		},
		func() (err error) { g.services, last, err = a.usedFrom(ctx, t.Key); return err },
	)
	for _, p := range []past{ofKey, ofUser} {
		p.ground(&g, sign)
	}
	for _, ip := range last {
		if !ip.at.After(sign) && !g.probed(ofKey, ip.name, sign) {
			g.ips[ip.name] = true
			g.own = later(g.own, ip.at)
		}
	}
	g.read = err == nil && !ofKey.since.IsZero() && (!ofUser.since.IsZero() || beyond(a.now(), sign))
	return g, err
}

// beyond reports that the trail has forgotten what came before a moment.
func beyond(now, sign time.Time) bool { return now.Sub(sign) > window }

// ground adds what a history saw. Scanners that tried the key minutes before
// somebody noticed are no need of its owner's.
func (p past) ground(g *grounds, sign time.Time) {
	for _, ip := range slices.Sorted(maps.Keys(p.from)) {
		if g.probed(p, ip, sign) {
			continue
		}
		g.ips[ip] = true
		for action, at := range p.from[ip] {
			g.routine[callFrom{action, ip}] = true
			g.own = later(g.own, at)
		}
	}
}

// probed reports whether all that a history saw of an address is a scanner's try
// right before the leak was noticed.
func (g *grounds) probed(p past, ip string, sign time.Time) bool {
	seen := p.from[ip]
	if len(seen) == 0 || len(seen) > probeCalls {
		return false
	}
	for action, at := range seen {
		if !probes[action] || sign.Sub(at) > probeWindow {
			return false
		}
	}
	return true
}

// usedFrom are the services that a key was used with and the addresses it was used
// from, each with its newest use.
func (a *Account) usedFrom(ctx context.Context, key incident.KeyID) (services []string, ips []dated, err error) {
	all, err := a.services(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	var looks []func() error
	for i, s := range all {
		services = append(services, s.name)
		if i >= maxServices {
			continue
		}
		looks = append(looks, func() error {
			from, err := a.addressesOf(ctx, key, s.name)
			mu.Lock()
			defer mu.Unlock()
			ips = append(ips, from...)
			return err
		})
	}
	err = together(looks...)
	slices.Sort(services)
	return slices.Compact(services), ips, err
}

// maxServices bounds the calls for one key.
const maxServices = 15
