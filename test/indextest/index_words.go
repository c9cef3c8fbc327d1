package indextest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"lenlop/services/catalog"
	"lenlop/services/job"
)

// Diacritics, Telex left-overs, slips of the finger, missing spaces, names.
func indexForgiving(t *testing.T, x catalog.Index, _ job.Atomic) {
	ok(t, x.Put(bg, testEntries()...))
	for text, id := range map[string]string{
		"hàm số": "ham-so", "ham so": "ham-so", "HÀM SỐ": "ham-so", "hàm só": "ham-so",
		"ha\u0300m so\u0302\u0301": "ham-so",
		"toans 9 hamf soos":        "ham-so", "phuongw trinhf baacj hai": "pt-bac-hai", "dduwowngf tronf": "on-thi",
		"truyeenj kieeuf":   "kieu",
		"toa1n 9 ha2m so61": "ham-so", "phuong7 tri2nh ba65c hai": "pt-bac-hai", "d9u7o7ng2 tro2n": "on-thi",
		"truye65n kieu62":       "kieu",
		"phuonng trinh bac hai": "pt-bac-hai", "phuong trnih bac hai": "pt-bac-hai",
		"phuong trinh bca hai": "pt-bac-hai", "fuong trinh": "pt-bac-hai",
		"chuyen kieu": "kieu", "chuyện kiều nguyễn zu": "kieu", "enviroment": "unit9", "enviromnent": "unit9",
		"engilsh": "unit9",
		"hamso":   "ham-so", "tay-tien": "tay-tien", "Tây_Tiến!": "tay-tien",
		"nguyễn du": "kieu", "lo van pao bang nhan": "bang-nhan", "tua chua": "unit9",
		"hóa học": "can-bang", "hoa hoc 10": "can-bang", "hoạt động trải nghiệm": "can-thiep",
		"phương trình xylophon bậc hai": "pt-bac-hai", "bài giảng tây tiến": "tay-tien", "môn hoá học": "can-bang",
		"cong thuc nghiem": "pt-bac-hai", "ax2": "ham-so", "y = ax²": "ham-so",
		"phuong trinh bac hat": "pt-bac-hai", "phuong tri": "pt-bac-hai", "ham s": "ham-so",
	} {
		wantFirst(t, x, text, id)
	}
	for _, text := range []string{"xylophon", "xylophon quetzal", "zz", "9999999"} {
		wantIDs(t, found(t, x, catalog.Query{Text: text}), text)
	}
}

// Those with exactly the tones typed come first; without tones typed, the
// better match does.
func indexTones(t *testing.T, x catalog.Index, _ job.Atomic) {
	e := func(id, title string) catalog.Entry {
		return catalog.Entry{LessonID: id, Title: title, Subject: "toan", SubjectName: "Toán", Grade: 5, Language: "vi"}
	}
	ok(t, x.Put(bg,
		e("toan", "Bài toán có lời văn và những cách trình bày khác nhau của học sinh"), e("toan-ven", "Toàn vẹn"),
		e("toa-n", "Toan tính"),
		e("ma", "Ma"), e("mà", "Câu chuyện dài về con mà lời kể của bà rất hay và vui"), e("má", "Má"), e("mả", "Mả"),
		e("mã", "Mã"), e("mạ", "Mạ non"),
		e("thuỷ", "Một bài khá dài nói nhiều điều về thuỷ sản của nước ta ngày nay"), e("thuy", "Thụy Điển"),
	))
	for text, id := range map[string]string{
		"mà": "mà", "má": "má", "mả": "mả", "mã": "mã", "mạ": "mạ", "maj": "mạ", "max": "mã",
		"toàn": "toan-ven", "thủy sản": "thuỷ", "thủy": "thuỷ", "thuỷ": "thuỷ", "thụy": "thuy", "lời văn toán": "toan",
	} {
		wantFirst(t, x, text, id)
	}
	if got := found(t, x, catalog.Query{Text: "mà"}); len(got) != 6 {
		t.Errorf("mà finds %q: all six spellings, the exact one first", got)
	}
	s, err := x.Suggest(bg, "mã", 0, 3)
	ok(t, err)
	if len(s) != 3 || s[0].LessonID != "mã" {
		t.Errorf("suggestions for mã: %+v", s)
	}
}

