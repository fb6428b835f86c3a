package playbook

import (
	"iter"
	"slices"

	"go.yaml.in/yaml/v4"
)

// kindNames are what people call the kinds of nodes.
var kindNames = map[yaml.Kind]string{
	yaml.MappingNode: "keys with values", yaml.SequenceNode: "a list", yaml.ScalarNode: "a single value", yaml.AliasNode: "an alias",
}

// is reports whether a node is of a kind, and says so if it is not.
func (r *reader) is(n *node, kind yaml.Kind, key string) bool {
	if n.Kind != kind {
		r.wrong(n, key, "is %s; it must be %s", kindNames[n.Kind], kindNames[kind])
		return false
	}
	return true
}

// pairs walks over a mapping and leaves out keys that are there twice.
func (r *reader) pairs(n *node, key string) iter.Seq2[*node, *node] {
	return func(yield func(*node, *node) bool) {
		if !r.is(n, yaml.MappingNode, key) {
			return
		}
		lines := make(map[string]int)
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" {
				r.wrong(k, key, "has a key that is not a plain word")
				continue
			}
			if first, twice := lines[k.Value]; twice {
				r.wrong(k, join(key, k.Value), "is there already, in line %d", first)
				continue
			}
			lines[k.Value] = k.Line
			if !yield(k, v) {
				return
			}
		}
	}
}

// fields is a mapping with a closed set of keys.
func (r *reader) fields(n *node, key string, allowed ...string) map[string]*node {
	found := make(map[string]*node)
	for k, v := range r.pairs(n, key) {
		if !slices.Contains(allowed, k.Value) {
			r.wrong(k, join(key, k.Value), "unknown key; %s", oneOf(allowed))
			continue
		}
		found[k.Value] = v
	}
	return found
}

// list is a sequence that must not be empty.
func (r *reader) list(n, parent *node, key string) ([]*node, bool) {
	switch {
	case n == nil:
		if parent.Kind == yaml.MappingNode {
			r.wrong(parent, key, "is missing")
		}
		return nil, false
	case !r.is(n, yaml.SequenceNode, key):
		return nil, false
	case len(n.Content) == 0:
		r.wrong(n, key, "is empty")
		return nil, false
	}
	return n.Content, true
}

// scalar is a single value that is not empty.
func (r *reader) scalar(n *node, key string) string {
	if !r.is(n, yaml.ScalarNode, key) {
		return ""
	}
	if n.Value == "" || n.Tag == "!!null" {
		r.wrong(n, key, "is empty")
		return ""
	}
	return n.Value
}

// text is a single value that must be there.
func (r *reader) text(n, parent *node, key string) string {
	if n == nil {
		if parent.Kind == yaml.MappingNode {
			r.wrong(parent, key, "is missing")
		}
		return ""
	}
	return r.scalar(n, key)
}

// words is one value or a list of different ones; nil if it is not there.
func (r *reader) words(n *node, key string) []string {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		if v := r.scalar(n, key); v != "" {
			return []string{v}
		}
		return nil
	}
	items, _ := r.list(n, n, key)
	var all []string
	for _, item := range items {
		v := r.scalar(item, key)
		if v == "" {
			continue
		}
		if slices.Contains(all, v) {
			r.wrong(item, key, "%q is there already", v)
			continue
		}
		all = append(all, v)
	}
	return all
}

// truth is true or false; false if it is not there.
func (r *reader) truth(n *node, key string) bool {
	if n == nil {
		return false
	}
	v := r.scalar(n, key)
	if v != "" && v != "true" && v != "false" {
		r.wrong(n, key, "%q is neither true nor false", v)
	}
	return v == "true"
}

func join(key, field string) string {
	if key == "" {
		return field
	}
	return key + "." + field
}
