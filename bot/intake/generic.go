package intake

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// read takes JSON, a form, or any text: curl sends a form when nobody says
// otherwise, so what is inside decides.
func (s shape) read(in input) ([]*finding, error) {
	if !s.looksJSON(in) {
		return s.words(in)
	}
	doc, err := s.document(in)
	if err != nil {
		return nil, err
	}
	entries, batch, err := s.entries(doc)
	switch {
	case err != nil:
		return nil, err
	case len(entries) == 0:
		return []*finding{ignored(NoFindings)}, nil
	case len(entries) > maxEntries:
		return nil, errTooMany
	}
	var all []*finding
	for _, e := range entries {
		all = append(all, s.findings(e, in)...)
	}
	if !batch && all[0].reason == WrongType {
		return nil, errWrongType
	}
	return all, nil
}

// document is what a body holds: one JSON value, or a list of those of JSON Lines.
func (shape) document(in input) (any, error) {
	if !slices.Contains([]string{"application/x-ndjson", "application/ndjson", "application/jsonl"}, in.media) {
		return document(in.body)
	}
	raw, err := lines(in.body)
	list := make([]any, 0, len(raw))
	for _, each := range raw {
		one, err := document(each)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, err
}

// looksJSON reports whether a body is to be read as JSON. Only text and forms
// may be anything else, and a form that begins like JSON is JSON.
func (s shape) looksJSON(in input) bool {
	begins := func() bool {
		start := bytes.TrimLeft(in.body, " \t\r\n")
		return len(start) > 0 && (start[0] == '{' || start[0] == '[')
	}
	switch {
	case !s.anywhere:
		return true
	case in.media == "application/x-www-form-urlencoded", in.media == "", in.media == "application/octet-stream":
		return begins()
	}
	return !strings.HasPrefix(in.media, "text/")
}

// words reads a form or free text. Of free text only ids are kept.
func (s shape) words(in input) ([]*finding, error) {
	if bytes.IndexByte(in.body, 0) >= 0 || bytes.HasPrefix(in.body, []byte("\xff\xfe")) || bytes.HasPrefix(in.body, []byte("\xfe\xff")) {
		return nil, errNotText // UTF-16, or no text at all
	}
	text := strings.ToValidUTF8(string(in.body), "\ufffd")
	if fields, ok := form(text); ok && !strings.HasPrefix(in.media, "text/") {
		return s.findings(fields, in), nil
	}
	return s.findings(map[string]any{"": text}, in), nil
}

var fieldName = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]{1,64}$`)

// form reads an urlencoded form; false if it is none, as a file of settings is.
func form(text string) (map[string]any, bool) {
	text = strings.TrimSpace(text)
	values, err := url.ParseQuery(text)
	if err != nil || !strings.Contains(text, "=") || strings.ContainsAny(text, " \r\n") {
		return nil, false
	}
	fields := make(map[string]any, len(values))
	for name, all := range values {
		if !fieldName.MatchString(name) {
			return nil, false
		}
		fields[name] = unfolded(all[len(all)-1])
		if extra := all[:len(all)-1]; len(extra) > 0 && !slices.Equal(extra, all[1:]) {
			fields[name+"[]"] = strings.Join(extra, "\n") // read as any text
		}
	}
	return fields, true
}

// unfolded is an object that a field holds as JSON, as CloudMonitor and GitHub
// send them in forms.
func unfolded(value string) any {
	if strings.HasPrefix(value, "{") {
		if doc, err := document([]byte(value)); err == nil {
			return doc
		}
	}
	return value
}

// text reads a body as text whatever it looks like. Of free text only ids are
// kept.
func (s shape) text(in input) ([]*finding, error) {
	in.media = "text/plain"
	in.body = unmailed(in.body)
	return s.words(in)
}
