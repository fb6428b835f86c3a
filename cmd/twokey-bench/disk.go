package main

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// fdatasyncRate is how often a second one writer can append 4 KiB and have it on
// the disk: no store that waits for the disk for every write can be faster.
func fdatasyncRate(folder string) (float64, error) {
	const span = 250 * time.Millisecond
	path := filepath.Join(folder, "fdatasync")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // in our own folder
	if err != nil {
		return 0, err
	}
	page, n, began := make([]byte, 4096), 0, time.Now()
	for time.Since(began) < span && err == nil {
		if _, err = f.Write(page); err == nil {
			err = fdatasync(f)
		}
		n++
	}
	passed := time.Since(began)
	return float64(n) / passed.Seconds(), errors.Join(err, f.Close(), os.Remove(path)) //nolint:gosec // in our own folder
}
