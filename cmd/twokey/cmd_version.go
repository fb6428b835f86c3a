package main

import (
	"runtime/debug"
	"strings"
)

type versionCmd struct{}

// Run prints version, revision and compiler.
func (versionCmd) Run(e *env) error {
	e.printf("%s\n", version())
	return nil
}

// version is what the build knows of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "twokey (unknown build)"
	}
	words := []string{"twokey", or(info.Main.Version, "(devel)")}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			words = append(words, s.Value[:min(12, len(s.Value))])
		case s.Key == "vcs.modified" && s.Value == "true":
			words = append(words, "modified")
		}
	}
	return strings.Join(append(words, info.GoVersion), " ")
}
