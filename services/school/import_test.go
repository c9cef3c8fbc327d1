package school_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

// rows gives the outcomes of a preview: "new", or "column: code" of what is refused.
func rows(p school.Preview) (out []string) {
	for _, r := range p.Rows {
		s := string(r.Outcome)
		if r.Outcome == school.RowRefused {
			s = r.Column + ": " + r.Code
		}
		if r.Note != "" {
			s += " " + r.Note
		}
		out = append(out, s)
	}
	return out
}

// TestRowsOfEveryKind: one line for each rule of each kind of file.
func TestRowsOfEveryKind(t *testing.T) {
	for _, c := range []struct {
		kind school.ImportKind
		line string
		want string
	}{
		{school.ImportAreas, "X2,Xã Hai,xa,X1", "new"}, {school.ImportAreas, "x1,Xã Mẫu,Xã,", "same"},
		{school.ImportAreas, "X1,Xã Đổi,Commune,", "changed"}, {school.ImportAreas, "X2,Xã Hai,quận,",
			"Loại: area.unknown_kind"},
		{school.ImportAreas, "X2,Xã Hai,xã,X9", "Mã cấp trên: area.unknown_parent"},
		{school.ImportAreas, "X2,Xã Hai,xã,X2", "Mã cấp trên: area.loop"}, {school.ImportAreas, "X1,Xã Mẫu,xã,X1",
			"Mã cấp trên: area.loop"},
		{school.ImportAreas, ",Xã Hai,xã,", "Mã: field.required"},
		{school.ImportAreas, "X2,,xã,", "Tên: field.required"},
		{school.ImportAreas, "X2," + strings.Repeat("a", 2001) + ",xã,", "Tên: field.too_long"},

		{school.ImportSchools, "th03,Trường Ba,Tiểu học,x1", "new"},
		{school.ImportSchools, "TH01,Bản Mẫu,TH,X1", "same"},
		{school.ImportSchools, "TH01,Bản Mẫu,THCS,X1", "changed"}, {school.ImportSchools, "TH03,A,đại học,",
			"Cấp học: school.unknown_level"},
		{school.ImportSchools, "TH03,A,TH,X9", "Mã địa bàn: school.unknown_area"},

		{school.ImportStaff, "hoa,Cô Hoa,GV,TH01", "new"}, {school.ImportStaff, "LAN,Cô lan,Giáo viên,TH01", "same"},
		{school.ImportStaff, "lan,Cô lan,Giáo viên,TH02", "changed"},
		{school.ImportStaff, "lan,Cô Lan,GV,TH01", "changed"},
		{school.ImportStaff, "hoa,Cô Hoa,GV,TH09", "Mã trường: import.unknown_school"},
		{school.ImportStaff, "hoa,Cô Hoa,GV,", "Mã trường: people.needs_school"},
		{school.ImportStaff, "hoa,Cô Hoa,vua,", "Vai trò: people.unknown_role"},
		{school.ImportStaff, "h,Cô Hoa,GV,TH01",
			"Tên đăng nhập: people.bad_username"},

		{school.ImportClasses, "TH01,2026-2027,4a,Bốn A,4,lan,toan=lan", "new"}, {school.ImportClasses,
			"TH01,2026-2027,3 a,3A,3,,", "same"},
		{school.ImportClasses, "TH01,2026-2027,3A,3A,3,lan,Toán=lan", "changed"},
		{school.ImportClasses, "TH09,2026-2027,3A,,3,,", "Mã trường: import.unknown_school"},
		{school.ImportClasses, "TH01,2026-2028,3A,,3,,", "Năm học: class.bad_year"}, {school.ImportClasses,
			"TH01,2026-2027,6A,,6,,", "Khối: class.bad_grade"},
		{school.ImportClasses, "TH01,2026-2027,5A,,5,,", "new"}, {school.ImportClasses, "TH01,2026-2027,3A,,3,ai,",
			"Chủ nhiệm: class.unknown_teacher"},
		{school.ImportClasses, "TH01,2026-2027,3A,,3,tu,", "Chủ nhiệm: class.not_teacher_here"},
		{school.ImportClasses, "TH01,2026-2027,3A,,3,,vẽ=lan", "Giáo viên bộ môn: class.unknown_subject"},

		{school.ImportStudents, "TH01,2026-2027,3A,HS-0001,Em Một,,", "new"}, {school.ImportStudents,
			"TH01,2026-2027,3A,hs,Em,,", "Mã học sinh: student.bad_code"},
		{school.ImportStudents, "TH01,2026-2027,9Z,HS-0001,Em,,", "Mã lớp: import.unknown_class"},
		{school.ImportStudents, "TH01,2026,3A,HS-0001,Em,,", "Năm học: class.bad_year"},
		{school.ImportStudents, "TH01,2026-2027,3A,HS-0001,Em,sáng nay,", "Từ ngày: import.bad_day"},
		{school.ImportStudents, "TH01,2026-2027,3A,HS-0001,Em,,31/2/2027", "Đến ngày: import.bad_day"},
		{school.ImportStudents, "TH01,2026-2027,3A,HS-0001,Em,2/10/2026,1/10/2026", "Đến ngày: import.ends_early"},
		{school.ImportStudents, "TH01,2026-2027,3A,HS-0001,Em,1/10/2026,46296", "new"},
		// day 46296 of spreadsheets is 2026-10-01
		{school.ImportStudents, "TH01,2026-2027,3A,#" + strings.Repeat("a", 64) + ",Em,,",
			"Mã học sinh: student.unknown_key"},
	} {
		s, _ := newMemory()
		p, err := s.Preview(bg, admin, c.kind, "x.csv",
			[]byte(strings.Join(school.Header(c.kind), ",")+"\n"+c.line+"\n"))
		if err != nil || !slices.Equal(rows(p), []string{c.want}) {
			t.Errorf("%s, %q: %q %v, want %q", c.kind, c.line, rows(p), err, c.want)
		}
		twice, err := s.Preview(bg, admin, c.kind, "x.csv", []byte(strings.Join(school.Header(c.kind),
			",")+"\n"+c.line+"\n"+c.line+"\n"))
		if got := rows(twice); c.want == "new" && (err != nil || !strings.HasSuffix(got[1], "import.twice")) {
			t.Errorf("%s, %q twice: %q %v", c.kind, c.line, got, err)
		}
	}
}

