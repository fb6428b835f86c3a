package larktest

import (
	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"
)

// tooMany is more parts of one frame than a process has addresses for, and few enough
// to be asked of the memory: the client of oapi-sdk-go v3.11.0 makes room for all parts
// as soon as it sees the first (ws: combine), and nobody survives what follows.
const tooMany = "8796093022208"

// Kill sends a frame that ends the process of a client that believes it. Not even the
// client's own recover helps: running out of memory is no panic.
func (x *Tenant) Kill(t T) {
	t.Helper()
	x.Await(t, "a long connection", x.Listening)
	x.mu.Lock()
	s := x.listener()
	x.mu.Unlock()
	if s == nil {
		t.Fatalf("the long connection is gone")
	}
	header := func(k, v string) larkws.Header { return larkws.Header{Key: k, Value: v} }
	err := s.send(&larkws.Frame{
		SeqID: 1, LogID: 1, Service: service, Method: int32(larkws.FrameTypeData), Payload: []byte("{}"),
		Headers: []larkws.Header{
			header(larkws.HeaderType, string(larkws.MessageTypeEvent)), header(larkws.HeaderMessageID, newID("")),
			header(larkws.HeaderSum, tooMany), header(larkws.HeaderSeq, "0"),
		},
	})
	if err != nil {
		t.Fatalf("send a frame: %v", err)
	}
}
