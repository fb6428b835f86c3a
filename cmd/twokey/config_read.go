package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// reader turns a file into a configuration and collects everything that is wrong
// with it.
type reader struct {
	file    string
	getenv  func(string) (string, bool)
	offline bool // an unset secret is listed, not refused

	lines    map[string]int // of each key, by its path: "accounts[0].id"
	problems []problem
	unset    []string        // what is not there, and where it should come from
	absent   map[string]bool // the same by path
}

type problem struct {
	line int
	text string
}

// configError is wrong use: the program ends with 2.
type configError struct {
	file     string
	problems []problem
}

func (e *configError) Error() string {
	lines := make([]string, len(e.problems))
	for i, p := range e.problems {
		lines[i] = e.file + ": " + p.text
		if p.line > 0 {
			lines[i] = fmt.Sprintf("%s:%d: %s", e.file, p.line, p.text)
		}
	}
	return strings.Join(lines, "\n")
}

func (r *reader) add(line int, format string, args ...any) {
	r.problems = append(r.problems, problem{line, fmt.Sprintf(format, args...)})
}

// at adds a problem of a key, in its line or in that of what it stands under.
func (r *reader) at(path, format string, args ...any) {
	if r.absent[path] {
		return // nobody knows what will stand there
	}
	for look := path; ; {
		if line, ok := r.lines[look]; ok {
			r.add(line, "%s: %s", path, fmt.Sprintf(format, args...))
			return
		}
		cut := strings.LastIndexAny(look, ".[")
		if cut < 0 {
			r.add(0, "%s: %s", path, fmt.Sprintf(format, args...))
			return
		}
		look = look[:cut]
	}
}

// err is all problems in the order of the file.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.text, b.text))
	})
	return &configError{r.file, r.problems}
}

// maxConfig bounds the file; a real one has a few hundred lines.
const maxConfig = 1 << 20

// readConfig reads a file. With offline, secrets that are not there are only
// listed in the reader. The error is a [*configError], or what the operating
// system said.
func readConfig(file string, offline bool, getenv func(string) (string, bool)) (*config, *reader, error) {
	body, err := readOwn(file, maxConfig)
	if err != nil {
		r := &reader{file: file}
		r.add(0, "%s", err)
		return nil, r, r.err()
	}
	return parseConfig(file, body, offline, getenv)
}

// parseConfig is readConfig for a body that was read already.
func parseConfig(file string, body []byte, offline bool, getenv func(string) (string, bool)) (*config, *reader, error) {
	r := &reader{file: file, getenv: getenv, offline: offline, lines: map[string]int{}, absent: map[string]bool{}}
	c := r.parse(body)
	if len(r.problems) == 0 {
		r.check(c)
	}
	return c, r, r.err()
}

// The variable's name on its way through the YAML parser, for which "{" would
// begin a mapping. The marks are characters for private use.
const (
	nameBegin = '\ue000'
	nameEnd   = '\ue001'
)

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

func (r *reader) parse(body []byte) *config {
	c := defaults()
	var doc yaml.Node
	marked := variable.ReplaceAll(body, []byte(string(nameBegin)+"${1}"+string(nameEnd)))
	err := yaml.Load(marked, &doc)
	syntax := (*yaml.LoadError)(nil)
	switch {
	case errors.As(err, &syntax) && syntax.Mark.Line > 0:
		r.add(syntax.Mark.Line, "not YAML: %s", syntax.Message)
	case err != nil || len(doc.Content) == 0:
		r.add(0, "not one YAML document: begin with config.example.yaml")
	default:
		r.walk(doc.Content[0], reflect.ValueOf(&c).Elem(), "")
	}
	return &c
}

