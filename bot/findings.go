package bot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"twokey/bot/redact"
	"twokey/incident"
	"twokey/store"
)

// maxFindings is how many things one look keeps; the rest is counted.
const maxFindings = 200

// maxFinding is how many runes of one name in a finding are kept.
const maxFinding = 200

// findings is what a look found on its way beside the chain. Names come from
// strangers: they go through the redactor like anything typed.
func (b *Bot) findings(f incident.Findings) text {
	f.Sort()
	f.Keep(maxFindings)
	for i := range f.Items {
		clean := make(map[string]string, len(f.Items[i].Values))
		for name, value := range f.Items[i].Values {
			kept, _ := redact.Text(value)
			clean[name] = redact.Clean(kept, maxFinding)
		}
		f.Items[i].Values = clean
	}
	body, err := json.Marshal(f)
	if err != nil {
		panic(fmt.Sprintf("findings do not encode: %v", err)) // plain data: cannot happen
	}
	return b.text(string(body))
}

// FindingsIn is what a look found, as its text beside the chain has it; false if
// that was erased.
func FindingsIn(texts map[incident.Words]string, at incident.Words) (incident.Findings, bool) {
	var f incident.Findings
	body, ok := texts[at]
	if !ok || json.Unmarshal([]byte(body), &f) != nil {
		return incident.Findings{}, false
	}
	return f, true
}

func sealedPrefix(id incident.ID) string { return "sealed/" + string(id) + "/" }

// seal is a sealed secret on its way beside the chain, which holds its hash.
func (b *Bot) seal(id incident.ID, ciphertext []byte) (incident.Words, store.Value) {
	sum := sha256.Sum256(ciphertext)
	at := incident.Words(hex.EncodeToString(sum[:]))
	return at, store.Value{Key: sealedPrefix(id) + string(at), Body: ciphertext}
}