func indexGrades(t *testing.T, x catalog.Index, _ job.Atomic) {
	ok(t, x.Put(bg, testEntries()...))
	for _, c := range []struct {
		text string
		want []string
	}{
		{"lớp 9", []string{"ham-so", "pt-bac-hai", "kieu", "on-thi", "unit9"}},
		{"lop9", []string{"ham-so", "pt-bac-hai", "kieu", "on-thi", "unit9"}},
		{"khối 12", []string{"tay-tien"}},
		{"toan 9", []string{"ham-so", "pt-bac-hai", "on-thi", "bang-nhan"}}, // "Bảng nhân 9" says 9 itself
		{"toán lớp 9", []string{"ham-so", "pt-bac-hai", "on-thi"}},
		{"toan9", []string{"ham-so", "pt-bac-hai", "on-thi", "bang-nhan"}},
		{"tuần 20", []string{"ham-so", "unit9", "can-bang"}},
		{"tuần 20 lớp 10", []string{"can-bang"}},
	} {
		wantIDs(t, found(t, x, catalog.Query{Text: c.text}), c.text, c.want...)
	}
	wantFirst(t, x, "ôn thi vào lớp 10", "on-thi")
	wantFirst(t, x, "bảng nhân 9", "bang-nhan")
}

// A word in the title weighs more than one in the description.
func indexRanking(t *testing.T, x catalog.Index, _ job.Atomic) {
	es := testEntries()
	es[0].Title, es[0].Description = "Bài mở đầu", "Nói về đạo hàm."
	es[1].Title, es[1].Description = "Đạo hàm", "Nói về đường cong."
	es[2].Title, es[2].Description, es[2].Teacher = "Bài kết", "", "Đạo Văn Hàm"
	ok(t, PutAll(bg, x, es))
	if got := found(t, x, catalog.Query{Text: "dao ham"}); len(got) != 3 || got[0] != "pt-bac-hai" {
		t.Errorf("found %q, want the title first", got)
	}
}

func indexHighlight(t *testing.T, x catalog.Index, _ job.Atomic) {
	es := testEntries()
	es[0].Title = `<b onclick="x">Hàm số</b> & bạn`
	es[0].Description = strings.Repeat("Mở bài nói chung chung. ", 30) + "Đồ thị của hàm số là parabol. " +
		strings.Repeat("Kết bài. ", 30)
	ok(t, PutAll(bg, x, es))
	r, err := x.Search(bg, catalog.Query{Text: "hamf so"})
	ok(t, err)
	if len(r.Hits) == 0 {
		t.Fatal("nothing found")
	}
	h := r.Hits[0]
	want := []catalog.Span{{Text: `<b onclick="x">`}, {Text: "Hàm", Match: true}, {Text: " "},
		{Text: "số", Match: true}, {Text: "</b> & bạn"}}
	if d := cmp.Diff(want, h.Title); d != "" {
		t.Errorf("title (-want +got)\n%s", d)
	}
	cut, marked := "", 0
	for _, s := range h.Description {
		cut += s.Text
		if s.Match {
			marked++
		}
	}
	if marked < 2 || !strings.Contains(cut, "hàm số là") || utf8.RuneCountInString(cut) > 170 {
		t.Errorf("description cut to %q with %d marks", cut, marked)
	}
	r, err = x.Search(bg, catalog.Query{Grade: 12})
	ok(t, err)
	if d := cmp.Diff([]catalog.Span{{Text: "Tây Tiến"}}, r.Hits[0].Title); d != "" {
		t.Errorf("without text nothing is marked (-want +got)\n%s", d)
	}
}

