package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/netip"
	"slices"
	"time"
)

// estate is what an account has beside its identities: instances and their
// addresses, bills, and what Security Center knows of leaks.
type estate struct {
	instances map[string]*instance // by id
	eips      map[string]*eip      // by address
	bills     []Bill
	leaks     []*leak
}

type instance struct {
	id, name, region string
	vpc, private     string
	public           string   // a fixed public address; an EIP is one of the eips
	others           []string // private addresses of further network interfaces
	role             string   // name of its RAM role
	metadata, tokens string   // MetadataOptions; empty: never set
}

// eip is an elastic IP address. Kind is what holds it: "EcsInstance", "Nat",
// "SlbInstance" (ECS docs: DescribeEipAddresses).
type eip struct{ id, address, region, holder, kind string }

func newEstate() estate {
	return estate{instances: map[string]*instance{}, eips: map[string]*eip{}}
}

func (e estate) clone() estate {
	out := newEstate()
	for id, i := range e.instances {
		copied := *i
		copied.others = slices.Clone(i.others)
		out.instances[id] = &copied
	}
	for address, a := range e.eips {
		copied := *a
		out.eips[address] = &copied
	}
	out.bills = slices.Clone(e.bills)
	for _, l := range e.leaks {
		copied := *l
		out.leaks = append(out.leaks, &copied)
	}
	return out
}

// eipsOf are the elastic addresses that an instance has, sorted.
func (e estate) eipsOf(instance string) []string {
	var out []string
	for address, a := range e.eips {
		if a.holder == instance && a.kind == holderInstance {
			out = append(out, address)
		}
	}
	slices.Sort(out)
	return out
}

const holderInstance = "EcsInstance"

// Machine is an instance to add. Only addresses that are given are had.
type Machine struct {
	Name, Region, VPC, PrivateIP, PublicIP, EIP string
	OtherIPs                                    []string // private, of further network interfaces
	Role                                        string   // name of its RAM role
	MetadataOff                                 bool     // its metadata can't be read at all
}

// AddMachine starts an instance and returns its id.
func (c *Cloud) AddMachine(m Machine) (id string, err error) {
	err = c.seed(func(w *world, _ time.Time) error {
		i := &instance{
			id: newInstanceID(), name: m.Name, region: or(m.Region, c.region), vpc: m.VPC, private: m.PrivateIP, public: m.PublicIP,
			others: slices.Clone(m.OtherIPs), role: m.Role,
		}
		if m.MetadataOff {
			i.metadata = "disabled"
		}
		if m.Role != "" && w.roles[m.Role] == nil {
			return fmt.Errorf("role %q: %w", m.Role, ErrName)
		}
		id = i.id
		w.instances[id] = i
		if m.EIP != "" {
			w.eips[m.EIP] = &eip{"eip-" + letters(12), m.EIP, i.region, id, holderInstance}
		}
		return nil
	})
	return id, err
}

// AddEIP adds an elastic address that something else than an instance holds: a NAT
// gateway ("Nat"), a load balancer ("SlbInstance"), or nothing.
func (c *Cloud) AddEIP(address, region, kind, holder string) error {
	if _, err := netip.ParseAddr(address); err != nil {
		return fmt.Errorf("address of an EIP: %w", err)
	}
	return c.seed(func(w *world, _ time.Time) error {
		w.eips[address] = &eip{"eip-" + letters(12), address, or(region, c.region), holder, kind}
		return nil
	})
}

// AddServiceRole adds a role that a service may take on: "ecs.aliyuncs.com" for
// the roles of instances.
func (c *Cloud) AddServiceRole(name, service string, refs ...PolicyRef) error {
	if err := c.AddRole(name, nil, refs...); err != nil {
		return err
	}
	trust, err := json.Marshal(map[string]any{"Version": "1", "Statement": []any{
		map[string]any{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"Service": []string{service}}},
	}})
	if err != nil {
		return fmt.Errorf("role %q: %w", name, err)
	}
	return c.seed(func(w *world, _ time.Time) error { w.roles[name].trust = string(trust); return nil })
}

// Bill is what one product cost on one day, of one instance if it is named. The
// day is written 2006-01-02 and the amount is a decimal number.
type Bill struct{ Day, Product, Name, Region, Instance, Amount, Currency string }

// AddBills adds what an account is charged.
func (c *Cloud) AddBills(bills ...Bill) error {
	for _, b := range bills {
		if _, err := time.Parse(time.DateOnly, b.Day); err != nil {
			return fmt.Errorf("day of a bill: %w", err)
		}
		if _, ok := new(big.Rat).SetString(b.Amount); !ok {
			return fmt.Errorf("amount %q: %w", b.Amount, ErrAmount)
		}
	}
	return c.seed(func(w *world, _ time.Time) error { w.bills = append(w.bills, bills...); return nil })
}

// savedEstate is what a file keeps of an estate.
type savedEstate struct {
	Instances []savedInstance `json:",omitempty"`
	EIPs      []savedEIP      `json:",omitempty"`
	Bills     []Bill          `json:",omitempty"`
	Leaks     []savedLeak     `json:",omitempty"`
}

type savedInstance struct {
	ID, Region       string
	Name             string   `json:",omitempty"`
	VPC              string   `json:",omitempty"`
	Private          string   `json:",omitempty"`
	Public           string   `json:",omitempty"`
	Others           []string `json:",omitempty"`
	Role             string   `json:",omitempty"`
	Metadata, Tokens string   `json:",omitempty"`
}

type savedEIP struct{ ID, Address, Region, Holder, Kind string }

func (e *eip) saved() savedEIP { return savedEIP{e.id, e.address, e.region, e.holder, e.kind} }

func (e estate) kept() *savedEstate {
	out := savedEstate{Bills: e.bills, Leaks: each(e.leaks, (*leak).saved)}
	for _, id := range sortedKeys(e.instances) {
		i := e.instances[id]
		out.Instances = append(out.Instances, savedInstance{
			i.id, i.region, i.name, i.vpc, i.private, i.public, i.others, i.role, i.metadata, i.tokens,
		})
	}
	for _, address := range sortedKeys(e.eips) {
		out.EIPs = append(out.EIPs, e.eips[address].saved())
	}
	return &out
}

// estate is what the file says. Files of earlier versions have only the regions of
// instances.
func (s saved) estate() estate {
	out := newEstate()
	for _, id := range slices.Sorted(maps.Keys(s.Instances)) {
		out.instances[id] = &instance{id: id, region: s.Instances[id]}
	}
	if s.Estate == nil {
		return out
	}
	for _, i := range s.Estate.Instances {
		out.instances[i.ID] = &instance{
			id: i.ID, region: i.Region, name: i.Name, vpc: i.VPC, private: i.Private, public: i.Public, others: i.Others,
			role: i.Role, metadata: i.Metadata, tokens: i.Tokens,
		}
	}
	for _, e := range s.Estate.EIPs {
		out.eips[e.Address] = &eip{e.ID, e.Address, e.Region, e.Holder, e.Kind}
	}
	out.bills, out.leaks = s.Estate.Bills, each(s.Estate.Leaks, savedLeak.leak)
	return out
}
