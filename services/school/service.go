package school

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/people"
)

// Levels lists the levels in the order shown on screens.
var Levels = []Level{Primary, LowerSecondary, UpperSecondary, Mixed}

// Longest code and name of a school, in characters.
const (
	MaxCode = 32
	MaxName = 150
)

// Service changes the organisation.
type Service struct {
	Store  Store
	Atomic job.Atomic
	Audit  audit.Log
	Now    func() time.Time
	NewID  func() string
}

// Save makes (empty ID) or changes a school. Faults: "access.denied",
// "school.invalid" with fields; a code that another school has is the field
// fault "school.code_taken".
func (s *Service) Save(ctx context.Context, by people.Person, x School) (School, error) {
	if !people.May(by, people.ManageSchools, people.Object{}) {
		return x, fault.New(fault.Forbidden, "access.denied")
	}
	x.Code = strings.ToUpper(strings.TrimSpace(x.Code))
	x.Name = strings.Join(strings.Fields(x.Name), " ")
	if err := fault.Form("school.invalid", x.wrong()...); err != nil {
		return x, err
	}
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		all, err := s.Store.Schools(ctx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(o School) bool { return o.Code == x.Code && o.ID != x.ID }) {
			return fault.Form("school.invalid", fault.Wrong("code", "school.code_taken"))
		}
		note := "changed"
		if x.ID == "" {
			x.ID, x.CreatedAt, note = s.NewID(), s.Now(), "created"
		} else {
			old, err := s.Store.School(ctx, x.ID)
			if err != nil {
				return err
			}
			x.CreatedAt = old.CreatedAt
		}
		if err := s.Store.SaveSchool(ctx, x); err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID,
			Action: string(people.ManageSchools), Subject: "school:" + x.ID, Detail: note})
	})
	return x, err
}

// wrong lists what keeps a school from being saved.
func (x School) wrong() (bad []fault.Field) {
	switch {
	case x.Code == "":
		bad = append(bad, fault.Wrong("code", "field.required"))
	case utf8.RuneCountInString(x.Code) > MaxCode:
		bad = append(bad, fault.Wrong("code", "field.too_long", "max", MaxCode))
	case strings.ContainsFunc(x.Code, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		bad = append(bad, fault.Wrong("code", "school.bad_code"))
	}
	switch {
	case x.Name == "":
		bad = append(bad, fault.Wrong("name", "field.required"))
	case utf8.RuneCountInString(x.Name) > MaxName:
		bad = append(bad, fault.Wrong("name", "field.too_long", "max", MaxName))
	case !people.Legible(x.Name):
		bad = append(bad, fault.Wrong("name", "field.bad_text"))
	}
	if !slices.Contains(Levels, x.Level) {
		bad = append(bad, fault.Wrong("level", "school.unknown_level"))
	}
	return bad
}
