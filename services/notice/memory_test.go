package notice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/test/memstore"
)

var (
	bg      = context.Background()
	start   = time.Date(2026, 11, 30, 17, 30, 0, 0, time.UTC) // 0:30 of the next day in Hà Nội
	errDisk = errors.New("disk full")
)

func with(id, at string, r people.Role) people.Person {
	return people.Person{ID: id, Active: true, Email: id + "@truong.vn", Grants: []people.Grant{{Role: r, School: at}}}
}

// The people of the tests: lan teaches class c9 and minh c8 at school s1, where hieu is the head; em is in c9.
var (
	lan      = with("lan", "s1", people.Teacher)
	minh     = with("minh", "s1", people.Teacher)
	tu       = with("tu", "s2", people.Teacher)
	head     = with("hieu", "s1", people.Head)
	reviewer = with("so", "", people.Reviewer)
	station  = with("dai", "", people.Station)
	admin    = with("quan", "", people.Admin)
	student  = with("em", "s1", people.Student)
	everyone = []people.Person{{}, lan, minh, tu, head, reviewer, station, admin, student}
)

// memory keeps in memory what Service needs, at a time that tests set.
type memory struct {
	people.Store
	school.Rosters
	s         *Service
	notices   *memstore.Table[Notice]
	files     *memstore.Table[Attachment]
	receipts  *memstore.Table[Receipt]
	persons   *memstore.Table[people.Person]
	log       *memstore.AuditLog
	jobs      *memstore.Queue
	now       time.Time
	filter    Filter          // of the last list
	lettered  map[string]bool // persons
	letters   []string        // to whom they went
	badLetter string          // to whom none can be sent
	events    []string
	stored    map[string]int64 // objects in storage
	putErr    error
	readErr   error // what reading classes, persons and receipts answers
	day       string
	ids       int
}

func newMemory() *memory {
	m := &memory{
		notices: memstore.NewTable[Notice]("notice.not_found"), files: memstore.NewTable[Attachment](""), now: start,
		receipts: memstore.NewTable[Receipt](""), persons: memstore.NewTable[people.Person]("people.not_found"),
		log: &memstore.AuditLog{}, jobs: &memstore.Queue{}, lettered: map[string]bool{}, stored: map[string]int64{},
	}
	for _, p := range everyone[1:] {
		_ = m.persons.Save(p.ID, p)
	}
	m.s = &Service{
		Store: m, People: m, Classes: m, Jobs: m.jobs, Audit: m.log, Files: m, Personal: m,
		Atomic: memstore.NewAtomic(m.notices, m.files, m.receipts, m.log, m.jobs),
		Now:    func() time.Time { return m.now }, Zone: time.FixedZone("ICT", 7*3600),
		NewID: func() string { m.ids++; return fmt.Sprintf("id-%03d", m.ids) },
		Letter: func(_ context.Context, to people.Person, _ Notice) error {
			if to.ID == m.badLetter {
				return errDisk
			}
			m.letters = append(m.letters, to.ID)
			return nil
		},
		Hook: func(ctx context.Context, name string, body any) error {
			if !job.InTransaction(ctx) {
				return errors.New("an event outside the transaction that makes it")
			}
			m.events = append(m.events, name+" "+body.(event).ID)
			return nil
		},
	}
	return m
}

// add stores a notice that is on show, after a change to it.
func (m *memory) add(id string, change func(*Notice)) Notice {
	n := Notice{
		ID:        id,
		Title:     "Lịch thi",
		Body:      "Xem *bảng*.",
		AuthorID:  "so",
		PublishAt: start.Add(-time.Hour),
		CreatedAt: start.Add(-time.Hour),
	}
	if change != nil {
		change(&n)
	}
	_ = m.notices.Save(id, n)
	return n
}

func (m *memory) Notice(_ context.Context, id string) (Notice, error) { return m.notices.Get(id) }

func (m *memory) SaveNotice(_ context.Context, n Notice) error { return m.notices.Save(n.ID, n) }

// Notices gives every notice on show by id, and those for the person of the filter.
func (m *memory) Notices(_ context.Context, f Filter) ([]Notice, error) {
	m.filter = f
	return m.notices.All(func(n Notice) bool {
		return (f.At.IsZero() || n.Shown(f.At)) && (n.PersonID == "" || n.PersonID == f.Person)
	}), m.readErr
}

