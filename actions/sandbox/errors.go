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
}

// Error is the code with its message; neither holds anything of the request.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

var _ error = (*Error)(nil)

// Codes of the gateway (OpenAPI docs: common error codes).
var (
	errAction    = &Error{http.StatusNotFound, "InvalidAction.NotFound", "The specified action is not found.", nil}
	errSignature = &Error{http.StatusBadRequest, "SignatureDoesNotMatch", "The request signature does not conform to Aliyun standards.", nil}
	errNoKey     = &Error{http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found.", nil}
	errInactive  = &Error{http.StatusBadRequest, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.", nil}
	errNonce     = &Error{http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already.", nil}
	errToken     = &Error{http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.", nil}
	errExpired   = &Error{http.StatusBadRequest, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.", nil}
	errTimestamp = &Error{http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", nil}
	errThrottled = &Error{http.StatusBadRequest, "Throttling.User", "Request was denied due to user flow control.", nil}
	errOffline   = &Error{http.StatusServiceUnavailable, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.", nil}
	errBody      = &Error{http.StatusBadRequest, "InvalidParameter", "The request body is not usable.", nil}
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
