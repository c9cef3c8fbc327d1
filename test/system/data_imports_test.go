package system

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/people"
	"lenlop/services/viewership/television"
	"lenlop/test/system/harness"
)

// multipartFile is a form with a file, and its content type.
func multipartFile(filename, content string, fields map[string]string) (body, kind string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := m.WriteField(k, v); err != nil {
			panic(err) // a buffer takes everything
		}
	}
	f, err := m.CreateFormFile("file", filename)
	if err == nil {
		_, err = f.Write([]byte(content))
	}
	if err = errors.Join(err, m.Close()); err != nil {
		panic(err)
	}
	return b.String(), m.FormDataContentType()
}

// figureSheet is a new file of one figure.
func (w *world) figureSheet() (channel, sheet string) {
	id, a := w.airing()
	return a.ChannelID, "Mã lượt phát,Số lượt xem\n" + id + ",2140\n"
}

// log is a new station's log of one airing.
func (w *world) log() (channel, sheet string) {
	_, a := w.airing()
	start := a.StartsAt.In(w.h.App.Zone)
	return a.ChannelID, fmt.Sprintf("Ngày,Giờ bắt đầu,Thời lượng,Ghi chú\n%s,%s,0:20:00,%s\n",
		start.Format("02/01/2006"), start.Format("15:04:05"), a.ID)
}

func (w *world) station() people.Person {
	return must[people.Person](w.h.T)(w.h.App.DB.People().Person(context.Background(), "p-dai"))
}

func (w *world) figureImport() string {
	channel, sheet := w.figureSheet()
	p, err := w.h.App.Television.PreviewImport(context.Background(), w.station(), "bang.csv", []byte(sheet),
		television.ImportDefaults{ChannelID: channel, Metric: "contacts", Unit: "persons", Grade: "E", Source: "Phiếu"})
	if err != nil {
		w.h.T.Fatal(err)
	}
	return p.Import.ID
}

func (w *world) asRunImport() string {
	channel, sheet := w.log()
	p, err := w.h.App.Schedule.PreviewAsRun(context.Background(), w.station(), channel, "nhat-ky.csv",
		[]byte(sheet), nil)
	if err != nil {
		w.h.T.Fatal(err)
	}
	return p.Import.ID
}

// sendFile posts a file to the API and reads the answer.
func (w *world) sendFile(account, path, content string, fields map[string]string, out any) (int, []byte) {
	w.h.T.Helper()
	q := asked{method: "POST", path: path}
	q.body, q.kind = multipartFile("tệp.csv", content, fields)
	status, body := w.send(account, "bearer", q)
	if status < 300 && out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			w.h.T.Fatal(err)
		}
	}
	return status, body
}

type importJSON struct {
	ID                      string
	Accepted, Refused, Same int
	Rows                    []struct {
		Row                   int
		Column, Code, Message string
	}
}