func indexSuggest(t *testing.T, x catalog.Index, _ job.Atomic) {
	es := testEntries()
	twin := es[0]
	twin.LessonID, twin.SchoolID = "ham-so-2", "s-2"
	ok(t, PutAll(bg, x, append(es, twin)))
	for text, title := range map[string]string{
		"p": "Phương trình bậc hai một ẩn", "phuong tr": "Phương trình bậc hai một ẩn",
		"phương tr": "Phương trình bậc hai một ẩn",
		"hamf s":    "Hàm số y = ax²", "ham so": "Hàm số y = ax²", "tây t": "Tây Tiến", "toan 9 ham": "Hàm số y = ax²",
		"unt 9": "Unit 9 English in the world",
	} {
		s, err := x.Suggest(bg, text, 0, 5)
		ok(t, err)
		if len(s) == 0 || s[0].Text != title {
			t.Errorf("suggestions for %q: %+v, want %q first", text, s, title)
		}
	}
	s, err := x.Suggest(bg, "ham so", 0, 10)
	ok(t, err)
	n := 0
	for _, one := range s {
		if one.Text == "Hàm số y = ax²" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the same title is suggested %d times", n)
	}
	s, err = x.Suggest(bg, "t", 12, 10)
	ok(t, err)
	if len(s) != 1 || s[0] != (catalog.Suggestion{Text: "Tây Tiến", LessonID: "tay-tien", Subject: "ngu-van", Grade: 12,
		Teacher: "Trần Thu Mai", School: "THPT Mường Ảng"}) {
		t.Errorf("for grade 12: %+v", s)
	}
	for _, c := range []struct {
		text         string
		grade, limit int
	}{{"", 0, 5}, {"  ", 0, 5}, {"ham", 0, 0}, {"ham", 0, -1}, {"ham", 44, 5}, {"xylophon", 0, 5}} {
		if s, err := x.Suggest(bg, c.text, c.grade, c.limit); err != nil || len(s) != 0 {
			t.Errorf("Suggest(%q, %d, %d) = %+v, %v", c.text, c.grade, c.limit, s, err)
		}
	}
	if s, _ := x.Suggest(bg, "t", 0, 2); len(s) != 2 {
		t.Errorf("limit 2 gives %d", len(s))
	}
}

func indexCorrected(t *testing.T, x catalog.Index, _ job.Atomic) {
	ok(t, x.Put(bg, testEntries()...))
	for text, want := range map[string]string{
		"hàm số": "", "ham so": "", "": "", "phuong tri": "",
		"toans 9 hamf soos": "toan 9 ham so", "phuonng trinh": "phuong trinh", "hamso": "ham so",
		"phuong trinh bac hat": "phuong trinh bac hai", "tây tiến xylophon": "tay tien", "xylophon": "",
	} {
		r, err := x.Search(bg, catalog.Query{Text: text})
		ok(t, err)
		if r.Corrected != want {
			t.Errorf("%q is corrected to %q, want %q", text, r.Corrected, want)
		}
	}
}

// Where nothing is found, queries are proposed that do find something.
func indexNearby(t *testing.T, x catalog.Index, _ job.Atomic) {
	ok(t, x.Put(bg, testEntries()...))
	for text, want := range map[string]string{
		"kixxu": "kieu", "nguyxn dxx": "nguyen du", "xylophon": "", "xylophon quetzal": "",
		"parabol hyperbol kieu": "kieu",
	} {
		r, err := x.Search(bg, catalog.Query{Text: text})
		ok(t, err)
		if len(r.Hits) > 0 {
			continue // it was forgiven already
		}
		if want == "" && len(r.Nearby) > 0 || want != "" && !slices.Contains(r.Nearby, want) || len(r.Nearby) > 3 {
			t.Errorf("%q: %q is proposed, want %q", text, r.Nearby, want)
		}
		for _, other := range r.Nearby {
			if len(found(t, x, catalog.Query{Text: other})) == 0 {
				t.Errorf("%q: %q is proposed and finds nothing", text, other)
			}
		}
	}
	if r, err := x.Search(bg, catalog.Query{Text: "ham so", Grade: 12}); err != nil || len(r.Hits) > 0 ||
		len(r.Nearby) > 0 || r.Facets.Grade[9] != 1 {
		t.Errorf("nothing in the grade: %+v, %v", r, err)
	}
}

