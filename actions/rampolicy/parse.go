package rampolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// MaxBytes is the longest text that Parse reads. It is far above RAM's own quota
// of 6,144 (RAM docs: CreatePolicyVersion), which [Lint] checks.
const MaxBytes = 64 << 10

// What can be wrong with a document. Parse wraps them with the place; compare
// with errors.Is.
var (
	ErrTooLong   = errors.New("policy document too long")
	ErrJSON      = errors.New("not one JSON object")
	ErrRepeated  = errors.New("member given twice")
	ErrUnknown   = errors.New("unknown member")
	ErrVersion   = errors.New(`version must be the text "1"`)
	ErrStatement = errors.New("no usable statement")
	ErrEffect    = errors.New(`effect must be exactly "Allow" or "Deny"; the words of the policy language are never translated`)
	ErrAction    = errors.New("exactly one of Action and NotAction is needed, as a text or a list of texts")
	ErrResource  = errors.New("exactly one of Resource and NotResource is needed, as a text or a list of texts")
	ErrPrincipal = errors.New("principal belongs to trust and resource policies, not to a user's policy")
	ErrCondition = errors.New("condition must be an object")
)

// Parse reads a policy document strictly: anything RAM would refuse, and anything
// that two readers could understand differently (members given twice, unknown
// members, other letter case), is an error that wraps one of the Err values. It
// never panics.
func Parse(text []byte) (Document, error) {
	if len(text) > MaxBytes {
		return Document{}, fmt.Errorf("parse policy of %d bytes: %w", len(text), ErrTooLong)
	}
	if !utf8.Valid(text) {
		return Document{}, fmt.Errorf("parse policy: not UTF-8: %w", ErrJSON)
	}
	if err := refuseRepeats(text); err != nil {
		return Document{}, fmt.Errorf("parse policy: %w", err)
	}
	doc, err := document(text)
	if err != nil {
		return Document{}, fmt.Errorf("parse policy: %w", err)
	}
	return doc, nil
}

func document(text []byte) (Document, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return Document{}, ErrJSON
	}
	for name := range members {
		if name != "Version" && name != "Statement" {
			return Document{}, fmt.Errorf("%q: %w", name, ErrUnknown)
		}
	}
	if v, ok := text1(members["Version"]); !ok || v != Version {
		return Document{}, ErrVersion
	}
	raws, err := oneOrMore(members["Statement"])
	if err != nil {
		return Document{}, err
	}
	doc := Document{Version: Version}
	for i, raw := range raws {
		s, err := statement(raw)
		if err != nil {
			return Document{}, fmt.Errorf("statement %d: %w", i+1, err)
		}
		doc.Statements = append(doc.Statements, s)
	}
	return doc, nil
}

// oneOrMore takes the Statement member: a list, or a single statement on its own.
func oneOrMore(raw json.RawMessage) ([]json.RawMessage, error) {
	if len(raw) > 0 && raw[0] == '{' {
		return []json.RawMessage{raw}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return nil, ErrStatement
	}
	return list, nil
}

func statement(raw json.RawMessage) (Statement, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return Statement{}, ErrStatement
	}
	var s Statement
	for name, value := range members {
		if err := s.take(name, value); err != nil {
			return Statement{}, err
		}
	}
	switch {
	case s.Effect == "":
		return Statement{}, fmt.Errorf("no Effect: %w", ErrEffect)
	case (len(s.Actions) == 0) == (len(s.NotActions) == 0):
		return Statement{}, ErrAction
	case (len(s.Resources) == 0) == (len(s.NotResources) == 0):
		return Statement{}, ErrResource
	}
	return s, nil
}

func (s *Statement) take(name string, value json.RawMessage) (err error) {
	switch name {
	case "Effect":
		s.Effect, err = effect(value)
	case "Action":
		s.Actions, err = texts(value, ErrAction)
	case "NotAction":
		s.NotActions, err = texts(value, ErrAction)
	case "Resource":
		s.Resources, err = texts(value, ErrResource)
	case "NotResource":
		s.NotResources, err = texts(value, ErrResource)
	case "Condition":
		s.Condition, err = condition(value)
	case "Principal", "NotPrincipal":
		err = ErrPrincipal
	default:
		err = fmt.Errorf("%q: %w", name, ErrUnknown)
	}
	return err
}

func effect(value json.RawMessage) (Effect, error) {
	word, ok := text1(value)
	if !ok {
		return "", ErrEffect
	}
	if e := Effect(word); e == Allow || e == Deny {
		return e, nil
	}
	return "", fmt.Errorf("%.40q: %w", word, ErrEffect)
}

// texts reads a text or a non-empty list of non-empty texts; RAM treats the two
// alike.
func texts(value json.RawMessage, named error) ([]string, error) {
	if one, ok := text1(value); ok && one != "" {
		return []string{one}, nil
	}
	var list []*string
	if err := json.Unmarshal(value, &list); err != nil || len(list) == 0 {
		return nil, named
	}
	out := make([]string, len(list))
	for i, t := range list {
		if t == nil || *t == "" {
			return nil, named
		}
		out[i] = *t
	}
	return out, nil
}

func text1(value json.RawMessage) (string, bool) {
	var t *string
	if err := json.Unmarshal(value, &t); err != nil || t == nil {
		return "", false
	}
	return *t, true
}

func condition(value json.RawMessage) (string, error) {
	var block map[string]any
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber() // so that 1.0 and 10000000000000001 stay as written
	if err := d.Decode(&block); err != nil || block == nil {
		return "", ErrCondition
	}
	if len(block) == 0 {
		return "", nil // an empty block restricts nothing
	}
	return compact(block), nil
}

// refuseRepeats walks the whole text, because encoding/json silently keeps the
// last of two equal members while another reader may keep the first.
func refuseRepeats(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := walk(d); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("text after the document: %w", ErrJSON)
	}
	return nil
}

func walk(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return ErrJSON
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return ErrJSON
			}
			word, _ := name.(string)
			if seen[word] {
				return fmt.Errorf("%.40q: %w", word, ErrRepeated)
			}
			seen[word] = true
		}
		if err := walk(d); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return ErrJSON
	}
	return nil
}
