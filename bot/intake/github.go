package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"twokey/incident"
)

// ghAlert is an alert of GitHub's secret scanning, in a webhook or as the REST API
// tells it (GitHub docs: webhook events, REST secret scanning). Only the API says
// what was found, in secret: an id, or the SECRET of one.
type ghAlert struct {
	Number          int64
	HTMLURL         string `json:"html_url"`
	CreatedAt       string `json:"created_at"`
	SecretType      string `json:"secret_type"`
	TypeName        string `json:"secret_type_display_name"`
	Secret          string
	Validity, State string
	Resolution      string
	Public          *bool `json:"publicly_leaked"`
	Repository      ghRepository
	First           ghPlace `json:"first_location_detected"`
}

type ghRepository struct {
	FullName string `json:"full_name"`
}

// ghPlace is where in a commit.
type ghPlace struct {
	Path      string
	StartLine int    `json:"start_line"`
	Commit    string `json:"commit_sha"`
}

// ghEvent is the body of a delivery.
type ghEvent struct {
	Action     string
	Zen        string // of a ping
	Alert      *ghAlert
	Location   struct{ Details ghPlace }
	Repository ghRepository
	SecretType string `json:"secret_type"` // of what is no event
}

// What repositories and organizations may be called: it becomes a part of a URL.
var (
	fullName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}$`)
	orgName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)
)

// github reads a delivery of the webhook, as JSON or as a form, and the list that
// the REST API answers.
func github(in input) ([]*finding, error) {
	if in.media == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(in.body))
		if err != nil || form.Get("payload") == "" {
			return nil, errShape
		}
		in.body = []byte(form.Get("payload"))
	}
	if bytes.HasPrefix(bytes.TrimLeft(in.body, " \t\r\n"), []byte("[")) {
		return githubList(in)
	}
	var e ghEvent
	if err := decode(in.body, &e); err != nil {
		return nil, err
	}
	kind := in.head.Get("X-Github-Event")
	switch {
	case kind != "" && kind != "secret_scanning_alert" && kind != "secret_scanning_alert_location", e.Zen != "" && e.Alert == nil:
		return []*finding{ignored(NotAnAlert)}, nil
	case e.Alert == nil && e.SecretType != "": // one alert, as the REST API answers it
		in.body = append(append([]byte("["), in.body...), ']')
		return githubList(in)
	case e.Alert == nil || e.Alert.SecretType == "":
		return nil, errShape
	case !ourNames.MatchString(e.Alert.SecretType):
		return []*finding{ignored(NotAlibaba)}, nil
	}
	a := *e.Alert
	a.Repository = e.Repository
	place := kind == "secret_scanning_alert_location" || kind == "" && e.Location.Details != ghPlace{}
	if place {
		a.First = e.Location.Details
	}
	if !a.named() {
		return nil, errShape
	}
	if e.Action == "publicly_leaked" {
		a.Public = new(bool)
		*a.Public = true
	}
	f := a.finding(in)
	if e.Action != "created" && e.Action != "reopened" || place {
		f.news = fmt.Sprintf("%s %s %+v", e.Action, a.Validity, a.First)
	}
	if place && a.open() {
		f.alone = f.alert.Kind
	}
	switch {
	case place, slices.Contains([]string{"validated", "assigned", "unassigned"}, e.Action):
		f.alert.Kind = incident.KindEnrich
	case e.Action == "resolved", e.Action == "revoked":
		f.alert.Kind = incident.KindResolve
	}
	if a.SecretType == idType {
		f.asks = &a
	}
	return []*finding{f}, nil
}

// open reports whether nobody has said at GitHub that the alert is over.
func (a ghAlert) open() bool { return a.State != "resolved" && a.Resolution == "" }

// named reports whether an alert can be found again at GitHub.
func (a ghAlert) named() bool {
	name := a.Repository.FullName
	return a.Number > 0 && fullName.MatchString(name) && !strings.HasSuffix(name, "/.") && !strings.HasSuffix(name, "/..")
}

// name is what the alert is called, in every delivery about it and in the API.
func (a ghAlert) name() string { return a.Repository.FullName + "#" + strconv.FormatInt(a.Number, 10) }

// hit is an alert as what a scanner found.
func (a ghAlert) hit() hit {
	h := hit{
		rule: a.SecretType, title: "GitHub: " + or(a.TypeName, a.SecretType), link: a.HTMLURL, repo: a.Repository.FullName,
		file: a.First.Path, line: a.First.StartLine, commit: a.First.Commit, date: a.CreatedAt, name: a.name(),
		value: a.Secret, untold: a.Secret == "", validity: a.Validity, public: a.Public != nil && *a.Public,
	}
	if a.Validity == "active" {
		h.confidence = confirmed
	}
	if a.State == "resolved" {
		h.over = a.State
	}
	return h
}

// finding is an alert of ours, with the key if the alert tells it.
func (a ghAlert) finding(in input) *finding {
	h := a.hit()
	f := h.keys()[0]
	if f == nil {
		f = lookup(SecretOnly, "", weak)
	}
	return h.tell(f, in)
}

// githubList reads the alerts of a repository, as the REST API lists them.
func githubList(in input) ([]*finding, error) {
	var raw []json.RawMessage
	if err := decode(in.body, &raw); err != nil {
		return nil, err
	}
	return report(in, len(raw), func(i int) (hit, Reason) {
		var a ghAlert
		wrong := entry(raw[i], &a, func() bool { return a.SecretType != "" })
		return a.hit(), wrong
	})
}
