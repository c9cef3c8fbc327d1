package seed

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"lenlop/infra/sqldb"
	"lenlop/services/people"
	"lenlop/services/school"
)

// Words for names that nobody in particular has. Surnames in the shares of a
// northern mountain province; places are put together, not found on a map.
var (
	surnames = strings.Fields(
		"Lò Lò Lò Vàng Vàng Giàng Giàng Nguyễn Nguyễn Nguyễn Quàng Cà Tòng Lường Sùng Mùa Thào Hạng Ly " +
			"Trần Lê Phạm Hoàng Hoàng Bùi Đặng Vũ Đỗ Tẩn Chảo Lù Khoàng Poòng Hà Đinh Phàn")
	boysMid  = strings.Fields("Văn Văn A A Đức Minh Quang Anh Hữu Gia")
	girlsMid = strings.Fields("Thị Thị Thị Thu Ngọc Bảo Thanh Minh Phương Mai")
	boys     = strings.Fields(
		"An Bình Cường Dũng Đức Hải Hiếu Hoàng Hùng Huy Khang Khánh Kiên Long Minh Nam Páo Phong Phúc " +
			"Quân Quang Sơn Sử Tài Thành Thắng Tú Tùng Tuấn Việt Vinh Chứ Dế Lử Tủa Vừ")
	girls = strings.Fields(
		"Anh Ánh Bích Chi Dung Duyên Giang Hà Hạnh Hiền Hoa Hồng Huệ Hương Lan Linh Loan Ly Mai May Mỷ " +
			"Nga Ngân Ngọc Nhung Oanh Phương Quyên Sua Thảo Thơm Thu Trang Vân Xuân Yến Én Pà")
	placeA = strings.Fields("Nà Pú Mường Bản Nậm Huổi Chiềng Tả Sín Phìn Hua Pa Thèn Suối Đồi Thung Khe Tà")
	placeB = strings.Fields(
		"Lanh Sang Mới Hồng Trong Thắm Nhoi Ngần Son Phay Khoang Dương Lụa Mây Sương Chanh Cao Vàng Xuân " +
			"Lúa Trám Đào Mận Ban Sim Cọ")
	romans = strings.Fields("Một Hai Ba Tư Năm Thượng Hạ Trung Đông Tây Nam Bắc")
)

func (p *province) pick(list []string) string { return list[p.rand.IntN(len(list))] }

func (p *province) place() string { return p.pick(placeA) + " " + p.pick(placeB) }

func (p *province) name() string {
	if p.rand.IntN(2) == 0 {
		return p.pick(surnames) + " " + p.pick(boysMid) + " " + p.pick(boys)
	}
	return p.pick(surnames) + " " + p.pick(girlsMid) + " " + p.pick(girls)
}

// person is a member of staff with a username made of the name.
func (p *province) person(g people.Grant) people.Person {
	member := people.Person{ID: p.newID(), Name: p.name(), Grants: []people.Grant{g}, Active: true, CreatedAt: p.now}
	words := strings.Fields(plainLetters(member.Name))
	var base strings.Builder
	base.WriteString(words[len(words)-1])
	for _, w := range words[:len(words)-1] {
		base.WriteString(w[:1])
	}
	member.Username = base.String()
	for n := 2; p.taken[member.Username]; n++ {
		member.Username = fmt.Sprint(base.String(), n)
	}
	p.taken[member.Username] = true
	return member
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
func (p *province) makeSchool(ctx context.Context, i, students int) error {
	k := p.kinds[i%len(p.kinds)]
	commune := p.communes[i%len(p.communes)]
	_, place, _ := strings.Cut(commune.Name, " ")
	if i >= len(p.communes) {
		place = p.place()
	}
	at := school.School{ID: p.newID(), Code: fmt.Sprintf("99%s%04d", k.code, i+1), Name: k.word + " " + place,
		AreaID: commune.ID, Level: k.level, CreatedAt: p.now}
	grades := k.to - k.from + 1
	count := min(students, max(grades, (students+classSize-1)/classSize))
	var staff []people.Person
	head := p.person(people.Grant{Role: people.Head, School: at.ID})
	if i == 0 {
		head.Username, head.PasswordHash = "hieu-truong", p.hash
	}
	staff = append(staff, head)
	for range count + count/2 {
		staff = append(staff, p.person(people.Grant{Role: people.Teacher, School: at.ID}))
	}
	if i == 0 && len(staff) > 1 {
		staff[1].Username, staff[1].PasswordHash = "giao-vien", p.hash
	}
	classes := p.makeClasses(at, k, staff[1:], count)
	ctx = sqldb.Unbounded(ctx, "nobody else uses a database that is being seeded")
	err := p.db.Atomically(ctx, func(ctx context.Context) error {
		if err := p.db.Schools().SaveSchool(ctx, at); err != nil {
			return err
		}
		if err := p.db.People().AddPersons(ctx, staff); err != nil {
			return err
		}
		if err := p.db.Classes().AddClasses(ctx, classes); err != nil {
			return err
		}
		return p.enrol(ctx, at, classes, students)
	})
	p.staff += len(staff)
	p.classes += len(classes)
	p.students += students
	return err
}

// makeClasses spreads classes over the grades; each has a homeroom teacher and
// teachers of some subjects.
func (p *province) makeClasses(at school.School, k kind, teachers []people.Person, count int) (list []school.Class) {
	grades := k.to - k.from + 1
	for n := range count {
		grade := k.from + n%grades
		name := fmt.Sprintf("%d%c", grade, 'A'+n/grades%26)
		if round := n / grades / 26; round > 0 {
			name += fmt.Sprint(round)
		}
		c := school.Class{ID: p.newID(), Code: name, SchoolID: at.ID, Year: p.year.Code, Grade: grade, Name: name,
			JoinCode: p.joinCode(),
			Teachers: []school.ClassTeacher{{PersonID: teachers[n%len(teachers)].ID}}}
		for j, x := range p.subjects {
			if x.FromGrade <= grade && grade <= x.ToGrade && j%2 == 0 {
				c.Teachers = append(c.Teachers, school.ClassTeacher{PersonID: teachers[(n+j)%len(teachers)].ID,
					Subject: x.Code})
			}
		}
		list = append(list, c)
	}
	return list
}

// joinCode is a join code that no other class here has.
func (p *province) joinCode() string {
	for {
		if d := school.NewJoinCode(); !p.taken[d] {
			p.taken[d] = true
			return d
		}
	}
}

// enrol puts students into classes, as many into each.
func (p *province) enrol(ctx context.Context, at school.School, classes []school.Class, students int) error {
	piece := school.Piece{At: p.now}
	for n := range students {
		c := classes[n*len(classes)/students]
		x := school.Student{PersonID: p.newID(), Name: p.name(), Key: p.keys.Student(fmt.Sprintf("99%08d",
			p.students+n+1))}
		if p.rand.IntN(50) == 0 {
			x.Name = "" // some schools keep codes only
		}
		piece.Born = append(piece.Born, school.Newcomer{Student: x, School: at.ID})
		piece.Added = append(piece.Added, school.Enrolment{ClassID: c.ID, PersonID: x.PersonID, From: p.year.From})
	}
	return p.db.Rosters().Stage(ctx, "", piece)
}
