package intake

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
)

// maxParts bounds the parts of a mail, and how deep they lie in each other.
const (
	maxParts     = 100
	maxPartDepth = 5
)

// unmailed is the text of a mail as it was saved or forwarded, with what its parts
// hide in base64 and quoted-printable; of anything else, all of it. Decoding makes
// nothing longer.
func unmailed(body []byte) []byte {
	m, err := mail.ReadMessage(bytes.NewReader(body))
	if err != nil || m.Header.Get("Mime-Version") == "" && m.Header.Get("Content-Transfer-Encoding") == "" {
		return body
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		subject = m.Header.Get("Subject")
	}
	p := parts{text: bytes.NewBufferString(subject + "\n")}
	p.read(textproto.MIMEHeader(m.Header), m.Body, 0)
	return p.text.Bytes()
}

// parts collects the texts of a mail.
type parts struct {
	text  *bytes.Buffer
	count int
}

func (p *parts) read(h textproto.MIMEHeader, body io.Reader, depth int) {
	if p.count++; p.count > maxParts || depth > maxPartDepth {
		return
	}
	media, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
	if strings.HasPrefix(media, "multipart/") && params["boundary"] != "" {
		r := multipart.NewReader(body, params["boundary"])
		for {
			part, err := r.NextRawPart()
			if err != nil {
				return // what was cut off is lost; what came before counts
			}
			p.read(part.Header, part, depth+1)
		}
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	_, _ = io.Copy(p.text, body) // as far as it can be read
	p.text.WriteByte('\n')
}
