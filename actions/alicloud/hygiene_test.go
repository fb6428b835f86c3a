package alicloud_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
	"twokey/incident"
)

// Of each Active key older than 90 days one thing is said: that it is idle, that no
// use of it is known (never that it is unused), or that it is old.
func TestOldAndIdleKeysAreReported(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	keys := map[string]sandbox.Key{}
	for _, name := range []string{"idle", "silent", "busy", "off", "open", "safe"} {
		s.cloud.AddUser(name)
		keys[name] = got(s.cloud.AddKey(name))(t)
	}
	must(t, s.cloud.RecordUse(keys["idle"].ID, sandbox.Use{Service: "Ecs", Event: "DescribeInstances"}))
	s.target.Key = incident.KeyID(keys["off"].ID)
	s.target.User, s.target.UserID = "off", s.cloud.AddUser("off")
	s.do(incident.StepKeyDisable)
	must(t, s.cloud.SetLogin("open", &sandbox.Login{}))
	must(t, s.cloud.SetLogin("safe", &sandbox.Login{}))
	must(t, s.cloud.SetMFA("safe", true))
	at.advance(100 * day)
	must(t, s.cloud.RecordUse(keys["busy"].ID, sandbox.Use{At: at.now().Add(-day), Service: "Ecs", Event: "DescribeInstances"}))
	for _, name := range []string{"open", "safe"} {
		_ = got(s.cloud.AddKey(name))(t) // new ones
		must(t, s.cloud.RecordUse(keys[name].ID, sandbox.Use{At: at.now().Add(-day), Service: "Ecs", Event: "DescribeInstances"}))
	}

	f := s.found(incident.StepHygiene, at.now())
	said := map[string]string{}
	for _, i := range f.Items {
		switch {
		case i.Values["key"] != "":
			said[i.Values["user"]+" "+i.Values["key"]] = i.Kind + " " + i.Values["days"]
		case i.Kind == "user_no_mfa" || i.Kind == "idle_advice":
			said[i.Kind] = i.Values["user"] + i.Values["days"]
		}
	}
	want := map[string]string{
		"idle " + keys["idle"].ID: "key_idle 100", "silent " + keys["silent"].ID: "key_silent 100", "busy " + keys["busy"].ID: "key_old 100",
		"open " + keys["open"].ID: "key_old 100", "safe " + keys["safe"].ID: "key_old 100", userName + " " + s.key.ID: "key_silent 100",
		"user_no_mfa": "open", "idle_advice": "90",
	}
	delete(said, botName+" "+s.bot.ID)
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if s.cloud.Calls("SetSecurityPreference") != 0 {
		t.Error("the account's setting was changed")
	}
}

func TestKeysOfTodayAreNotReported(t *testing.T) {
	s := newStage(t)
	f := s.found(incident.StepHygiene, time.Now())
	for _, i := range f.Items {
		if i.Values["key"] != "" {
			t.Errorf("a key of today is reported: %v", i)
		}
	}
}
