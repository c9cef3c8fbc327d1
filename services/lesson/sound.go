package lesson

import (
	"context"
	"strings"
	"unicode/utf8"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// Sound is one of several sounds that the playing package can be heard in:
// the lesson in another language. The first plays unless another is chosen.
type Sound struct {
	Rung     string // the rendition that carries it
	Language string // BCP 47; Undetermined until its teacher says
	Name     string // what its teacher calls it; "": by its language
}

// MaxSoundName is the longest name of a sound, in characters.
const MaxSoundName = 60

// SetSounds notes which sounds the package that plays can be heard in. Of any
// other package it changes nothing.
func (s *Service) SetSounds(ctx context.Context, lessonID, packageID string, list []Sound) error {
	err := s.system(ctx, lessonID, func(_ context.Context, l Lesson) (Lesson, error) {
		if l.Media.PackageID == packageID {
			l.Media.Sounds = list
		}
		return l, nil
	})
	return err
}

// NameSounds says which language each of a lesson's sounds is in. Every sound
// must be named, in any order. Faults: fault.Conflict "lesson.one_sound",
// "lesson.invalid" with a field "language-RUNG" or "name-RUNG" for each wrong one.
func (s *Service) NameSounds(ctx context.Context, by people.Person, id string, list []Sound) (Lesson, error) {
	return s.change(ctx, by, people.EditLesson, id, "sounds", func(_ context.Context, l Lesson) (Lesson, error) {
		if len(l.Media.Sounds) < 2 {
			return l, fault.New(fault.Conflict, "lesson.one_sound")
		}
		given := map[string]Sound{}
		for _, x := range list {
			given[x.Rung] = x
		}
		var bad []fault.Field
		seen := map[Sound]bool{}
		named := make([]Sound, len(l.Media.Sounds))
		for i, old := range l.Media.Sounds {
			x := given[old.Rung]
			x.Rung, x.Name = old.Rung, strings.Join(strings.Fields(x.Name), " ")
			language, ok := Language(x.Language)
			switch {
			case !ok:
				bad = append(bad, fault.Wrong("language-"+x.Rung, "lesson.bad_language"))
			case utf8.RuneCountInString(x.Name) > MaxSoundName:
				bad = append(bad, fault.Wrong("name-"+x.Rung, "field.too_long", "max", MaxSoundName))
			case !people.Legible(x.Name):
				bad = append(bad, fault.Wrong("name-"+x.Rung, "field.bad_text"))
			case language != Undetermined && seen[Sound{Language: language, Name: x.Name}]:
				bad = append(bad, fault.Wrong("language-"+x.Rung, "lesson.sound_twice"))
			}
			x.Language = language
			seen[Sound{Language: language, Name: x.Name}] = true
			named[i] = x
		}
		if err := fault.Form("lesson.invalid", bad...); err != nil {
			return l, err
		}
		l.Media.Sounds = named
		return l, nil
	})
}
