package notice

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/people"
	"lenlop/services/school"
)

// Longest title and body, in characters, and most grades and classes.
const (
	MaxTitle   = 150
	MaxBody    = 20_000
	MaxClasses = 200
)

// Service writes and shows notices.
type Service struct {
	Store   Store
	People  people.Store
	Classes school.Rosters
	Atomic  job.Atomic
	Jobs    Queue
	Audit   audit.Log
	Files   Files
	// Personal ends what was told to single persons.
	Personal interface {
		ForgetPersonal(ctx context.Context, before time.Time, limit int) (int, error)
	}
	Now   func() time.Time
	NewID func() string
	Zone  *time.Location
	// Letter sends a letter to one person about a notice; nil: no mail server.
	Letter func(ctx context.Context, to people.Person, n Notice) error
	// Hook hands events to webhooks, inside the transaction that makes them.
	Hook func(ctx context.Context, event string, body any) error
}

// Queue is where a notice asks for work (job.Notifier).
type Queue interface {
	Add(ctx context.Context, jobs ...job.New) error
}

// Save makes (empty ID) or changes a notice. Faults: "access.denied",
// "notice.invalid" with fields, "notice.withdrawn".
func (s *Service) Save(ctx context.Context, by people.Person, n Notice) (Notice, error) {
	now := s.Now()
	n.Title = strings.Join(strings.Fields(n.Title), " ")
	n.Body = strings.TrimSpace(n.Body)
	n.Grades = slices.Compact(slices.Sorted(slices.Values(n.Grades)))
	if n.PublishAt.IsZero() || n.PublishAt.Before(now) && n.ID == "" {
		n.PublishAt = now
	}
	if err := s.may(ctx, by, &n); err != nil {
		return n, err
	}
	if err := fault.Form("notice.invalid", n.wrong()...); err != nil {
		return n, err
	}
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		note := "changed"
		if n.ID == "" {
			n.ID, n.CreatedAt, n.AuthorID, note = s.NewID(), now, by.ID, "written"
		} else {
			old, err := s.Store.Notice(ctx, n.ID)
			if err != nil {
				return err
			}
			if !old.WithdrawnAt.IsZero() {
				return fault.New(fault.Conflict, "notice.withdrawn")
			}
			n.CreatedAt, n.AuthorID = old.CreatedAt, old.AuthorID
			if !old.PublishAt.After(now) {
				n.PublishAt = old.PublishAt // what is out stays out since when it was
			}
		}
		n.ChangedAt = now
		if err := s.Store.SaveNotice(ctx, n); err != nil {
			return err
		}
		if err := s.log(ctx, by, n.ID, note); err != nil {
			return err
		}
		return s.Jobs.Add(ctx, job.New{Args: PublishArgs{n.ID, n.PublishAt.UTC().Truncate(time.Microsecond)},
			Key:     n.ID + n.PublishAt.UTC().Format(time.RFC3339Nano),
			Subject: "notice:" + n.ID, RunAt: n.PublishAt, MaxAttempts: 5})
	})
	return n, err
}

// may checks the writer: the department writes to all, a school to its own.
func (s *Service) may(ctx context.Context, by people.Person, n *Notice) error {
	if n.ID != "" {
		old, err := s.Store.Notice(ctx, n.ID)
		if err != nil {
			return err
		}
		if old.PersonID != "" {
			return fault.New(fault.NotFound, "notice.not_found")
		}
		n.SchoolID = old.SchoolID
	}
	if !people.May(by, people.WriteNotice, people.Object{School: n.SchoolID}) {
		return fault.New(fault.Forbidden, "access.denied")
	}
	for _, id := range n.Classes {
		c, err := s.Classes.Class(ctx, id)
		if err != nil {
			return err
		}
		if n.SchoolID != "" && c.SchoolID != n.SchoolID {
			return fault.Form("notice.invalid", fault.Wrong("classes", "notice.other_school"))
		}
	}
	return nil
}

// writes reports whether somebody may change a notice. Those for one person
// are the system's own, and nobody's to read or change.
func (s *Service) writes(by people.Person, n Notice) bool {
	return n.PersonID == "" && people.May(by, people.WriteNotice, n.Object(s.Now()))
}

