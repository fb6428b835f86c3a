package dingtalktest

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
)

// Paths of the interface, as [Fault] and [Org.Calls] name them.
const (
	PathToken   = "/v1.0/oauth2/accessToken" //nolint:gosec // an address, no credential
	PathOpen    = "/v1.0/gateway/connections/open"
	PathDeliver = "/v1.0/card/instances/createAndDeliver"
	PathUpdate  = "/v1.0/card/instances"
	PathGroup   = "/v1.0/robot/groupMessages/send"
	PathPerson  = "/v1.0/robot/oToMessages/batchSend"
	PathUser    = "/topapi/v2/user/get"
	PathScene   = "/topapi/im/chat/scenegroup/create"
	PathWebhook = "/robot/sendBySession"
)

type object = map[string]any

// refusal is an answer that is no yes: its HTTP status and DingTalk's word.
type refusal struct {
	status int
	code   string
}

func invalid(code string) *refusal { return &refusal{http.StatusBadRequest, code} }

// method does what a call asks for. The lock is held.
type method func(body []byte) (object, *refusal)

func (o *Org) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+PathToken, o.serve(PathToken, false, o.giveToken))
	mux.HandleFunc("POST "+PathOpen, o.serve(PathOpen, false, o.openStream))
	mux.HandleFunc("POST "+PathDeliver, o.serve(PathDeliver, true, o.createAndDeliver))
	mux.HandleFunc("PUT "+PathUpdate, o.serve(PathUpdate, true, o.updateCard))
	mux.HandleFunc("POST "+PathGroup, o.serve(PathGroup, true, o.sayInGroup))
	mux.HandleFunc("POST "+PathPerson, o.serve(PathPerson, true, o.sayToPerson))
	mux.HandleFunc("POST "+PathUser, o.serveOld(PathUser, o.getUser))
	mux.HandleFunc("POST "+PathScene, o.serveOld(PathScene, o.makeGroup))
	mux.HandleFunc("POST "+PathWebhook, o.serveWebhook)
	mux.HandleFunc("/connect", o.serveSocket)
	return mux
}

// serve answers a call of the interface.
func (o *Org) serve(path string, needsToken bool, do method) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		o.meet(path, rw, r, func(body []byte) (int, object) {
			if needsToken && !o.tokens[r.Header.Get("x-acs-dingtalk-access-token")] {
				return denied(invalid("InvalidAuthentication"))
			}
			out, no := do(body)
			if no != nil {
				return denied(no)
			}
			return http.StatusOK, out
		})
	}
}

func denied(no *refusal) (int, object) {
	return no.status, object{"code": no.code, "message": no.code, "requestid": rand.Text()}
}

// serveOld answers a call of the older interface: always with 200, and the token is in
// the address.
func (o *Org) serveOld(path string, do func(body []byte) object) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		o.meet(path, rw, r, func(body []byte) (int, object) {
			if !o.tokens[r.URL.Query().Get("access_token")] {
				return http.StatusOK, object{"errcode": 40014, "errmsg": "不合法的access_token"}
			}
			return http.StatusOK, do(body)
		})
	}
}

// meet lets the fault that fits have its way, then answers.
func (o *Org) meet(path string, rw http.ResponseWriter, r *http.Request, do func(body []byte) (int, object)) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	o.mu.Lock()
	o.calls[path]++
	f := o.fault(path)
	o.touch()
	o.mu.Unlock()
	if f != nil && f.stands(o, rw, r) {
		return
	}
	o.mu.Lock()
	status, out := do(body)
	o.touch()
	o.mu.Unlock()
	if f != nil && f.Kind == Lose {
		panic(http.ErrAbortHandler)
	}
	reply(rw, status, out)
}

func reply(rw http.ResponseWriter, status int, out object) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(out)
}

// giveToken is DingTalk docs: 获取企业内部应用的accessToken.
func (o *Org) giveToken(body []byte) (object, *refusal) {
	var in struct{ AppKey, AppSecret string }
	if json.Unmarshal(body, &in) != nil || in.AppKey != o.App.ClientID || in.AppSecret != o.App.ClientSecret {
		return nil, invalid("invalidClientIdOrSecret")
	}
	token := rand.Text()
	o.tokens[token] = true
	return object{"accessToken": token, "expireIn": 7200}, nil
}

// getUser is DingTalk docs: 查询用户详情.
func (o *Org) getUser(body []byte) object {
	var in struct {
		UserID string `json:"userid"`
	}
	if json.Unmarshal(body, &in) != nil || in.UserID == "" {
		return object{"errcode": 400002, "errmsg": "参数无效"}
	}
	u, ok := o.users[in.UserID]
	if !ok || u.Corp != o.App.Corp {
		return object{"errcode": 60121, "errmsg": "找不到该用户"}
	}
	return object{"errcode": 0, "errmsg": "ok", "result": object{"userid": u.ID, "name": u.Name, "active": !u.Left, "unionid": "u-" + u.ID}}
}
