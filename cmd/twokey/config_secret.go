package main

import "log/slog"

// secret is a text that must not get out: printing, logging and encoding it give
// "[redacted]", and reveal is the one way to it.
type secret struct{ text string }

const redacted = "[redacted]"

func (s secret) reveal() string { return s.text }

func (s secret) given() bool { return s.text != "" }

// String hides the secret.
func (secret) String() string { return redacted }

// GoString hides the secret from %#v.
func (secret) GoString() string { return redacted }

// LogValue hides the secret from logs.
func (secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the secret from JSON.
func (secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText hides the secret from everything else that encodes.
func (secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
