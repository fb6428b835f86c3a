// Package node runs scripts under Node in tests: clients and servers from npm, that
// nobody here wrote. A folder with a script has a package.json, which pins what it uses,
// and is furnished by npm ci.
//
// It is not for the program: nothing of npm's is in it.
package node

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// T is what the package needs of a *testing.T.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
	Context() context.Context
}

// Missing says what a machine lacks for the scripts in a folder, which use a package of
// npm's; empty: nothing.
func Missing(folder, name string) string {
	if _, err := exec.LookPath("node"); err != nil {
		return "node is missing"
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", filepath.FromSlash(name))); err != nil {
		return "node_modules is missing: run npm ci in " + folder
	}
	return ""
}

// Run starts a script of a folder. It ends with the test: its standard input does. What
// it writes to standard error is seen when tests fail.
func Run(t T, folder, script string, args ...string) (in io.Writer, out *bufio.Reader) {
	t.Helper()
	cmd := exec.Command("node", append([]string{script}, args...)...) //nolint:noctx // ends when its input does
	cmd.Dir, cmd.Stderr = folder, os.Stderr
	cmd.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1") // unlike Go, Node's clients ask a proxy for this machine too
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("node: %v", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("node: %v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("node: %v", err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	return stdin, bufio.NewReader(stdout)
}
