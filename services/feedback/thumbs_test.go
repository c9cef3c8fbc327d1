package feedback

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"lenlop/services/caption"
	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/viewership/disclosure"
)

// thumbDesk is Thumbs with a store in memory. The lessons are those of library.
type thumbDesk struct {
	*Thumbs
	now      time.Time
	thumbs   map[string]Thumb
	sums     []ThumbSum // if set, what ThumbSums returns
	chapters []caption.Chapter
	devices  int
}

func newThumbDesk() *thumbDesk {
	d := &thumbDesk{now: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC), thumbs: map[string]Thumb{}}
	d.Thumbs = &Thumbs{Store: d, Lessons: library{}, Parts: d, Viewers: d, Now: func() time.Time { return d.now },
		Zone: time.UTC}
	return d
}

func (d *thumbDesk) ChaptersOf(context.Context, string) ([]caption.Chapter, error) {
	return d.chapters, nil
}

func (d *thumbDesk) ViewerOf(by people.Person, device string) (string, string, error) {
	if !by.Anonymous() {
		return "p:" + by.ID, device, nil
	}
	if device == "" {
		d.devices++
		device = fmt.Sprintf("máy-%d", d.devices)
	}
	return "d:" + device, device, nil
}

func (d *thumbDesk) SaveThumb(_ context.Context, t Thumb) error {
	d.thumbs[t.LessonID+t.Chapter.String()+t.Viewer] = t
	return nil
}

func (d *thumbDesk) ThumbsOf(_ context.Context, id, viewer string) (out []Thumb, _ error) {
	for _, t := range d.thumbs {
		if t.LessonID == id && t.Viewer == viewer {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Thumb) int { return cmp.Compare(a.Chapter, b.Chapter) })
	return out, nil
}

func (d *thumbDesk) ThumbSums(_ context.Context, id string) (out []ThumbSum, _ error) {
	if d.sums != nil {
		return d.sums, nil
	}
	for _, t := range d.thumbs {
		if t.LessonID != id {
			continue
		}
		i := slices.IndexFunc(out, func(x ThumbSum) bool {
			return x.Chapter == t.Chapter && x.Understood == t.Understood
		})
		if i < 0 {
			i, out = len(out), append(out, ThumbSum{Chapter: t.Chapter, Understood: t.Understood})
		}
		out[i].N++
		if t.Viewer[:2] == "p:" {
			out[i].Persons++
		}
	}
	return out, nil
}

func (d *thumbDesk) ForgetThumbs(_ context.Context, before time.Time, limit int) (n int, _ error) {
	for key, t := range d.thumbs {
		if n < limit && t.At.Before(before) {
			delete(d.thumbs, key)
			n++
		}
	}
	return n, nil
}