// TestFiguresFromAFile sends a station's sheet: what is wrong is said by row
// and column, nothing counts before it is confirmed, and nothing counts twice.
func TestFiguresFromAFile(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	id, a := w.airing()
	dropped := "khong-co"
	sheet := "Mã lượt phát;Số lượt xem\n" + id + ";2.140\n" + dropped + ";5\n" + id + ";nhiều\n"
	fields := map[string]string{"channel": a.ChannelID, "metric": "contacts", "unit": "persons", "grade": "E",
		"source": "Phiếu"}
	var p importJSON
	status, body := w.sendFile("dai", "/api/v1/figure-imports", sheet, fields, &p)
	if status != 201 || p.Accepted != 1 || p.Refused != 2 || len(p.Rows) != 3 {
		t.Fatalf("%d %s", status, harness.Brief(body))
	}
	if r := p.Rows[2]; r.Row != 4 || r.Column != "Số lượt xem" || r.Code != "figure.bad_value" || r.Message == "" {
		t.Errorf("refused row %+v", r)
	}
	count := func() int {
		fs, err := viewstore.NewFigures(h.App.DB).FiguresOf(context.Background(), []string{id})
		if err != nil {
			t.Fatal(err)
		}
		return len(fs)
	}
	if count() != 0 {
		t.Error("a preview counted")
	}
	h.As("dai").OK("POST", "/figure-imports/"+p.ID+"/commit", nil, 200, &p)
	h.As("dai").OK("POST", "/figure-imports/"+p.ID+"/commit", nil, 200, &p)
	if count() != 1 {
		t.Errorf("%d figures after two commits, want 1", count())
	}
	if status, body := w.sendFile("dai", "/api/v1/figure-imports", sheet, fields, nil); status != 409 ||
		!strings.Contains(string(body), "import.already") {
		t.Errorf("the same file again: %d %s", status, harness.Brief(body))
	}
	big := strings.Repeat("x", television.MaxImportBytes+1<<20)
	if status, body := w.sendFile("dai", "/api/v1/figure-imports", big, fields, nil); status != 413 {
		t.Errorf("6 MB: %d %s", status, harness.Brief(body))
	}
	if status, body := w.sendFile("dai", "/api/v1/figure-imports", "", fields, nil); status != 422 ||
		!strings.Contains(string(body), "field.no_file") {
		t.Errorf("an empty file: %d %s", status, harness.Brief(body))
	}
}

// TestLogFromAFile takes a station's as-run log in, with columns that have
// names of their own; the next file needs no naming.
func TestLogFromAFile(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	id, a := w.airing()
	line := func(start time.Time) string {
		return start.In(h.App.Zone).Format("02/01/2006;15:04:05") + ";0:20:00\n"
	}
	head := "Hôm;Lên sóng;Dài\n"
	fields := map[string]string{"channel": a.ChannelID, "mapping": `{"date":"Hôm","start":"Lên sóng","length":"Dài"}`}
	var p importJSON
	if status, body := w.sendFile("dai", "/api/v1/as-run-imports", head+line(a.StartsAt), fields, &p); status != 201 ||
		p.Accepted != 1 {
		t.Fatalf("%d %s", status, harness.Brief(body))
	}
	h.As("dai").OK("POST", "/as-run-imports/"+p.ID+"/commit", nil, 200, nil)
	var now struct{ Outcome string }
	h.As("dai").OK("GET", "/airings/"+id, nil, 200, &now)
	if now.Outcome != "aired" {
		t.Errorf("outcome %q", now.Outcome)
	}
	delete(fields, "mapping")
	if status, body := w.sendFile("dai", "/api/v1/as-run-imports", head+line(a.StartsAt)+line(a.StartsAt), fields,
		&p); status != 201 || p.Same != 2 || p.Refused != 0 { // the row that stands, and once more
		t.Errorf("remembered columns: %d %s", status, harness.Brief(body))
	}
}

// TestImportPages: the page takes a file of megabytes, as no other form may,
// and shows what is refused.
func TestImportPages(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	id, a := w.airing()
	sheet := "Mã lượt phát,Số lượt xem\n" + id + ",1600\nsai,3\n" +
		strings.Repeat(","+strings.Repeat(" ", 400)+"\n", 5000)
	q := asked{method: "POST", path: "/station/figures"}
	q.body, q.kind = multipartFile("bảng.csv", sheet, map[string]string{"channelId": a.ChannelID, "metric": "contacts",
		"unit": "persons", "grade": "E", "source": "Phiếu"})
	status, body := w.send("dai", "cookie", q)
	for _, want := range []string{"bảng.csv", "Không nhận", "cột Mã lượt phát", "Tính 1 dòng này", "1.600"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("%d: the preview lacks %q", status, want)
		}
	}
	q = asked{method: "POST", path: "/signin", header: http.Header{"Accept": {"text/html"}},
		body: strings.Repeat("x", 2<<20), kind: formType}
	if status, _ = w.send("", "cookie", q); status != 413 {
		t.Errorf("another form of 2 MB: %d", status)
	}
}
