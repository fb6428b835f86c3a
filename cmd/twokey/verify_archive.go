package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"twokey/incident"
	"twokey/store/archive"
)

// archives checks files of incidents that left the store: by their own chains,
// and against the system log, which holds the hash of the whole file.
func (v *verifying) archives(files []string) error {
	if len(files) == 0 {
		return nil
	}
	known, err := v.record.Archives(v.ctx)
	if err != nil {
		return err
	}
	for _, file := range files {
		got, err := archive.Inspect(v.ctx, file, v.record.place.config.chain())
		switch {
		case v.ctx.Err() != nil:
			return v.ctx.Err()
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			return err
		case err != nil:
			v.badFile(file, whyNotHeld(err))
			continue
		}
		i := slices.IndexFunc(known, func(a incident.Archived) bool { return a.File == got.File })
		switch {
		case i < 0:
			v.badFile(file, "the system log does not name it")
		case known[i] != got.Archived:
			v.badFile(file, "it is not, byte for byte, the file that was written down")
		default:
			v.printf("%s ok: %d incidents, %d records, as the system log says\n", filepath.Base(file), got.Count, got.Records)
		}
	}
	return nil
}

func (v *verifying) badFile(file, why string) {
	v.found(incident.ID(filepath.Base(file)), "BROKEN", "", "%s", why)
}

// whyNotHeld says where an archive does not hold together.
func whyNotHeld(err error) string {
	if broken, ok := errors.AsType[*incident.BrokenError](err); ok {
		return fmt.Sprintf("%s at record %d: %s", broken.Incident, broken.Seq, whyBroken(broken.Why))
	}
	return err.Error()
}
