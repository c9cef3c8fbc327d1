package feedback

import (
	"context"
	"time"

	"lenlop/services/caption"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/playback"
)

// WholeLesson is the chapter of a lesson without chapters.
const WholeLesson time.Duration = -1

// MaxThumbs limits the thumbs of a lesson from devices without a sign-in: twice the students of a grade in a large
// province, so that a script that invents devices is stopped.
const MaxThumbs = 50_000

// Thumb is one viewer's answer whether they understood a chapter.
type Thumb struct {
	LessonID   string
	Chapter    time.Duration // start of the chapter, or WholeLesson
	Viewer     string        // the viewer's key in viewership
	Understood bool
	At         time.Time
}

// ThumbSum is how many viewers gave the same answer to a chapter.
type ThumbSum struct {
	Chapter    time.Duration
	Understood bool
	N          int64 // viewers
	Persons    int64 // of these, signed in
}

// ThumbStore stores thumbs. Of each viewer and chapter it keeps the latest.
type ThumbStore interface {
	SaveThumb(ctx context.Context, t Thumb) error
	ThumbsOf(ctx context.Context, lesson, viewer string) ([]Thumb, error)
	// ThumbSums counts the thumbs of a lesson, in no order.
	ThumbSums(ctx context.Context, lesson string) ([]ThumbSum, error)
	// ForgetThumbs deletes thumbs that are older, at most limit of them, and returns how many it deleted.
	ForgetThumbs(ctx context.Context, before time.Time, limit int) (int, error)
}

// Thumbs receives the viewers' thumbs and counts them for those who may read the lesson's figures.
type Thumbs struct {
	Store   ThumbStore
	Lessons Lessons
	Parts   Chapters
	Viewers Viewers
	Now     func() time.Time
	Zone    *time.Location
}

// Chapters lists a lesson's chapters (caption.Service).
type Chapters interface {
	ChaptersOf(ctx context.Context, lessonID string) ([]caption.Chapter, error)
}

// Viewers identifies who watches: a person or a device (playback.Service).
type Viewers interface {
	ViewerOf(by people.Person, device string) (viewer, kept string, err error)
}

// ChapterThumb is a chapter with the viewer's own thumb: "", Yes or NotYet.
type ChapterThumb struct {
	At    time.Duration // WholeLesson when the lesson has no chapters
	Title string
	Thumb string
}

// The answers.
const (
	Yes    = "yes"
	NotYet = "not-yet"
)

// OwnThumbs lists the chapters of a lesson with the viewer's thumbs. The lesson and its chapters have been read for the
// person and are not read again. The list is empty for persons who may not give a thumb, such as staff, and for lessons
// that are not published.
func (s *Thumbs) OwnThumbs(ctx context.Context, by people.Person, device string, l lesson.Lesson,
	chapters []caption.Chapter) ([]ChapterThumb, error) {
	if !people.May(by, people.MarkLesson, l.Object()) {
		return nil, nil
	}
	parts := partsOf(chapters)
	if by.Anonymous() && device == "" {
		return parts, nil
	}
	viewer, _, err := s.Viewers.ViewerOf(by, device)
	if err != nil {
		return nil, err
	}
	own, err := s.Store.ThumbsOf(ctx, l.ID, viewer)
	for i := range parts {
		for _, t := range own {
			if t.Chapter == parts[i].At {
				parts[i].Thumb = answerOf(t.Understood)
			}
		}
	}
	return parts, err
}

func answerOf(understood bool) string {
	if understood {
		return Yes
	}
	return NotYet
}

// parts returns a lesson's chapters, or WholeLesson when it has none.
func (s *Thumbs) parts(ctx context.Context, lessonID string) ([]ChapterThumb, error) {
	chapters, err := s.Parts.ChaptersOf(ctx, lessonID)
	return partsOf(chapters), err
}

func partsOf(chapters []caption.Chapter) []ChapterThumb {
	parts := make([]ChapterThumb, 0, max(1, len(chapters)))
	for _, c := range chapters {
		parts = append(parts, ChapterThumb{At: c.At, Title: c.Title})
	}
	if len(parts) == 0 {
		parts = append(parts, ChapterThumb{At: WholeLesson})
	}
	return parts
}

