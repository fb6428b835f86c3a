package alicloud_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

// maskOf is a key id as sources show it.
func maskOf(id string) incident.Mask { return incident.Mask(id[:8] + "****" + id[len(id)-6:]) }

// twinOf is another id that looks the same once it is masked.
func twinOf(id string) string {
	other := "x"
	if id[12] == 'x' {
		other = "y"
	}
	return id[:12] + other + id[13:]
}

func (s *stage) match(mask incident.Mask) []incident.KeyID {
	s.Helper()
	return got(s.account.Match(s.Context(), mask))(s.T).Keys
}

func TestAMaskedKeyIsFoundInTheAccount(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	for n := range 20 {
		s.cloud.AddUser(fmt.Sprint("user", n))
		_ = got(s.cloud.AddKey(fmt.Sprint("user", n)))(t)
	}
	want := []incident.KeyID{incident.KeyID(s.key.ID)}
	if found := got(s.account.Match(t.Context(), maskOf(s.key.ID)))(t); !slices.Equal(found.Keys, want) || !found.AsOf.Equal(at.now()) {
		t.Errorf("found %v as of %v, want %v", found.Keys, found.AsOf, want)
	}
	if found := s.match(maskOf(s.bot.ID)); len(found) != 1 {
		t.Errorf("the bot's own: %v", found)
	}
	none := "LTAI" + "5tNobody" + "HasThisOne"
	if found := s.match(maskOf(none)); len(found) != 0 {
		t.Errorf("nobody has it: %v", found)
	}
	_ = got(s.cloud.AddKeyWithID("user1", twinOf(s.key.ID)))(t)
	at.advance(5 * time.Minute)
	if found := s.match(maskOf(s.key.ID)); len(found) != 2 {
		t.Errorf("two fit: %v", found)
	}
}

// However many users an account has, what people wait for does not wait for the
// inventory: that has the pace of what may be nothing.
func TestAnInventoryTakesTheTurnsOfWhatMayBeNothing(t *testing.T) {
	s := newStageAt(t, newClock())
	for n := range 40 {
		s.cloud.AddUser(fmt.Sprint("user", n))
	}
	s.match(maskOf(s.key.ID))
	calls := s.cloud.Calls("ListUsers") + s.cloud.Calls("ListAccessKeys")
	if waited := s.waits.count(); calls < 40 || waited < calls-12 {
		t.Errorf("%d of %d calls waited; 12 need not", waited, calls)
	}
	before := s.waits.count()
	for range 12 {
		_ = got(s.account.Owner(t.Context(), s.target.Key))(t)
	}
	if n := s.waits.count() - before; n > 0 {
		t.Errorf("%d looks that people wait for waited for the inventory", n)
	}
}

// Any number of questions, from wherever they come, is one inventory in five minutes.
func TestAnyNumberOfMaskedAlertsIsOneInventory(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	ask := func() {
		var all sync.WaitGroup
		for n := range 1000 {
			all.Go(func() {
				mask := incident.Mask(fmt.Sprintf("LTAI5t%04d****abcdef", n))
				if _, err := s.account.Match(t.Context(), mask); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	for round := range 3 {
		ask()
		at.advance(5*time.Minute - time.Second)
		ask()
		if users, keys := s.cloud.Calls("ListUsers"), s.cloud.Calls("ListAccessKeys"); users != round+1 || keys != 2*(round+1) {
			t.Fatalf("round %d: %d lists of users, %d of keys", round, users, keys)
		}
		at.advance(time.Second)
	}
}

func TestAFailedInventoryIsNotMadeAgainAtOnce(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	took := s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: "ListUsers"})
	for range 50 {
		if _, err := s.account.Match(t.Context(), maskOf(s.key.ID)); !actions.Transient(err) {
			t.Fatalf("it does not answer: %v", err)
		}
	}
	if n := s.cloud.Calls("ListUsers"); n != 3 { // one call and two tries more
		t.Errorf("%d calls", n)
	}
	took()
	at.advance(5 * time.Minute)
	if found := s.match(maskOf(s.key.ID)); len(found) != 1 {
		t.Errorf("found %v", found)
	}
}

// One user who can't be asked may have a second key that fits.
func TestAnInventoryWithAHoleSaysNothing(t *testing.T) {
	s := newStage(t)
	s.cloud.AddUser("another")
	must(t, s.cloud.AddPolicy("hides", `{"Version":"1","Statement":[{"Effect":"Deny","Action":"ram:ListAccessKeys","Resource":"acs:ram:*:*:user/another"}]}`))
	must(t, s.cloud.SetPolicies(botName, sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}, sandbox.PolicyRef{Type: sandbox.Custom, Name: "hides"}))
	if found, err := s.account.Match(t.Context(), maskOf(s.key.ID)); err == nil || len(found.Keys) != 0 {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestAMaskThatTellsTooLittleIsNotLookedFor(t *testing.T) {
	s := newStage(t)
	for _, mask := range []incident.Mask{"", "LTAI****", incident.Mask(s.key.ID[:8] + "**" + s.key.ID[len(s.key.ID)-3:]), incident.Mask(s.key.ID)} {
		if _, err := s.account.Match(t.Context(), mask); actions.Code(err) != alicloud.CodeParameter {
			t.Errorf("%q: %v", mask, err)
		}
	}
	if n := s.cloud.Calls("ListUsers"); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// A bot that may not list users says which permission it lacks.
func TestMatchingTakesThePermissionToListUsers(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.AddPolicy("denied", `{"Version":"1","Statement":[{"Effect":"Deny","Action":"ram:ListUsers","Resource":"*"}]}`))
	must(t, s.cloud.SetPolicies(botName, sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}, sandbox.PolicyRef{Type: sandbox.Custom, Name: "denied"}))
	_, err := s.account.Match(t.Context(), maskOf(s.key.ID))
	if actions.Lacking(err) != "ram:ListUsers" || errors.Is(err, actions.ErrNotYet) {
		t.Errorf("%v lacks %q", err, actions.Lacking(err))
	}
}

// Alerts that show a part of a key come whatever steps are switched on.
func TestTheLeastPolicyLetsMaskedKeysBeFound(t *testing.T) {
	s := newStage(t)
	doc := got(alicloud.LeastPolicy(nil, alicloud.Scope{AccountID: s.cloud.Account()}))(t)
	must(t, s.cloud.AddPolicy("least", string(doc.Canonical())))
	must(t, s.cloud.SetPolicies(botName, sandbox.PolicyRef{Type: sandbox.Custom, Name: "least"}))
	if found := s.match(maskOf(s.key.ID)); !slices.Equal(found, []incident.KeyID{incident.KeyID(s.key.ID)}) {
		t.Errorf("found %v", found)
	}
}
