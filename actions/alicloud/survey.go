package alicloud

import (
	"context"
	"maps"
	"slices"
)

// survey looks for what has addresses, region by region.
type survey struct {
	*Account
	at    map[spot]machine // those that an instance has
	held  map[spot]holder  // those that something else holds: many may be behind it
	blind []string         // what could not be asked
}

// atOnce is how many addresses one call asks for; the documents allow 20 and more
// (ECS docs: DescribeInstances, DescribeEipAddresses).
const atOnce = 20

// everywhere asks the configured regions, and then, if something is still open,
// all others that the account can use. A configured region that does not answer is
// an error, another one a gap.
func (s *survey) everywhere(ctx context.Context, all []calls) error {
	for _, region := range s.regions {
		if err := s.in(ctx, region, s.open(all)); err != nil {
			return err
		}
	}
	if len(s.open(all)) == 0 {
		return nil
	}
	more, err := s.allRegions(ctx)
	if err != nil {
		s.blind = append(s.blind, "other regions")
		return nil //nolint:nilerr // the configured ones were asked
	}
	for _, region := range more {
		left := s.open(all)
		if slices.Contains(s.regions, region) || len(left) == 0 {
			continue
		}
		if err := s.in(ctx, region, left); err != nil {
			if ctx.Err() != nil {
				return err
			}
			s.blind = append(s.blind, region)
		}
	}
	return nil
}

// open are the origins of which nothing is known yet, with addresses that may be
// ours.
func (s *survey) open(all []calls) []spot {
	var out []spot
	for _, c := range all {
		_, isMachine := s.at[c.spot]
		_, isHeld := s.held[c.spot]
		if !isMachine && !isHeld && (c.private() || c.public()) {
			out = append(out, c.spot)
		}
	}
	return out
}

// in asks one region for some origins.
func (s *survey) in(ctx context.Context, region string, wanted []spot) error {
	var public []spot
	private := map[string][]spot{}
	for _, o := range wanted {
		if o.public() {
			public = append(public, o)
		} else {
			private[o.vpc] = append(private[o.vpc], o)
		}
	}
	for some := range slices.Chunk(public, atOnce) {
		if err := s.publicIn(ctx, region, some); err != nil {
			return err
		}
	}
	for _, vpc := range slices.Sorted(maps.Keys(private)) {
		for some := range slices.Chunk(private[vpc], atOnce) {
			if err := s.privateIn(ctx, region, vpc, some); err != nil {
				return err
			}
		}
	}
	return nil
}

// publicIn looks for fixed public addresses and elastic ones, which instances have
// or something else holds.
func (s *survey) publicIn(ctx context.Context, region string, wanted []spot) error {
	texts := textsOf(wanted)
	for _, filter := range []string{"PublicIpAddresses", "EipAddresses"} {
		found, err := s.machines(ctx, region, params{filter: jsonList(texts...)})
		if err != nil {
			return err
		}
		s.match(wanted, found)
	}
	held, err := s.eipHolders(ctx, region, texts)
	if err != nil {
		return err
	}
	for _, o := range wanted {
		h, ok := held[o.address]
		if _, isMachine := s.at[o]; ok && !isMachine {
			s.held[o] = h
		}
	}
	return nil
}

// privateIn looks for private addresses in one VPC: of the instances themselves,
// then of their further network interfaces.
func (s *survey) privateIn(ctx context.Context, region, vpc string, wanted []spot) error {
	found, err := s.machines(ctx, region, params{"VpcId": vpc, "PrivateIpAddresses": jsonList(textsOf(wanted)...)})
	if err != nil {
		return err
	}
	s.match(wanted, found)
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(o spot) bool { _, known := s.at[o]; return known })
	if len(wanted) == 0 {
		return nil
	}
	on, err := s.interfaces(ctx, region, vpc, textsOf(wanted))
	if err != nil || len(on) == 0 {
		return err
	}
	found, err = s.machines(ctx, region, params{"InstanceIds": jsonList(slices.Sorted(maps.Values(on))...)})
	if err != nil {
		return err
	}
	for _, o := range wanted {
		if i := slices.IndexFunc(found, func(m machine) bool { return m.id == on[o.address] && m.id != "" }); i >= 0 {
			s.at[o] = found[i]
		}
	}
	return nil
}

func (s *survey) match(wanted []spot, found []machine) {
	for _, m := range found {
		for _, o := range wanted {
			if slices.Contains(m.addresses, o.address) && (o.vpc == "" || o.vpc == m.vpc) {
				s.at[o] = m
			}
		}
	}
}

func textsOf(all []spot) []string {
	var out []string
	for _, o := range all {
		out = append(out, o.address)
	}
	return out
}
