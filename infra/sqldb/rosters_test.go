package sqldb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"lenlop/infra/sheet"
	"lenlop/infra/sqldb"
	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
)

var boss = people.Person{ID: "quan", Active: true, Grants: []people.Grant{{Role: people.Admin}}}

const today = "2026-11-21"

func importer(db *sqldb.DB) *school.Importer {
	n := 0
	return &school.Importer{Schools: db.Schools(), Classes: db.Classes(), Years: db.Schools(), People: db.People(),
		Store: db.Rosters(),
		Keys:  school.Keys("bí mật của nhà"), Sheets: sheet.Read, Atomic: db, Audit: db.Audit(),
		Now:   func() time.Time { return time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC) },
		NewID: func() string { n++; return fmt.Sprintf("id-%06d", n) }}
}

// province brings a small province in, all kinds of files in their order.
func province(t *testing.T, s *school.Importer) {
	t.Helper()
	for _, x := range []struct {
		kind school.ImportKind
		text string
	}{
		{school.ImportAreas,
			"Mã,Tên,Loại,Mã cấp trên\n11,Tỉnh Mẫu,Tỉnh,\n11-X2,Xã Suối Trong,Xã,11\n11-X1,Xã Bản Mẫu,xã,11\n11-X1-B,Bản Nà,thôn bản,11-X1\n"},
		{school.ImportSchools,
			"Mã trường;Tên trường;Cấp học;Mã địa bàn\nTH01;Trường TH Bản Mẫu;Tiểu học;11-x1\nTHCS01;Trường THCS Suối Trong;THCS;11-X2\n"},
		{school.ImportStaff,
			"Tên đăng nhập,Họ và tên,Vai trò,Mã trường\nco.lan,Lò Thị Lan,Giáo viên,TH01\nco.lan,Lò Thị Lan,Giáo viên,THCS01\nthay.pao,Giàng A Páo,GV,TH01\nco.hoa,Vàng Thị Hoa,Hiệu trưởng,TH01\n"},
		{school.ImportClasses,
			"Mã trường,Năm học,Mã lớp,Tên lớp,Khối,Chủ nhiệm,Giáo viên bộ môn\nTH01,2026-2027,3a,3A,3,co.lan,Toán=thay.pao; tieng-viet=co.lan\nTH01,2026-2027,3B,,3,thay.pao,\nTHCS01,2026-2027,6A,6A,6,co.lan,\n"},
		{school.ImportStudents,
			"Mã trường,Năm học,Mã lớp,Mã học sinh,Họ và tên,Từ ngày,Đến ngày\nTH01,2026-2027,3A,1100000001,Giàng Thị Bình,,\nTH01,2026-2027,3A,1100000002,,5/9/2026,\nTH01,2026-2027,3B,1100000003,Lò Văn An,46270,\n"},
	} {
		bring(t, s, x.kind, x.text)
	}
}

func bring(t *testing.T, s *school.Importer, kind school.ImportKind, text string) school.Preview {
	t.Helper()
	p, err := s.Preview(context.Background(), boss, kind, "tep.csv", []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	if p.Import.Counts.Refused > 0 {
		t.Fatalf("%s: %+v", kind, p.Rows)
	}
	if p, err = s.Commit(context.Background(), boss, p.Import.ID, false); err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return p
}

func personID(t *testing.T, db *sqldb.DB, username string) string {
	t.Helper()
	p, err := db.People().ByUsername(context.Background(), username)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// TestRostersMove: a second roster moves students, between schools too, ends
// enrolments, and names the nameless; bringing it in twice changes nothing.
func TestRostersMove(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		s := importer(db)
		province(t, s)
		text := "Mã trường,Năm học,Mã lớp,Mã học sinh,Họ và tên,Từ ngày,Đến ngày\n" +
			"TH01,2026-2027,3B,1100 0000 01,Giàng Thị Bình,2026-10-01,\n" + // another class
			"THCS01,2026-2027,6A,1100000003,Lò Văn An,2026-10-05,\n" + // another school
			"TH01,2026-2027,3A,1100000002,Mùa A Sử,2026-09-05,2026-10-31\n" // leaves, and has a name now
		p := bring(t, s, school.ImportStudents, text)
		for i, want := range []string{"student.moves", "student.moves_school", ""} {
			if r := p.Rows[i]; r.Outcome != school.RowChanged || r.Note != want {
				t.Errorf("row %d: %+v", i, r)
			}
		}
		again, err := s.Preview(ctx, boss, school.ImportStudents, "tep.csv", []byte(text))
		if err != nil || again.Import.Counts != (school.Counts{Same: 3}) {
			t.Errorf("again: %+v, %v", again.Rows, err)
		}
		have, err := db.Rosters().StudentsByKey(ctx,
			[]string{s.Keys.Student("1100000001"), s.Keys.Student("1100000002"), s.Keys.Student("1100000003")})
		if err != nil || len(have) != 3 {
			t.Fatal(have, err)
		}
		an, su := have[s.Keys.Student("1100000003")], have[s.Keys.Student("1100000002")]
		if su.Name != "Mùa A Sử" {
			t.Errorf("name %q", su.Name)
		}
		if c, err := db.Classes().ClassOfStudent(ctx, an.PersonID, today); err != nil || c.Name != "6A" {
			t.Errorf("now in %+v, %v", c, err)
		}
		if c, err := db.Classes().ClassOfStudent(ctx, an.PersonID, "2026-10-04"); err != nil || c.Name != "3B" {
			t.Errorf("before in %+v, %v", c, err)
		}
		who, err := db.People().Person(ctx, an.PersonID)
		if err != nil || len(who.Grants) != 2 {
			t.Errorf("roles %+v, %v", who.Grants, err)
		}
		if n, err := db.Classes().Population(ctx, school.Scope{Day: today}); err != nil || n != 2 {
			t.Errorf("population %d, %v", n, err)
		}
	})
}

