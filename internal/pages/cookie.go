package pages

import (
	"crypto/rand"
	"net/http"
	"strings"
)

// The names of the cookies. browserCookie identifies the browser for which a form was made. attemptCookie has the
// sign-in attempt that the browser began.
const (
	browserCookie = "latchkey-browser"
	attemptCookie = "latchkey-sign-in"
)

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

// browser returns the random text in this browser's cookie. It sets the cookie if there is none.
func (v *visit) browser() string {
	if text := v.cookie(browserCookie); len(text) == 26 {
		return text
	}
	text := rand.Text()
	v.setCookie(browserCookie, text, http.SameSiteStrictMode, 3600)
	return text
}
