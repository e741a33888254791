package sigv4

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/fault"
)

func TestAttack14_TheClock(t *testing.T) {
	at := func(r *http.Request, now time.Time) error {
		s, err := Parse(r, Options{})
		if err != nil {
			return err
		}
		return s.Verify(testSecret, now)
	}
	const skew = 15 * time.Minute
	r := signer{}.header(t, request(t, "GET", object, ""))
	for _, d := range []time.Duration{0, skew, -skew} {
		if err := at(r, testTime().Add(d)); err != nil {
			t.Errorf("%v: %v", d, err)
		}
	}
	for _, d := range []time.Duration{
		skew + time.Second, -skew - time.Second, 24 * time.Hour, 365 * 24 * time.Hour, 1 << 62, -1 << 62,
	} {
		refused(t, at(r, testTime().Add(d)), fault.Expired, fault.RequestTime)
	}
	// A later time in the header is another signature.
	later := "20260501T130000Z"
	r.Header.Set("X-Amz-Date", later)
	refused(t, at(r, testTime().Add(30*time.Minute)), fault.Unauthenticated, fault.Signature)
	// X-Amz-Date rules where both are present.
	both := signer{}.header(t,
		request(t, "GET", object, "", "Date", "Fri, 01 May 2020 12:30:00 GMT", "X-Amz-Date", testDate))
	if err := at(both, testTime()); err != nil {
		t.Error(err)
	}
	both = signer{date: "20200501T123000Z", scope: "20200501/us-east-1/s3/aws4_request"}.header(t,
		request(t, "GET", object, "", "Date", "Fri, 01 May 2026 12:30:00 GMT", "X-Amz-Date", "20200501T123000Z"))
	refused(t, at(both, testTime()), fault.Expired, fault.RequestTime)
	// Date alone serves, in either form.
	for _, d := range []string{"Fri, 01 May 2026 12:30:00 GMT", testDate} {
		if err := at(signer{}.header(t, request(t, "GET", object, "", "Date", d)), testTime()); err != nil {
			t.Error(err)
		}
	}
	for _, d := range []string{"yesterday", "20260501T123000.5Z", "2026-05-01T12:30:00Z", "20261301T123000Z"} {
		_, err := verify(signer{date: d}.header(t, request(t, "GET", object, "")))
		refused(t, err, fault.Denied, fault.RequestTime)
	}
	none := signer{}.header(t, request(t, "GET", object, ""))
	none.Header.Del("X-Amz-Date")
	_, err := verify(none)
	refused(t, err, fault.Denied, fault.RequestTime)
	// The scope's day is the request's day.
	_, err = verify(signer{scope: "20260430/us-east-1/s3/aws4_request"}.header(t, request(t, "GET", object, "")))
	refused(t, err, fault.Invalid, fault.Authorization)
	_, err = verify(signer{scope: "20260430/us-east-1/s3/aws4_request"}.presign(t, bare(t, "GET", object, "")))
	refused(t, err, fault.Invalid, fault.AuthQuery)
}

func TestAttack14_PresignedExpiry(t *testing.T) {
	link := func(expires string) *http.Request {
		return signer{}.presign(t, bare(t, "GET", object+"?X-Amz-Expires="+expires, ""))
	}
	at := func(r *http.Request, d time.Duration) error {
		s, err := Parse(r, Options{})
		if err != nil {
			return err
		}
		return s.Verify(testSecret, testTime().Add(d))
	}
	week := link("604800")
	for _, d := range []time.Duration{-15 * time.Minute, 0, 7 * 24 * time.Hour} {
		if err := at(week, d); err != nil {
			t.Errorf("%v: %v", d, err)
		}
	}
	for _, d := range []time.Duration{7*24*time.Hour + time.Second, 1 << 62, -16 * time.Minute} {
		refused(t, at(week, d), fault.Expired, fault.Signature)
	}
	second := link("1")
	if err := at(second, time.Second); err != nil {
		t.Error(err)
	}
	refused(t, at(second, 2*time.Second), fault.Expired, fault.Signature)
	for _, bad := range []string{
		"604801", "0", "00", "-1", "%2B1", "1.5", "1e3", "99999999999999999999", "9223372036854775808", "x", "1%20",
	} {
		refused(t, at(link(bad), 0), fault.Invalid, fault.AuthQuery)
	}
	stretched := link("600")
	stretched.URL.RawQuery = strings.Replace(stretched.URL.RawQuery, "Expires=600", "Expires=604800", 1)
	refused(t, at(stretched, 0), fault.Unauthenticated, fault.Signature)
	undated := signer{}.presign(t, bare(t, "GET", object+"?X-Amz-Date=yesterday", ""))
	refused(t, at(undated, 0), fault.Invalid, fault.AuthQuery)
	if err := at(undated, 0); !strings.Contains(err.Error(), "ISO8601") {
		t.Error(err)
	}
	dated := signer{}.presign(t, bare(t, "GET", object, "", "X-Amz-Date", "20260501T123100Z"))
	refused(t, at(dated, 0), fault.Invalid, fault.AuthQuery)
}
