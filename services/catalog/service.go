package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/school"
)

// Service answers the students' searches and keeps the index in step with the
// lessons in the database.
type Service struct {
	Index   Index
	Lessons lesson.Store
	Atomic  job.Atomic
	People  interface {
		Person(ctx context.Context, id string) (people.Person, error)
	}
	Schools interface {
		School(ctx context.Context, id string) (school.School, error)
		Subjects(ctx context.Context) ([]school.Subject, error)
	}
	Captions Captions // nil: captions are not searched
	Now      func() time.Time
}

var _ lesson.Index = (*Service)(nil)

// Bounds of suggestions.
const (
	MaxSuggestions     = 20
	DefaultSuggestions = 8
)

// Search finds published lessons. Values out of range are clamped; the only
// fault is fault.Unavailable of the index.
func (s *Service) Search(ctx context.Context, q Query) (Result, error) {
	start := s.Now()
	r, err := s.Index.Search(ctx, q.Bounded())
	if err != nil {
		return Result{}, fmt.Errorf("search: %w", err)
	}
	r.Took = s.Now().Sub(start)
	return r, nil
}

// Suggest completes a text being typed with titles; grade 0 means any, limit 0
// means DefaultSuggestions.
func (s *Service) Suggest(ctx context.Context, text string, grade, limit int) ([]Suggestion, error) {
	q := Query{Text: text}.Bounded()
	if limit <= 0 {
		limit = DefaultSuggestions
	}
	out, err := s.Index.Suggest(ctx, q.Text, grade, min(limit, MaxSuggestions))
	if err != nil {
		return nil, fmt.Errorf("suggest: %w", err)
	}
	return out, nil
}

// Changed updates the index for a lesson, in the transaction of ctx. A lesson
// that students must not find, or that is gone, is removed.
func (s *Service) Changed(ctx context.Context, lessonID string) error {
	l, err := s.Lessons.Lesson(ctx, lessonID)
	if fault.KindOf(err) == fault.NotFound {
		return s.Index.Delete(ctx, lessonID)
	}
	if err != nil {
		return err
	}
	if !visible(l) {
		return s.Index.Delete(ctx, lessonID)
	}
	e, err := s.entry(ctx, l, &nameCache{})
	if err != nil {
		return err
	}
	return s.Index.Put(ctx, e)
}

// visible reports whether students may find the lesson.
func visible(l lesson.Lesson) bool {
	o := l.Object()
	return o.Published && !o.Deleted
}

// entry reads what students see and search of a lesson.
func (s *Service) entry(ctx context.Context, l lesson.Lesson, known *nameCache) (Entry, error) {
	e, err := s.facts(ctx, l, known)
	if err != nil {
		return Entry{}, err
	}
	e.Spoken, e.CaptionsVersion, err = s.spoken(ctx, l.ID)
	return e, err
}

// facts is entry without the captions.
func (s *Service) facts(ctx context.Context, l lesson.Lesson, known *nameCache) (Entry, error) {
	e := Entry{
		LessonID: l.ID, PackageID: l.Media.PackageID, Title: l.Title, Description: l.Description,
		Subject: l.Subject, SubjectName: l.Subject, Grade: l.Grade, Week: l.Week, Language: l.Language,
		TeacherID: l.TeacherID, SchoolID: l.SchoolID, Duration: l.Media.Duration,
		Bytes: phoneBytes(l.Renditions), PublishedAt: l.PublishedAt.UTC().Truncate(time.Millisecond),
	}
	if err := known.loadSubjects(ctx, s); err != nil {
		return Entry{}, err
	}
	if n := known.subjects[l.Subject]; n != "" {
		e.SubjectName = n
	}
	var err error
	e.Teacher, err = known.name(&known.teachers, l.TeacherID, "teacher", func(id string) (string, error) {
		p, err := s.People.Person(ctx, id)
		return p.Name, err
	})
	if err != nil {
		return Entry{}, err
	}
	e.School, err = known.name(&known.schools, l.SchoolID, "school", func(id string) (string, error) {
		x, err := s.Schools.School(ctx, id)
		return x.Name, err
	})
	if err != nil {
		return Entry{}, err
	}
	return e, nil
}

// nameCache holds the names read during one check or update.
type nameCache struct {
	subjects, teachers, schools map[string]string
}

func (n *nameCache) loadSubjects(ctx context.Context, s *Service) error {
	if n.subjects != nil {
		return nil
	}
	list, err := s.Schools.Subjects(ctx)
	if err != nil {
		return fmt.Errorf("subjects: %w", err)
	}
	n.subjects = make(map[string]string, len(list))
	for _, x := range list {
		n.subjects[x.Code] = x.Name
	}
	return nil
}

// name reads a name once. A missing one is empty: the lesson is still found.
func (n *nameCache) name(known *map[string]string, id, noun string, read func(id string) (string, error)) (string,
	error) {
	if id == "" {
		return "", nil
	}
	if name, ok := (*known)[id]; ok {
		return name, nil
	}
	name, err := read(id)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return "", fmt.Errorf("%s %s: %w", noun, id, err)
	}
	if *known == nil {
		*known = map[string]string{}
	}
	(*known)[id] = name
	return name, nil
}

// phoneBytes is the size of the whole lesson at the quality a phone starts with:
// the largest picture of at most 480 lines, else the smallest one, else sound.
func phoneBytes(rs []lesson.Rendition) int64 {
	const phoneLines = 480
	var best lesson.Rendition
	for _, r := range rs {
		lines, bestLines := min(r.Width, r.Height), min(best.Width, best.Height)
		switch {
		case r.Kind != "video":
			continue
		case best.Kind == "",
			lines <= phoneLines && (bestLines > phoneLines || lines > bestLines),
			lines > phoneLines && bestLines > phoneLines && lines < bestLines:
			best = r
		}
	}
	if best.Kind == "" {
		for _, r := range rs {
			if r.Kind == "audio" && (best.Bytes == 0 || r.Bytes < best.Bytes) {
				best = r
			}
		}
	}
	return best.Bytes
}

// Fingerprint is equal for two entries that students could not tell apart. It
// depends on CaptionsVersion and not on Spoken, so that comparing entries does
// not need the captions.
func (e Entry) Fingerprint() string {
	h := sha256.Sum256([]byte(strings.Join([]string{
		e.LessonID, e.PackageID, e.Title, e.Description, e.Subject, e.SubjectName,
		strconv.Itoa(e.Grade), strconv.Itoa(e.Week), e.Language, e.TeacherID, e.Teacher, e.SchoolID, e.School,
		strconv.FormatFloat(e.Duration, 'f', 3, 64), strconv.FormatInt(e.Bytes, 10),
		strconv.FormatInt(e.PublishedAt.UnixMilli(), 10), e.CaptionsVersion,
	}, "\x00")))
	return hex.EncodeToString(h[:16])
}
