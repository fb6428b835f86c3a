package alicloud

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"golang.org/x/time/rate"

	"twokey/actions"
	"twokey/incident"
)

// patience is how long one try of one call may take.
const patience = 10 * time.Second

// tries is how often a call that may be repeated is made at the most.
const tries = 3

// effect is what a call does to the cloud, and so when it may be made again.
type effect int

const (
	reads  effect = iota // again after any passing failure
	writes               // again only if the first surely had no effect; else the caller reads before it asks again
)

// pace is which of the account's rates a call counts against.
type pace int

const (
	looking    pace = iota // what people wait for
	containing             // the looks of a step that was decided on
	following              // looks that nobody waits for
	sifting                // at what may be nothing
	screening              // the same, of sources that may automate
	writing
	searching // LookupEvents
	watching  // LookupEvents that is asked again and again
	glancing  // the same for a first look, which takes the turns that are at hand and waits for none
)

// newPaces keeps well under Alibaba Cloud's limits (RAM docs: Limits): 100 reads
// a second, 20 writes, 10 attachments, 2 LookupEvents. The account's other tools
// want their share. Each has a rate of its own, so that a step waits for no look,
// and a look that people wait for waits for no flood.
func newPaces() map[pace]limiter {
	return map[pace]limiter{
		looking:    {rate.NewLimiter(25, 25)},
		containing: {rate.NewLimiter(15, 15)},
		following:  {rate.NewLimiter(8, 16)},
		sifting:    {rate.NewLimiter(12, 12)},
		screening:  {rate.NewLimiter(12, 12)},
		writing:    {rate.NewLimiter(4, 8)},
		// What a plan would break never waits for what a thief did.
		searching: {rate.NewLimiter(0.8, 2)},
		watching:  {rate.NewLimiter(0.7, 3)},
	}
}

type limiter struct{ *rate.Limiter }

// operation is one call's name and nature.
type operation struct {
	name   string // "ram:UpdateAccessKey", for people and logs
	effect effect
	pace   pace
	once   bool // not tried again: somebody waits for something better
}

func look(name string) operation  { return operation{name: name, effect: reads, pace: looking} }
func write(name string) operation { return operation{name: name, effect: writes, pace: writing} }

// do makes one call, if need be several times. The client given to f is new for
// each try, because SDK clients are not safe to share.
func (a *Account) do(ctx context.Context, o operation, e endpoint, f func(context.Context, *openapiutil.Config) error) error {
	if a.observe && o.effect != reads {
		return &actions.Error{Op: o.name, Code: codeObserving, Err: incident.Observing}
	}
	for try := 1; ; try++ {
		err := a.try(ctx, o, e, f)
		if err == nil {
			return nil
		}
		if try == tries || o.once || ctx.Err() != nil || !o.mayRepeat(err) {
			return err
		}
		if a.sleep(ctx, backOff(o.pace, try)) != nil {
			return err
		}
	}
}

func (a *Account) try(ctx context.Context, o operation, e endpoint, f func(context.Context, *openapiutil.Config) error) error {
	if err := a.wait(ctx, o); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	model, err := a.ring.get(limited)
	if err == nil {
		err = f(limited, &openapiutil.Config{
			Credential: given{model: model}, Endpoint: new(e.host), Protocol: new(e.protocol),
			HttpClient: a.http, UserAgent: new("twokey"),
		})
	}
	return translate(limited, o.name, err)
}

// wait takes a turn at the account's rate. Who could not get one in time is told
// at once.
func (a *Account) wait(ctx context.Context, o operation) error {
	switch o.pace {
	case glancing:
		if !a.paces[watching].AllowN(a.now(), 1) {
			return &actions.Error{Op: o.name, Code: codeBusy, Again: true}
		}
		return nil
	case looking:
		return a.turn(ctx, o.name, lookPace(actions.UrgencyOf(ctx)))
	default:
		return a.turn(ctx, o.name, o.pace)
	}
}

// lookPace is the rate of looks of an urgency.
func lookPace(u actions.Urgency) pace {
	switch u {
	case actions.Containing:
		return containing
	case actions.Following:
		return following
	case actions.Sifting:
		return sifting
	case actions.Screening:
		return screening
	case actions.Looking:
	}
	return looking
}

// turn waits for one of the account's rates, by the account's clock.
func (a *Account) turn(ctx context.Context, op string, p pace) error {
	now := a.now()
	turn := a.paces[p].ReserveN(now, 1)
	delay := turn.DelayFrom(now)
	if delay == 0 {
		return nil
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < delay {
		turn.CancelAt(now)
		return &actions.Error{Op: op, Code: codeBusy, Again: true}
	}
	if err := a.sleep(ctx, delay); err != nil {
		turn.CancelAt(now)
		return translate(ctx, op, err)
	}
	return nil
}

// mayRepeat is true for failures that pass, of calls that may be made twice.
func (o operation) mayRepeat(err error) bool {
	if o.effect == writes {
		return throttled(err) // turned away at the door: it had no effect
	}
	return actions.Transient(err)
}

// backOff is how long to wait after a try: longer each time, and not in step with
// other callers.
func backOff(p pace, try int) time.Duration {
	base := 200 * time.Millisecond
	if p == searching || p == watching {
		base = time.Second
	}
	d := base << (try - 1)
	return d + rand.N(d/2) //nolint:gosec // spreads load, guards nothing
}

// params are a call's parameters, by name.
type params map[string]string

// call is the generic RPC call, for products whose Go module is not used. The
// answer is decoded into out.
func (a *Account) call(ctx context.Context, o operation, e endpoint, version, action string, p params, out any) error {
	return a.rpc(ctx, o, e, version, action, p, false, out)
}

// rpc is call, with the parameters in the query or in the body. Addresses of calls
// stand in logs of proxies; bodies do not.
func (a *Account) rpc(ctx context.Context, o operation, e endpoint, version, action string, p params, inBody bool, out any) error {
	for _, value := range p {
		if value == "" {
			return noTarget(o.name) // an empty user means "the caller"
		}
	}
	return a.do(ctx, o, e, func(ctx context.Context, c *openapiutil.Config) error {
		client, err := openapi.NewClient(c)
		if err != nil {
			return err
		}
		given := make(map[string]any, len(p))
		for name, value := range p {
			given[name] = value
		}
		request := &openapiutil.OpenApiRequest{Query: openapiutil.Query(given)}
		if inBody {
			request = &openapiutil.OpenApiRequest{Body: given}
		}
		answer, err := client.CallApiWithCtx(ctx, &openapiutil.Params{
			Action: new(action), Version: new(version), Protocol: new("HTTPS"), Method: new("POST"),
			AuthType: new("AK"), Style: new("RPC"), Pathname: new("/"),
			ReqBodyType: new("formData"), BodyType: new("json"),
		}, request, &dara.RuntimeOptions{})
		if err != nil {
			return err
		}
		body, err := json.Marshal(answer["body"])
		if err != nil {
			return errAnswer
		}
		if err := json.Unmarshal(body, out); err != nil {
			return errAnswer // never the error: it quotes what it could not read
		}
		return nil
	})
}
