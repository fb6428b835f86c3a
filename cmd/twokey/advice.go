package main

import (
	"errors"
	"fmt"

	"twokey/store/bolt"
)

// inWords adds what to do to an error of the store, where the store itself does
// not know what the program offers.
func inWords(err error) error {
	switch {
	case errors.Is(err, bolt.ErrLocked):
		return fmt.Errorf("%w: one bot at a time; stop the other one", err)
	case errors.Is(err, bolt.ErrDamaged):
		return fmt.Errorf("%w: stop the bot, keep a copy of the file as it is, look at it with twokey verify, and restore a backup", err)
	case errors.Is(err, bolt.ErrReadOnlyDisk):
		return fmt.Errorf("%w: nothing can be kept there; mount it for writing, or choose another place (store.bolt.path). "+
			"twokey incidents, show, export and verify work as it is", err)
	}
	return err
}
