package seal_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"twokey/actions/alicloud/seal"
)

func opened(t *testing.T, sealed []byte, with age.Identity) (string, error) {
	t.Helper()
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(sealed)), with)
	if err != nil {
		return "", err
	}
	plain, err := io.ReadAll(r)
	return string(plain), err
}

func TestOnlyTheReceiverOpensIt(t *testing.T) {
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		recipient string
		own       age.Identity
		other     age.Identity
	}{
		{classic.Recipient().String(), classic, hybrid},
		{hybrid.Recipient().String(), hybrid, classic},
	} {
		r, err := seal.Parse(" " + row.recipient + "\n")
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := r.Seal([]byte("plain words"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(sealed), armor.Header) || bytes.Contains(sealed, []byte("plain")) {
			t.Fatalf("sealed as %q", sealed)
		}
		if plain, err := opened(t, sealed, row.own); err != nil || plain != "plain words" {
			t.Errorf("the receiver reads %q, %v", plain, err)
		}
		if _, err := opened(t, sealed, row.other); err == nil {
			t.Error("somebody else opened it")
		}
	}
}

func TestWhatIsNoRecipientIsRefusedWithoutQuotingIt(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "age1", "age1pq1nothing", key.String(), "ssh-ed25519 AAAA"} {
		_, err := seal.Parse(text)
		if !errors.Is(err, seal.ErrRecipient) || len(text) > 10 && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := (seal.Recipient{}).Seal([]byte("x")); !errors.Is(err, seal.ErrRecipient) {
		t.Errorf("nobody's seal: %v", err)
	}
}
