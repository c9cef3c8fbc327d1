package question

import (
	"context"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/viewership/disclosure"
)

// Whole is the chapter of a lesson that has none.
const Whole time.Duration = -1

// MaxThumbs is how many thumbs a lesson takes from devices that nobody signed
// in on: twice the students of a grade in a large province, and an end for a
// script that makes devices up.
const MaxThumbs = 50_000

// Thumb is what one viewer says of one chapter: "understood", or "not yet".
type Thumb struct {
	LessonID   string
	Chapter    time.Duration // where it begins; Whole
	Viewer     string        // as viewership names viewers
	Understood bool
	At         time.Time
}

// Sum is how many viewers said the same of a chapter.
type Sum struct {
	Chapter    time.Duration
	Understood bool
	N          int64 // viewers
	Persons    int64 // of them signed in
}

// Thumbs keeps them: one of a viewer and chapter, the last one said.
type Thumbs interface {
	SaveThumb(ctx context.Context, t Thumb) error
	ThumbsOf(ctx context.Context, lesson, viewer string) ([]Thumb, error)
	// Sums counts a lesson's, in no order.
	Sums(ctx context.Context, lesson string) ([]Sum, error)
}

// Part is a chapter as a viewer sees it, with what they said: "", Yes or NotYet.
type Part struct {
	At    time.Duration // Whole: the lesson has no chapters
	Title string
	Said  string
}

// What a viewer may say.
const (
	Yes    = "yes"
	NotYet = "not-yet"
)

// Mine lists the chapters of a lesson with what the viewer said. It is empty
// for those whose thumb is not asked for: staff, and lessons not published.
func (s *Service) Mine(ctx context.Context, by people.Person, device, lessonID string) ([]Part, error) {
	l, o, err := s.object(ctx, by, lessonID)
	if err != nil || !people.May(by, people.MarkLesson, o) {
		return nil, err
	}
	parts, err := s.parts(ctx, l.ID)
	if err != nil || by.Anonymous() && device == "" {
		return parts, err
	}
	viewer, _, err := s.Viewers.ViewerOf(by, device)
	if err != nil {
		return nil, err
	}
	said, err := s.Thumbs.ThumbsOf(ctx, l.ID, viewer)
	for i := range parts {
		for _, t := range said {
			if t.Chapter == parts[i].At {
				parts[i].Said = word(t.Understood)
			}
		}
	}
	return parts, err
}

func word(understood bool) string {
	if understood {
		return Yes
	}
	return NotYet
}

// parts are a lesson's chapters, or the one that is all of it.
func (s *Service) parts(ctx context.Context, lessonID string) ([]Part, error) {
	chapters, err := s.Parts.ChaptersOf(ctx, lessonID)
	if err != nil {
		return nil, err
	}
	parts := make([]Part, 0, max(1, len(chapters)))
	for _, c := range chapters {
		parts = append(parts, Part{At: c.At, Title: c.Title})
	}
	if len(parts) == 0 {
		parts = append(parts, Part{At: Whole})
	}
	return parts, nil
}

// Say keeps what a viewer says of a chapter; saying it again changes nothing,
// saying the other replaces it. kept is the identifier that the device goes on
// with. Faults: "access.denied", "thumb.invalid" with the field, "thumb.full".
func (s *Service) Say(ctx context.Context, by people.Person, device, lessonID string, chapter time.Duration, said string) (kept string, err error) {
	l, o, err := s.object(ctx, by, lessonID)
	if err != nil {
		return "", err
	}
	if !people.May(by, people.MarkLesson, o) {
		if by.Anonymous() {
			return "", fault.New(fault.NotFound, "lesson.not_found")
		}
		return "", fault.New(fault.Forbidden, "access.denied")
	}
	if said != Yes && said != NotYet {
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
	return kept, s.Thumbs.SaveThumb(ctx, Thumb{LessonID: l.ID, Chapter: chapter, Viewer: viewer, Understood: said == Yes, At: s.Now()})
}

// fits refuses a device's thumb when a lesson has too many of them.
func (s *Service) fits(ctx context.Context, lessonID string) error {
	sums, err := s.Thumbs.Sums(ctx, lessonID)
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

// Count is one number of a table of thumbs. A Mark says that it is hidden, and
// then it is 0.
type Count struct {
	N       int64
	Persons int64 // of them signed in; the own teacher's alone to know
	Mark    disclosure.Mark
}

// Said is what was said of one chapter.
type Said struct {
	At                 time.Duration // Whole: of the lesson
	Title              string
	Understood, NotYet Count
}

// Tally counts what was said of each chapter of a lesson. Its own teacher sees
// the numbers as they are; for everybody else those of one to four are hidden
// as in all tables (disclosure.Conceal).
func (s *Service) Tally(ctx context.Context, by people.Person, lessonID string) (list []Said, own bool, err error) {
	l, o, err := s.object(ctx, by, lessonID)
	if err != nil {
		return nil, false, err
	}
	if err := allowed(by, people.ReadLedger, o); err != nil {
		return nil, false, err
	}
	parts, err := s.parts(ctx, l.ID)
	if err != nil {
		return nil, false, err
	}
	sums, err := s.Thumbs.Sums(ctx, l.ID)
	if err != nil {
		return nil, false, err
	}
	own = l.TeacherID != "" && l.TeacherID == by.ID
	return tally(parts, sums, own), own, nil
}

// tally lays sums into their chapters; those of chapters that are gone are
// left out.
func tally(parts []Part, sums []Sum, own bool) []Said {
	list := make([]Said, len(parts))
	var counts []*Count
	for i, p := range parts {
		list[i] = Said{At: p.At, Title: p.Title}
		for _, x := range sums {
			switch {
			case x.Chapter != p.At:
			case x.Understood:
				list[i].Understood = Count{N: x.N, Persons: x.Persons}
			default:
				list[i].NotYet = Count{N: x.N, Persons: x.Persons}
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
