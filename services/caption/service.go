package caption

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
)

// MaxLanguages is how many languages a lesson may have captions in.
const MaxLanguages = 20

// Service takes captions and chapters, and gives them to those who may read
// the lesson. A version of captions is an object of its own: the one before
// stays until the new one is stored, and a day longer for those who watch.
type Service struct {
	Store   Store
	Lessons lesson.Store
	Media   media.Store
	Atomic  job.Atomic
	Audit   audit.Log
	Index   lesson.Index // captions' words are found
	Now     func() time.Time
	NewID   func() string
}

// Length is a lesson's length as captions are held against: 0 until it is known.
func Length(l lesson.Lesson) time.Duration {
	return time.Duration(l.Media.Duration * float64(time.Second))
}

// List gives a lesson's captions, those that are only offered to its teacher
// left out unless the person may change the lesson.
func (s *Service) List(ctx context.Context, by people.Person, lessonID string) ([]Caption, error) {
	l, err := s.read(ctx, by, people.ReadLesson, lessonID)
	if err != nil {
		return nil, err
	}
	list, err := s.Store.Captions(ctx, lessonID)
	if err != nil {
		return nil, err
	}
	if !people.May(by, people.EditLesson, l.Object()) {
		list = slices.DeleteFunc(list, func(c Caption) bool { return c.Offered })
	}
	return list, nil
}

// Shown are the captions that lessons play with, for whoever has already been
// let in.
func (s *Service) Shown(ctx context.Context, lessons ...string) ([]Caption, error) {
	list, err := s.Store.Captions(ctx, lessons...)
	return slices.DeleteFunc(list, func(c Caption) bool { return c.Offered }), err
}

// Cues gives the captions themselves to somebody who may change the lesson.
func (s *Service) Cues(ctx context.Context, by people.Person, lessonID, language string) ([]Cue, error) {
	if _, err := s.read(ctx, by, people.EditLesson, lessonID); err != nil {
		return nil, err
	}
	c, err := s.Store.Caption(ctx, lessonID, language)
	if err != nil {
		return nil, err
	}
	return Read(c.Body)
}

// Put takes a file of captions, WebVTT or SubRip, replacing the language's.
func (s *Service) Put(ctx context.Context, by people.Person, lessonID, language string, data []byte) (Caption, error) {
	return s.put(ctx, by, lessonID, language, Uploaded,
		func(length time.Duration) ([]Cue, error) { return Parse(data, length) })
}

// Edit takes what was typed into the editor, replacing the language's captions.
func (s *Service) Edit(ctx context.Context, by people.Person, lessonID, language string, rows []Row) (Caption, error) {
	return s.put(ctx, by, lessonID, language, Edited,
		func(length time.Duration) ([]Cue, error) { return Compose(rows, length) })
}

func (s *Service) put(ctx context.Context, by people.Person, lessonID, language string, source Source,
	read func(time.Duration) ([]Cue, error)) (Caption, error) {
	l, err := s.read(ctx, by, people.EditLesson, lessonID)
	if err != nil {
		return Caption{}, err
	}
	if language, err = tag(language); err != nil {
		return Caption{}, err
	}
	job.Outside(ctx, "parse captions")
	cues, err := read(Length(l))
	if err != nil {
		return Caption{}, err
	}
	c, err := s.store(ctx, lessonID, language, source, cues)
	if err != nil {
		return Caption{}, err
	}
	c.UpdatedBy = by.ID
	return c, s.change(ctx, by, lessonID, "captions "+language, func(ctx context.Context) error {
		if err := s.checkLanguages(ctx, lessonID, language); err != nil {
			return err
		}
		return s.Store.SaveCaption(ctx, c)
	})
}

// tag checks a language that captions are to be shown in.
func tag(language string) (string, error) {
	t, ok := lesson.Language(language)
	if !ok || t == lesson.Undetermined {
		return "", fault.Form("caption.invalid", fault.Wrong("language", "lesson.bad_language"))
	}
	return t, nil
}

// checkLanguages refuses one language too many.
func (s *Service) checkLanguages(ctx context.Context, lessonID, language string) error {
	list, err := s.Store.Captions(ctx, lessonID)
	if err != nil || len(list) < MaxLanguages ||
		slices.ContainsFunc(list, func(c Caption) bool { return c.Language == language }) {
		return err
	}
	return fault.New(fault.Conflict, "caption.too_many_languages", "max", MaxLanguages)
}

// store puts captions into storage under a name that nothing had before.
func (s *Service) store(ctx context.Context, lessonID, language string, source Source, cues []Cue) (Caption, error) {
	body := Write(cues)
	c := Caption{LessonID: lessonID, Language: language, Key: media.Caption(lessonID, language, s.NewID()), Body: body,
		Cues: len(cues),
		Size: int64(len(body)), Source: source, UpdatedAt: s.Now()}
	if _, err := s.Media.Put(ctx, c.Key, strings.NewReader(body), c.Size,
		media.PutOptions{ContentType: Type}); err != nil {
		return c, fmt.Errorf("captions %s of lesson %s: %w", language, lessonID, err)
	}
	return c, nil
}

// Offer keeps captions found inside the recording for the teacher to accept.
// What a person made in that language stays.
func (s *Service) Offer(ctx context.Context, lessonID, language string, cues []Cue) error {
	if t, ok := lesson.Language(language); ok {
		language = t
	} else {
		language = lesson.Undetermined
	}
	old, err := s.Store.Caption(ctx, lessonID, language)
	if err != nil && fault.KindOf(err) != fault.NotFound || err == nil && !old.Offered {
		return err
	}
	c, err := s.store(ctx, lessonID, language, Found, cues)
	if err != nil {
		return err
	}
	c.Offered = true
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		l, err := s.Lessons.Lock(ctx, lessonID)
		if err != nil || l.Media.State == lesson.Erased {
			return err
		}
		now, err := s.Store.Caption(ctx, lessonID, language)
		if err != nil && fault.KindOf(err) != fault.NotFound || err == nil && !now.Offered {
			return err
		}
		return s.Store.SaveCaption(ctx, c)
	})
}

