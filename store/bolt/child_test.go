package bolt_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// childRole makes a second process of the test binary: one that can be killed,
// watched, locked up on a small disk, or crash by itself.
const childRole = "TWOKEY_TEST_CHILD"

func TestMain(m *testing.M) {
	role, args := os.Getenv(childRole), os.Args[1:]
	if role == "" {
		os.Exit(m.Run())
	}
	if err := roles()[role](args); err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
}

func roles() map[string]func(args []string) error {
	all := diskRoles()
	all["check"], all["toil"] = checkFiles, toil
	return all
}

// child is this test binary in a role.
func child(t testing.TB, role string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, args...)
	c.Env = append(os.Environ(), childRole+"="+role)
	return c
}

// sound has bbolt check files, which looks at pages and not at what they hold.
// It does so in a child: the check runs in goroutines of its own, and what it
// stumbles over ends the process.
func sound(t testing.TB, paths []string) map[string]bool {
	t.Helper()
	ok := map[string]bool{}
	for len(paths) > 0 {
		c := child(t, "check", paths...)
		out, _ := c.Output() // a crash is an answer: the file that was next is not sound
		lines := strings.Fields(string(out))
		for _, path := range lines {
			ok[strings.TrimPrefix(path, "-")] = !strings.HasPrefix(path, "-")
		}
		if len(lines) < len(paths) {
			ok[paths[len(lines)]] = false
			lines = append(lines, "")
		}
		paths = paths[len(lines):]
	}
	return ok
}

// checkFiles prints each path, with a minus before it if the file is not sound.
func checkFiles(paths []string) error {
	for _, path := range paths {
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true, Timeout: time.Second})
		if err != nil {
			fmt.Fprintln(os.Stdout, "-"+path)
			continue
		}
		tx, err := db.Begin(false)
		if err != nil {
			return err
		}
		if _, bad := <-tx.Check(); bad { // the first finding will do; there may be billions
			path = "-" + path
		}
		fmt.Fprintln(os.Stdout, path)
	}
	return nil
}
