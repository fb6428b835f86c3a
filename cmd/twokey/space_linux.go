package main

import (
	"fmt"
	"syscall"
)

// roomFor is how many bytes a copy may take in a folder: half of what is free, so
// that a backup never fills the disk that the store needs.
func roomFor(dir string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("ask for the free space: %w", err)
	}
	return int64(fs.Bavail) * fs.Bsize / 2, nil //nolint:gosec // no disk has 2^63 bytes
}
