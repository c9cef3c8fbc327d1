package system

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"lenlop/services/people"
	"lenlop/test/system/harness"
	"lenlop/web/signin"
)

// TestJokersLockNoClassOut: whoever tries codes of a class holds up nobody in
// it, and a code that is tried again and again is slowed down as any account.
func TestJokersLockNoClassOut(t *testing.T) {
	h := start(t, outside)
	w := &world{h: h}
	class, cards, err := h.App.Office.MakeCards(context.Background(), people.Operator(), w.rollClass())
	if err != nil {
		t.Fatal(err)
	}
	try := func(code string) int {
		status, _, _ := (&browser{t: t, site: h.URL}).send("POST", signin.CardPath,
			url.Values{"class": {class.JoinCode}, "code": {code}})
		return status
	}
	for n := range 60 {
		if status := try(fmt.Sprintf("AAAA-AA%c%c", 'A'+n/10, 'A'+n%10)); status != 401 {
			t.Fatalf("try %d: %d", n, status)
		}
	}
	if status := try(cards[0].Code); status != 303 {
		t.Errorf("a student of the class: %d", status)
	}
	last := 0
	for range 8 {
		last = try("BBBB-BBBB")
	}
	if last != 429 {
		t.Errorf("one code tried eight times: %d", last)
	}
}

// TestBombAsRoster: a small workbook that opens to hundreds of megabytes is
// refused on the page of imports, quickly, and nothing of it is kept.
func TestBombAsRoster(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	body, kind := multipartFile("ds.xlsx", bomb(t), map[string]string{"kind": "students"})
	start := time.Now()
	status, page := w.send("quan-tri", "cookie", asked{method: "POST", path: "/admin/imports", body: body, kind: kind})
	if status != 422 || !strings.Contains(string(page), `name="kind"`) {
		t.Errorf("%d %s", status, harness.Brief(page))
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("refused after %v", d)
	}
	if kept, err := h.App.DB.Rosters().Imports(context.Background(), 5); err != nil || len(kept) != 0 {
		t.Errorf("kept %d %v", len(kept), err)
	}
}

// bomb is a workbook whose one sheet is empty rows without end.
func bomb(t *testing.T) string {
	t.Helper()
	var good, out bytes.Buffer
	f := excelize.NewFile()
	defer f.Close()
	if err := f.Write(&good); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(good.Bytes()), int64(good.Len()))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(&out)
	for _, e := range r.File {
		if e.Name != "xl/worksheets/sheet1.xml" {
			if err := z.Copy(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	x, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	row := []byte(strings.Repeat("<row></row>", 100_000))
	for range 70 {
		if _, err := x.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
