package console

import (
	"embed"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
)

//go:embed assets
var assets embed.FS

// ServeHTTP answers everything under /console/.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.pages.ServeHTTP(w, r) }

func (c *Console) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /console/{$}", c.page)
	mux.HandleFunc("GET /console/events", c.events)
	mux.HandleFunc("GET /console/assets/console.css", asset("assets/console.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /console/assets/console.js", asset("assets/console.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /console/assets/icon.svg", asset("assets/icon.svg", "image/svg+xml"))
	mux.HandleFunc("POST /console/press", c.pressed)
	mux.HandleFunc("POST /console/say", c.said)
	mux.HandleFunc("POST /console/dismiss", c.dismissed)
	mux.HandleFunc("POST /console/attack", c.attacked)
	mux.HandleFunc("POST /console/identity", c.identified)
	mux.HandleFunc("POST /console/language", c.spoken)
	return c.guarded(c.logged(mux))
}

// logged notes the path and never the query.
func (c *Console) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.config.Log.DebugContext(r.Context(), "console request", "method", r.Method, "path", r.URL.Path)
		next.ServeHTTP(w, r)
	})
}

func asset(file, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		http.ServeFileFS(w, r, assets, file)
	}
}

// The cookies hold a name each and no power: every form is marked as well.
const (
	whoCookie  = "twokey_console_who"
	langCookie = "twokey_console_lang"
)

// whoIs is who the reader is: the first identity until another is chosen; false
// for a name that is nobody's.
func (c *Console) whoIs(r *http.Request) (Identity, bool) {
	cookie, err := r.Cookie(whoCookie)
	if err != nil {
		if len(c.config.Identities) == 0 {
			return Identity{}, false
		}
		return c.config.Identities[0], true
	}
	return c.identity(cookie.Value)
}

// language is the one chosen, or the identity's own, or English.
func language(r *http.Request, id Identity) string {
	if cookie, err := r.Cookie(langCookie); err == nil && speaks(cookie.Value) {
		return cookie.Value
	}
	if speaks(id.Lang) {
		return id.Lang
	}
	return languages[0].Code
}

// tongue is a language the page speaks, under its own name.
type tongue struct{ Code, Name string }

var languages = []tongue{{"en", "English"}, {"zh", "中文"}, {"ja", "日本語"}, {"id", "Indonesia"}}

func speaks(lang string) bool {
	return slices.ContainsFunc(languages, func(t tongue) bool { return t.Code == lang })
}

func remember(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // plain HTTP on loopback: Secure would lose it
		Name: name, Value: value, Path: "/console/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// problem is a refusal of the page itself, with the id of its words.
type problem struct {
	status int
	words  string
}

func (c *Console) refuse(w http.ResponseWriter, r *http.Request, p problem) {
	me, _ := c.whoIs(r)
	s := speech{Lang: language(r, me), words: c.config.Words}
	if wantsJSON(r) {
		writeJSON(w, p.status, update{Problem: s.T(p.words)})
		return
	}
	writePage(w, p.status, "problem", struct {
		speech
		Text string
	}{s, s.T(p.words)})
}

func (c *Console) page(w http.ResponseWriter, r *http.Request) {
	me, ok := c.whoIs(r)
	if !ok { // start again as the first, or as nobody
		http.SetCookie(w, &http.Cookie{Name: whoCookie, Path: "/console/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // as in remember
		c.refuse(w, r, problem{http.StatusForbidden, "console.problem.identity"})
		return
	}
	screen, _ := c.screen(me, language(r, me))
	writePage(w, http.StatusOK, "page", screen)
}

func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a reader who left is no error
}

func writePage(w http.ResponseWriter, status int, name string, data any) {
	body, err := render(name, data)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// tooLarge tells a body over the limit from one that is no form.
func tooLarge(err error) bool {
	var limit *http.MaxBytesError
	return errors.As(err, &limit)
}