// wrong lists what keeps a notice from being saved.
func (n Notice) wrong() (bad []fault.Field) {
	switch {
	case n.Title == "":
		bad = append(bad, fault.Wrong("title", "field.required"))
	case utf8.RuneCountInString(n.Title) > MaxTitle:
		bad = append(bad, fault.Wrong("title", "field.too_long", "max", MaxTitle))
	case !people.Legible(n.Title):
		bad = append(bad, fault.Wrong("title", "field.bad_text"))
	}
	switch {
	case n.Body == "":
		bad = append(bad, fault.Wrong("body", "field.required"))
	case utf8.RuneCountInString(n.Body) > MaxBody:
		bad = append(bad, fault.Wrong("body", "field.too_long", "max", MaxBody))
	case !people.Legible(n.Body):
		bad = append(bad, fault.Wrong("body", "field.bad_text"))
	}
	if !n.EndsAt.IsZero() && !n.EndsAt.After(n.PublishAt) {
		bad = append(bad, fault.Wrong("endsAt", "notice.ends_before"))
	}
	if slices.ContainsFunc(n.Grades, func(g int) bool { return g < school.MinGrade || g > school.MaxGrade }) {
		bad = append(bad, fault.Wrong("grades", "field.unreadable"))
	}
	if len(n.Classes) > MaxClasses {
		bad = append(bad, fault.Wrong("classes", "notice.too_many_classes", "max", MaxClasses))
	}
	return bad
}

// Withdraw takes a notice off every page; it and its receipts are kept.
func (s *Service) Withdraw(ctx context.Context, by people.Person, id string) (Notice, error) {
	var n Notice
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		var err error
		if n, err = s.Store.Notice(ctx, id); err != nil {
			return err
		}
		if !s.writes(by, n) {
			return fault.New(fault.Forbidden, "access.denied")
		}
		if !n.WithdrawnAt.IsZero() {
			return nil
		}
		n.WithdrawnAt = s.Now()
		if err := s.Store.SaveNotice(ctx, n); err != nil {
			return err
		}
		if err := s.log(ctx, by, id, "withdrawn"); err != nil {
			return err
		}
		return s.announce(ctx, "notice.withdrawn", n)
	})
	return n, err
}

// Get gives a notice that the reader may see: one that concerns them, or that
// they may write. To others it is not there.
func (s *Service) Get(ctx context.Context, r Reader, id string) (Notice, error) {
	n, err := s.Store.Notice(ctx, id)
	if err != nil {
		return n, err
	}
	writer := s.writes(r.Person, n)
	if !writer && !n.Open(s.Now()) && !(n.Shown(s.Now()) && n.For(r)) {
		return Notice{}, fault.New(fault.NotFound, "notice.not_found")
	}
	return n, nil
}

// most bounds how many notices on show are looked through for a reader.
const most = 500

// For lists what is on show and concerns the reader, newest first.
func (s *Service) For(ctx context.Context, r Reader, limit int) ([]Notice, error) {
	all, err := s.Store.Notices(ctx, Filter{At: s.Now(), Person: r.Person.ID, Limit: most})
	if err != nil {
		return nil, err
	}
	var out []Notice
	for _, n := range all {
		if n.For(r) && len(out) < limit {
			out = append(out, n)
		}
	}
	return out, nil
}

// Latest lists what is on show and concerns a person, newest first.
func (s *Service) Latest(ctx context.Context, p people.Person, grade, limit int) ([]Notice, error) {
	r, err := s.Reader(ctx, p, grade)
	if err != nil {
		return nil, err
	}
	return s.For(ctx, r, limit)
}

// Written lists what the person's office wrote, newest first.
func (s *Service) Written(ctx context.Context, by people.Person, before string, limit int) ([]Notice, error) {
	f := Filter{Before: before, Limit: limit}
	switch {
	case people.May(by, people.WriteNotice, people.Object{}):
	case people.May(by, people.WriteNotice, people.Object{School: by.SchoolAs(people.Head)}):
		f.School = by.SchoolAs(people.Head)
	default:
		return nil, fault.New(fault.Forbidden, "access.denied")
	}
	return s.Store.Notices(ctx, f)
}

