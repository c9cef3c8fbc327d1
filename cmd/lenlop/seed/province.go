// Package seed makes a realistic province, for trials and benchmarks.
package seed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/people"
	"lenlop/services/school"
)

// Config says what Province makes. The same numbers give the same province, but for
// its ids and secrets.
type Config struct {
	DB       *sqldb.DB
	NewID    func() string
	Keys     school.Keys // of student codes
	Password string      // of the few who can sign in
	Zone     *time.Location
	Schools  int // at least 3
	Students int // at least one for each school
}

// Summary counts what Province made.
type Summary struct{ Areas, Schools, Staff, Classes, Students int }

// Province fills an empty database.
func Province(ctx context.Context, c Config) (Summary, error) {
	if c.Schools < 3 || c.Students < c.Schools {
		return Summary{}, errors.New("a province has at least 3 schools, and a student in each")
	}
	if have, err := c.DB.Schools().Schools(ctx); err != nil {
		return Summary{}, err
	} else if len(have) > 0 {
		return Summary{}, errors.New("there are schools already; seed only an empty folder")
	}
	hash, err := people.HashPassword(c.Password, people.Argon{})
	if err != nil {
		return Summary{}, err
	}
	now := time.Now()
	p := province{db: c.DB, newID: c.NewID, rand: rand.New(rand.NewPCG(uint64(c.Schools), uint64(c.Students))),
		keys: c.Keys, hash: hash, now: now, day: school.Day(now, c.Zone)}
	if err := p.run(ctx, c.Schools, c.Students); err != nil {
		return Summary{}, err
	}
	return Summary{p.areas, c.Schools, p.staff, p.classes, p.students}, nil
}

// province is a province being made.
type province struct {
	newID    func() string
	db       *sqldb.DB
	rand     *rand.Rand
	keys     school.Keys
	hash     string // password hash of the few who can sign in
	now      time.Time
	day      string
	year     school.Year
	subjects []school.Subject

	communes                        []school.Area
	kinds                           []kind
	areas, staff, classes, students int
	taken                           map[string]bool // usernames
}

// kind is one kind of school with the grades that it teaches.
type kind struct {
	level      school.Level
	word, code string
	from, to   int
}

// kinds are twenty schools in the shares of a mountain province.
func kindsOfSchools() (list []kind) {
	for _, k := range []struct {
		kind
		of int
	}{
		{kind{school.Primary, "Trường Tiểu học", "TH", 1, 5}, 10},
		{kind{school.LowerSecondary, "Trường THCS", "CS", 6, 9}, 6},
		{kind{school.Mixed, "Trường PTDTBT TH và THCS", "LC", 1, 9}, 2},
		{kind{school.UpperSecondary, "Trường THPT", "PT", 10, 12}, 2},
	} {
		for range k.of {
			list = append(list, k.kind)
		}
	}
	return list
}

func (p *province) run(ctx context.Context, schools, students int) error {
	p.taken, p.kinds = map[string]bool{}, kindsOfSchools()
	years, err := p.db.Schools().Years(ctx)
	if err != nil {
		return err
	}
	p.year = school.YearOn(years, p.day)
	if p.subjects, err = p.db.Schools().Subjects(ctx); err != nil {
		return err
	}
	weeks := school.PlanWeeks(p.year.Code, firstMonday(p.year.From))
	if err := p.db.Schools().SaveYear(ctx, p.year, weeks); err != nil {
		return err
	}
	if err := p.makeAreas(ctx, max(3, schools/4)); err != nil {
		return err
	}
	for i := range schools {
		if err := p.makeSchool(ctx, i, students*(i+1)/schools-students*i/schools); err != nil {
			return err
		}
	}
	ctx = sqldb.Unbounded(ctx, "nobody else uses a database that is being seeded")
	return p.db.Atomically(ctx, func(ctx context.Context) error {
		for _, x := range []struct {
			name string
			role people.Role
		}{{"quan-tri", people.Admin}, {"chuyen-vien", people.Reviewer}, {"dai", people.Station}} {
			member := p.person(people.Grant{Role: x.role})
			member.Username, member.PasswordHash = x.name, p.hash
			if err := p.db.People().SavePerson(ctx, member); err != nil {
				return err
			}
			p.staff++
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

func (p *province) makeAreas(ctx context.Context, communes int) error {
	ctx = sqldb.Unbounded(ctx, "nobody else uses a database that is being seeded")
	return p.db.Atomically(ctx, func(ctx context.Context) error {
		top := school.Area{ID: p.newID(), Kind: "province", Code: "99", Name: "Tỉnh Thử Nghiệm"}
		if err := p.db.Schools().SaveArea(ctx, top); err != nil {
			return err
		}
		seen := map[string]bool{}
		for i := range communes {
			name := p.place()
			for seen[name] {
				name = p.place() + " " + romans[p.rand.IntN(len(romans))]
			}
			seen[name] = true
			a := school.Area{ID: p.newID(), Parent: top.ID, Kind: "commune", Code: fmt.Sprintf("99%03d", i+1),
				Name: "Xã " + name}
			if i%8 == 7 {
				a.Kind, a.Name = "ward", "Phường "+name
			}
			if err := p.db.Schools().SaveArea(ctx, a); err != nil {
				return err
			}
			p.communes = append(p.communes, a)
		}
		p.areas = communes + 1
		return nil
	})
}
