package student

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"lenlop/services/catalog"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// nextLessons is how many other lessons a lesson's page offers.
const nextLessons = 6

// lessonPage is one lesson with its player.
type lessonPage struct {
	lesson   lesson.Lesson
	subject  string
	teacher  string
	school   string
	hls      string // "" when nothing plays yet
	poster   string
	files    []plainFile
	public   bool
	mine     bool // may change it
	choices  []choice
	growing  bool
	dayEnds  time.Time
	next     []catalog.Entry
	names    names
	now      time.Time
	base     string // scheme and host, for the link card
	showings []showing
}

// plainFile is the lesson in one file: it is played without an engine, and kept.
type plainFile struct {
	name    string // "saver" or "sound"
	address string
	bytes   int64
}

// choice is one quality that can be chosen, with what the lesson costs in it.
type choice struct {
	value string // "auto", "saver", or the picture's height
	label string
	bytes int64 // 0: not known yet
}

func (r Room) lesson(c echo.Context) error {
	ctx, by := c.Request().Context(), page.Who(c)
	l, err := r.Lessons.Read(ctx, by, c.Param("lesson"))
	if err != nil {
		return err
	}
	p := lessonPage{lesson: l, now: r.Now(), base: page.VisitOf(ctx).Base, public: l.Object().Published,
		mine: people.May(by, people.EditLesson, l.Object()), growing: l.Media.State != lesson.Ready && l.Media.PackageID == l.Media.MakingID}
	if l.Media.Playable && people.May(by, people.WatchLesson, l.Object()) {
		p.hls, p.poster = r.Playback("", l)
		for _, x := range l.Renditions {
			if a := r.File("", l, x.Name); x.Kind == lesson.KindFile && a != "" {
				p.files = append(p.files, plainFile{x.Name, a, x.Bytes})
			}
		}
	}
	if p.names, err = r.subjects(ctx, 0); err != nil {
		return err
	}
	p.subject = p.names.of(l.Subject)
	if err := r.nameOwners(ctx, &p); err != nil {
		return err
	}
	p.choices = choices(ctx, l.Renditions)
	p.dayEnds = midnight(p.now.In(r.Zone)).AddDate(0, 0, 1)
	if err := r.findNext(ctx, &p); err != nil {
		return err
	}
	if err := r.findShowings(ctx, &p); err != nil {
		return err
	}
	if p.public {
		remember(c, l.ID)
	}
	return render(c, lessonView(p))
}