// MarkChapter saves a viewer's thumb for a chapter. The same answer again changes nothing, the other one replaces it.
// kept is the identifier that the device uses from now on. Faults: "access.denied", "thumb.invalid" with the field,
// "thumb.full".
func (s *Thumbs) MarkChapter(ctx context.Context, by people.Person, device, lessonID string, chapter time.Duration,
	answer string) (kept string, err error) {
	l, err := s.Lessons.Read(ctx, by, lessonID)
	if err != nil {
		return "", err
	}
	if !people.May(by, people.MarkLesson, l.Object()) {
		if by.Anonymous() {
			return "", fault.New(fault.NotFound, "lesson.not_found")
		}
		return "", fault.New(fault.Forbidden, "access.denied")
	}
	if answer != Yes && answer != NotYet {
		return "", fault.Form("thumb.invalid", fault.Wrong("said", "field.unreadable"))
	}
	parts, err := s.parts(ctx, l.ID)
	if err != nil {
		return "", err
	}
	known := false
	for _, p := range parts {
		known = known || p.At == chapter
	}
	if !known {
		return "", fault.Form("thumb.invalid", fault.Wrong("chapter", "thumb.no_chapter"))
	}
	viewer, kept, err := s.Viewers.ViewerOf(by, device)
	if err != nil {
		return "", err
	}
	if by.Anonymous() {
		if err := s.fits(ctx, l.ID); err != nil {
			return "", err
		}
	}
	return kept, s.Store.SaveThumb(ctx,
		Thumb{LessonID: l.ID, Chapter: chapter, Viewer: viewer, Understood: answer == Yes, At: s.Now()})
}

// fits refuses a device's thumb when the lesson has MaxThumbs of devices.
func (s *Thumbs) fits(ctx context.Context, lessonID string) error {
	sums, err := s.Store.ThumbSums(ctx, lessonID)
	if err != nil {
		return err
	}
	var n int64
	for _, x := range sums {
		n += x.N - x.Persons
	}
	if n >= MaxThumbs {
		return fault.New(fault.RateLimited, "thumb.full")
	}
	return nil
}

// ThumbCount is one number in a table of thumbs. It is 0 when Mark shows that it is hidden.
type ThumbCount struct {
	N       int64
	Persons int64 // of these, signed in; only for the lesson's own teacher
	Mark    disclosure.Mark
}

// ChapterCounts are the thumbs of one chapter.
type ChapterCounts struct {
	At                 time.Duration // WholeLesson when the lesson has no chapters
	Title              string
	Understood, NotYet ThumbCount
}

// ThumbCounts counts the thumbs of each chapter of a lesson. Its own teacher sees the exact numbers; for everybody else
// numbers from one to four are hidden as in all tables (disclosure.Conceal).
func (s *Thumbs) ThumbCounts(ctx context.Context, by people.Person, lessonID string) (list []ChapterCounts,
	own bool, err error) {
	l, err := s.Lessons.Read(ctx, by, lessonID)
	if err != nil {
		return nil, false, err
	}
	if !people.May(by, people.ReadLedger, l.Object()) {
		if by.Anonymous() {
			return nil, false, fault.New(fault.Unauthenticated, "signin.needed")
		}
		return nil, false, fault.New(fault.Forbidden, "access.denied")
	}
	parts, err := s.parts(ctx, l.ID)
	if err != nil {
		return nil, false, err
	}
	sums, err := s.Store.ThumbSums(ctx, l.ID)
	if err != nil {
		return nil, false, err
	}
	own = l.TeacherID != "" && l.TeacherID == by.ID
	return countThumbs(parts, sums, own), own, nil
}

// countThumbs assigns sums to their chapters. Sums of chapters that no longer exist are left out.
func countThumbs(parts []ChapterThumb, sums []ThumbSum, own bool) []ChapterCounts {
	list := make([]ChapterCounts, len(parts))
	var counts []*ThumbCount
	for i, p := range parts {
		list[i] = ChapterCounts{At: p.At, Title: p.Title}
		for _, x := range sums {
			switch {
			case x.Chapter != p.At:
			case x.Understood:
				list[i].Understood = ThumbCount{N: x.N, Persons: x.Persons}
			default:
				list[i].NotYet = ThumbCount{N: x.N, Persons: x.Persons}
			}
		}
		counts = append(counts, &list[i].Understood, &list[i].NotYet)
	}
	if own {
		return list
	}
	ns, named := make([]int64, len(counts)), make([]bool, len(counts))
	for i, c := range counts {
		ns[i], named[i] = c.N, c.Persons > 0
	}
	marks, _ := disclosure.Conceal(ns, named)
	for i, c := range counts {
		c.Persons, c.Mark = 0, marks[i]
		if c.Mark != disclosure.Shown {
			c.N = 0
		}
	}
	return list
}

// forgottenAtOnce limits how many thumbs one transaction of Forget deletes.
const forgottenAtOnce = 500

// Forget deletes the thumbs of school terms that are over.
func (s *Thumbs) Forget(ctx context.Context) error {
	from := playback.TermFrom(s.Now().In(s.Zone))
	for {
		n, err := s.Store.ForgetThumbs(ctx, from, forgottenAtOnce)
		if err != nil || n == 0 {
			return err
		}
	}
}
