package sqldb_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"

	"lenlop/infra/sheet"
	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/school"
)

// export writes a list as a file that another importer reads.
func export(t *testing.T, s *school.Importer, kind school.ImportKind, xlsx bool) []byte {
	t.Helper()
	rows, err := s.Export(context.Background(), boss, kind, school.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	format := sheet.CSV
	if xlsx {
		format = sheet.XLSX
	}
	var b bytes.Buffer
	err = sheet.Write(&b, format, string(kind), func(yield func([]any) bool) {
		for _, r := range rows {
			cells := make([]any, len(r))
			for i, c := range r {
				cells[i] = c
			}
			if !yield(cells) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWhatIsExportedChangesNothing: every list goes out and comes back, as CSV
// and XLSX, and all rows are known.
func TestWhatIsExportedChangesNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		s := importer(db)
		province(t, s)
		want := map[school.ImportKind]int{school.ImportAreas: 4, school.ImportSchools: 2, school.ImportStaff: 4,
			school.ImportClasses: 3, school.ImportStudents: 3}
		for _, kind := range school.ImportKinds {
			for _, xlsx := range []bool{false, true} {
				data := export(t, s, kind, xlsx)
				if kind == school.ImportStudents && bytes.Contains(data, []byte("1100000001")) {
					t.Error("the export gives a student's code away, which is not kept")
				}
				p, err := s.Preview(context.Background(), boss, kind, "ra", data)
				if err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				if p.Import.Counts != (school.Counts{Same: want[kind]}) {
					t.Errorf("%s (workbook: %v): %+v %+v", kind, xlsx, p.Import.Counts, p.Rows)
				}
				_, err = s.Commit(context.Background(), boss, p.Import.ID, false)
				if !fault.Is(err, "import.nothing") {
					t.Errorf("%s: committing nothing: %v", kind, err)
				}
			}
		}
		classes, err := db.Classes().ClassesOfTeacher(context.Background(), personID(t, db, "co.lan"))
		if err != nil || len(classes) != 2 || len(classes[0].Teachers) != 3 {
			t.Errorf("classes %+v, %v", classes, err)
		}
	})
}

// TestFilesOfEveryEncoding: one roster in every encoding that Vietnamese
// machines write says the same; what is no table is refused with a reason.
func TestFilesOfEveryEncoding(t *testing.T) {
	db := engines["sqlite"](t)
	s := importer(db)
	province(t, s)
	const text = "Mã trường,Năm học,Mã lớp,Mã học sinh,Họ và tên\r\nTH01,2026-2027,3A,1100000010,Vừ Thị Ước Nguyễn Đặng\r\n"
	// Windows-1258 has some letters whole and tones as marks of their own.
	legacy := vn1258(t, text)
	utf16 := func(e unicode.Endianness, b unicode.BOMPolicy) []byte {
		out, err := unicode.UTF16(e, b).NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, data := range map[string][]byte{
		"UTF-8": []byte(text), "UTF-8 with its mark": []byte("\ufeff" + text),
		"taken apart":          norm.NFD.Bytes([]byte(text)),
		"UTF-16":               utf16(unicode.LittleEndian, unicode.UseBOM),
		"UTF-16 big end first": utf16(unicode.BigEndian, unicode.UseBOM),
		"UTF-16 unmarked":      utf16(unicode.LittleEndian, unicode.IgnoreBOM), "Windows-1258": legacy,
	} {
		p, err := s.Preview(context.Background(), boss, school.ImportStudents, "tep.csv", data)
		if err != nil || p.Import.Counts != (school.Counts{New: 1}) ||
			!strings.HasSuffix(p.Rows[0].Label, "Vừ Thị Ước Nguyễn Đặng") {
			t.Errorf("%s: %+v, %v", name, p.Rows, err)
		}
	}
	for name, x := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":         {nil, "import.empty"},
		"header only":     {[]byte("Mã trường,Năm học,Mã lớp,Mã học sinh\n"), "import.empty"},
		"another list":    {[]byte("Mã,Tên\n1,2\n"), "import.columns"},
		"a picture":       {[]byte("\x89PNG\r\n\x1a\n\x00\x00\xff"), "import.unreadable"},
		"half a workbook": {[]byte("PK\x03\x04nothing"), "import.unreadable"},
		"too many rows":   {[]byte(text + strings.Repeat("x\n", 60_000)), "import.unreadable"},
	} {
		_, err := s.Preview(context.Background(), boss, school.ImportStudents, "tep", x.data)
		if e := fault.As(err); e == nil || len(e.Fields) != 1 || e.Fields[0].Code != x.want {
			t.Errorf("%s: %v, want %s", name, err, x.want)
		}
	}
}

// vn1258 writes text as Windows-1258 does: tones as marks of their own, the
// letters with a hat, a breve or a horn whole.
func vn1258(t *testing.T, text string) []byte {
	t.Helper()
	var out []byte
	for _, r := range text {
		if b, ok := charmap.Windows1258.EncodeRune(r); ok {
			out = append(out, b)
			continue
		}
		parts := []rune(norm.NFD.String(string(r)))
		tone := slices.IndexFunc(parts,
			func(r rune) bool { return strings.ContainsRune("\u0300\u0301\u0303\u0309\u0323", r) })
		letter := norm.NFC.String(string(slices.Delete(slices.Clone(parts), tone, tone+1)))
		for _, r := range letter + string(parts[tone]) {
			b, ok := charmap.Windows1258.EncodeRune(r)
			if !ok {
				t.Fatalf("%q is not in Windows-1258", r)
			}
			out = append(out, b)
		}
	}
	return out
}

// TestExportsRunNothing: a name that is a formula leaves closed and comes back
// as it was.
func TestExportsRunNothing(t *testing.T) {
	db := engines["sqlite"](t)
	s := importer(db)
	province(t, s)
	bring(t, s, school.ImportSchools,
		"Mã trường,Tên trường,Cấp học\nTH02,\"=HYPERLINK(\"\"http://ke.xau\"\";\"\"Trường\"\")\",Tiểu học\n")
	if out := export(t, s, school.ImportSchools, false); !bytes.Contains(out, []byte("'=HYPERLINK")) {
		t.Errorf("%s", out)
	}
	again, err := s.Preview(context.Background(), boss, school.ImportSchools, "ra",
		export(t, s, school.ImportSchools, false))
	if err != nil || again.Import.Counts != (school.Counts{Same: 3}) {
		t.Errorf("%+v, %v", again.Rows, err)
	}
	p, err := s.Preview(context.Background(), boss, school.ImportSchools, "ra",
		export(t, s, school.ImportSchools, true))
	if err != nil || p.Import.Counts != (school.Counts{Same: 3}) {
		t.Errorf("%+v, %v", p.Rows, err)
	}
}
