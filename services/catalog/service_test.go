package catalog

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
)

// fakeDatabase holds a few lessons and people in memory. Methods of the embedded
// nil store must not be called.
type fakeDatabase struct {
	lesson.Store
	lessons map[string]lesson.Lesson
	people  map[string]people.Person
	schools map[string]school.School
	broken  error
	inTx    int // depth of Atomically
	longest int // most changes in one transaction
	changes int
}

func (n *fakeDatabase) Lesson(_ context.Context, id string) (lesson.Lesson, error) {
	if n.broken != nil {
		return lesson.Lesson{}, n.broken
	}
	l, ok := n.lessons[id]
	if !ok {
		return l, fault.New(fault.NotFound, "lesson.not_found")
	}
	return l, nil
}

func (n *fakeDatabase) Lock(ctx context.Context, id string) (lesson.Lesson, error) {
	if n.inTx == 0 {
		return lesson.Lesson{}, errors.New("lock outside a transaction")
	}
	n.changes++
	return n.Lesson(ctx, id)
}

// Lessons pages by two, newest (greatest id) first.
func (n *fakeDatabase) Lessons(_ context.Context, f lesson.Filter) ([]lesson.Lesson, string, error) {
	var out []lesson.Lesson
	for _, l := range n.lessons {
		if slices.Contains(f.Status, l.Status) && l.DeletedAt.IsZero() && (f.After == "" || l.ID < f.After) {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b lesson.Lesson) int { return strings.Compare(b.ID, a.ID) })
	if len(out) > 2 {
		return out[:2], out[1].ID, n.broken
	}
	return out, "", n.broken
}

func (n *fakeDatabase) Person(_ context.Context, id string) (people.Person, error) {
	p, ok := n.people[id]
	if !ok {
		return p, fault.New(fault.NotFound, "people.not_found")
	}
	return p, nil
}

func (n *fakeDatabase) School(_ context.Context, id string) (school.School, error) {
	s, ok := n.schools[id]
	if !ok {
		return s, fault.New(fault.NotFound, "school.not_found")
	}
	return s, nil
}

func (n *fakeDatabase) Subjects(context.Context) ([]school.Subject, error) {
	return []school.Subject{{Code: "toan", Name: "Toán"}, {Code: "ngu-van", Name: "Ngữ văn"}}, nil
}

func (n *fakeDatabase) Atomically(ctx context.Context, fn func(context.Context) error) error {
	n.inTx, n.changes = n.inTx+1, 0
	defer func() { n.inTx--; n.longest = max(n.longest, n.changes) }()
	return fn(ctx)
}

// fakeIndex is an Index that stores entries and finds nothing.
type fakeIndex struct {
	puts       int
	unverified map[string]bool // put by a release without fingerprints
	entries    map[string]Entry
	query      Query
	limit      int
	broken     error
}

func (x *fakeIndex) Put(_ context.Context, es ...Entry) error {
	for _, e := range es {
		x.entries[e.LessonID] = e
		delete(x.unverified, e.LessonID)
	}
	x.puts += len(es)
	return x.broken
}

func (x *fakeIndex) Delete(_ context.Context, ids ...string) error {
	for _, id := range ids {
		delete(x.entries, id)
	}
	return x.broken
}

func (x *fakeIndex) Search(_ context.Context, q Query) (Result, error) {
	x.query = q
	return Result{EstimatedTotal: 3}, x.broken
}

func (x *fakeIndex) Suggest(_ context.Context, text string, _, limit int) ([]Suggestion, error) {
	x.query.Text, x.limit = text, limit
	return nil, x.broken
}

