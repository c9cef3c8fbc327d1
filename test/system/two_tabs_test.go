package system

import (
	"context"
	"html"
	"maps"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/services/lesson"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/schedule"
	"lenlop/services/school"
	"lenlop/test/pgtest"
	"lenlop/test/system/harness"
	"lenlop/test/testclock"
)

// tab is a form that is open in a browser.
type tab struct {
	w       *world
	account string
	action  string // where the form is sent
	values  url.Values
}

var (
	formElement  = regexp.MustCompile(`(?s)<form[^>]*method="post"[^>]*>.*?</form>`)
	formAction   = regexp.MustCompile(`^<form[^>]* action="([^"]*)"`)
	formInput    = regexp.MustCompile(`<input[^>]*>`)
	formTextarea = regexp.MustCompile(`(?s)<textarea[^>]* name="([^"]*)"[^>]*>(.*?)</textarea>`)
	formSelect   = regexp.MustCompile(`(?s)<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>`)
	formOption   = regexp.MustCompile(`<option[^>]* value="([^"]*)"([^>]*)>`)
	formChecked  = regexp.MustCompile(` checked(?:[ >=]|$)`)
)

func formAttribute(element, name string) (string, bool) {
	m := regexp.MustCompile(` ` + name + `="([^"]*)"`).FindStringSubmatch(element)
	if m == nil {
		return "", false
	}
	return html.UnescapeString(m[1]), true
}

// openForm fetches a page and gives its form that goes to an address, as a
// browser would send it untouched.
func (w *world) openForm(account, page, action string) tab {
	w.h.T.Helper()
	status, body := w.send(account, "cookie", asked{method: "GET", path: page})
	if status != 200 {
		w.h.T.Fatalf("%s: %d", page, status)
	}
	return w.formIn(account, page, action, string(body))
}

func (w *world) formIn(account, page, action, body string) tab {
	w.h.T.Helper()
	for _, form := range formElement.FindAllString(body, -1) {
		target := page
		if m := formAction.FindStringSubmatch(form); m != nil {
			target = html.UnescapeString(m[1])
		}
		if target != action || !strings.Contains(form, `name="shown"`) {
			continue
		}
		t := tab{w, account, action, url.Values{}}
		for _, input := range formInput.FindAllString(form, -1) {
			name, named := formAttribute(input, "name")
			value, _ := formAttribute(input, "value")
			kind, _ := formAttribute(input, "type")
			if named && ((kind != "checkbox" && kind != "radio") || formChecked.MatchString(input)) {
				t.values.Add(name, value)
			}
		}
		for _, m := range formTextarea.FindAllStringSubmatch(form, -1) {
			// Browsers send line ends of their own.
			t.values.Set(m[1], strings.NewReplacer("\r\n", "\r\n", "\n", "\r\n").Replace(html.UnescapeString(m[2])))
		}
		for _, m := range formSelect.FindAllStringSubmatch(form, -1) {
			for i, o := range formOption.FindAllStringSubmatch(m[2], -1) {
				if i == 0 || strings.Contains(o[2], "selected") {
					t.values.Set(m[1], html.UnescapeString(o[1]))
				}
			}
		}
		return t
	}
	w.h.T.Fatalf("%s has no form to %s that says what it shows", page, action)
	return tab{}
}

// save sends the form with some fields changed.
func (t tab) save(change url.Values) (int, string) {
	t.w.h.T.Helper()
	maps.Copy(t.values, change)
	status, body := t.w.send(t.account, "cookie",
		asked{method: "POST", path: t.action, body: t.values.Encode(), kind: formType})
	return status, string(body)
}

// editing is a form of the product that changes what is stored.
type editing struct {
	name, account, page, action string
	field, first, second        string     // a field, and what the two tabs make of it
	other, value                string     // another field, or ""
	with                        url.Values // what else the form needs
}

// TestTwoTabs opens every editing form twice. A field that one tab changed is
// not overwritten by the other; where both changed it, nothing is saved, both
// values are shown, and saving again takes what was typed.
func TestTwoTabs(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { editInTwoTabs(t, nil) })
	t.Run("PostgreSQL", func(t *testing.T) {
		endpoint, dsn := harness.S3Server(t), pgtest.Postgres(t)
		editInTwoTabs(t, func(f *app.Settings) {
			f.Database, f.S3Endpoint, f.S3AccessKey, f.S3SecretKey = dsn, endpoint, "examaccess", "examsecret"
		})
	})
}

