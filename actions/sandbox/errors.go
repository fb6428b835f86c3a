package sandbox

import (
	"maps"
	"net/http"
)

// Error is an answer that refuses a call.
type Error struct {
	Status  int
	Code    string
	Message string
	// Detail is AccessDeniedDetail, of NoPermission only.
	Detail map[string]any

	atGate bool // it never reached a product
}

// Error is the code with its message; neither holds anything of the request.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

var _ error = (*Error)(nil)

// Codes of the gateway (OpenAPI docs: common error codes).
var (
	errAction    = &Error{Status: http.StatusNotFound, Code: "InvalidAction.NotFound", Message: "The specified action is not found."}
	errSignature = &Error{Status: http.StatusBadRequest, Code: "SignatureDoesNotMatch", Message: "The request signature does not conform to Aliyun standards."}
	errNoKey     = &Error{Status: http.StatusNotFound, Code: "InvalidAccessKeyId.NotFound", Message: "Specified access key is not found."}
	errInactive  = &Error{Status: http.StatusBadRequest, Code: "InvalidAccessKeyId.Inactive", Message: "Specified access key is disabled."}
	errNonce     = &Error{Status: http.StatusBadRequest, Code: "SignatureNonceUsed", Message: "Specified signature nonce was used already."}
	errToken     = &Error{Status: http.StatusBadRequest, Code: "InvalidSecurityToken.MismatchWithAccessKey", Message: "Specified SecurityToken mismatch with the AccessKey."}
	errExpired   = &Error{Status: http.StatusBadRequest, Code: "InvalidSecurityToken.Expired", Message: "Specified SecurityToken is expired."}
	errTimestamp = &Error{Status: http.StatusBadRequest, Code: "InvalidTimeStamp.Expired", Message: "Specified time stamp or date value is expired."}
	errThrottled = &Error{Status: http.StatusBadRequest, Code: "Throttling.User", Message: "Request was denied due to user flow control."}
	errOffline   = &Error{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "The request has failed due to a temporary failure of the server."}
	errBody      = &Error{Status: http.StatusBadRequest, Code: "InvalidParameter", Message: "The request body is not usable."}
)

func missing(name string) *Error {
	return bad("MissingParameter", "The parameter "+name+" is mandatory.")
}

func bad(code, message string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: message}
}

func absent(code string) *Error {
	return &Error{Status: http.StatusNotFound, Code: "EntityNotExist." + code, Message: "The specified " + code + " does not exist."}
}

func exists(code string) *Error {
	return &Error{Status: http.StatusConflict, Code: "EntityAlreadyExists." + code, Message: "The specified " + code + " already exists."}
}

func limit(code string) *Error {
	return &Error{Status: http.StatusConflict, Code: "LimitExceeded." + code, Message: "The quota of " + code + " is used up."}
}

func conflict(code string) *Error {
	return &Error{Status: http.StatusConflict, Code: "DeleteConflict." + code, Message: "The entity still has a " + code + "."}
}

func (e *Error) body(product string) map[string]any {
	out := map[string]any{
		"Code": e.Code, "Message": e.Message, "HostId": or(product, "gateway") + ".sandbox.invalid",
		"Recommend": "https://api.aliyun.com/troubleshoot?q=" + e.Code + "&product=" + product,
	}
	if e.Detail != nil {
		out["AccessDeniedDetail"] = maps.Clone(e.Detail)
	}
	return out
}
