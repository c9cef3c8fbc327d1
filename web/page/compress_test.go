package page

import (
	"compress/gzip"
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
)

func TestPagesAreCompressedForThoseWhoTakeIt(t *testing.T) {
	text := strings.Repeat("<p>Hàm số bậc nhất</p>", 500)
	e := echo.New()
	e.GET("/", func(c echo.Context) error {
		return Render(c, 200, templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}))
	})
	for _, accept := range []string{"", "br", "gzip, deflate, br"} {
		req := httptest.NewRequest("GET", "/", nil)
		req.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, req)
		var body io.Reader = w.Body
		if zipped := w.Header().Get("Content-Encoding") == "gzip"; zipped != strings.Contains(accept, "gzip") {
			t.Errorf("%q: compressed %v", accept, zipped)
		} else if zipped {
			if w.Body.Len() > len(text)/10 {
				t.Errorf("%d bytes are %d compressed", len(text), w.Body.Len())
			}
			var err error
			if body, err = gzip.NewReader(w.Body); err != nil {
				t.Fatal(err)
			}
		}
		got, err := io.ReadAll(body)
		if err != nil || string(got) != text || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %d bytes, %v, Vary %q", accept, len(got), err, w.Header().Get("Vary"))
		}
	}
}
