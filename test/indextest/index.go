// Package indextest holds the conformance tests of a search index: every adapter of catalog.Index must pass them.
package indextest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lenlop/services/catalog"
	"lenlop/services/job"
)

// OpenIndex gives an empty index, and what makes its changes commit together
// with those of the database it lives in.
type OpenIndex func(t *testing.T) (catalog.Index, job.Atomic)

// Index examines a catalog.Index.
func Index(t *testing.T, open OpenIndex) {
	for _, x := range []struct {
		name string
		exam func(*testing.T, catalog.Index, job.Atomic)
	}{
		{"PutAndDelete", indexPut}, {"Transactions", indexTransactions}, {"Filters", indexFilters},
		{"Facets", indexFacets},
		{"Paging", indexPaging}, {"Browsing", indexBrowsing}, {"Forgiving", indexForgiving}, {"TonesFirst", indexTones},
		{"GradeWords", indexGrades}, {"Ranking", indexRanking}, {"Highlight", indexHighlight},
		{"Suggest", indexSuggest},
		{"Corrected", indexCorrected}, {"Nearby", indexNearby}, {"Hostile", indexHostile}, {"Spoken", indexSpoken},
	} {
		t.Run(x.name, func(t *testing.T) {
			index, atomic := open(t)
			x.exam(t, index, atomic)
		})
	}
}

// LargeIndex examines a catalog.Index that holds some thousand lessons.
func LargeIndex(t *testing.T, open OpenIndex) {
	t.Run("Broad", func(t *testing.T) {
		index, atomic := open(t)
		indexBroad(t, index, atomic)
	})
	t.Run("Success", func(t *testing.T) {
		index, atomic := open(t)
		indexSuccess(t, index, atomic)
	})
}

// PutAll puts many entries in pieces that keep to the budget of a write
// transaction; the product itself puts one at a time.
func PutAll(ctx context.Context, x catalog.Index, es []catalog.Entry) error {
	for part := range slices.Chunk(es, 50) {
		if err := x.Put(ctx, part...); err != nil {
			return err
		}
	}
	return nil
}

// testEntries returns the small catalogue of the tests.
func testEntries() []catalog.Entry {
	at := time.Date(2020, 4, 6, 1, 0, 0, 0, time.UTC)
	e := func(id, title, about, subject, name string, grade, week int, teacher, school string) catalog.Entry {
		at = at.Add(time.Hour)
		return catalog.Entry{
			LessonID: id, PackageID: "package-" + id, Title: title, Description: about, Subject: subject,
			SubjectName: name,
			Grade:       grade, Week: week, Language: "vi", TeacherID: "t-" + teacher, Teacher: teacher,
			SchoolID: "s-" + school, School: school,
			Duration: 1234.5, Bytes: 45_000_000, PublishedAt: at,
		}
	}
	es := []catalog.Entry{
		e("ham-so", "Hàm số y = ax²", "Đồ thị của hàm số và tính chất.", "toan", "Toán", 9, 20, "Nguyễn Thị Hà",
			"THCS Him Lam"),
		e("pt-bac-hai", "Phương trình bậc hai một ẩn", "Công thức nghiệm.", "toan", "Toán", 9, 21, "Nguyễn Thị Hà",
			"THCS Him Lam"),
		e("bang-nhan", "Bảng nhân 9", "Học thuộc và vận dụng.", "toan", "Toán", 3, 5, "Lò Văn Páo",
			"Tiểu học Núa Ngam"),
		e("tay-tien", "Tây Tiến", "Bài thơ của Quang Dũng.", "ngu-van", "Ngữ văn", 12, 3, "Trần Thu Mai",
			"THPT Mường Ảng"),
		e("kieu", "Truyện Kiều của Nguyễn Du", "Đoạn trích Cảnh ngày xuân.", "ngu-van", "Ngữ văn", 9, 4, "Trần Thu Mai",
			"THCS Him Lam"),
		e("on-thi", "Ôn thi vào lớp 10: đường tròn", "", "toan", "Toán", 9, 0, "Lò Văn Páo", "THCS Him Lam"),
		e("unit9", "Unit 9 English in the world", "Reading and speaking about the environment.", "tieng-anh",
			"Tiếng Anh", 9, 20, "Vàng A Dế", "THCS Tủa Chùa"),
		e("can-bang", "Cân bằng hoá học", "Dịch chuyển cân bằng.", "hoa-hoc", "Hoá học", 10, 20, "Sùng Thị Yến",
			"THPT Mường Ảng"),
		e("can-thiep", "Sơ cứu: can thiệp kịp thời", "", "hdtn", "Hoạt động trải nghiệm", 10, 7, "Sùng Thị Yến",
			"THPT Mường Ảng"),
	}
	es[6].Language = "en"
	return es
}

func found(t *testing.T, x catalog.Index, q catalog.Query) []string {
	t.Helper()
	r, err := x.Search(bg, q)
	ok(t, err)
	return hitIDs(r)
}

