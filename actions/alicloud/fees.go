package alicloud

import (
	"cmp"
	"context"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// billingZone is by which days are billed: Beijing's. That this holds on the
// international site too is assumed.
var billingZone = time.FixedZone("UTC+8", 8*60*60)

// How many days are looked at, and with how many before the leak's first sign they
// are compared (Solutions to AccessKey pair leaks, step 4, names no figures).
const (
	recentDays = 8 // today among them
	usualDays  = 7
)

// billLag is how late a bill may be (BSS docs: QueryAccountBill).
const billLag = 24 * time.Hour

// When a rise counts: Notable at least so many times the usual day and so much more
// than it, Grave at least so many.
const (
	notableTimes, notableMore = 2, 1
	graveTimes, graveMore     = 5, 10
)

// What a bill is about: a product or a region, in one currency.
type billed struct{ what, currency string }

// ledger is what was billed, by day.
type ledger map[billed]map[string]*big.Rat

func (l ledger) add(b billed, day string, amount *big.Rat) {
	if l[b] == nil {
		l[b] = map[string]*big.Rat{}
	}
	if l[b][day] == nil {
		l[b][day] = new(big.Rat)
	}
	l[b][day].Add(l[b][day], amount)
}

// sum adds up what was billed on some days.
func (l ledger) sum(b billed, days []string) *big.Rat {
	total := new(big.Rat)
	for _, d := range days {
		if amount := l[b][d]; amount != nil {
			total.Add(total, amount)
		}
	}
	return total
}

// period is which days are compared with which.
type period struct {
	recent []string // oldest first, today last
	usual  []string // the days before the leak's first sign
	sign   string   // the day of that
}

func (p period) all() []string {
	days := slices.Concat(p.usual, p.recent)
	slices.Sort(days)
	return slices.Compact(days)
}

func newPeriod(now, sign time.Time) period {
	if sign.IsZero() || sign.After(now) {
		sign = now
	}
	p := period{sign: billDay(sign)}
	for ago := recentDays - 1; ago >= 0; ago-- {
		p.recent = append(p.recent, billDay(now.AddDate(0, 0, -ago)))
	}
	for ago := usualDays; ago > 0; ago-- {
		p.usual = append(p.usual, billDay(sign.AddDate(0, 0, -ago)))
	}
	return p
}

func billDay(t time.Time) string { return t.In(billingZone).Format(time.DateOnly) }

// checkFees compares the bills of the last days with the week before the leak, by
// product and by region (Solutions to AccessKey pair leaks, step 4).
func (a *Account) checkFees(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	q, err := asking(p.Step, p.Target.Key, p.Params)
	if err != nil {
		return actions.Outcome{}, err
	}
	now := a.now()
	days := newPeriod(now, q.until)
	products, err := a.bills(ctx, days, a.productBills)
	if err != nil {
		return actions.Outcome{}, err
	}
	f := incident.Findings{AsOf: now.Add(-billLag), From: []string{"bssapi:QueryAccountBill", "bssapi:DescribeInstanceBill"}}
	regions, err := a.bills(ctx, days, a.regionBills)
	switch {
	case actions.Transient(err) || ctx.Err() != nil:
		return actions.Outcome{}, err
	case err != nil: // without this permission products are still compared
		f.Blind = append(f.Blind, "regions ("+actions.Code(err)+" bssapi:DescribeInstanceBill)")
	}
	f.Items = slices.Concat(totals(products, days), rises(products, days, "fee_new", "fee_rise"), rises(regions, days, "fee_region", ""))
	for _, day := range days.recent {
		if !products.hasDay(day) {
			f.Blind = append(f.Blind, "bills of "+day)
		}
	}
	return actions.Outcome{Findings: f}, nil
}

// bills reads all days of a period, a few at a time.
func (a *Account) bills(ctx context.Context, days period, read func(context.Context, string, ledger) error) (ledger, error) {
	all := days.all()
	of := make([]ledger, len(all))
	looks := make([]func() error, len(all))
	for i, day := range all {
		of[i] = ledger{}
		looks[i] = func() error { return read(ctx, day, of[i]) }
	}
	err := together(looks...)
	whole := ledger{}
	for _, l := range of {
		for b, byDay := range l {
			for day, amount := range byDay {
				whole.add(b, day, amount)
			}
		}
	}
	return whole, err
}

func (l ledger) hasDay(day string) bool {
	for _, byDay := range l {
		if byDay[day] != nil {
			return true
		}
	}
	return false
}

// sorted are all that was billed, by name.
func (l ledger) sorted() []billed {
	return slices.SortedFunc(maps.Keys(l), func(x, y billed) int {
		return cmp.Or(cmp.Compare(x.what, y.what), cmp.Compare(x.currency, y.currency))
	})
}

// totals is what everything cost, so that no alarm is a statement too.
func totals(products ledger, days period) []incident.Finding {
	recent, usual := map[string]*big.Rat{}, map[string]*big.Rat{}
	for b := range products {
		for into, some := range map[*map[string]*big.Rat][]string{&recent: days.recent, &usual: days.usual} {
			if (*into)[b.currency] == nil {
				(*into)[b.currency] = new(big.Rat)
			}
			(*into)[b.currency].Add((*into)[b.currency], products.sum(b, some))
		}
	}
	var out []incident.Finding
	for _, currency := range slices.Sorted(maps.Keys(recent)) {
		out = append(out, incident.Finding{Kind: "fee_total", Values: map[string]string{
			"amount": money(recent[currency]), "currency": currency, "day": days.recent[0], "mean": money(mean(usual[currency])),
		}})
	}
	return out
}

// rises finds what was never billed in the week before the leak, and what rose. Of
// each the dearest day stands in the list. An empty kind leaves those out.
func rises(l ledger, days period, brandNew, rose string) []incident.Finding {
	var out []incident.Finding
	for _, b := range l.sorted() {
		day, most := l.dearest(b, days.recent)
		usual := mean(l.sum(b, days.usual))
		f := incident.Finding{Kind: rose, At: startOf(day), Values: map[string]string{
			"what": b.what, "amount": money(most), "currency": b.currency, "day": day, "mean": money(usual),
		}}
		if usual.Sign() == 0 {
			f.Kind = brandNew
		}
		if f.Weight = weigh(most, usual); f.Weight == incident.Grave && day < days.sign {
			f.Weight = incident.Notable // it rose before anybody leaked anything, as far as is known
		}
		if f.Weight != incident.Known && f.Kind != "" {
			out = append(out, f)
		}
	}
	return out
}

// weigh says how much a day's amount stands out from the usual one. What costs
// nothing is nothing.
func weigh(most, usual *big.Rat) incident.Weight {
	beyond := func(times, more int64) bool {
		atLeast := new(big.Rat).Mul(usual, big.NewRat(times, 1))
		rise := new(big.Rat).Sub(most, usual)
		return most.Cmp(atLeast) >= 0 && rise.Cmp(big.NewRat(more, 1)) >= 0
	}
	switch {
	case beyond(graveTimes, graveMore):
		return incident.Grave
	case usual.Sign() == 0 && most.Sign() > 0, beyond(notableTimes, notableMore):
		return incident.Notable
	}
	return incident.Known
}

// dearest is the day on which most was billed.
func (l ledger) dearest(b billed, days []string) (day string, most *big.Rat) {
	most = new(big.Rat)
	for _, d := range days {
		if amount := l[b][d]; amount != nil && amount.Cmp(most) > 0 {
			day, most = d, amount
		}
	}
	return day, most
}

func mean(total *big.Rat) *big.Rat { return new(big.Rat).Quo(total, big.NewRat(usualDays, 1)) }

// money is an amount as people read it. What is not nothing never reads as nothing.
func money(amount *big.Rat) string {
	for _, digits := range []int{2, 4, 8} {
		text := amount.FloatString(digits)
		if amount.Sign() == 0 || strings.Trim(text, "-0.") != "" {
			return text
		}
	}
	return amount.FloatString(12)
}

func startOf(day string) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, day, billingZone)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