func (x *fakeIndex) IDs(context.Context) ([]string, error) {
	var ids []string
	for id := range x.entries {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, x.broken
}

func (x *fakeIndex) Fingerprints(context.Context) (map[string]string, error) {
	out := map[string]string{}
	for id, e := range x.entries {
		if out[id] = e.Fingerprint(); x.unverified[id] {
			out[id] = ""
		}
	}
	return out, x.broken
}

func (x *fakeIndex) Entries(_ context.Context, ids ...string) ([]Entry, error) {
	var out []Entry
	for _, id := range ids {
		if e, ok := x.entries[id]; ok {
			out = append(out, e)
		}
	}
	return out, x.broken
}

var noon = time.Date(2026, 4, 6, 5, 0, 0, 123456789, time.UTC)

func newFixture() (*Service, *fakeDatabase, *fakeIndex) {
	n := &fakeDatabase{
		people:  map[string]people.Person{"t1": {ID: "t1", Name: "Nguyễn Thị Hà"}},
		schools: map[string]school.School{"s1": {ID: "s1", Name: "THCS Him Lam"}},
		lessons: map[string]lesson.Lesson{},
	}
	for _, id := range []string{"l1", "l2", "l3", "l4", "l5"} {
		n.lessons[id] = lesson.Lesson{
			ID: id, Title: "Hàm số", Description: "Đồ thị", Subject: "toan", Grade: 9, Week: 20, Language: "vi",
			TeacherID: "t1", SchoolID: "s1",
			Status: lesson.Published, PublishedAt: noon,
			Media: lesson.Media{State: lesson.Ready, Playable: true, PackageID: "p-" + id, Duration: 600.25},
			Renditions: []lesson.Rendition{{Name: "720p", Kind: "video", Width: 1280, Height: 720, Bytes: 900},
				{Name: "360p", Kind: "video", Width: 640, Height: 360, Bytes: 300}},
		}
	}
	x := &fakeIndex{entries: map[string]Entry{}}
	clock := noon
	s := &Service{Index: x, Lessons: n, Atomic: n, People: n, Schools: n,
		Now: func() time.Time { clock = clock.Add(7 * time.Millisecond); return clock }}
	return s, n, x
}

func editLesson(n *fakeDatabase, id string, change func(*lesson.Lesson)) {
	l := n.lessons[id]
	change(&l)
	n.lessons[id] = l
}

func TestChanged(t *testing.T) {
	ctx := t.Context()
	s, n, x := newFixture()
	if err := s.Changed(ctx, "l1"); err != nil {
		t.Fatal(err)
	}
	want := Entry{
		LessonID: "l1", PackageID: "p-l1", Title: "Hàm số", Description: "Đồ thị", Subject: "toan", SubjectName: "Toán",
		Grade: 9, Week: 20, Language: "vi",
		TeacherID: "t1", Teacher: "Nguyễn Thị Hà", SchoolID: "s1", School: "THCS Him Lam", Duration: 600.25, Bytes: 300,
		PublishedAt: noon.Truncate(time.Millisecond),
	}
	if d := cmp.Diff(want, x.entries["l1"]); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for name, change := range map[string]func(*lesson.Lesson){
		"withdrawn":    func(l *lesson.Lesson) { l.Status = lesson.Withdrawn },
		"deleted":      func(l *lesson.Lesson) { l.DeletedAt = noon },
		"not playable": func(l *lesson.Lesson) { l.Media.Playable = false },
		"draft":        func(l *lesson.Lesson) { l.Status = lesson.Draft },
	} {
		s, n, x := newFixture()
		if err := s.Changed(ctx, "l1"); err != nil {
			t.Fatal(err)
		}
		editLesson(n, "l1", change)
		if err := s.Changed(ctx, "l1"); err != nil || len(x.entries) != 0 {
			t.Errorf("%s: %v, %d entries", name, err, len(x.entries))
		}
	}
	delete(n.lessons, "l1")
	if err := s.Changed(ctx, "l1"); err != nil || len(x.entries) != 0 {
		t.Errorf("erased: %v, %d entries", err, len(x.entries))
	}
	// Names that are gone do not hide a lesson.
	editLesson(n, "l2", func(l *lesson.Lesson) { l.TeacherID, l.SchoolID, l.Subject = "gone", "gone", "gone" })
	if err := s.Changed(ctx,
		"l2"); err != nil || x.entries["l2"].Teacher != "" || x.entries["l2"].SubjectName != "gone" {
		t.Errorf("names gone: %v, %+v", err, x.entries["l2"])
	}
	n.broken = errors.New("disk failure")
	if err := s.Changed(ctx, "l2"); !errors.Is(err, n.broken) {
		t.Errorf("broken store: %v", err)
	}
	if len(x.entries) != 1 {
		t.Error("a broken store emptied the index")
	}
}

func TestCheckAndRebuild(t *testing.T) {
	ctx := t.Context()
	s, n, x := newFixture()
	editLesson(n, "l5", func(l *lesson.Lesson) { l.Media.Playable = false })
	for _, id := range []string{"l1", "l2", "l3"} {
		if err := s.Changed(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	n.people["t1"] = people.Person{ID: "t1", Name: "Nguyễn Thị Hà"}
	editLesson(n, "l2", func(l *lesson.Lesson) { l.Title = "Căn bậc hai" })
	editLesson(n, "l3", func(l *lesson.Lesson) { l.Status = lesson.Withdrawn })
	x.entries["unknown"] = Entry{LessonID: "unknown"}
	want := Difference{Missing: []string{"l4"}, Extra: []string{"l3", "unknown"}, Stale: []string{"l2"}}
	got, err := s.Check(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Check (-want +got)\n%s", d)
	}
	if got, err = s.Rebuild(ctx); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("Rebuild = %+v, %v", got, err)
	}
	if got, err = s.Check(ctx); err != nil || !got.None() {
		t.Errorf("after Rebuild: %+v, %v", got, err)
	}
	if x.entries["l2"].Title != "Căn bậc hai" || len(x.entries) != 3 {
		t.Errorf("entries %+v", x.entries)
	}
	// A person's new name is a difference, too.
	n.people["t1"] = people.Person{ID: "t1", Name: "Trần Thu Mai"}
	if got, _ = s.Check(ctx); len(got.Stale) != 3 {
		t.Errorf("after a new name: %+v", got)
	}
	n.broken = errors.New("disk failure")
	if _, err := s.Check(ctx); !errors.Is(err, n.broken) {
		t.Errorf("broken store: %v", err)
	}
}

func TestRebuildWorksInSmallTransactions(t *testing.T) {
	s, n, x := newFixture()
	for i := range 45 {
		x.entries["unknown"+string(rune('A'+i))] = Entry{}
	}
	if _, err := s.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(x.entries) != 5 || n.longest > repairBatch || n.longest == 0 {
		t.Errorf("%d entries, %d changes in one transaction", len(x.entries), n.longest)
	}
}

func TestQueriesAreBounded(t *testing.T) {
	s, _, x := newFixture()
	r, err := s.Search(t.Context(), Query{Text: strings.Repeat("ă", 900), Limit: 5000, Offset: -4})
	if err != nil || r.EstimatedTotal != 3 || r.Took != 7*time.Millisecond {
		t.Errorf("%+v, %v", r, err)
	}
	if len([]rune(x.query.Text)) != MaxText || x.query.Limit != MaxLimit || x.query.Offset != 0 {
		t.Errorf("query %+v", x.query)
	}
	for limit, want := range map[int]int{0: DefaultSuggestions, -1: DefaultSuggestions, 3: 3, 999: MaxSuggestions} {
		if _, err := s.Suggest(t.Context(), "ham\x00", 0, limit); err != nil || x.limit != want ||
			x.query.Text != "ham " {
			t.Errorf("limit %d asks for %d of %q: %v", limit, x.limit, x.query.Text, err)
		}
	}
	x.broken = fault.New(fault.Unavailable, "catalog.unavailable")
	if _, err := s.Search(t.Context(), Query{}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("broken index: %v", err)
	}
	if _, err := s.Suggest(t.Context(), "a", 0, 1); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("broken index: %v", err)
	}
}

func TestPhoneBytes(t *testing.T) {
	video := func(w, h int, bytes int64) lesson.Rendition {
		return lesson.Rendition{Kind: "video", Width: w, Height: h, Bytes: bytes}
	}
	for _, c := range []struct {
		rs   []lesson.Rendition
		want int64
	}{
		{nil, 0},
		{[]lesson.Rendition{video(1920, 1080, 9), video(854, 480, 4), video(426, 240, 1)}, 4},
		{[]lesson.Rendition{video(426, 240, 1), video(640, 360, 3), video(1280, 720, 8)}, 3},
		{[]lesson.Rendition{video(1920, 1080, 9), video(1280, 720, 8)}, 8},
		{[]lesson.Rendition{video(720, 1280, 8), video(360, 640, 2)}, 2}, // portrait
		{[]lesson.Rendition{{Kind: "audio", Bytes: 5}, {Kind: "audio", Bytes: 2}}, 2},
		{[]lesson.Rendition{{Kind: "file", Bytes: 7}, {Kind: "audio", Bytes: 5}, video(854, 480, 4)}, 4},
	} {
		if got := phoneBytes(c.rs); got != c.want {
			t.Errorf("phoneBytes(%+v) = %d, want %d", c.rs, got, c.want)
		}
	}
}