// Accept shows captions found inside the recording, in the language that the
// teacher says they are in. Again it changes nothing; captions that were not
// offered are "caption.not_found", so that none is moved or replaced by mistake.
func (s *Service) Accept(ctx context.Context, by people.Person, lessonID, offered, language string) (Caption, error) {
	if _, err := s.read(ctx, by, people.EditLesson, lessonID); err != nil {
		return Caption{}, err
	}
	old, err := s.Store.Caption(ctx, lessonID, offered)
	if err != nil {
		return Caption{}, err
	}
	if language, err = tag(language); err != nil {
		return Caption{}, err
	}
	if !old.Offered {
		if language == offered {
			return old, nil
		}
		return Caption{}, notOffered()
	}
	cues, err := Read(old.Body)
	if err != nil {
		return Caption{}, err
	}
	c, err := s.store(ctx, lessonID, language, Found, cues)
	if err != nil {
		return Caption{}, err
	}
	c.UpdatedBy = by.ID
	return c, s.change(ctx, by, lessonID, "captions "+language, func(ctx context.Context) error {
		if now, err := s.Store.Caption(ctx, lessonID, offered); err != nil || !now.Offered {
			return cmp.Or(err, notOffered())
		}
		if offered != language {
			if err := s.Store.DeleteCaption(ctx, lessonID, offered); err != nil {
				return err
			}
		}
		return s.Store.SaveCaption(ctx, c)
	})
}

func notOffered() error { return fault.New(fault.NotFound, "caption.not_found") }

// Delete removes a language's captions; the object follows a day later.
func (s *Service) Delete(ctx context.Context, by people.Person, lessonID, language string) error {
	if _, err := s.read(ctx, by, people.EditLesson, lessonID); err != nil {
		return err
	}
	if t, ok := lesson.Language(language); ok {
		language = t
	}
	return s.change(ctx, by, lessonID, "captions "+language+" removed", func(ctx context.Context) error {
		if _, err := s.Store.Caption(ctx, lessonID, language); err != nil {
			return err
		}
		return s.Store.DeleteCaption(ctx, lessonID, language)
	})
}

// Chapters gives a lesson's chapters to whoever may read it.
func (s *Service) Chapters(ctx context.Context, by people.Person, lessonID string) ([]Chapter, error) {
	if _, err := s.read(ctx, by, people.ReadLesson, lessonID); err != nil {
		return nil, err
	}
	return s.Store.Chapters(ctx, lessonID)
}

// ChaptersOf gives a lesson's chapters to whoever has already been let in.
func (s *Service) ChaptersOf(ctx context.Context, lessonID string) ([]Chapter, error) {
	return s.Store.Chapters(ctx, lessonID)
}

// ChaptersByLesson gives the chapters of several lessons, by lesson, to whoever
// has already been let in.
func (s *Service) ChaptersByLesson(ctx context.Context, lessons ...string) (map[string][]Chapter, error) {
	return s.Store.ChaptersByLesson(ctx, lessons...)
}

// PutChapters replaces a lesson's chapters.
func (s *Service) PutChapters(ctx context.Context, by people.Person, lessonID string,
	list []Chapter) ([]Chapter, error) {
	l, err := s.read(ctx, by, people.EditLesson, lessonID)
	if err != nil {
		return nil, err
	}
	if list, err = CheckChapters(list, Length(l)); err != nil {
		return nil, err
	}
	return list, s.change(ctx, by, lessonID, "chapters", func(ctx context.Context) error {
		return s.Store.SaveChapters(ctx, lessonID, list)
	})
}

// change commits a step with its audit entry and the lesson's place in the
// index; the lesson is read again under its lock, in case it has gone.
func (s *Service) change(ctx context.Context, by people.Person, lessonID, note string,
	step func(context.Context) error) error {
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		l, err := s.Lessons.Lock(ctx, lessonID)
		if err != nil {
			return err
		}
		if l.Media.State == lesson.Erased {
			return fault.New(fault.Gone, "lesson.erased")
		}
		if err := step(ctx); err != nil {
			return err
		}
		if l.Object().Published {
			if err := s.Index.Changed(ctx, lessonID); err != nil {
				return fmt.Errorf("lesson %s: index: %w", lessonID, err)
			}
		}
		return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID,
			Action: string(people.EditLesson), Subject: "lesson:" + lessonID, Detail: note})
	})
}

func (s *Service) read(ctx context.Context, by people.Person, a people.Action, lessonID string) (lesson.Lesson, error) {
	l, err := s.Lessons.Lesson(ctx, lessonID)
	if err != nil {
		return l, err
	}
	if !people.May(by, a, l.Object()) {
		if by.Anonymous() && a == people.ReadLesson {
			return l, fault.New(fault.NotFound, "lesson.not_found")
		}
		return l, fault.New(fault.Forbidden, "access.denied")
	}
	return l, nil
}

// Keys are the media keys of all of a lesson's captions.
func (s *Service) Keys(ctx context.Context, lessonID string) ([]string, error) {
	list, err := s.Store.Captions(ctx, lessonID)
	keys := make([]string, len(list))
	for i, c := range list {
		keys[i] = c.Key
	}
	return keys, err
}

// Forget removes all of a lesson's captions and chapters, in the transaction
// of ctx; their objects go with the lesson's folder.
func (s *Service) Forget(ctx context.Context, lessonID string) error {
	return s.Store.Forget(ctx, lessonID)
}