// text is a plain value, or the variable of the environment that it names.
func (r *reader) text(n *yaml.Node, path string) string {
	if n.Kind != yaml.ScalarNode {
		r.add(n.Line, "%s: want one value here, not a list or keys", path)
		return ""
	}
	name, isVariable := variableIn(n.Value)
	switch {
	case isVariable:
		return r.variable(n.Line, path, name)
	case strings.ContainsAny(n.Value, string(nameBegin)+string(nameEnd)) || strings.Contains(n.Value, "${"):
		r.add(n.Line, "%s: ${NAME} must be the whole value, its name of letters, digits and _", path)
	}
	return n.Value
}

func variableIn(value string) (name string, ok bool) {
	name, begins := strings.CutPrefix(value, string(nameBegin))
	name, ends := strings.CutSuffix(name, string(nameEnd))
	return name, begins && ends && !strings.ContainsAny(name, string(nameBegin)+string(nameEnd))
}

// unsetText stands for a secret that is not there, so that the rest can be
// checked.
const unsetText = "unset"

func (r *reader) variable(line int, path, name string) string {
	value, ok := r.getenv(name)
	switch {
	case ok && value != "":
		return value
	case r.offline:
		return r.missing(path, "environment variable "+name)
	case ok:
		r.add(line, "%s: the environment variable %s is empty", path, name)
	default:
		r.add(line, "%s: the environment variable %s is not set", path, name)
	}
	return ""
}

func (r *reader) missing(path, from string) string {
	r.unset, r.absent[path] = append(r.unset, path+": "+from), true
	return unsetText
}

// secret takes a variable only: what is written into a file gets copied with it.
func (r *reader) secret(n *yaml.Node, path string) secret {
	if n.Kind == yaml.ScalarNode && n.Value == "" {
		return secret{}
	}
	if _, ok := variableIn(n.Value); n.Kind == yaml.ScalarNode && !ok {
		key, _, _ := strings.Cut(path[strings.LastIndexByte(path, '.')+1:], "[")
		r.add(n.Line, "%s: a secret is not written here: use ${NAME} or %s_file", path, key)
		return secret{}
	}
	return secret{r.text(n, path)}
}

// fromFiles reads secrets from one file or several.
func (r *reader) fromFiles(n *yaml.Node, field reflect.Value, path string) {
	var files many[string]
	r.walk(n, reflect.ValueOf(&files).Elem(), path)
	var secrets many[secret]
	for _, file := range files {
		secrets = append(secrets, r.fromFile(n.Line, path, file))
	}
	switch {
	case !field.IsZero():
		r.add(n.Line, "%s: the secret is given twice, as text and as file", path)
	case field.Kind() == reflect.Slice:
		field.Set(reflect.ValueOf(secrets))
	case len(secrets) == 1:
		field.Set(reflect.ValueOf(secrets[0]))
	case len(secrets) > 1:
		r.add(n.Line, "%s: want one file", path)
	}
}

// maxSecret bounds a secret's file; the longest real ones are signing keys.
const maxSecret = 64 << 10

func (r *reader) fromFile(line int, path, file string) secret {
	body, err := readOwn(file, maxSecret)
	text := strings.TrimRight(string(body), "\r\n")
	switch {
	case errors.Is(err, fs.ErrNotExist) && r.offline:
		return secret{r.missing(path, "file "+file)}
	case err != nil:
		r.add(line, "%s: %s: %s", path, file, err)
	case text == "":
		r.add(line, "%s: %s is empty", path, file)
	}
	return secret{text}
}

var (
	errLoose  = errors.New("others may write to this file: chmod go-w it, so that only its owner decides")
	errLarge  = errors.New("the file is too large")
	errNoFile = errors.New("not a file")
)

// readOwn reads a file that nobody but its owner can write to. Its errors do not
// name the file.
func readOwn(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file) //nolint:gosec // the operator's own path
	if err != nil {
		return nil, withoutPath(err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case !info.Mode().IsRegular():
		return nil, errNoFile
	case info.Mode().Perm()&0o022 != 0:
		return nil, errLoose
	case info.Size() > limit:
		return nil, errLarge
	}
	body, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, withoutPath(err)
	}
	return body, nil
}

func withoutPath(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}
