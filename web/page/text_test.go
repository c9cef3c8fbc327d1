package page

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTextSizeIsOneOfOurs(t *testing.T) {
	for value, want := range map[string]TextSize{"large": LargeText, "larger": LargerText, "": PlainText, "huge": PlainText, `x" onload="`: PlainText} {
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(&http.Cookie{Name: TextCookie, Value: value})
		if got := TextSizeOf(r); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
	if got := TextSizeOf(httptest.NewRequest("GET", "/", nil)); got != PlainText {
		t.Errorf("without a cookie: %q", got)
	}
}
