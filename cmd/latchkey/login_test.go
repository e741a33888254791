package main

import (
	"net/http"
	"testing"
)

func TestPeopleSignIn(t *testing.T) {
	p := newPeople(t)
	p.login("--no-browser")
	c := p.credentials()
	if c.Version != 1 || p.reads(c) != http.StatusOK {
		t.Errorf("%+v", c)
	}
}