// TestBadRowsAreNamed: each row that is refused says why and in which column,
// and the good rows beside it count.
func TestBadRowsAreNamed(t *testing.T) {
	db := engines["sqlite"](t)
	s := importer(db)
	province(t, s)
	long := strings.Repeat("ộ", 3000)
	for _, x := range []struct {
		kind school.ImportKind
		row  string
		want string // column: code; "" is taken
	}{
		{school.ImportAreas, "11-X9,Xã Mới,Xã,11", ""},
		{school.ImportAreas, ",Xã Mới,Xã,11", "Mã: field.required"},
		{school.ImportAreas, "11-X9,Xã Mới,Tiểu bang,11", "Loại: area.unknown_kind"},
		{school.ImportAreas, "11-X9,Xã Mới,Xã,99", "Mã cấp trên: area.unknown_parent"},
		{school.ImportAreas, "11-X9,Xã Mới,Xã,11-X9", "Mã cấp trên: area.loop"},
		{school.ImportAreas, "11,Tỉnh Mẫu,Tỉnh,11-X1-B", "Mã cấp trên: area.loop"},
		{school.ImportAreas, "11-X9,Xã Mới,Xã,11\n11-X9,Xã Khác,Xã,11", "Mã: import.twice"},
		{school.ImportAreas, "11-X9," + long + ",Xã,11", "Tên: field.too_long"},
		{school.ImportSchools, "TH09,Trường Mới,Đại học,", "Cấp học: school.unknown_level"},
		{school.ImportSchools, "TH09,Trường Mới,Tiểu học,KHÔNG", "Mã địa bàn: school.unknown_area"},
		{school.ImportSchools, "TRƯỜNG9,Trường Mới,Tiểu học,", "Mã trường: school.bad_code"},
		{school.ImportStaff, "co.lan,Tên Khác,Giáo viên,TH01\nco.lan,Lò Thị Lan,Hiệu trưởng,TH01",
			"Họ và tên: import.two_names"},
		{school.ImportStaff, "cô lan,Lò Thị Lan,Giáo viên,TH01", "Tên đăng nhập: people.bad_username"},
		{school.ImportStaff, "co.moi,Lò Thị Mới,Phù thủy,TH01", "Vai trò: people.unknown_role"},
		{school.ImportStaff, "co.moi,Lò Thị Mới,Giáo viên,", "Mã trường: people.needs_school"},
		{school.ImportStaff, "co.moi,Lò Thị Mới,Giáo viên,XX", "Mã trường: import.unknown_school"},
		{school.ImportClasses, "TH01,2026-2027,6A,6A,6,,", "Khối: class.bad_grade"},
		{school.ImportClasses, "TH01,2026-2028,4A,4A,4,,", "Năm học: class.bad_year"},
		{school.ImportClasses, "TH01,2026-2027,4A,4A,4,ai.do,", "Chủ nhiệm: class.unknown_teacher"},
		{school.ImportClasses, "THCS01,2026-2027,7A,7A,7,thay.pao,", "Chủ nhiệm: class.not_teacher_here"},
		{school.ImportClasses, "TH01,2026-2027,4A,4A,4,,Bùa chú=co.lan", "Giáo viên bộ môn: class.unknown_subject"},
		{school.ImportStudents, "XX,2026-2027,3A,1100000009,,,", "Mã trường: import.unknown_school"},
		{school.ImportStudents, "TH01,2026-2027,9Z,1100000009,,,", "Mã lớp: import.unknown_class"},
		{school.ImportStudents, "TH01,2026-2027,3A,,Không mã,,", "Mã học sinh: student.bad_code"},
		{school.ImportStudents, "TH01,2026-2027,3A,#" + strings.Repeat("0", 64) + ",,,",
			"Mã học sinh: student.unknown_key"},
		{school.ImportStudents, "TH01,2026-2027,3A,1100000009,,31/02/2026,", "Từ ngày: import.bad_day"},
		{school.ImportStudents, "TH01,2026-2027,3A,1100000009,,5/9/2026,1/9/2026", "Đến ngày: import.ends_early"},
		{school.ImportStudents, "TH01,2026-2027,3A,1100000009,A,,\nTHCS01,2026-2027,6A,1100000009,A,,",
			"Mã học sinh: student.two_classes"},
		{school.ImportStudents, "TH01,2026-2027,3A,1100000009,A,,\nTH01,2026-2027,3A,1100000009,A,,",
			"Mã học sinh: import.twice"},
		{school.ImportStudents,
			"TH01,2026-2027,3A,1100000009,A,,1/10/2026\nTHCS01,2026-2027,6A,1100000009,A,2/10/2026,", ""},
	} {
		text := strings.Join(school.Header(x.kind), ",") + "\n" + x.row + "\n"
		p, err := s.Preview(context.Background(), boss, x.kind, "tep.csv", []byte(text))
		if err != nil {
			t.Errorf("%s %q: %v", x.kind, x.row, err)
			continue
		}
		got := ""
		for _, r := range p.Rows {
			if r.Outcome == school.RowRefused && got == "" {
				got = r.Column + ": " + r.Code
			}
		}
		if got != x.want {
			t.Errorf("%s %.80q: %q, want %q", x.kind, x.row, got, x.want)
		}
	}
}

