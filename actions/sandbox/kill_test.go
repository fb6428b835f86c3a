package sandbox_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/aliyun/credentials-go/credentials"

	"twokey/actions/sandbox"
)

// serveFile makes this test binary a sandbox for the file named in it.
const serveFile = "SANDBOX_TEST_SERVE_FILE"

func TestMain(m *testing.M) {
	if file := os.Getenv(serveFile); file != "" {
		if err := serve(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve prints its address and runs until its input ends, as it does when the test
// that started it dies.
func serve(file string) error {
	c, err := sandbox.Open(sandbox.Options{File: file})
	if err != nil {
		return err
	}
	if err := c.Start(context.Background(), ""); err != nil {
		return err
	}
	fmt.Println(c.Address())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func TestWhatWasAnsweredOutlivesAKill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "account")
	scene := furnished(t, file)
	answered := map[string]bool{}
	for round := range 3 {
		for _, name := range killed(t, file, scene.Bot, round) {
			answered[name] = true
		}
		c := must[*sandbox.Cloud](t)(sandbox.Open(sandbox.Options{File: file}))
		there := map[string]bool{}
		for _, u := range c.Snapshot().Users {
			there[u.Name] = true
		}
		for name := range answered {
			if !there[name] {
				t.Errorf("round %d: %s was created, answered and lost", round, name)
			}
		}
		if len(answered) < 12*(round+1) {
			t.Errorf("round %d: only %d answers", round, len(answered))
		}
		ok(t, c.Close())
	}
}

// furnished makes the file and returns its keys.
func furnished(t *testing.T, file string) sandbox.Furnished {
	t.Helper()
	c := must[*sandbox.Cloud](t)(sandbox.Open(sandbox.Options{File: file}))
	scene := must[sandbox.Furnished](t)(c.Furnish())
	ok(t, c.Close())
	return scene
}

// killed serves the file from a process of its own, lets three writers create users
// and kills the process (SIGKILL) after a dozen answers, in the midst of more. It
// returns the users whose creation was answered.
func killed(t *testing.T, file string, bot sandbox.Key, round int) []string {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), serveFile+"="+file)
	process.Stderr = os.Stderr
	held := must[io.WriteCloser](t)(process.StdinPipe())
	defer held.Close() //nolint:errcheck // its end is all that matters
	printed := must[io.ReadCloser](t)(process.StdoutPipe())
	ok(t, process.Start())
	address, err := bufio.NewReader(printed).ReadString('\n')
	if err != nil {
		_ = process.Process.Kill()
		t.Fatalf("%v: %v", err, process.Wait())
	}
	answers := make(chan string)
	var writers sync.WaitGroup
	for writer := range 3 {
		writers.Go(func() {
			for n := range 100 {
				name := fmt.Sprintf("made-%d-%d-%d", round, writer, n)
				if createUser(strings.TrimSpace(address), bot, name) != nil {
					return // killed
				}
				answers <- name
			}
		})
	}
	go func() { writers.Wait(); close(answers) }()
	var out []string
	for name := range answers {
		if out = append(out, name); len(out) == 12 {
			ok(t, process.Process.Kill())
		}
	}
	_ = process.Process.Kill() // when there were too few answers
	_ = process.Wait()         // "signal: killed"
	return out
}

// createUser calls without a testing.T, from any goroutine.
func createUser(address string, k sandbox.Key, name string) error {
	credential, err := credentials.NewCredential(&credentials.Config{
		Type: new("access_key"), AccessKeyId: new(k.ID), AccessKeySecret: new(string(k.Secret)),
	})
	if err != nil {
		return err
	}
	client, err := openapi.NewClient(&openapiutil.Config{
		Credential: credential, Endpoint: new(address), Protocol: new("http"), HttpClient: wire{},
	})
	if err != nil {
		return err
	}
	_, err = client.CallApiWithCtx(context.Background(), &openapiutil.Params{
		Action: new("CreateUser"), Version: new(ram), Protocol: new("HTTP"), Method: new("POST"),
		AuthType: new("AK"), Style: new("RPC"), Pathname: new("/"),
		ReqBodyType: new("formData"), BodyType: new("json"),
	}, &openapiutil.OpenApiRequest{Query: map[string]*string{"UserName": new(name)}}, &dara.RuntimeOptions{})
	return err
}

func TestConcurrentWritesAreAllInTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "account")
	c := must[*sandbox.Cloud](t)(sandbox.Open(sandbox.Options{File: file}))
	scene := must[sandbox.Furnished](t)(c.Furnish())
	ok(t, c.Start(t.Context(), ""))
	var all sync.WaitGroup
	for n := range 24 {
		all.Go(func() {
			if n%3 == 0 {
				c.AddUser("seeded-" + strconv.Itoa(n))
				return
			}
			c.Snapshot()
			if err := createUser(c.Address(), scene.Bot, "made-"+strconv.Itoa(n)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	again := must[*sandbox.Cloud](t)(sandbox.Open(sandbox.Options{File: file})) // before Close: nothing waits for it
	if got, want := len(again.Snapshot().Users), 3+24; got != want {
		t.Errorf("%d users, want %d", got, want)
	}
	ok(t, c.Close())
}