func editInTwoTabs(t *testing.T, change func(*app.Settings)) {
	w := newWorld(start(t, change))
	for _, e := range w.editings() {
		t.Run(e.name, func(t *testing.T) {
			one, two := w.openForm(e.account, e.page, e.action), w.openForm(e.account, e.page, e.action)
			three := w.openForm(e.account, e.page, e.action)
			changed := func(value string) url.Values {
				v := maps.Clone(e.with)
				if v == nil {
					v = url.Values{}
				}
				v.Set(e.field, value)
				return v
			}
			if status, body := one.save(changed(e.first)); status != 303 {
				t.Fatalf("first tab: %d %s", status, harness.Brief([]byte(body)))
			}
			if e.other != "" {
				if status, body := three.save(url.Values{e.other: {e.value}}); status != 303 {
					t.Fatalf("another field: %d %s", status, harness.Brief([]byte(body)))
				}
			}
			now := w.openForm(e.account, e.page, e.action)
			if now.values.Get(e.field) != e.first || e.other != "" && now.values.Get(e.other) != e.value {
				t.Errorf("after both: %v", now.values)
			}
			status, body := two.save(changed(e.second))
			again := w.formIn(e.account, e.page, e.action, body)
			if status != 409 || !strings.Contains(body, `class="wrong"`) || again.values.Get(e.field) != e.second {
				t.Fatalf("both changed it: %d %v", status, again.values)
			}
			if e.other != "" && again.values.Get(e.other) != e.value {
				t.Errorf("the other field: %v", again.values)
			}
			if stored := w.openForm(e.account, e.page, e.action); stored.values.Get(e.field) != e.first {
				t.Errorf("saved in spite of it: %v", stored.values)
			}
			if status, body := again.save(nil); status != 303 {
				t.Fatalf("saved again: %d %s", status, harness.Brief([]byte(body)))
			}
			now = w.openForm(e.account, e.page, e.action)
			if now.values.Get(e.field) != e.second || e.other != "" && now.values.Get(e.other) != e.value {
				t.Errorf("at the end: %v", now.values)
			}
		})
	}
}

// editings are all forms that change what is stored.
func (w *world) editings() []editing {
	w.h.T.Helper()
	ctx, db := context.Background(), w.h.App.DB
	noted := func(err error) {
		if err != nil {
			w.h.T.Helper()
			w.h.T.Fatal(err)
		}
	}
	draft, s := "/teacher/lessons/"+w.lesson("draft"), w.school()
	planned := w.lesson("published")
	start := testclock.Now().Add(48 * time.Hour).Truncate(time.Minute)
	a := schedule.Airing{ID: w.next("phat-"), ChannelID: w.channel(), LessonID: planned, StartsAt: start,
		EndsAt: start.Add(20 * time.Minute), Outcome: schedule.Planned, CreatedBy: "p-dai", CreatedAt: testclock.Now()}
	noted(db.Schedule().SaveAiring(ctx, a))
	area := school.Area{ID: w.next("dia-ban-"), Name: "Xã", Kind: "commune"}
	area.Code = strings.ToUpper(area.ID)
	noted(db.Schools().SaveArea(ctx, area))
	n := notice.Notice{ID: w.next("thong-bao-"), Title: "Thông báo", Body: strings.Repeat("Nội dung dài.\n", 20),
		AuthorID: "p-chuyen-vien", PublishAt: testclock.Now().Add(-time.Minute), CreatedAt: testclock.Now()}
	noted(db.Notices().SaveNotice(ctx, n))
	run, _ := w.airing()
	mended := "/station/airings/" + run
	sounds := w.lesson("published")
	l, err := db.Lessons().Lesson(ctx, sounds)
	noted(err)
	l.Media.Sounds = []lesson.Sound{{Rung: "a1", Language: "vi", Name: "Một"},
		{Rung: "a2", Language: "tai", Name: "Hai"}}
	noted(db.Lessons().Save(ctx, l))
	class := w.rollClass()
	person := must[people.Person](w.h.T)(db.People().Person(ctx, "p-dong-nghiep"))
	channel := "/station/channels/" + a.ChannelID
	return []editing{
		{"lesson", "giao-vien", draft, draft + "/save", "title", "Bài một", "Bài hai", "description",
			"Dài\r\nhai dòng", nil},
		{"consent", "giao-vien", draft, draft + "/consent", "note", "giấy 1", "giấy 2", "", "",
			url.Values{"minors": {"none"}}},
		{"sounds", "giao-vien", "/teacher/lessons/" + sounds, "/teacher/lessons/" + sounds + "/sounds", "name-a1",
			"Lời một", "Lời khác", "name-a2", "Lời hai", nil},
		{"school", "quan-tri", "/admin/schools/" + s.ID, "/admin/schools/" + s.ID, "name", "Trường A", "Trường B",
			"level", "lower_secondary", nil},
		{"area", "quan-tri", "/admin/areas/" + area.ID, "/admin/areas/" + area.ID, "name", "Xã A", "Xã B", "code",
			"KHAC-" + area.Code, nil},
		{"e-mail", "quan-tri", "/admin/people/" + person.ID + "/account", "/admin/people/" + person.ID + "/email",
			"email", "mot@example.vn", "hai@example.vn", "", "", nil},
		{"class", "hieu-truong", "/classes/" + class, "/classes/" + class, "name", "Lớp A", "Lớp B", "", "", nil},
		{"plan", "dai", "/station/airings/" + a.ID, "/station/airings/" + a.ID + "/plan", "houseNumber", "A1", "B2",
			"minutes", "25", nil},
		{"as-run", "dai", mended, mended + "/as-run", "note", "mất điện", "mất sóng", "", "",
			url.Values{"outcome": {"dropped"}}},
		{"channel", "dai", channel, channel, "name", "Kênh A", "Kênh B", "timezone", "Asia/Bangkok", nil},
		{"notice", "chuyen-vien", "/notices/" + n.ID + "/edit", "/notices/" + n.ID + "/edit", "body",
			"Một\r\n" + strings.Repeat("x ", 50) + "y", "Hai", "title", "Tên mới", nil},
		{"weekly rule", "dai", "/station", "/station/rules", "atLeast", "3", "4", "", "", nil},
		{"chapters", "giao-vien", "/teacher/lessons/" + planned + "/chapters",
			"/teacher/lessons/" + planned + "/chapters", "text-0", "Mở đầu", "Đầu bài", "", "",
			url.Values{"from-0": {"0:00"}}},
	}
}
