package pages

import (
	"crypto/rand"
	"net/http"
	"strings"
)

// The cookies: which browser a form was made for, and where it is going.
const (
	browserCookie = "latchkey-browser"
	attemptCookie = "latchkey-sign-in"
)

func (v *visit) secure() bool { return strings.HasPrefix(v.SignIn.Public, "https:") }

// named is a cookie's full name: with TLS it has the prefix that keeps neighbouring names from setting it.
func (v *visit) named(name string) string {
	if v.secure() {
		return "__Host-" + name
	}
	return name
}

func (v *visit) cookie(name string) string {
	c, err := v.r.Cookie(v.named(name))
	if err != nil {
		return ""
	}
	return c.Value
}

func (v *visit) setCookie(name, value string, site http.SameSite, age int) {
	http.SetCookie(v.w, &http.Cookie{
		Name:     v.named(name),
		Value:    value,
		Path:     "/",
		MaxAge:   age,
		HttpOnly: true,
		Secure:   v.secure(),
		SameSite: site,
	})
}

// browser is the random text that this browser's cookie has, set if it has none.
func (v *visit) browser() string {
	if text := v.cookie(browserCookie); len(text) == 26 {
		return text
	}
	text := rand.Text()
	v.setCookie(browserCookie, text, http.SameSiteStrictMode, 3600)
	return text
}
