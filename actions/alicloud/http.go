package alicloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// maxAnswer bounds what is read of one answer.
const maxAnswer = 4 << 20

// doer is the HTTP client under the SDKs. Parameters travel in the URL, so no
// error of it may hold one.
type doer struct{ client *http.Client }

// Call makes the request; the transport that the SDK offers is not used. An
// answer that is not JSON, which the SDK would lose the status of, becomes one
// with the code "HTTP.<status>".
func (d doer) Call(r *http.Request, _ *http.Transport) (*http.Response, error) {
	answer, err := d.client.Do(r) //nolint:gosec // the endpoint is the operator's
	if err != nil {
		return nil, withoutURL(err)
	}
	defer func() { _ = answer.Body.Close() }() // read to the end or given up
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return nil, withoutURL(err)
	}
	if len(body) > maxAnswer || !object(body) {
		body = fmt.Appendf(nil, `{"Code":"HTTP.%d"}`, answer.StatusCode)
		answer.Header.Set("Content-Type", "application/json")
		if answer.StatusCode < http.StatusBadRequest {
			answer.StatusCode = http.StatusBadGateway // whoever answered, it was not the product
		}
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	answer.ContentLength = int64(len(body))
	return answer, nil
}

func object(body []byte) bool {
	trimmed := bytes.TrimSpace(body)
	return len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(trimmed)
}

func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