func TestFilesThatAreNoLists(t *testing.T) {
	s, _ := newMemory()
	for name, c := range map[string]struct {
		kind school.ImportKind
		text string
		code string
	}{
		"empty": {
			school.ImportAreas, "", "import.empty"},
		"headings alone": {school.ImportAreas, "Mã,Tên,Loại\n,,\n", "import.empty"},
		"a column short": {
			school.ImportAreas, "Mã,Tên\nX2,A\n", "import.columns"}, "of no kind": {"x", "Mã\n", "import.unknown_kind"},
		"headings in line 11": {school.ImportAreas, strings.Repeat("a\n", 10) + "Mã,Tên,Loại\nX2,A,xã\n",
			"import.columns"},
	} {
		_, err := s.Preview(bg, admin, c.kind, "x", []byte(c.text))
		if e := fault.As(err); e == nil || e.Code != "import.invalid" || e.Fields[0].Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	teacher := people.Person{ID: "lan", Active: true, Grants: []people.Grant{{Role: people.Teacher, School: "s1"}}}
	_, e1 := s.Preview(bg, teacher, school.ImportAreas, "x", nil)
	_, e2 := s.Commit(bg, teacher, "x", false)
	_, e3 := s.Look(bg, teacher, "x")
	_, e4 := s.Export(bg, teacher, school.ImportAreas, school.Filter{})
	for _, err := range []error{e1, e2, e3, e4} {
		if !fault.Is(err, "access.denied") {
			t.Errorf("a teacher: %v", err)
		}
	}
}

// TestRosterMovesAndReturns: committing, moving to another class, and bringing an export in again.
func TestRosterMovesAndReturns(t *testing.T) {
	s, m := newMemory()
	head := strings.Join(school.Header(school.ImportStudents), ",") + "\n"
	commit := func(text string) school.Preview {
		t.Helper()
		p, err := s.Preview(bg, admin, school.ImportStudents, "x", []byte(head+text))
		if err != nil {
			t.Fatal(err)
		}
		if p, err = s.Commit(bg, admin, p.Import.ID, false); err != nil {
			t.Fatalf("%v: %q", err, rows(p))
		}
		return p
	}
	p := commit("TH01,2026-2027,3A,HS-0001,Em Một,,\nTH01,2026-2027,3A,HS-0002,Em Hai,,\n")
	if p.Import.Counts != (school.Counts{New: 2}) || p.Import.Data != nil ||
		m.imports.Must(p.Import.ID).Settled.IsZero() {
		t.Errorf("%+v", p.Import)
	}
	if _, err := s.Commit(bg, admin, p.Import.ID, false); !fault.Is(err, "import.already") {
		t.Errorf("again: %v", err)
	}
	p = commit("TH01,2026-2027,3B,hs 0001,,2026-10-01,\n")
	if got := rows(p); !slices.Equal(got, []string{"changed student.moves"}) {
		t.Errorf("%q", got)
	}
	var days []string
	for _, e := range m.spans.All(nil) {
		days = append(days, e.ClassID+" "+e.From+" "+e.To)
	}
	slices.Sort(days)
	if want := []string{"3A 2026-09-05 ", "3A 2026-09-05 2026-09-30", "3B 2026-10-01 "}; !slices.Equal(days, want) {
		t.Errorf("enrolments %q, want %q", days, want)
	}
	for _, kind := range school.ImportKinds {
		list, err := s.Export(bg, admin, kind, school.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, r := range list {
			text.WriteString(strings.Join(r, ",") + "\n")
		}
		again, err := s.Preview(bg, admin, kind, "x", []byte(text.String()))
		if err != nil || again.Import.Counts.Same != len(list)-1 || len(list) < 2 {
			t.Errorf("%s brought in again: %+v %q %v", kind, again.Import.Counts, rows(again), err)
		}
		if _, err = s.Commit(bg, admin, again.Import.ID, false); !fault.Is(err, "import.nothing") {
			t.Errorf("%s: %v", kind, err)
		}
	}
	m.now = start.Add(school.Abandoned + time.Hour)
	if err := s.Tidy(bg); err != nil {
		t.Fatal(err)
	}
	for _, i := range m.imports.All(nil) {
		if i.Data != nil || i.Settled.IsZero() {
			t.Errorf("import %s keeps its file", i.ID)
		}
	}
}

func TestYearsAndWeeks(t *testing.T) {
	for code, want := range map[string]bool{"2026-2027": true, "2026-2028": false, "2026-2026": false,
		"1999-2000": false,
		"":          false} {
		if school.YearOK(code) != want {
			t.Errorf("%q: %v", code, !want)
		}
	}
	weeks := school.PlanWeeks("2026-2027", "2026-09-07", "2026-09-21")
	if len(weeks) != 35 || weeks[1].To != "2026-09-20" || weeks[2].From != "2026-09-28" || weeks[2].Number != 3 {
		t.Errorf("%+v", weeks)
	}
	years := []school.Year{{Code: "b", From: "2026-09-05"}, {Code: "a", From: "2025-09-05"}}
	for day, want := range map[string]string{"2026-09-05": "b", "2026-09-04": "a", "2020-01-01": "a"} {
		if got := school.YearOn(years, day).Code; got != want {
			t.Errorf("%s: %s", day, got)
		}
	}
	if school.DayBefore("2027-03-01") != "2027-02-28" || school.DayBefore("x") != "" {
		t.Error("the day before is another")
	}
}
