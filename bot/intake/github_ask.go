package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"twokey/incident"
)

// GitHub asks GitHub what an alert of its secret scanning is about: its webhook
// says where to look, and never which key. Addresses are made of what is
// configured, and of checked names; no address in an alert is followed.
type GitHub struct {
	API   string   // empty: https://api.github.com; GitHub Enterprise Server: https://<host>/api/v3
	Token string   // may read secret scanning alerts
	Of    []string // "owner/repository" or "organization": whose open alerts are listed, to find those missed

	Client *http.Client // empty: one that follows nothing
}

const (
	defaultGitHub = "https://api.github.com"
	askOnce       = 3 * time.Second // GitHub waits ten for its own answer
	askTries      = 2
	maxAnswer     = 4 << 20
	pageSize      = 100
	maxPages      = 20
)

// StatusError is an answer that is none: the HTTP status.
type StatusError int

func (e StatusError) Error() string { return "HTTP " + strconv.Itoa(int(e)) }

// alert asks for one alert, with what was found in it.
func (g *GitHub) alert(ctx context.Context, of ghAlert) (ghAlert, error) {
	var a ghAlert
	path := "/repos/" + of.Repository.FullName + "/secret-scanning/alerts/" + strconv.FormatInt(of.Number, 10)
	var err error
	for range askTries {
		if err = g.get(ctx, path, nil, &a); err == nil || permanent(err) {
			break
		}
	}
	switch {
	case err != nil:
		return of, err
	case a.Number != of.Number || a.SecretType != of.SecretType:
		return of, errors.New("github: another alert was answered")
	}
	a.Repository.FullName = of.Repository.FullName
	a.First = orPlace(of.First, a.First)
	return a, nil
}

func orPlace(first, second ghPlace) ghPlace {
	if first != (ghPlace{}) {
		return first
	}
	return second
}

// permanent reports whether asking again is no use.
func permanent(err error) bool {
	status, ok := errors.AsType[StatusError](err)
	return ok && status < 500
}

// Alerts lists the open alerts about AccessKey ids, newest first, but those that
// are known. It is made to be asked by a [Poller].
func (g *GitHub) Alerts(ctx context.Context, _ time.Time, known func(id string) bool) ([]Report, error) {
	var reports []Report
	for _, of := range g.Of {
		path, err := listPath(of)
		if err != nil {
			return nil, err
		}
		for page := 1; page <= maxPages; page++ {
			var listed []ghAlert
			query := url.Values{"state": {"open"}, "secret_type": {idType}, "per_page": {strconv.Itoa(pageSize)}, "page": {strconv.Itoa(page)}}
			if err := g.get(ctx, path, query, &listed); err != nil {
				return nil, err
			}
			for _, a := range listed {
				if a.Repository.FullName == "" {
					a.Repository.FullName = of
				}
				if a.named() && a.SecretType == idType && !known(a.name()) {
					reports = append(reports, Report{ID: a.name(), alert: &a})
				}
			}
			if len(listed) < pageSize {
				break
			}
		}
	}
	return reports, nil
}

// idType is GitHub's name for our key ids (GitHub docs: supported secret scanning
// patterns).
const idType = "alibaba_cloud_access_key_id"

// listPath is where the alerts of a repository or an organization are listed.
func listPath(of string) (string, error) {
	switch {
	case ghAlert{Number: 1, Repository: ghRepository{of}}.named():
		return "/repos/" + of + "/secret-scanning/alerts", nil
	case orgName.MatchString(of):
		return "/orgs/" + of + "/secret-scanning/alerts", nil
	}
	return "", errors.New("github: want owner/repository, or an organization")
}

// CheckOf reports whether alerts can be listed of what a name names.
func CheckOf(name string) error {
	_, err := listPath(name)
	return err
}

func (g *GitHub) get(ctx context.Context, path string, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askOnce)
	defer cancel()
	address := or(g.API, defaultGitHub) + path
	if query != nil {
		address += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil) //nolint:gosec // the host is configured, names in the path are checked
	if err != nil {
		return errors.New("github: the address is none")
	}
	if g.Token != "" {
		r.Header.Set("Authorization", "Bearer "+g.Token)
	}
	r.Header.Set("Accept", "application/vnd.github+json")
	r.Header.Set("X-Github-Api-Version", "2022-11-28")
	client := g.Client
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	answer, err := client.Do(r) //nolint:gosec // see above
	if err != nil {
		return errors.New("github: no answer")
	}
	defer func() { _ = answer.Body.Close() }() // read as far as needed
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("github: %w", StatusError(answer.StatusCode))
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(into); err != nil {
		return errors.New("github: the answer is none") // its words may hold a secret
	}
	return nil
}

// maxAsking bounds the alerts that are asked about at a time. What comes while
// all are taken stays without a key, and a person looks.
const maxAsking = 8

// learn finds out the keys of alerts that do not tell them, where the source may
// ask. An alert about which nothing can be learned stays as it is.
func (h *hooks) learn(ctx context.Context, s *source, in input, all []*finding) {
	if s.Lookup == nil {
		return
	}
	for i, f := range all {
		if f.asks == nil || f.verdict != "" || f.alert.KeyID != "" {
			continue
		}
		if f.alone != "" {
			f.alert.Kind = f.alone
		}
		select {
		case h.asking <- struct{}{}:
		default:
			return
		}
		a, err := s.Lookup.alert(ctx, *f.asks)
		<-h.asking
		if err != nil {
			h.Log.Warn("look up alert", "source", s.Name, "error", err)
			continue
		}
		all[i] = a.learned(f, in)
	}
}

// learned is a finding with what GitHub said of it.
func (a ghAlert) learned(f *finding, in input) *finding {
	told := a.finding(in)
	switch {
	case f.alert.Kind == incident.KindEnrich, f.alert.Kind == incident.KindResolve:
		told.alert.Kind = f.alert.Kind
	case f.news != "" && !a.open():
		told.alert.Kind = incident.KindEnrich
	}
	if f.alert.Public == incident.Yes {
		told.alert.Public = incident.Yes
	}
	told.asks, told.news = f.asks, f.news
	told.alert.Asked = told.alert.KeyID != ""
	return told
}
