package api

import (
	"maps"
	"slices"

	"github.com/labstack/echo/v4"

	"lenlop/services/lesson"
	"lenlop/web/page"
)

// lessonNames is what the documents of some lessons need from elsewhere. It is
// read for all of them at once: a list takes as many queries as one lesson.
type lessonNames struct {
	persons, schools map[string]string      // names by id; what is gone is missing
	tracks           map[string]page.Tracks // by lesson, of those that play for the caller
}

func (r *Handler) namesFor(c echo.Context, ls ...lesson.Lesson) (n lessonNames, err error) {
	ctx := c.Request().Context()
	persons, schools := map[string]bool{}, map[string]bool{}
	var playing []lesson.Lesson
	for _, l := range ls {
		for _, id := range []string{l.TeacherID, l.UploaderID, l.PreapprovedBy, l.Consent.By} {
			persons[id] = true
		}
		schools[l.SchoolID] = true
		if mayPlay(c, l) {
			playing = append(playing, l)
		}
	}
	delete(persons, "")
	delete(schools, "")
	if len(persons) > 0 {
		if n.persons, err = r.PersonNames(ctx, slices.Sorted(maps.Keys(persons))); err != nil {
			return n, err
		}
	}
	n.schools = map[string]string{}
	if len(schools) > 0 {
		found, err := r.SchoolsByID(ctx, slices.Sorted(maps.Keys(schools)))
		if err != nil {
			return n, err
		}
		for _, s := range found {
			n.schools[s.ID] = s.Name
		}
	}
	n.tracks, err = r.TracksOf(ctx, base(c), playing...)
	return n, err
}

// person names a person; nil for the system itself, without a name when gone.
func (n lessonNames) person(id string) *named {
	if id == "" {
		return nil
	}
	return &named{id, n.persons[id]}
}
