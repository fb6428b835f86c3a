package main

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// many is a list that may also be written as its only member.
type many[T any] []T

func (many[T]) orOne() {}

// size is a number of bytes, written as "1MiB", "64KiB" or plain.
type size int64

// walk puts a node into v and notes every problem on the way, not only the
// first. It is not left to the YAML library, whose errors quote what stands in
// the file: that may be a secret.
func (r *reader) walk(n *yaml.Node, v reflect.Value, path string) {
	r.lines[path] = n.Line
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.add(n.Line, "%s: anchors and aliases are not supported: write it out", path)
		return
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return // "key:" with nothing behind it leaves the default
	}
	switch target := v.Addr().Interface().(type) {
	case *secret:
		*target = r.secret(n, path)
		return
	case *time.Duration:
		*target = parsed(r, n, path, "a duration such as 30m or 48h", time.ParseDuration)
		return
	case *size:
		*target = parsed(r, n, path, "a size such as 1MiB", parseSize)
		return
	case interface{ orOne() }:
		if n.Kind != yaml.SequenceNode {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			r.walk(n, v.Index(0), path)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.walk(n, v.Elem(), path)
	case reflect.Struct:
		r.object(n, v, path)
	case reflect.Map:
		r.table(n, v, path)
	case reflect.Slice:
		r.list(n, v, path)
	case reflect.String:
		v.SetString(r.text(n, path))
	case reflect.Bool:
		v.SetBool(parsed(r, n, path, "true or false", parseBool))
	default:
		v.SetInt(int64(parsed(r, n, path, "a whole number", strconv.Atoi)))
	}
}

func (r *reader) object(n *yaml.Node, v reflect.Value, path string) {
	fields, scalar := fieldsOf(v)
	if n.Kind == yaml.ScalarNode && scalar.IsValid() {
		r.walk(n, scalar, path)
		return
	}
	for key, value := range r.pairs(n, path) {
		at := join(path, key.Value)
		if field, ok := fields[key.Value]; ok {
			if holdsSecrets(field) && !field.IsZero() {
				r.add(key.Line, "%s: the secret is given twice, as text and as file", at)
			}
			r.walk(value, field, at)
			r.lines[at] = key.Line
			continue
		}
		name, isFile := strings.CutSuffix(key.Value, "_file")
		if field, ok := fields[name]; ok && isFile && holdsSecrets(field) {
			r.lines[join(path, name)] = key.Line
			r.fromFiles(value, field, at)
			continue
		}
		r.add(key.Line, "unknown key %q%s%s", key.Value, under(path), meant(key.Value, fields))
	}
}

// fieldsOf are the fields of a struct by their YAML names, and the one that a
// plain value stands for.
func fieldsOf(v reflect.Value) (fields map[string]reflect.Value, scalar reflect.Value) {
	fields = make(map[string]reflect.Value)
	for i := range v.NumField() {
		switch tag := v.Type().Field(i).Tag.Get("yaml"); tag {
		case ",scalar":
			scalar = v.Field(i)
		case "":
			fields[strings.ToLower(v.Type().Field(i).Name)] = v.Field(i)
		default:
			fields[tag] = v.Field(i)
		}
	}
	return fields, scalar
}

func holdsSecrets(v reflect.Value) bool {
	return v.Type() == reflect.TypeFor[secret]() || v.Type() == reflect.TypeFor[many[secret]]()
}

// pairs are the keys and values of a mapping; a key that was there before is a
// problem and left out.
func (r *reader) pairs(n *yaml.Node, path string) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			r.add(n.Line, "%s: want keys and values here", or(path, "the file"))
			return
		}
		first := make(map[string]int)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if line, twice := first[key.Value]; twice {
				r.add(key.Line, "key %q%s stands here a second time, first in line %d", key.Value, under(path), line)
				continue
			}
			first[key.Value] = key.Line
			if !yield(key, n.Content[i+1]) {
				return
			}
		}
	}
}

func (r *reader) table(n *yaml.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	for key, value := range r.pairs(n, path) {
		member := reflect.New(v.Type().Elem()).Elem()
		r.walk(value, member, join(path, key.Value))
		v.SetMapIndex(reflect.ValueOf(key.Value), member)
	}
}

func (r *reader) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		r.add(n.Line, "%s: want a list: [a, b]", path)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, member := range n.Content {
		r.walk(member, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

// parsed reads a value that is not text. Its text never stands in the problem.
func parsed[T any](r *reader, n *yaml.Node, path, want string, parse func(string) (T, error)) T {
	value, err := parse(r.text(n, path))
	if err != nil && !r.absent[path] {
		r.add(n.Line, "%s: want %s", path, want)
	}
	return value
}

func parseBool(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, strconv.ErrSyntax
}

func parseSize(text string) (size, error) {
	for _, unit := range []struct {
		name  string
		shift int
	}{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"", 0}} {
		if digits, ok := strings.CutSuffix(text, unit.name); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32)
			return size(n << unit.shift), err
		}
	}
	return 0, strconv.ErrSyntax
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func under(path string) string {
	if path == "" {
		return ""
	}
	return " under " + path
}

// meant names the keys that there are, the nearest one alone if one is near.
func meant(key string, fields map[string]reflect.Value) string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		if strings.EqualFold(strings.ReplaceAll(name, "_", ""), strings.ReplaceAll(key, "-", "")) || apart(name, key) <= 2 {
			return fmt.Sprintf(": did you mean %q?", name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return ": there are " + strings.Join(names, ", ")
}

// apart is how many letters must be put in, left out or changed between a and b.
func apart(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, changed)
		}
	}
	return row[len(b)]
}

func or(given, otherwise string) string {
	if given != "" {
		return given
	}
	return otherwise
}