// own lists the viewer's thumbs in the published lesson.
func (d *thumbDesk) own(t *testing.T, by people.Person, device string) []ChapterThumb {
	t.Helper()
	l, err := library{}.Read(t.Context(), by, "bai")
	if err != nil {
		t.Fatal(err)
	}
	list, err := d.OwnThumbs(t.Context(), by, device, l, d.chapters)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var (
	anybody  = people.Person{}
	student  = with("em", people.Student, "s1")
	owner    = with("co-lan", people.Teacher, "s1")
	other    = with("co-mai", people.Teacher, "s1")
	reviewer = with("so", people.Reviewer, "")
)

func TestOneThumbPerViewerAndChapter(t *testing.T) {
	d := newThumbDesk()
	mark := func(by people.Person, device string, chapter time.Duration, answer string) (string, error) {
		return d.MarkChapter(t.Context(), by, device, "bai", chapter, answer)
	}
	device, err := mark(anybody, "", WholeLesson, Yes)
	if err != nil || device == "" {
		t.Fatal(err)
	}
	for _, answer := range []string{Yes, NotYet, NotYet} {
		if kept, err := mark(anybody, device, WholeLesson, answer); err != nil || kept != device {
			t.Fatal(err)
		}
	}
	if _, err := mark(student, device, WholeLesson, Yes); err != nil { // the same device, signed in
		t.Fatal(err)
	}
	list, own, err := d.ThumbCounts(t.Context(), owner, "bai")
	if err != nil || !own || len(list) != 1 || list[0].At != WholeLesson ||
		list[0].Understood != (ThumbCount{N: 1, Persons: 1}) || list[0].NotYet != (ThumbCount{N: 1}) {
		t.Fatalf("%+v %v", list, err)
	}
	if mine := d.own(t, anybody, device); len(mine) != 1 || mine[0].Thumb != NotYet {
		t.Errorf("the device's thumbs: %+v", mine)
	}
	if mine := d.own(t, student, ""); len(mine) != 1 || mine[0].Thumb != Yes {
		t.Errorf("the student's thumbs: %+v", mine)
	}
	if mine := d.own(t, anybody, ""); len(mine) != 1 || mine[0].Thumb != "" {
		t.Errorf("the thumbs of a new device: %+v", mine)
	}
	if mine := d.own(t, owner, ""); mine != nil {
		t.Errorf("the teacher may give a thumb: %+v", mine)
	}
}

func TestThumbsAreForChaptersThatExist(t *testing.T) {
	d := newThumbDesk()
	if _, err := d.MarkChapter(t.Context(), student, "", "bai", WholeLesson, Yes); err != nil {
		t.Fatal(err)
	}
	d.chapters = []caption.Chapter{{At: 0, Title: "Mở đầu"}, {At: 90 * time.Second, Title: "Ví dụ"}}
	if mine := d.own(t, student, ""); len(mine) != 2 || mine[0].Thumb != "" || mine[1].Title != "Ví dụ" {
		t.Errorf("a thumb for the whole lesson counts for a chapter: %+v", mine)
	}
	for _, bad := range []struct {
		by      people.Person
		lesson  string
		chapter time.Duration
		answer  string
		code    string
		field   string
	}{
		{student, "bai", WholeLesson, Yes, "thumb.invalid", "chapter"},
		{student, "bai", time.Second, Yes, "thumb.invalid", "chapter"},
		{student, "bai", 0, "maybe", "thumb.invalid", "said"},
		{owner, "bai", 0, Yes, "access.denied", ""},
		{reviewer, "bai", 0, Yes, "access.denied", ""},
		{owner, "nhap", 0, Yes, "access.denied", ""},
		{anybody, "nhap", 0, Yes, "lesson.not_found", ""},
	} {
		_, err := d.MarkChapter(t.Context(), bad.by, "", bad.lesson, bad.chapter, bad.answer)
		f := fault.As(err)
		if f == nil || f.Code != bad.code || bad.field != "" && f.Fields[0].Name != bad.field {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if len(d.thumbs) != 1 {
		t.Errorf("invalid thumbs were saved: %+v", d.thumbs)
	}
}

func TestWhoReadsThumbCounts(t *testing.T) {
	for _, c := range []struct {
		by   people.Person
		code string // of the fault; "" if the person may
		own  bool
	}{
		{anybody, "signin.needed", false}, {student, "access.denied", false}, {other, "access.denied", false},
		{owner, "", true}, {reviewer, "", false}, {with("truong", people.Head, "s1"), "", false},
	} {
		_, own, err := newThumbDesk().ThumbCounts(t.Context(), c.by, "bai")
		if own != c.own || c.code == "" && err != nil || c.code != "" && !fault.Is(err, c.code) {
			t.Errorf("%q: own %v, %v", c.by.ID, own, err)
		}
	}
	if _, _, err := newThumbDesk().ThumbCounts(t.Context(), anybody, "nhap"); !fault.Is(err, "lesson.not_found") {
		t.Errorf("a draft: %v", err)
	}
}

// TestSmallThumbsAreHidden: small numbers are hidden from everybody but the lesson's own teacher, as in all tables.
func TestSmallThumbsAreHidden(t *testing.T) {
	d := newThumbDesk()
	d.chapters = []caption.Chapter{{At: 0, Title: "a"}, {At: 90 * time.Second, Title: "b"}}
	d.sums = []ThumbSum{{0, true, 12, 8}, {0, false, 2, 1}, {90 * time.Second, true, 3, 0},
		{90 * time.Second, false, 30, 30}, {200 * time.Second, true, 9, 9}}
	exact, _, err := d.ThumbCounts(t.Context(), owner, "bai")
	if err != nil || len(exact) != 2 || exact[0].NotYet != (ThumbCount{N: 2, Persons: 1}) ||
		exact[1].Understood != (ThumbCount{N: 3}) {
		t.Errorf("own: %+v %v", exact, err)
	}
	shown, _, err := d.ThumbCounts(t.Context(), reviewer, "bai")
	want := []ChapterCounts{
		{At: 0, Title: "a", Understood: ThumbCount{N: 12}, NotYet: ThumbCount{Mark: disclosure.Small}},
		{At: 90 * time.Second, Title: "b", Understood: ThumbCount{Mark: disclosure.Withheld},
			NotYet: ThumbCount{N: 30}}}
	if err != nil || !slices.Equal(shown, want) {
		t.Errorf("%+v %v, want %+v", shown, err, want)
	}
}

func TestLimitOfDeviceThumbs(t *testing.T) {
	d := newThumbDesk()
	d.sums = []ThumbSum{{WholeLesson, true, MaxThumbs, 0}, {WholeLesson, false, 7, 7}}
	if _, err := d.MarkChapter(t.Context(), anybody, "", "bai", WholeLesson, Yes); !fault.Is(err, "thumb.full") {
		t.Fatal(err)
	}
	if _, err := d.MarkChapter(t.Context(), student, "", "bai", WholeLesson, Yes); err != nil {
		t.Fatalf("a student who is signed in: %v", err)
	}
	d.sums[0].N--
	if _, err := d.MarkChapter(t.Context(), anybody, "", "bai", WholeLesson, Yes); err != nil {
		t.Fatalf("below the limit: %v", err)
	}
}

func TestThumbsEndWithTheTerm(t *testing.T) {
	d := newThumbDesk()
	const n = 2*forgottenAtOnce + 1
	for i := range n {
		d.thumbs[fmt.Sprint(i)] = Thumb{At: time.Date(2027, 1, 15, 23, 0, 0, 0, time.UTC)}
	}
	d.now = time.Date(2027, 1, 15, 23, 59, 0, 0, time.UTC)
	if err := d.Forget(t.Context()); err != nil || len(d.thumbs) != n {
		t.Fatalf("%d thumbs are left before the term's end, %v", len(d.thumbs), err)
	}
	d.now = d.now.Add(2 * time.Minute)
	if err := d.Forget(t.Context()); err != nil || len(d.thumbs) != 0 {
		t.Fatalf("%d thumbs are left, %v", len(d.thumbs), err)
	}
}
