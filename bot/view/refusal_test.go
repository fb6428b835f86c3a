package view_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"twokey/incident"
)

// A refusal says what to do next, naming those who can; it never names the
// reader, and leaves no blank open.
func TestRefusalsSayWhatToDo(t *testing.T) {
	v := words(t)
	s := moments["waiting-second-vote"](t)
	for _, lang := range v.Languages() {
		scene := s.scene(lang)
		scene.Reader, scene.Plan = ana, 1
		general := v.Refusal(scene, errors.New("dial tcp 10.0.0.1: secret"))
		for _, why := range constants(t, "../../incident", "Refusal") {
			text := v.Refusal(scene, fmt.Errorf("do: %w", incident.Refusal(why)))
			if text == "" || text == general || blank.MatchString(text) {
				t.Errorf("%s in %s: %q", why, lang, text)
			}
		}
		voted := v.Refusal(scene, incident.AlreadyVoted)
		if !strings.Contains(voted, "Bo") || !strings.Contains(voted, "Chen") || strings.Contains(voted, "Ana") ||
			!strings.Contains(voted, "03:24:10") {
			t.Errorf("%s: %s", lang, voted)
		}
		if strings.Contains(general, "10.0.0.1") || strings.Contains(general, "secret") {
			t.Errorf("an error's own text got out: %s", general)
		}
	}
}

// Where one approver may go alone, the refusal says from when.
func TestGoingAloneIsAnnounced(t *testing.T) {
	s := moments["waiting-second-vote"](t)
	s.rules.AloneAfter = 10 * time.Minute
	scene := s.scene("en")
	scene.Reader, scene.Plan = ana, 1
	if text := words(t).Refusal(scene, incident.AlreadyVoted); !strings.Contains(text, "03:04:10") {
		t.Error(text)
	}
}

// Who voted where all others did is told where to go.
func TestVotesOnOnePlatformAskForAnother(t *testing.T) {
	v, s := words(t), onePlatform(t)
	scene := s.scene("en")
	p, _ := s.state.Waiting("key.delete")
	scene.Reader, scene.Plan = ana, p.Number
	if text := v.Refusal(scene, incident.AlreadyVoted); !strings.Contains(text, "another one") || !strings.Contains(text, "Chen") {
		t.Error(text)
	}
}

// Nobody is told to ask themselves.
func TestRefusalsDoNotNameTheReader(t *testing.T) {
	s := offered(t)
	scene := s.scene("en")
	scene.Reader, scene.Plan = bo, 1
	for _, why := range []incident.Refusal{incident.NotReady, incident.NotAllowed, incident.OwnRequest, incident.OnHold} {
		if text := words(t).Refusal(scene, why); strings.Contains(text, "Bo") || !strings.Contains(text, "Chen") {
			t.Errorf("%s to Bo: %s", why, text)
		}
	}
}