// Nothing that is typed is query language, and nothing is an error.
func indexHostile(t *testing.T, x catalog.Index, _ job.Atomic) {
	ok(t, x.Put(bg, testEntries()...))
	hostile := []string{
		`"`, `""`, `"ham so`, `ham" OR "so`, `ham*`, `*`, `^ham`, `title:ham`, `{title}: ham`, `-ham`, `+`, `ham AND`,
		`AND`, `OR OR`, `NOT`, `NOT ham`,
		`NEAR`, `NEAR(ham so, 2)`, `ham NEAR/3 so`, `(`, `)`, `((((((`, `ham) OR (so`, `'`,
		`''; DROP TABLE catalog_entry; --`, `%`, `_`, `\`, `?`, `?0`, `:ham`, `$1`, `@p1`,
		`ham:*`, `ham & so`, `ham | so`, `!ham`, `ham <-> so`, `'ham':A`, `<script>alert(1)</script>`, `${7*7}`,
		`{{7*7}}`, `../../etc/passwd`,
		"\x00", "ham\x00so", "\xff\xfe\xfa", "ham\xffso", "\u202eham so\u202c", "\u200b\u200b", "😀", "😀😀 ham",
		"👨‍👩‍👧‍👦", "مرحبا", "שלום", "ꪼꪕ", "ກ", "日本語",
		"a\u0300\u0301\u0302\u0303", strings.Repeat("\u0301", 500), strings.Repeat("ham ", 3000),
		strings.Repeat("x", 10_000), strings.Repeat(`"`, 10_000),
		strings.Repeat("a b ", 2500), strings.Repeat("ế", 4000), strings.Repeat("(", 5000),
		"1 2 3 4 5 6 7 8 9 10 11 12 13", "lop", "lop lop 9", "tuan", "½ ² ①", "ﷺ", "\n\r\t\v",
	}
	for _, text := range hostile {
		name := fmt.Sprintf("%.40q", text)
		if _, err := x.Search(bg, catalog.Query{Text: text, Subject: text, School: text, Language: text}); err != nil {
			t.Errorf("Search(%s) as filters: %v", name, err)
		}
		r, err := x.Search(bg, catalog.Query{Text: text})
		if err != nil {
			t.Errorf("Search(%s): %v", name, err)
		}
		for _, h := range r.Hits {
			var b strings.Builder
			for _, s := range h.Title {
				b.WriteString(s.Text)
			}
			if b.String() != h.Entry.Title {
				t.Errorf("Search(%s) marks the title as %q", name, b.String())
			}
		}
		if _, err := x.Suggest(bg, text, 0, 5); err != nil {
			t.Errorf("Suggest(%s): %v", name, err)
		}
	}
	// Operators are words or nothing: with them the same lessons are found.
	for _, text := range []string{`"ham so"`, `ham* so`, `(ham) so`, `ham^so`, `title:ham so`, `ham' so'`,
		"ham\u200bso", `ham & so | !`} {
		if got := found(t, x, catalog.Query{Text: text}); !slices.Contains(got, "ham-so") {
			t.Errorf("%s finds %q", text, got)
		}
	}
	// What is indexed may be anything, too.
	for i, text := range hostile {
		e := testEntries()[0]
		e.LessonID, e.Title, e.Description = fmt.Sprintf("hostile-%d", i), strings.ReplaceAll(text, "\x00", ""),
			strings.Repeat("lời dài ", 500)+text[len(text)/2:]
		e.Title, e.Description = strings.ToValidUTF8(e.Title, ""),
			strings.ReplaceAll(strings.ToValidUTF8(e.Description, ""), "\x00", "")
		e.Teacher = e.Title
		if err := x.Put(bg, e); err != nil {
			t.Errorf("Put(%.40q): %v", text, err)
		}
		if got, err := x.Entries(bg, e.LessonID); err != nil || len(got) != 1 || got[0].Title != e.Title {
			t.Errorf("Put(%.40q) keeps %d entries, %v", text, len(got), err)
		}
		if err := x.Delete(bg, e.LessonID); err != nil {
			t.Errorf("Delete(%.40q): %v", text, err)
		}
	}
	ids, err := x.IDs(bg)
	ok(t, err)
	if len(ids) != len(testEntries()) {
		t.Errorf("%d lessons are left of %d", len(ids), len(testEntries()))
	}
}
