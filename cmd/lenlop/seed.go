package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/people"
	"lenlop/services/school"
)

// seedCmd makes a believable province in an empty folder, for trials and
// benchmarks. The same numbers give the same province, but for its secrets.
type seedCmd struct {
	dataFlags
	Schools  int `help:"Schools." default:"400"`
	Students int `help:"Students." default:"100000"`
}

// Run makes the province and says how to get in.
func (c seedCmd) Run(ctx context.Context, out io.Writer) error {
	if c.Schools < 3 || c.Students < c.Schools {
		return fmt.Errorf("a province has at least 3 schools, and a student in each")
	}
	if c.Database == "" {
		f, err := hold(c.Data)
		if err != nil {
			return err
		}
		defer f.release()
	}
	zone, err := c.zone()
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, c.dataFlags)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if have, err := db.Schools().Schools(ctx); err != nil {
		return err
	} else if len(have) > 0 {
		return fmt.Errorf("there are schools already; seed only an empty folder")
	}
	key, err := (&house{db: db}).kept(ctx, rosterKey)
	if err != nil {
		return err
	}
	password := people.EasyPassword()
	hash, err := people.HashPassword(password, people.Argon{})
	if err != nil {
		return err
	}
	start := time.Now()
	s := seed{db: db, rand: rand.New(rand.NewPCG(uint64(c.Schools), uint64(c.Students))), keys: school.Keys(key), hash: hash, now: start,
		day: school.Day(start, zone)}
	if err := s.run(ctx, c.Schools, c.Students); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d areas, %d schools, %d staff, %d classes, %d students in %.1f s\nsign in as quan-tri, chuyen-vien, hieu-truong or giao-vien with %s\n",
		s.areas, c.Schools, s.staff, s.classes, s.students, time.Since(start).Seconds(), password)
	return err
}

// seed is a province being made.
type seed struct {
	db       *sqldb.DB
	rand     *rand.Rand
	keys     school.Keys
	hash     string // password hash of the few who can sign in
	now      time.Time
	day      string
	year     school.Year
	subjects []school.Subject

	communes                        []school.Area
	kinds                           []seedKind
	areas, staff, classes, students int
	taken                           map[string]bool // usernames
}

// seedKind is one kind of school with the grades that it teaches.
type seedKind struct {
	level      school.Level
	word, code string
	from, to   int
}

// seedKinds are twenty schools in the shares of a mountain province.
func seedKinds() (list []seedKind) {
	for _, k := range []struct {
		seedKind
		of int
	}{
		{seedKind{school.Primary, "Trường Tiểu học", "TH", 1, 5}, 10},
		{seedKind{school.LowerSecondary, "Trường THCS", "CS", 6, 9}, 6},
		{seedKind{school.Mixed, "Trường PTDTBT TH và THCS", "LC", 1, 9}, 2},
		{seedKind{school.UpperSecondary, "Trường THPT", "PT", 10, 12}, 2},
	} {
		for range k.of {
			list = append(list, k.seedKind)
		}
	}
	return list
}

func (s *seed) run(ctx context.Context, schools, students int) error {
	s.taken, s.kinds = map[string]bool{}, seedKinds()
	years, err := s.db.Schools().Years(ctx)
	if err != nil {
		return err
	}
	s.year = school.YearOn(years, s.day)
	if s.subjects, err = s.db.Schools().Subjects(ctx); err != nil {
		return err
	}
	if err := s.db.Schools().SaveYear(ctx, s.year, school.PlanWeeks(s.year.Code, firstMonday(s.year.From))); err != nil {
		return err
	}
	if err := s.makeAreas(ctx, max(3, schools/4)); err != nil {
		return err
	}
	for i := range schools {
		if err := s.makeSchool(ctx, i, students*(i+1)/schools-students*i/schools); err != nil {
			return err
		}
	}
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		for _, x := range []struct {
			name string
			role people.Role
		}{{"quan-tri", people.Admin}, {"chuyen-vien", people.Reviewer}, {"dai", people.Station}} {
			p := s.person(people.Grant{Role: x.role})
			p.Username, p.PasswordHash = x.name, s.hash
			if err := s.db.People().SavePerson(ctx, p); err != nil {
				return err
			}
			s.staff++
		}
		return nil
	})
}

// firstMonday is the first Monday from a day on.
func firstMonday(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	for t.Weekday() != time.Monday {
		t = t.AddDate(0, 0, 1)
	}
	return t.Format(time.DateOnly)
}

func (s *seed) makeAreas(ctx context.Context, communes int) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		top := school.Area{ID: newID(), Kind: "province", Code: "99", Name: "Tỉnh Thử Nghiệm"}
		if err := s.db.Schools().SaveArea(ctx, top); err != nil {
			return err
		}
		seen := map[string]bool{}
		for i := range communes {
			name := s.place()
			for seen[name] {
				name = s.place() + " " + romans[s.rand.IntN(len(romans))]
			}
			seen[name] = true
			a := school.Area{ID: newID(), Parent: top.ID, Kind: "commune", Code: fmt.Sprintf("99%03d", i+1), Name: "Xã " + name}
			if i%8 == 7 {
				a.Kind, a.Name = "ward", "Phường "+name
			}
			if err := s.db.Schools().SaveArea(ctx, a); err != nil {
				return err
			}
			s.communes = append(s.communes, a)
		}
		s.areas = communes + 1
		return nil
	})
}
