package intake

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"twokey/bot/redact"
)

// truffle is what is read of one finding of TruffleHog. Version 3 says the same
// in three ways, by age: SecretParts; RawV2, the secret with the id glued to it;
// Raw with the id in base64. The last three are of version 2.
type truffle struct {
	SourceMetadata struct{ Data map[string]any }
	ExtraData      map[string]any
	DetectorName   string
	Verified       bool
	Raw, RawV2     string
	Redacted       string
	SecretParts    struct{ ID, Key string }

	Reason, Path, CommitHash, Date string
	Diff                           string
	StringsFound                   []string

	Level, Msg string // of a line of its log, where both went into one file
}

// trufflehog reads JSON Lines, or a list of the same objects.
func trufflehog(in input) ([]*finding, error) {
	raw, err := lines(in.body)
	if err != nil {
		return nil, err
	}
	return report(in, len(raw), func(i int) (hit, Reason) {
		var t truffle
		wrong := entry(raw[i], &t, func() bool { return t.DetectorName != "" || t.StringsFound != nil || t.Level != "" && t.Msg != "" })
		return t.hit(), wrong
	})
}

// secretLength is how long a secret is that TruffleHog glues an id to.
const secretLength = 30

func (t truffle) hit() hit {
	switch {
	case t.DetectorName == "" && t.StringsFound == nil:
		return hit{ignore: NotAnAlert}
	case t.DetectorName == "":
		return hit{
			rule: t.Reason, title: t.Reason, lines: append(t.StringsFound, t.Diff), file: t.Path, commit: t.CommitHash, date: t.Date,
		}
	}
	h := hit{rule: t.DetectorName, title: "TruffleHog: " + t.DetectorName}
	if t.DetectorName == "CustomRegex" { // a rule of one's own has its name elsewhere
		name, _ := t.ExtraData["name"].(string)
		h.rule, h.title = h.rule+" "+name, "TruffleHog: "+name
	}
	if h.value = t.id(); !h.ours() && (h.value == "" || t.DetectorName != "CustomRegex") {
		return hit{rule: h.rule} // whatever it found, it is not about us
	}
	h.sk = t.SecretParts.Key
	if h.sk == "" && t.Raw != h.value && t.decoded() != h.value {
		h.sk = t.Raw
	}
	if h.value == "" {
		h.value, h.sk = h.sk, ""
	}
	if t.Verified {
		h.confidence, h.validity = confirmed, "active"
	}
	h.metadata(t.SourceMetadata.Data)
	h.name = strings.Join([]string{"trufflehog", h.commit, h.repo, h.file, strconv.Itoa(h.line), h.link}, ":")
	return h
}

// id is the key id, wherever the version that wrote this has it.
func (t truffle) id() string {
	glued := ""
	if len(t.RawV2) > secretLength {
		glued = t.RawV2[secretLength:]
	}
	for _, id := range []string{t.SecretParts.ID, glued, t.Redacted, t.Raw, t.decoded()} {
		if redact.KeyType(id) != "unknown" {
			return id
		}
	}
	return ""
}

func (t truffle) decoded() string {
	raw, _ := base64.StdEncoding.DecodeString(t.Raw)
	return string(raw)
}

// metadata takes over where a finding stood: in Git, a bucket, an image, a chat. The
// names are those of all of TruffleHog's sources (proto/source_metadata.proto).
func (h *hit) metadata(data map[string]any) {
	o := make(object)
	o.flatten(data)
	h.commit = o.text([]string{"commit"})
	h.file = o.text([]string{"file", "path", "filename", "key", "name", "title", "issue", "page", "documentid"})
	h.repo = o.text([]string{"repository", "repo", "bucket", "container", "image", "package", "project", "projectname", "space", "channelname", "workspacename", "index"})
	h.link = o.text([]string{"link"})
	h.author = o.text([]string{"email", "user", "author", "username"})
	h.date = o.text([]string{"timestamp"})
	h.line, _ = strconv.Atoi(o.text([]string{"line"}))
}

// flatten adds what an object holds, and what the objects in it do.
func (o object) flatten(m map[string]any) {
	for _, name := range sortedNames(m) {
		switch v := m[name].(type) {
		case map[string]any:
			o.flatten(v)
		case float64:
			o[plain(name)] = strconv.FormatFloat(v, 'f', -1, 64)
		default:
			o[plain(name)] = v
		}
	}
}

// lines are the JSON values of a body that is JSON Lines, or a list.
func lines(body []byte) ([]json.RawMessage, error) {
	if bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) {
		var raw []json.RawMessage
		return raw, decode(body, &raw)
	}
	if err := measure(body); err != nil {
		return nil, err
	}
	var raw []json.RawMessage
	for line := range bytes.Lines(body) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0:
			continue
		case len(raw) == maxEntries:
			return nil, errTooMany
		case !json.Valid(line):
			return nil, errNotJSON
		}
		raw = append(raw, line)
	}
	return raw, nil
}
