package larktest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// object is JSON as it goes over the wire.
type object = map[string]any

// refusal is an answer whose code is not 0 (Feishu docs: generic error codes, and the
// table of each API).
type refusal struct {
	Code int
	Msg  string
}

// Lark's codes.
const (
	codeParam     = 230001
	codeNotInChat = 230002
	codeRecalled  = 230011
	codeNoReach   = 230013
	codeTooLong   = 230025
	codePower     = 230027
	codeTooOld    = 230031
	codeReceiver  = 230034
	codeCard      = 230099
	codeDeleted   = 230110
	codeChatID    = 232006
	codeDissolved = 232009
	codeOutside   = 232011
	codeNoMember  = 232043
	codeNoUser    = 41050
	codeToken     = 99991663
	codeSecret    = 10014
	codeLimited   = 99991400
)

// call is one call of the Open API. Its run is called with the lock held.
type call struct {
	name string // "PATCH messages"
	run  func(x *Tenant, r *http.Request, body object) (object, *refusal)
}

func (x *Tenant) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, c := range map[string]call{
		"GET /open-apis/bot/v3/info":                 {"GET bot", (*Tenant).botInfo},
		"GET /open-apis/contact/v3/users/{id}":       {"GET users", (*Tenant).getUser},
		"POST /open-apis/im/v1/messages":             {"POST messages", (*Tenant).createMessage},
		"GET /open-apis/im/v1/messages/{id}":         {"GET messages", (*Tenant).getMessage},
		"PATCH /open-apis/im/v1/messages/{id}":       {"PATCH messages", (*Tenant).patchMessage},
		"POST /open-apis/im/v1/messages/{id}/reply":  {"POST reply", (*Tenant).replyMessage},
		"POST /open-apis/im/v1/pins":                 {"POST pins", (*Tenant).pin},
		"POST /open-apis/im/v1/chats":                {"POST chats", (*Tenant).createChat},
		"GET /open-apis/im/v1/chats":                 {"GET chats", (*Tenant).listChats},
		"GET /open-apis/im/v1/chats/{id}":            {"GET chat", (*Tenant).getChat},
		"PUT /open-apis/im/v1/chats/{id}":            {"PUT chat", (*Tenant).putChat},
		"POST /open-apis/im/v1/chats/{id}/members":   {"POST members", (*Tenant).addMembers},
		"GET /open-apis/im/v1/chats/{id}/members":    {"GET members", (*Tenant).listMembers},
		"DELETE /open-apis/im/v1/chats/{id}":         {"DELETE chat", (*Tenant).dissolve},
		"DELETE /open-apis/im/v1/messages/{message}": {"DELETE messages", (*Tenant).deleteMessage},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { x.serve(w, r, c) })
	}
	mux.HandleFunc("POST /open-apis/auth/v3/tenant_access_token/internal", x.serveToken)
	mux.HandleFunc("POST /callback/ws/endpoint", x.serveEndpoint)
	mux.HandleFunc("GET /ws", x.serveSocket)
	return mux
}

// maxBody is far above anything that a bot sends.
const maxBody = 4 << 20

func (x *Tenant) serve(w http.ResponseWriter, r *http.Request, c call) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)) // to the end, or a client that leaves is not noticed
	hit := x.fault(c.name)
	if hit != nil && hit.stands(x, w, r) {
		return
	}
	var body object
	if err != nil || len(raw) > 0 && json.Unmarshal(raw, &body) != nil {
		answer(w, http.StatusBadRequest, object{"code": codeParam, "msg": "invalid JSON"})
		return
	}
	body = withSize(body, len(raw))
	data, refused := x.perform(r, c, body)
	if hit != nil && hit.Kind == Lose {
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	}
	if refused != nil {
		answer(w, http.StatusBadRequest, object{"code": refused.Code, "msg": refused.Msg})
		return
	}
	if whole, bare := data["bare"].(object); bare {
		answer(w, http.StatusOK, whole)
		return
	}
	answer(w, http.StatusOK, object{"code": 0, "msg": "success", "data": data})
}

// sizeOf is where the length of a request body travels with it.
const sizeOf = "\x00size"

func withSize(body object, n int) object {
	if body == nil {
		body = object{}
	}
	body[sizeOf] = n
	return body
}

func (x *Tenant) perform(r *http.Request, c call, body object) (object, *refusal) {
	x.mu.Lock()
	defer x.mu.Unlock()
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !x.tokens[token] {
		return nil, &refusal{codeToken, "Invalid access token for authorization. Please make a request with token attached."}
	}
	defer x.touch()
	return c.run(x, r, body)
}

func (x *Tenant) serveToken(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		ID     string `json:"app_id"`
		Secret string `json:"app_secret"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&asked)
	if hit := x.fault("token"); hit != nil && hit.stands(x, w, r) {
		return
	}
	if err != nil || asked.ID != x.App.ID || asked.Secret != x.App.Secret {
		answer(w, http.StatusOK, object{"code": codeSecret, "msg": "app secret invalid"})
		return
	}
	token := newID("t-")
	x.mu.Lock()
	x.tokens[token] = true
	x.mu.Unlock()
	answer(w, http.StatusOK, object{"code": 0, "msg": "ok", "tenant_access_token": token, "expire": 7200})
}

func answer(w http.ResponseWriter, status int, body object) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func obj(v any) object {
	o, _ := v.(object)
	return o
}
