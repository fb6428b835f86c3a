package main

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"

// mix spreads numbers so that no two key ids look alike (splitmix64).
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// random appends letters and digits that follow from n.
func random(b []byte, n uint64, length int) []byte {
	for i := range length {
		if i%10 == 0 {
			n = mix(n)
		}
		b = append(b, letters[n>>(i%10*6)&63%uint64(len(letters))])
	}
	return b
}

// keyID is the n-th key id. It and the secrets below are made here and opened
// nothing, ever.
func keyID(n uint64) string { return string(random([]byte("LTAI"), n, 20)) }

// finding is an alert about the n-th key. Told again it is the same finding at
// another time.
func finding(n uint64, again int) []byte { return findingOf(keyID(n), n, again) }

// findingOf is an alert as a scanner behind a generic source sends it: one key,
// and a line of a file in which its secret stands and has to go.
func findingOf(key string, n uint64, again int) []byte {
	b := append([]byte(`{"access_key_id":"`), key...)
	b = append(b, `","id":"finding-`...)
	b = strconv.AppendUint(b, n, 10)
	b = append(b, `","title":"AccessKey in deploy/.env of acme/web","severity":"high","repository":"acme/web",`...)
	b = append(b, `"path":"deploy/.env","line":12,"commit":"3a9005e4218e70147c47a810c93f57c3b56d6522","author":"Dewi",`...)
	b = append(b, `"url":"https://github.com/acme/web/blob/3a9005e4218e70147c47a810c93f57c3b56d6522/deploy/.env#L12",`...)
	b = append(b, `"match":"ALIBABA_CLOUD_ACCESS_KEY_SECRET=`...)
	b = random(append(b, "aB3"...), ^n, 27)
	b = append(b, `","time":"`...)
	b = time.Now().Add(-time.Duration(again)*time.Second).UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, `"}`...)
}

// peersAlert says the same to Alertmanager.
func peersAlert(n uint64, _ int) []byte {
	return fmt.Appendf(nil, `[{"labels":{"alertname":"LeakedAccessKey","severity":"high","access_key_id":%q,"repository":"acme/web"},`+
		`"annotations":{"title":"AccessKey in deploy/.env of acme/web","path":"deploy/.env","line":"12","author":"Dewi",`+
		`"commit":"3a9005e4218e70147c47a810c93f57c3b56d6522","finding":"finding-%d",`+
		`"url":"https://github.com/acme/web/blob/3a9005e4218e70147c47a810c93f57c3b56d6522/deploy/.env#L12"},"startsAt":%q}]`,
		keyID(n), n, time.Now().UTC().Format(time.RFC3339Nano))
}

// alerts hands out numbers that were never handed out before.
type alerts struct {
	next atomic.Uint64
}

// stream makes requests of which every fifth, or none, is a finding told again.
func (a *alerts) stream(address, path, headers string, repeats bool, body func(n uint64, again int) []byte) func(conn, n int) []byte {
	last := make([]uint64, maxConns)
	return func(conn, n int) []byte {
		again := 0
		if repeats && n%5 == 4 {
			again = n
		} else {
			last[conn] = a.next.Add(1)
		}
		return post(address, path, headers, "application/json", body(last[conn], again))
	}
}

// maxConns bounds the connections of a load.
const maxConns = 256
