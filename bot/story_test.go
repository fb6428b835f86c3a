package bot_test

import (
	"testing"

	"twokey/bot/chattest"
)

func TestTheStoryInTheSimplestRoom(t *testing.T) {
	chattest.Run(t, func(*testing.T) chattest.Platform { return &platform{newRoom()} })
}
