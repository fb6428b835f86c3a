package bolt_test

import (
	"os/exec"
	"testing"
)

// wild runs a test of damaged files again without the race detector, and reports
// whether it did. Bbolt follows what such a file says to memory that is anybody's:
// the store catches what comes of that, the detector takes it for a race of ours,
// or ends the program for a pointer that it does not like.
func wild(t *testing.T) bool {
	t.Helper()
	if !raceDetector {
		return false
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-run=^"+t.Name()+"$", "-v", ".").CombinedOutput() //nolint:gosec // our own test
	t.Logf("without the race detector:\n%s", out)
	if err != nil {
		t.Error(err)
	}
	return true
}
