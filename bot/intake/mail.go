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

	"golang.org/x/text/encoding/htmlindex"
)

// maxParts bounds the parts of a mail, and how deep they lie in each other.
const (
	maxParts     = 100
	maxPartDepth = 5
)

// unmailed is the text of a mail as it was saved or forwarded, with what its parts
// hide in base64, quoted-printable and other character sets; of anything else, all of
// it. Decoding makes nothing much longer.
func unmailed(body []byte) []byte {
	m, err := mail.ReadMessage(bytes.NewReader(body))
	if err != nil || m.Header.Get("Mime-Version") == "" && m.Header.Get("Content-Transfer-Encoding") == "" {
		return body
	}
	p := parts{text: new(bytes.Buffer)}
	p.message(m, 0)
	return p.text.Bytes()
}

// parts collects the texts of a mail.
type parts struct {
	text  *bytes.Buffer
	count int
}

// message reads a mail, or one that another holds.
func (p *parts) message(m *mail.Message, depth int) {
	words := mime.WordDecoder{CharsetReader: func(charset string, in io.Reader) (io.Reader, error) { return utf8Of(in, charset), nil }}
	subject, err := words.DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		subject = m.Header.Get("Subject")
	}
	p.text.WriteString(subject + "\n")
	p.read(textproto.MIMEHeader(m.Header), m.Body, depth)
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
	if media == "message/rfc822" {
		if m, err := mail.ReadMessage(body); err == nil {
			p.message(m, depth+1)
		}
		return
	}
	text, _ := io.ReadAll(utf8Of(body, params["charset"])) // as far as it can be read
	if bytes.IndexByte(text, 0) < 0 {                      // else a picture, or the like
		p.text.Write(append(text, '\n'))
	}
}

// utf8Of is text of a character set in the one that all else is in; of one that nobody
// knows, as it is.
func utf8Of(text io.Reader, charset string) io.Reader {
	if encoding, err := htmlindex.Get(charset); err == nil {
		return encoding.NewDecoder().Reader(text)
	}
	return text
}
