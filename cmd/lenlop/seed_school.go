package main

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"lenlop/services/people"
	"lenlop/services/school"
)

// Words for names that nobody in particular has. Surnames in the shares of a
// northern mountain province; places are put together, not found on a map.
var (
	surnames = strings.Fields("Lò Lò Lò Vàng Vàng Giàng Giàng Nguyễn Nguyễn Nguyễn Quàng Cà Tòng Lường Sùng Mùa Thào Hạng Ly Trần Lê Phạm Hoàng Hoàng Bùi Đặng Vũ Đỗ Tẩn Chảo Lù Khoàng Poòng Hà Đinh Phàn")
	boysMid  = strings.Fields("Văn Văn A A Đức Minh Quang Anh Hữu Gia")
	girlsMid = strings.Fields("Thị Thị Thị Thu Ngọc Bảo Thanh Minh Phương Mai")
	boys     = strings.Fields("An Bình Cường Dũng Đức Hải Hiếu Hoàng Hùng Huy Khang Khánh Kiên Long Minh Nam Páo Phong Phúc Quân Quang Sơn Sử Tài Thành Thắng Tú Tùng Tuấn Việt Vinh Chứ Dế Lử Tủa Vừ")
	girls    = strings.Fields("Anh Ánh Bích Chi Dung Duyên Giang Hà Hạnh Hiền Hoa Hồng Huệ Hương Lan Linh Loan Ly Mai May Mỷ Nga Ngân Ngọc Nhung Oanh Phương Quyên Sua Thảo Thơm Thu Trang Vân Xuân Yến Én Pà")
	placeA   = strings.Fields("Nà Pú Mường Bản Nậm Huổi Chiềng Tả Sín Phìn Hua Pa Thèn Suối Đồi Thung Khe Tà")
	placeB   = strings.Fields("Lanh Sang Mới Hồng Trong Thắm Nhoi Ngần Son Phay Khoang Dương Lụa Mây Sương Chanh Cao Vàng Xuân Lúa Trám Đào Mận Ban Sim Cọ")
	romans   = strings.Fields("Một Hai Ba Tư Năm Thượng Hạ Trung Đông Tây Nam Bắc")
)

func (s *seed) pick(list []string) string { return list[s.rand.IntN(len(list))] }

func (s *seed) place() string { return s.pick(placeA) + " " + s.pick(placeB) }

func (s *seed) name() string {
	if s.rand.IntN(2) == 0 {
		return s.pick(surnames) + " " + s.pick(boysMid) + " " + s.pick(boys)
	}
	return s.pick(surnames) + " " + s.pick(girlsMid) + " " + s.pick(girls)
}

// person is a member of staff with a username made of the name.
func (s *seed) person(g people.Grant) people.Person {
	p := people.Person{ID: newID(), Name: s.name(), Grants: []people.Grant{g}, Active: true, CreatedAt: s.now}
	words := strings.Fields(plainLetters(p.Name))
	base := words[len(words)-1]
	for _, w := range words[:len(words)-1] {
		base += w[:1]
	}
	p.Username = base
	for n := 2; s.taken[p.Username]; n++ {
		p.Username = fmt.Sprint(base, n)
	}
	s.taken[p.Username] = true
	return p
}

// plainLetters is a name in small Latin letters without marks.
func plainLetters(name string) string {
	t := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	out, _, err := transform.String(t, strings.ReplaceAll(strings.ToLower(name), "đ", "d"))
	if err != nil {
		return "x"
	}
	return out
}

// classSize is how many students a class has at most in the seed.
const classSize = 35

// makeSchool makes the i-th school with its staff, classes and so many
// students, in transactions of one school each.
func (s *seed) makeSchool(ctx context.Context, i, students int) error {
	k := s.kinds[i%len(s.kinds)]
	commune := s.communes[i%len(s.communes)]
	_, place, _ := strings.Cut(commune.Name, " ")
	if i >= len(s.communes) {
		place = s.place()
	}
	at := school.School{ID: newID(), Code: fmt.Sprintf("99%s%04d", k.code, i+1), Name: k.word + " " + place, AreaID: commune.ID, Level: k.level, CreatedAt: s.now}
	grades := k.to - k.from + 1
	count := max(grades, (students+classSize-1)/classSize)
	if students < count {
		count = students
	}
	var staff []people.Person
	head := s.person(people.Grant{Role: people.Head, School: at.ID})
	if i == 0 {
		head.Username, head.PasswordHash = "hieu-truong", s.hash
	}
	staff = append(staff, head)
	for range count + count/2 {
		staff = append(staff, s.person(people.Grant{Role: people.Teacher, School: at.ID}))
	}
	if i == 0 && len(staff) > 1 {
		staff[1].Username, staff[1].PasswordHash = "giao-vien", s.hash
	}
	classes := s.makeClasses(at, k, staff[1:], count)
	err := s.db.Atomically(ctx, func(ctx context.Context) error {
		if err := s.db.Schools().SaveSchool(ctx, at); err != nil {
			return err
		}
		if err := s.db.People().AddPersons(ctx, staff); err != nil {
			return err
		}
		if err := s.db.Classes().AddClasses(ctx, classes); err != nil {
			return err
		}
		return s.enrol(ctx, at, classes, students)
	})
	s.staff += len(staff)
	s.classes += len(classes)
	s.students += students
	return err
}

// makeClasses spreads classes over the grades; each has a homeroom teacher and
// teachers of some subjects.
func (s *seed) makeClasses(at school.School, k seedKind, teachers []people.Person, count int) (list []school.Class) {
	grades := k.to - k.from + 1
	for n := range count {
		grade := k.from + n%grades
		name := fmt.Sprintf("%d%c", grade, 'A'+n/grades%26)
		if again := n / grades / 26; again > 0 {
			name += fmt.Sprint(again)
		}
		c := school.Class{ID: newID(), Code: name, SchoolID: at.ID, Year: s.year.Code, Grade: grade, Name: name, JoinCode: s.joinCode(),
			Teachers: []school.ClassTeacher{{PersonID: teachers[n%len(teachers)].ID}}}
		for j, x := range s.subjects {
			if x.FromGrade <= grade && grade <= x.ToGrade && j%2 == 0 {
				c.Teachers = append(c.Teachers, school.ClassTeacher{PersonID: teachers[(n+j)%len(teachers)].ID, Subject: x.Code})
			}
		}
		list = append(list, c)
	}
	return list
}

// joinCode is a class code that no other class here has.
func (s *seed) joinCode() string {
	for {
		if d := school.NewJoinCode(); !s.taken[d] {
			s.taken[d] = true
			return d
		}
	}
}

func (s *seed) enrol(ctx context.Context, at school.School, classes []school.Class, students int) error {
	p := school.Piece{At: s.now}
	for n := range students {
		c := classes[n*len(classes)/students]
		x := school.Student{PersonID: newID(), Name: s.name(), Key: s.keys.Student(fmt.Sprintf("99%08d", s.students+n+1))}
		if s.rand.IntN(50) == 0 {
			x.Name = "" // some schools keep codes only
		}
		p.Born = append(p.Born, school.Newcomer{Student: x, School: at.ID})
		p.Added = append(p.Added, school.Enrolment{ClassID: c.ID, PersonID: x.PersonID, From: s.year.From})
	}
	return s.db.Rosters().Stage(ctx, "", p)
}