// nameOwners names the teacher and the school; a lesson whose teacher or
// school is gone is shown without.
func (r Room) nameOwners(ctx context.Context, p *lessonPage) error {
	who, err := r.People.Person(ctx, p.lesson.TeacherID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	p.teacher = who.Name
	if p.lesson.SchoolID == "" {
		return nil
	}
	s, err := r.Schools.School(ctx, p.lesson.SchoolID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	p.school = s.Name
	return nil
}

// findNext offers the newest other lessons of the grade and subject.
func (r Room) findNext(ctx context.Context, p *lessonPage) error {
	found, err := r.Catalog.Search(ctx, catalog.Query{Grade: p.lesson.Grade, Subject: p.lesson.Subject, Limit: nextLessons + 1})
	if fault.KindOf(err) == fault.Unavailable {
		return nil // the lesson plays without its neighbours
	}
	if err != nil {
		return err
	}
	p.next = slices.DeleteFunc(entries(found.Hits), func(e catalog.Entry) bool { return e.LessonID == p.lesson.ID })
	p.next = p.next[:min(len(p.next), nextLessons)]
	return nil
}

// findShowings tells when the lesson comes on television in the next week.
func (r Room) findShowings(ctx context.Context, p *lessonPage) error {
	all, err := r.showings(ctx, p.now, p.now.AddDate(0, 0, 7), p.lesson.Grade)
	for _, s := range all {
		if s.lesson.ID == p.lesson.ID {
			p.showings = append(p.showings, s)
		}
	}
	return err
}

// saverHeight is the picture that saves data and whose blackboard can still be
// read; the player's extras know it too.
const saverHeight = 360

// choices lists what can be chosen, cheapest said first: automatic and
// data-saver, then each picture from the largest down. The bytes of automatic
// are the most it can cost.
func choices(ctx context.Context, rs []lesson.Rendition) []choice {
	var videos []lesson.Rendition
	for _, r := range rs {
		if r.Kind == "video" && r.Height > 0 {
			videos = append(videos, r)
		}
	}
	slices.SortFunc(videos, func(a, b lesson.Rendition) int { return b.Height - a.Height })
	auto := choice{value: "auto", label: locale.T(ctx, "player.auto")}
	saver := choice{value: "saver", label: locale.T(ctx, "player.saver")}
	if len(videos) == 0 {
		return []choice{auto, saver}
	}
	auto.bytes = videos[0].Bytes
	auto.label = locale.T(ctx, "player.auto_cost", "size", locale.From(ctx).Bytes(auto.bytes))
	small := videos[len(videos)-1]
	for _, v := range videos {
		if v.Height <= saverHeight {
			small = v
			break
		}
	}
	saver.bytes = small.Bytes
	for _, r := range rs {
		if r.Kind == lesson.KindFile && r.Name == saver.value {
			saver.bytes = r.Bytes
		}
	}
	saver.label = locale.T(ctx, "player.saver_cost", "size", locale.From(ctx).Bytes(saver.bytes))
	out := []choice{auto, saver}
	for _, v := range videos {
		out = append(out, choice{strconv.Itoa(v.Height), locale.T(ctx, "player.quality_cost", "height", strconv.Itoa(v.Height), "size", locale.From(ctx).Bytes(v.Bytes)), v.Bytes})
	}
	for _, r := range rs {
		if r.Kind == "audio" {
			out = append(out, choice{soundChoice, locale.T(ctx, "player.sound_cost", "size", locale.From(ctx).Bytes(r.Bytes)), r.Bytes})
			break
		}
	}
	return out
}

// soundChoice is listening without the picture.
const soundChoice = "sound"

// fileFacts tells the player where the plain files are.
func (p lessonPage) fileFacts() templ.Attributes {
	facts := templ.Attributes{}
	for _, f := range p.files {
		facts["data-file-"+f.name] = f.address
	}
	return facts
}

// fileName is what a kept file is called: the lesson's title without what
// file systems refuse.
func (p lessonPage) fileName(f plainFile) string {
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, p.lesson.Title)
	if f.name == soundChoice {
		return clean + ".m4a"
	}
	return clean + ".mp4"
}

// sound is the address of the playlist without the picture; "" when there is
// none yet. It stands beside the master playlist, with the same token.
func (p lessonPage) sound() string {
	i := slices.IndexFunc(p.lesson.Renditions, func(r lesson.Rendition) bool { return r.Kind == "audio" })
	folder, token, found := strings.Cut(p.hls, "master.m3u8")
	if i < 0 || !found || p.growing {
		return ""
	}
	return folder + p.lesson.Renditions[i].Name + ".m3u8" + token
}

// saverBytes and mostBytes are the ends of what the lesson can cost; 0: not known.
func (p lessonPage) saverBytes() int64 { return p.choices[1].bytes }
func (p lessonPage) mostBytes() int64  { return p.choices[0].bytes }

// statusWords are the player's sentences in the page's language, as JSON.
func statusWords(ctx context.Context) string {
	words := map[string]string{}
	for _, k := range []string{"loading", "waiting", "offline", "retrying", "broken", "resumed", "edge"} {
		words[k] = locale.T(ctx, "player."+k)
	}
	raw, err := json.Marshal(words)
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	return string(raw)
}

// paragraphs splits a description at its empty lines.
func paragraphs(s string) []string {
	var ps []string
	for _, p := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			ps = append(ps, p)
		}
	}
	return ps
}

// summary is the description cut for a link card.
func summary(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if rs := []rune(s); len(rs) > 200 {
		return string(rs[:199]) + "…"
	}
	return s
}
