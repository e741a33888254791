package pages

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"latchkey/internal/control/oauth"
)

// The beginnings of the names of cookies. A browser cookie identifies the browser for which a form was made. An attempt
// cookie has one sign-in attempt that the browser began. What follows in a name tells the cookies of several tabs
// apart: no tab replaces another tab's cookie.
const (
	browserCookie = "latchkey-browser-"
	attemptCookie = "latchkey-sign-in-"
)

// maxAttempts is how many attempts a browser may have under way. A new one takes the place of the oldest. Together
// their cookies stay far below the size of headers that the server reads.
const maxAttempts = 5

func (v *visit) secure() bool { return strings.HasPrefix(v.SignIn.Public, "https:") }

// cookieName returns a cookie's full name. With TLS it has the prefix that prevents neighbouring hosts from setting it.
func (v *visit) cookieName(name string) string {
	if v.secure() {
		return "__Host-" + name
	}
	return name
}

func (v *visit) cookie(name string) string {
	c, err := v.r.Cookie(v.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

func (v *visit) setCookie(name, value string, site http.SameSite, age int) {
	http.SetCookie(v.w, &http.Cookie{
		Name:     v.cookieName(name),
		Value:    value,
		Path:     "/",
		MaxAge:   age,
		HttpOnly: true,
		Secure:   v.secure(),
		SameSite: site,
	})
}

// cookies returns what follows a prefix in the names of the browser's cookies, each once, in the order of the names.
func (v *visit) cookies(prefix string) (rest []string) {
	prefix = v.cookieName(prefix)
	for _, c := range v.r.Cookies() {
		if after, ok := strings.CutPrefix(c.Name, prefix); ok {
			rest = append(rest, after)
		}
	}
	slices.Sort(rest)
	return slices.Compact(rest)
}

// browser returns the random text in a cookie of this browser, and what tells that cookie from others. It sets the
// cookie if there is none, and lets it live on if there is one.
func (v *visit) browser() (name, text string) {
	for _, name = range v.cookies(browserCookie) {
		if text = v.cookie(browserCookie + name); len(text) == len(rand.Text()) {
			v.setCookie(browserCookie+name, text, http.SameSiteStrictMode, 3600)
			return name, text
		}
	}
	name, text = rand.Text()[:8], rand.Text()
	v.setCookie(browserCookie+name, text, http.SameSiteStrictMode, 3600)
	return name, text
}

// setAttempt gives the browser the cookie of a new attempt. The name begins with the time, so that the oldest attempt
// can be found.
func (v *visit) setAttempt(state, value string) {
	under := v.cookies(attemptCookie)
	for len(under) >= maxAttempts {
		v.setCookie(attemptCookie+under[0], "", http.SameSiteLaxMode, -1)
		under = under[1:]
	}
	name := fmt.Sprintf("%010d-%s", v.facts.Time.Unix(), attemptID(state))
	v.setCookie(attemptCookie+name, value, http.SameSiteLaxMode, int(oauth.AttemptLife/time.Second))
}

// takeAttempt returns the content of an attempt's cookie, and deletes the cookie. It returns nothing if this browser
// did not begin the attempt.
func (v *visit) takeAttempt(state string) string {
	for _, name := range v.cookies(attemptCookie) {
		if strings.HasSuffix(name, "-"+attemptID(state)) {
			value := v.cookie(attemptCookie + name)
			v.setCookie(attemptCookie+name, "", http.SameSiteLaxMode, -1)
			return value
		}
	}
	return ""
}

// attemptID names the attempt that has a state. The state itself does not stand in a name: it is a secret.
func attemptID(state string) string {
	sum := sha256.Sum256([]byte(state))
	return hex.EncodeToString(sum[:8])
}