func hitIDs(r catalog.Result) []string {
	ids := []string{}
	for _, h := range r.Hits {
		ids = append(ids, h.Entry.LessonID)
	}
	return ids
}

func wantIDs(t *testing.T, got []string, what string, want ...string) {
	t.Helper()
	a, b := slices.Clone(got), slices.Clone(want)
	slices.Sort(a)
	slices.Sort(b)
	if !slices.Equal(a, b) {
		t.Errorf("%s: found %q, want %q", what, got, want)
	}
}

func wantFirst(t *testing.T, x catalog.Index, text, id string) {
	t.Helper()
	if got := found(t, x, catalog.Query{Text: text}); len(got) == 0 || got[0] != id {
		t.Errorf("%q: found %q, want %q first", text, got, id)
	}
}

func indexPut(t *testing.T, x catalog.Index, _ job.Atomic) {
	es := testEntries()
	ok(t, x.Put(bg, es...))
	ok(t, x.Put(bg))
	ok(t, x.Delete(bg))
	ids, err := x.IDs(bg)
	ok(t, err)
	if len(ids) != len(es) {
		t.Fatalf("IDs = %q", ids)
	}
	got, err := x.Entries(bg, "kieu", "no such lesson", "ham-so")
	ok(t, err)
	slices.SortFunc(got, func(a, b catalog.Entry) int { return strings.Compare(a.LessonID, b.LessonID) })
	if d := cmp.Diff([]catalog.Entry{es[0], es[4]}, got); d != "" {
		t.Errorf("Entries (-want +got)\n%s", d)
	}
	indexFingerprints(t, x, es)
	r, err := x.Search(bg, catalog.Query{Text: "truyện kiều"})
	ok(t, err)
	if len(r.Hits) != 1 || r.EstimatedTotal != 1 {
		t.Fatalf("search: %+v", r)
	}
	if d := cmp.Diff(es[4], r.Hits[0].Entry); d != "" {
		t.Errorf("hit (-want +got)\n%s", d)
	}

	// Put again replaces, the words of before included; a title is data.
	changed := es[4]
	changed.Title, changed.Grade = `Lặng lẽ Sa Pa '; DROP TABLE catalog_entry; -- ? ?0 \ %s "`, 8
	ok(t, x.Put(bg, changed))
	ok(t, x.Put(bg, changed))
	wantIDs(t, found(t, x, catalog.Query{Text: "truyen kieu"}), "the old title")
	wantIDs(t, found(t, x, catalog.Query{Text: "lang le sa pa", Grade: 8}), "the new title", "kieu")
	if got, _ := x.Entries(bg, "kieu"); len(got) != 1 || got[0].Title != changed.Title {
		t.Errorf("title kept as %+v", got)
	}

	es[4] = changed
	indexFingerprints(t, x, es)
	ok(t, x.Delete(bg, "kieu", "never there"))
	ok(t, x.Delete(bg, "kieu"))
	wantIDs(t, found(t, x, catalog.Query{Text: "lang le"}), "a deleted lesson")
	if ids, _ := x.IDs(bg); len(ids) != len(es)-1 || slices.Contains(ids, "kieu") {
		t.Errorf("IDs after deleting: %q", ids)
	}
}

// indexFingerprints checks that the index keeps the fingerprints of the entries.
func indexFingerprints(t *testing.T, x catalog.Index, es []catalog.Entry) {
	t.Helper()
	want := map[string]string{}
	for _, e := range es {
		want[e.LessonID] = e.Fingerprint()
	}
	got, err := x.Fingerprints(bg)
	ok(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Fingerprints (-want +got)\n%s", d)
	}
}

var errIndexUndo = errors.New("undo")

func indexTransactions(t *testing.T, x catalog.Index, atomic job.Atomic) {
	es := testEntries()
	ok(t, x.Put(bg, es[:2]...))
	wantFirst(t, x, "ham so", "ham-so")
	before, err := x.Search(bg, catalog.Query{})
	ok(t, err)
	err = atomic.Atomically(bg, func(ctx context.Context) error {
		if err := x.Put(ctx, es[3]); err != nil {
			return err
		}
		if err := x.Delete(ctx, "ham-so"); err != nil {
			return err
		}
		// Inside, the change is seen, in what is found and in the vocabulary.
		r, err := x.Search(ctx, catalog.Query{Text: "tay tienn"})
		if err != nil {
			return err
		}
		wantIDs(t, hitIDs(r), "inside the transaction", "tay-tien")
		return errIndexUndo
	})
	if !errors.Is(err, errIndexUndo) {
		t.Fatalf("Atomically = %v", err)
	}
	ids, err := x.IDs(bg)
	ok(t, err)
	wantIDs(t, ids, "IDs after undoing", "ham-so", "pt-bac-hai")
	wantIDs(t, found(t, x, catalog.Query{Text: "tay tien"}), "undone put")
	wantFirst(t, x, "ham so", "ham-so")
	after, err := x.Search(bg, catalog.Query{})
	ok(t, err)
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("the index changed (-before +after)\n%s", d)
	}
	ok(t, atomic.Atomically(bg, func(ctx context.Context) error { return x.Put(ctx, es[3]) }))
	wantFirst(t, x, "tay tien", "tay-tien")
}

