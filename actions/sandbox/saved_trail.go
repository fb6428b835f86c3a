package sandbox

import (
	"maps"
	"slices"
	"time"
)

// maxSavedEvents is how many of the newest events a file keeps; older ones only
// where a key's last use depends on them.
const maxSavedEvents = 2_000

type savedEvent struct {
	Seq          int
	ID           string
	At           time.Time
	Service      string            `json:",omitempty"`
	Version      string            `json:",omitempty"`
	Name         string            `json:",omitempty"`
	Write        bool              `json:",omitempty"`
	KeyID        string            `json:",omitempty"`
	AccountType  string            `json:",omitempty"`
	OwnerID      string            `json:",omitempty"`
	UserName     string            `json:",omitempty"`
	Source       string            `json:",omitempty"`
	Agent        string            `json:",omitempty"`
	Region       string            `json:",omitempty"`
	VPC          string            `json:",omitempty"`
	Code         string            `json:",omitempty"`
	Message      string            `json:",omitempty"`
	AtGate       bool              `json:",omitempty"`
	Params       map[string]string `json:",omitempty"`
	ResourceType string            `json:",omitempty"`
	Resource     string            `json:",omitempty"`
	Role         string            `json:",omitempty"`
	Response     map[string]any    `json:",omitempty"`
}

// usage is what the last-used calls of ActionTrail tell apart.
type usage struct{ key, service, name, source string }

// lasting are the events that outlive the process, in the order of the log: the
// newest, and each key's newest use by service, event and address however old it
// is, or a restart would make an idle key look unused. The caller holds the lock.
func (c *Cloud) lasting() []event {
	from := max(0, len(c.trail)-maxSavedEvents)
	if from == 0 {
		return c.trail
	}
	newest := map[usage]int{}
	for i := range c.trail {
		e := &c.trail[i]
		if last, seen := newest[e.usage()]; e.used() && (!seen || !e.at.Before(c.trail[last].at)) {
			newest[e.usage()] = i
		}
	}
	var out []event
	for _, i := range slices.Sorted(maps.Values(newest)) {
		if i < from {
			out = append(out, c.trail[i])
		}
	}
	return append(out, c.trail[from:]...)
}

func (e *event) usage() usage { return usage{e.keyID, e.service, e.name, e.source} }

func (e event) saved() savedEvent {
	return savedEvent{
		Seq: e.seq, ID: e.id, At: e.at, Service: e.service, Version: e.version, Name: e.name, Write: e.write, KeyID: e.keyID,
		AccountType: e.accountType, OwnerID: e.ownerID, UserName: e.userName, Source: e.source, Agent: e.agent, Region: e.region,
		VPC: e.vpc, Code: e.code, Message: e.message, AtGate: e.atGate, Params: e.params, ResourceType: e.resourceType, Resource: e.resource,
		Role: e.role, Response: e.response,
	}
}

func (s savedEvent) event() event {
	e := event{
		seq: s.Seq, id: s.ID, at: s.At, service: s.Service, version: s.Version, name: s.Name, write: s.Write, keyID: s.KeyID,
		accountType: s.AccountType, ownerID: s.OwnerID, userName: s.UserName, source: s.Source, agent: s.Agent, region: s.Region,
		vpc: s.VPC, code: s.Code, message: s.Message, atGate: s.AtGate, params: s.Params, resourceType: s.ResourceType, resource: s.Resource,
		role: s.Role, response: s.Response,
	}
	if e.params == nil {
		e.params = map[string]string{} // LookupEvents answers {}, not null
	}
	return e
}
