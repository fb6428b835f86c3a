package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.etcd.io/bbolt"
)

var update = flag.Bool("update", false, "write the expected outputs of the stories anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"twokey": main, "twokey-later": later})
}

// TestStories runs the commands as people do: each file of testdata is a story.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			// Key-shaped texts are made here, so that no scanner takes the stories for leaks.
			e.Setenv("KEY", "LTAI"+"5t"+rand.Text()[:18])
			e.Setenv("SECRET", rand.Text()+"aB3x")
			e.Values[people{}] = map[string]*persona{}
			address, err := freeAddress(t.Context())
			e.Setenv("ADDRESS", address)
			example, exampleErr := os.ReadFile("../../config.example.yaml")
			return errors.Join(err, exampleErr, os.WriteFile(e.WorkDir+"/example.yaml", example, 0o600))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "ready": ready, "shows": shows, "tamper": tamper, "envsubst": substitute,
			"ana": person("ana"), "bo": person("bo"), "chen": person("chen"), "eve": person("eve"),
			"answers": answers, "room": fileRoom, "readonly": readonly,
			"attacker": attacker, "scene": scene, "lose": lose,
		},
	})
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// exits CODE COMMAND... runs a command that must end with exactly that code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// shows TEXT COMMAND... runs a command until it prints the text: work goes on
// while the story does.
func shows(ts *testscript.TestScript, _ bool, args []string) {
	for range 200 {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
	}
	ts.Fatalf("%v never printed %q", args[1:], args[0])
}

// ready ADDRESS waits until a bot there is ready.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	answers(ts, neg, []string{"200", "http://" + args[0] + "/readyz"})
}

// answers STATUS URL waits until that is answered.
func answers(ts *testscript.TestScript, _ bool, args []string) {
	got := 0
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get(args[1]) //nolint:noctx // bounded by the loop
		if err != nil {
			continue
		}
		_ = answer.Body.Close()
		if got = answer.StatusCode; strconv.Itoa(got) == args[0] {
			return
		}
	}
	ts.Fatalf("%s never answered %s, but %d", args[1], args[0], got)
}

// fileRoom is the command room BYTES|unlimited: how long a file the commands in the
// background may write, as if the disk ended there.
func fileRoom(ts *testscript.TestScript, _ bool, args []string) {
	for _, c := range ts.BackgroundCmds() {
		ts.Check(ts.Exec("prlimit", "--pid", strconv.Itoa(c.Process.Pid), "--fsize="+args[0]+":"))
	}
}

// readonly CODE COMMAND... runs a command as if on a disk that is mounted for
// reading. Where this user may mount nothing strace plays that disk, for the
// commands that want to write.
func readonly(ts *testscript.TestScript, _ bool, args []string) {
	const mounted = `mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" && ! touch . 2>/dev/null && exec "$@"`
	with := []string{"unshare", "-rm", "sh", "-c", mounted, "sh"}
	if ts.Exec(with[0], append(with[1:], "true")...) != nil {
		with = nil
		if args[2] == "serve" || args[2] == "check" {
			with = []string{"strace", "-f", "-qq", "-o", "/dev/null", "-P", "twokey.db", "-e", "inject=openat:error=EROFS"}
		}
	}
	exits(ts, false, slices.Concat(args[:1], with, args[1:]))
}

// tamper FILE FROM TO rewrites every record of a stopped bot's file that has FROM.
func tamper(ts *testscript.TestScript, _ bool, args []string) {
	db, err := bbolt.Open(ts.MkAbs(args[0]), 0o600, nil)
	ts.Check(err)
	defer db.Close()
	changed := 0
	ts.Check(db.Update(func(tx *bbolt.Tx) error {
		records := tx.Bucket([]byte("records"))
		c := records.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if !bytes.Contains(v, []byte(args[1])) {
				continue
			}
			changed++
			if err := records.Put(bytes.Clone(k), bytes.ReplaceAll(v, []byte(args[1]), []byte(args[2]))); err != nil {
				return err
			}
		}
		return nil
	}))
	if changed == 0 {
		ts.Fatalf("no record has %q", args[1])
	}
}

// envsubst FILE... replaces @NAME@ by the variable of that name.
func substitute(ts *testscript.TestScript, _ bool, files []string) {
	for _, file := range files {
		text := ts.ReadFile(file)
		for _, name := range []string{"ADDRESS", "KEY", "SECRET", "LEAKED", "IDLE"} {
			text = string(bytes.ReplaceAll([]byte(text), []byte("@"+name+"@"), []byte(ts.Getenv(name))))
		}
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
	}
}