func (m *memory) SaveAttachment(_ context.Context, a Attachment) error { return m.files.Save(a.ID, a) }

func (m *memory) Attachments(_ context.Context, id string) ([]Attachment, error) {
	return m.files.All(func(a Attachment) bool { return a.NoticeID == id }), nil
}

func (m *memory) Read(_ context.Context, r Receipt) error {
	return m.receipts.Save(r.NoticeID+" "+r.PersonID, r)
}

func (m *memory) Receipts(_ context.Context, id string) ([]Receipt, error) {
	return m.receipts.All(func(r Receipt) bool { return r.NoticeID == id }), m.readErr
}

func (m *memory) Lettered(context.Context, string) (map[string]bool, error) {
	return m.lettered, m.readErr
}

func (m *memory) SaveLettered(_ context.Context, _, person string, _ time.Time) error {
	m.lettered[person] = true
	return nil
}

func (m *memory) ForgetPersonal(_ context.Context, before time.Time, limit int) (int, error) {
	gone := m.notices.All(func(n Notice) bool { return n.PersonID != "" && n.PublishAt.Before(before) })
	for _, n := range gone[:min(limit, len(gone))] {
		m.notices.Delete(n.ID)
	}
	return min(limit, len(gone)), nil
}

func (m *memory) Person(_ context.Context, id string) (people.Person, error) {
	if m.readErr != nil {
		return people.Person{}, m.readErr
	}
	return m.persons.Get(id)
}

func (m *memory) Persons(_ context.Context, r people.Role, after string, limit int) ([]people.Person, error) {
	all := m.persons.All(func(p people.Person) bool {
		return p.ID > after && slices.ContainsFunc(p.Grants, func(g people.Grant) bool { return g.Role == r })
	})
	return all[:min(limit, len(all))], m.readErr
}

var classes = map[string]school.Class{
	"c9": {
		ID:       "c9",
		SchoolID: "s1",
		Grade:    9,
	}, "c8": {ID: "c8", SchoolID: "s1", Grade: 8}, "x9": {ID: "x9", SchoolID: "s2", Grade: 9},
}

func (m *memory) Class(_ context.Context, id string) (school.Class, error) {
	c, ok := classes[id]
	if !ok {
		return c, fault.New(fault.NotFound, "class.not_found")
	}
	return c, nil
}

func (m *memory) ClassesOfTeacher(_ context.Context, person string) ([]school.Class, error) {
	of := map[string]string{"lan": "c9", "minh": "c8", "tu": "x9"}
	if id := of[person]; id != "" {
		return []school.Class{classes[id]}, m.readErr
	}
	return nil, m.readErr
}

func (m *memory) ClassOfStudent(_ context.Context, person, day string) (school.Class, error) {
	m.day = day
	if m.readErr != nil {
		return school.Class{}, m.readErr
	}
	if person != "em" {
		return school.Class{}, fault.New(fault.NotFound, "class.not_found")
	}
	return classes["c9"], nil
}

func (m *memory) Put(
	ctx context.Context,
	key string,
	_ io.ReadSeeker,
	size int64,
	_ media.PutOptions,
) (media.Object, error) {
	job.Outside(ctx, "media.Put")
	if m.putErr == nil {
		m.stored[key] = size
	}
	return media.Object{Key: key, Size: size}, m.putErr
}

func (m *memory) Delete(ctx context.Context, keys ...string) error {
	for _, k := range keys {
		delete(m.stored, k)
	}
	return ctx.Err()
}

// wantFault checks the kind, the code and the wrong fields ("name: code") of a fault; an empty code wants no error.
func wantFault(t *testing.T, what string, err error, kind fault.Kind, code string, fields ...string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	if !fault.Is(err, code) || fault.KindOf(err) != kind {
		t.Errorf("%s: %v, want kind %d code %s", what, err, kind, code)
		return
	}
	var got []string
	for _, f := range fault.As(err).Fields {
		got = append(got, f.Name+": "+f.Code)
	}
	if len(fields) > 0 && !slices.Equal(got, fields) {
		t.Errorf("%s: fields %q, want %q", what, got, fields)
	}
}