// TestRosterIsSeenAtOnce: while a roster is written nobody sees any of it; a
// commit that dies halfway can be repeated, and an abandoned one goes.
func TestRosterIsSeenAtOnce(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		s := importer(db)
		province(t, s)
		var b strings.Builder
		b.WriteString(
			"Mã trường,Năm học,Mã lớp,Mã học sinh,Họ và tên,Từ ngày\nTH01,2026-2027,3B,1100000001,,2026-10-01\n")
		for i := range 500 {
			fmt.Fprintf(&b, "TH01,2026-2027,3A,12%08d,Học Sinh,\n", i)
		}
		p, err := s.Preview(ctx, boss, school.ImportStudents, "tep.csv", []byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		count := func() int {
			n, err := db.Classes().Population(ctx, school.Scope{Day: today})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, after := range []int{1, 2} {
			died := &dies{DB: db, after: after}
			s.Atomic = died
			if _, err := s.Commit(ctx, boss, p.Import.ID, false); err == nil {
				t.Fatal("it did not die")
			}
			if n := count(); n != 3 {
				t.Errorf("%d students are seen of a roster that is not committed", n)
			}
			key := s.Keys.Student("1100000001")
			have, err := db.Rosters().StudentsByKey(ctx, []string{key})
			if err != nil {
				t.Fatal(err)
			}
			if c, err := db.Classes().ClassOfStudent(ctx, have[key].PersonID, today); err != nil || c.Code != "3A" {
				t.Errorf("a move shows early: %+v, %v", c, err)
			}
		}
		s.Atomic = db
		if _, err := s.Commit(ctx, boss, p.Import.ID, false); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 503 {
			t.Errorf("%d students, want 503", n)
		}
		if _, err := s.Commit(ctx, boss, p.Import.ID, false); !fault.Is(err, "import.already") {
			t.Errorf("committed twice: %v", err)
		}
		// One that is never committed goes after a week, with what it staged.
		p, err = s.Preview(ctx, boss, school.ImportStudents, "tep.csv",
			[]byte("Mã trường,Năm học,Mã lớp,Mã học sinh\nTH01,2026-2027,3A,1300000001\n"))
		if err != nil {
			t.Fatal(err)
		}
		s.Atomic = &dies{DB: db, after: 1}
		_, _ = s.Commit(ctx, boss, p.Import.ID, false)
		s.Atomic = db
		was := s.Now()
		s.Now = func() time.Time { return was.Add(school.Abandoned + time.Hour) }
		if err := s.Tidy(ctx); err != nil {
			t.Fatal(err)
		}
		left, err := db.Rosters().Import(ctx, p.Import.ID)
		if err != nil || len(left.Data) != 0 || left.Settled.IsZero() {
			t.Errorf("left %+v, %v", left, err)
		}
		if have, _ := db.Rosters().StudentsByKey(ctx, []string{s.Keys.Student("1300000001")}); len(have) != 0 {
			t.Error("a student of an abandoned roster stays")
		}
	})
}

// dies lets so many transactions through and then fails, like a process that
// is killed.
type dies struct {
	*sqldb.DB
	after int
}

func (d *dies) Atomically(ctx context.Context, fn func(context.Context) error) error {
	if d.after--; d.after < 0 {
		return context.Canceled
	}
	return d.DB.Atomically(ctx, fn)
}

var _ audit.Log = (*sqldb.Audit)(nil)

// TestOnlyAdministratorsImport: nobody else previews, commits or exports.
func TestOnlyAdministratorsImport(t *testing.T) {
	db := engines["sqlite"](t)
	s := importer(db)
	province(t, s)
	for _, role := range people.Roles {
		by := people.Person{ID: "x", Active: true, Grants: []people.Grant{{Role: role, School: "s1"}}}
		_, err := s.Preview(context.Background(), by, school.ImportAreas, "a", []byte("Mã,Tên,Loại\n1,A,Xã\n"))
		_, err2 := s.Export(context.Background(), by, school.ImportStudents, school.Filter{})
		_, err3 := s.Commit(context.Background(), by, "none", false)
		for _, err := range []error{err, err2, err3} {
			if fault.Is(err, "access.denied") != (role != people.Admin) {
				t.Errorf("%s: %v", role, err)
			}
		}
	}
}