// Read keeps the receipt of a member of staff.
func (s *Service) Read(ctx context.Context, r Reader, id string) error {
	if _, err := s.Get(ctx, r, id); err != nil {
		return err
	}
	if r.Person.Anonymous() || !r.Person.Staff() {
		return fault.New(fault.Forbidden, "access.denied")
	}
	return s.Store.Read(ctx, Receipt{NoticeID: id, PersonID: r.Person.ID, At: s.Now()})
}

// Reached is who of the staff that a notice is for has read it, and who not.
type Reached struct {
	Read   []ReadBy
	Unread []people.Person
}

// ReadBy is one receipt with its person.
type ReadBy struct {
	Person people.Person
	At     time.Time
}

// Readers tells the writers of a notice which staff have read it.
func (s *Service) Readers(ctx context.Context, by people.Person, id string) (Reached, error) {
	n, err := s.Store.Notice(ctx, id)
	if err != nil {
		return Reached{}, err
	}
	if !s.writes(by, n) {
		return Reached{}, fault.New(fault.Forbidden, "access.denied")
	}
	receipts, err := s.Store.Receipts(ctx, id)
	if err != nil {
		return Reached{}, err
	}
	at := map[string]time.Time{}
	for _, r := range receipts {
		at[r.PersonID] = r.At
	}
	var out Reached
	err = s.staff(ctx, n, func(p people.Person) error {
		if t, ok := at[p.ID]; ok {
			out.Read = append(out.Read, ReadBy{p, t})
		} else {
			out.Unread = append(out.Unread, p)
		}
		return nil
	})
	return out, err
}

// staff calls fn for every active member of staff that the notice is for.
func (s *Service) staff(ctx context.Context, n Notice, fn func(people.Person) error) error {
	if n.PersonID != "" {
		p, err := s.People.Person(ctx, n.PersonID)
		if fault.KindOf(err) == fault.NotFound || err == nil && !p.Active {
			return nil
		}
		if err != nil {
			return fmt.Errorf("notice %s: %w", n.ID, err)
		}
		return fn(p)
	}
	seen := map[string]bool{}
	for _, role := range people.Roles {
		if role == people.Student {
			continue
		}
		const page = 500
		for after := ""; ; {
			ps, err := s.People.Persons(ctx, role, after, page)
			if err != nil {
				return fmt.Errorf("notice %s: %w", n.ID, err)
			}
			for _, p := range ps {
				after = p.ID
				if seen[p.ID] || !p.Active || p.ID == people.OperatorID {
					continue
				}
				r, err := s.Reader(ctx, p, 0)
				if err != nil {
					return fmt.Errorf("notice %s: %w", n.ID, err)
				}
				if !n.For(r) {
					continue
				}
				seen[p.ID] = true
				if err := fn(p); err != nil {
					return err
				}
			}
			if len(ps) < page {
				break
			}
		}
	}
	return nil
}

// Reader knows a person's classes, those they teach and the one they are in.
// grade is what was chosen on the device; a student's own class wins.
func (s *Service) Reader(ctx context.Context, p people.Person, grade int) (Reader, error) {
	r := Reader{Person: p, Grade: grade}
	if p.Is(people.Teacher) {
		cs, err := s.Classes.ClassesOfTeacher(ctx, p.ID)
		if err != nil {
			return r, err
		}
		for _, c := range cs {
			r.Classes = append(r.Classes, c.ID)
		}
	}
	if p.Is(people.Student) {
		c, err := s.Classes.ClassOfStudent(ctx, p.ID, school.Day(s.Now(), s.Zone))
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return r, err
		}
		if err == nil {
			r.Classes, r.Grade = append(r.Classes, c.ID), c.Grade
		}
	}
	return r, nil
}

func (s *Service) log(ctx context.Context, by people.Person, id, note string) error {
	return s.Audit.Append(ctx, audit.Entry{ID: s.NewID(), At: s.Now(), Actor: by.ID, Action: string(people.WriteNotice),
		Subject: "notice:" + id, Detail: note})
}