func indexFilters(t *testing.T, x catalog.Index, _ job.Atomic) {
	ok(t, x.Put(bg, testEntries()...))
	for _, c := range []struct {
		q    catalog.Query
		want []string
	}{
		{catalog.Query{Subject: "toan"}, []string{"ham-so", "pt-bac-hai", "bang-nhan", "on-thi"}},
		{catalog.Query{Grade: 12}, []string{"tay-tien"}},
		{catalog.Query{Week: 20}, []string{"ham-so", "unit9", "can-bang"}},
		{catalog.Query{Language: "en"}, []string{"unit9"}},
		{catalog.Query{School: "s-THPT Mường Ảng"}, []string{"tay-tien", "can-bang", "can-thiep"}},
		{catalog.Query{School: "s-THCS Him Lam", Subject: "toan", Grade: 9, Week: 20, Language: "vi"},
			[]string{"ham-so"}},
		{catalog.Query{Text: "cân", Week: 20}, []string{"can-bang"}},
		{catalog.Query{Text: "hà", Grade: 9, Subject: "toan"}, []string{"ham-so", "pt-bac-hai"}},
		{catalog.Query{Subject: "no such"}, nil},
		{catalog.Query{Grade: 99}, nil},
		{catalog.Query{Grade: -1, Week: -7}, nil},
		{catalog.Query{Subject: "toan' OR '1'='1"}, nil},
		{catalog.Query{School: `") OR 1=1 --`}, nil},
	} {
		wantIDs(t, found(t, x, c.q), "filters", c.want...)
	}
}

func indexFacets(t *testing.T, x catalog.Index, _ job.Atomic) {
	ok(t, x.Put(bg, testEntries()...))
	r, err := x.Search(bg, catalog.Query{Subject: "toan", Grade: 9})
	ok(t, err)
	want := catalog.Facets{
		Subject:  map[string]int{"toan": 3, "ngu-van": 1, "tieng-anh": 1}, // of grade 9
		Grade:    map[int]int{9: 3, 3: 1},                                 // of toan
		Week:     map[int]int{20: 1, 21: 1},
		Language: map[string]int{"vi": 3},
		School:   map[string]int{"s-THCS Him Lam": 3},
	}
	if d := cmp.Diff(want, r.Facets); d != "" {
		t.Errorf("without text (-want +got)\n%s", d)
	}
	if r.EstimatedTotal != 3 {
		t.Errorf("total %d, want 3", r.EstimatedTotal)
	}
	r, err = x.Search(bg, catalog.Query{Text: "him lam", Subject: "ngu-van"})
	ok(t, err)
	want = catalog.Facets{
		Subject: map[string]int{"toan": 3, "ngu-van": 1}, Grade: map[int]int{9: 1}, Week: map[int]int{4: 1},
		Language: map[string]int{"vi": 1},
		School:   map[string]int{"s-THCS Him Lam": 1},
	}
	if d := cmp.Diff(want, r.Facets); d != "" {
		t.Errorf("with text (-want +got)\n%s", d)
	}
	if r.EstimatedTotal != 1 {
		t.Errorf("total %d, want 1", r.EstimatedTotal)
	}
	// Every group ignores its own filter, the school's too; all filters together.
	for _, text := range []string{"", "hoá học"} {
		r, err = x.Search(bg, catalog.Query{Text: text, School: "s-THCS Him Lam", Week: 20, Language: "vi"})
		ok(t, err)
		if d := cmp.Diff(map[string]int{"s-THPT Mường Ảng": 1}, without(r.Facets.School, "s-THCS Him Lam")); d != "" {
			t.Errorf("schools for %q (-want +got)\n%s", text, d)
		}
	}
	r, err = x.Search(bg, catalog.Query{School: "s-THCS Tủa Chùa", Language: "vi"})
	ok(t, err)
	want = catalog.Facets{Subject: map[string]int{}, Grade: map[int]int{}, Week: map[int]int{},
		Language: map[string]int{"en": 1},
		School:   map[string]int{"s-THCS Him Lam": 4, "s-Tiểu học Núa Ngam": 1, "s-THPT Mường Ảng": 3}}
	if d := cmp.Diff(want, r.Facets); d != "" || r.EstimatedTotal != 0 {
		t.Errorf("a school without lessons in the language: %d (-want +got)\n%s", r.EstimatedTotal, d)
	}
	// What leaves the index leaves the counts.
	ok(t, x.Delete(bg, "unit9"))
	if r, err = x.Search(bg, catalog.Query{}); err != nil || r.Facets.School["s-THCS Tủa Chùa"] != 0 ||
		r.Facets.School["s-THCS Him Lam"] != 4 {
		t.Errorf("after a lesson went: %v, %v", r.Facets.School, err)
	}
}

func without(m map[string]int, key string) map[string]int {
	out := maps.Clone(m)
	delete(out, key)
	return out
}
