package page

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// TestFormsAreCleaned for every way a handler reads a field; passwords stay.
func TestFormsAreCleaned(t *testing.T) {
	form := url.Values{"title": {"Bài\u200b 1\u3164"}, "names": {"a\u200bn", "b"}, "password": {"m\u200bk"}}
	r := httptest.NewRequest("POST", "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c := Cleaned(echo.New().NewContext(r, httptest.NewRecorder()))
	all, err := c.FormParams()
	if err != nil || all.Get("title") != "Bài 1" || all.Get("password") != "m\u200bk" {
		t.Errorf("%q %v", all, err)
	}
	if got := c.FormValue("title"); got != "Bài 1" {
		t.Errorf("title %+q", got)
	}
	if got := FormOf(c, "title").Values["title"]; got != "Bài 1" {
		t.Errorf("form %+q", got)
	}
	if got := c.FormValue("password"); got != "m\u200bk" {
		t.Errorf("password %+q", got)
	}
	if got := Values(c, "names"); !slices.Equal(got, []string{"an", "b"}) {
		t.Errorf("names %+q", got)
	}
}
