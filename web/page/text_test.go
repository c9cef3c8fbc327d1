package page

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTextSizeIsOneOfOurs(t *testing.T) {
	for value, want := range map[string]TextSize{"large": LargeText, "larger": LargerText, "": PlainText,
		"huge": PlainText, `x" onload="`: PlainText} {
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

func TestContrastIsStrongOnlyWhenAskedFor(t *testing.T) {
	for value, want := range map[string]bool{"strong": true, "": false, "huge": false, `strong" class="x`: false} {
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(&http.Cookie{Name: ContrastCookie, Value: value})
		if got := StrongContrastOf(r); got != want {
			t.Errorf("%q: %t, want %t", value, got, want)
		}
		if got := ParseContrast(value); (got == "strong") != want {
			t.Errorf("%q is read as %q", value, got)
		}
	}
	if StrongContrastOf(httptest.NewRequest("GET", "/", nil)) {
		t.Error("strong without a cookie")
	}
}
