package lesson

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/school"
)

// WorksheetCopier gives lessons the worksheets of another (worksheet.Service).
type WorksheetCopier interface {
	// StoreCopies stores a copy of each worksheet's file for each of the lessons
	// to, which need not exist yet, under names made by names.
	StoreCopies(ctx context.Context, by people.Person, from string, to []string,
		names media.Names) (StoredCopies, error)
}

// StoredCopies are files that storage has and the database does not know yet.
type StoredCopies interface {
	// Commit makes them worksheets of their lessons, in ctx's transaction.
	Commit(ctx context.Context) error
	// Discard removes the files, when Commit did not happen.
	Discard(ctx context.Context) error
}

// Copy makes drafts with the text and worksheets of a lesson, one for each of
// the weeks; none means one, of the same week. All are made or none. The
// recording is not copied, because whatever is stored of a lesson belongs to it
// alone and goes with it. Faults: "access.denied", "lesson.invalid" with
// "weeks", "upload.over_quota".
func (s *Service) Copy(ctx context.Context, by people.Person, id string, weeks []int) ([]Lesson, error) {
	p, err := s.PrepareCopies(ctx, by, id, weeks, media.RandomNames())
	if err != nil {
		return nil, err
	}
	made, err := p.Commit(ctx)
	if err != nil {
		// Best effort: the sweep of orphaned objects removes what this leaves.
		_ = p.Discard(context.WithoutCancel(ctx))
		return nil, err
	}
	return made, nil
}

// PreparedCopies are copies of a lesson whose worksheets are stored and which
// the database does not know yet.
type PreparedCopies struct {
	service    *Service
	by         people.Person
	from       string
	drafts     []Lesson
	worksheets StoredCopies // nil: there are none
}

// PrepareCopies is the part of Copy outside the database: it stores the copies
// of worksheets. With the names of an earlier attempt it stores them in the
// same places.
func (s *Service) PrepareCopies(
	ctx context.Context, by people.Person, id string, weeks []int, names media.Names,
) (*PreparedCopies, error) {
	from, err := s.allowed(ctx, by, people.EditLesson, id, s.Store.Lesson)
	if err != nil {
		return nil, err
	}
	if from.Media.State == Erased {
		return nil, fault.New(fault.Gone, "lesson.erased")
	}
	if weeks, err = copyWeeks(from, weeks); err != nil {
		return nil, err
	}
	p := &PreparedCopies{service: s, by: by, from: from.ID}
	ids := names.IDs("lesson", len(weeks))
	for i, w := range weeks {
		p.drafts = append(p.drafts, from.draftCopy(ids[i], w, s.Now()))
	}
	if s.Worksheets == nil {
		return p, nil
	}
	if p.worksheets, err = s.Worksheets.StoreCopies(ctx, by, from.ID, ids, names); err != nil {
		return nil, fmt.Errorf("lesson %s: copy worksheets: %w", from.ID, err)
	}
	return p, nil
}

// copyWeeks are the weeks that copies are made for, in order and without repetition.
func copyWeeks(from Lesson, weeks []int) ([]int, error) {
	if len(weeks) == 0 {
		return []int{from.Week}, nil
	}
	weeks = slices.Clone(weeks)
	slices.Sort(weeks)
	weeks = slices.Compact(weeks)
	for _, w := range weeks {
		if w != from.Week && (w < school.MinWeek || w > school.MaxWeek) {
			return nil, fault.Form("lesson.invalid",
				fault.Wrong("weeks", "field.out_of_range", "min", school.MinWeek, "max", school.MaxWeek))
		}
	}
	return weeks, nil
}

// draftCopy is a draft with l's text.
func (l Lesson) draftCopy(id string, week int, now time.Time) Lesson {
	return Lesson{
		ID: id, Title: l.Title, Description: l.Description, Subject: l.Subject, Grade: l.Grade, Week: week,
		Language: l.Language, TeacherID: l.TeacherID, UploaderID: l.UploaderID, SchoolID: l.SchoolID,
		Status: Draft, Media: Media{State: None}, CreatedAt: now, UpdatedAt: now,
	}
}

// Commit makes the copies known to the database. It may be called in a transaction.
func (p *PreparedCopies) Commit(ctx context.Context) ([]Lesson, error) {
	s := p.service
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		for _, l := range p.drafts {
			if err := s.Store.Save(ctx, l); err != nil {
				return err
			}
			if err := s.recordHistory(ctx, p.by.ID, Lesson{}, l); err != nil {
				return err
			}
			if err := s.log(ctx, p.by, people.CreateLesson, l, "copy of "+p.from); err != nil {
				return err
			}
		}
		if p.worksheets == nil {
			return nil
		}
		return p.worksheets.Commit(ctx)
	})
	if err != nil {
		return nil, err
	}
	return p.drafts, nil
}

// Discard removes what was stored, when Commit did not happen.
func (p *PreparedCopies) Discard(ctx context.Context) error {
	if p.worksheets == nil {
		return nil
	}
	return p.worksheets.Discard(ctx)
}
