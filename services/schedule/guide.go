package schedule

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

// How far from now a guide's programmes may be, and the longest one.
const (
	guideBehind  = 31 * 24 * time.Hour
	guideAhead   = 100 * 24 * time.Hour
	maxProgramme = 24 * time.Hour
)

// PreviewGuide reads another channel's XMLTV guide and says what would be
// listed. Without options' Source the channel's last one is taken. Faults:
// "access.denied", "channel.not_found", "guide.own_channel", "guide.too_large",
// "guide.unreadable", "guide.which_channel" (args "channels"), "guide.no_programmes".
func (s *Service) PreviewGuide(ctx context.Context, by people.Person, channelID, filename string, data []byte,
	o GuideOptions) (GuidePreview, error) {
	if !people.May(by, people.EditSchedule, people.Object{}) {
		return GuidePreview{}, denied()
	}
	if len(data) > MaxGuideBytes {
		return GuidePreview{}, fault.New(fault.TooLarge, "guide.too_large", "max", MaxGuideBytes)
	}
	sum := sha256.Sum256(data)
	g := Guide{ID: s.NewID(), ChannelID: channelID, Filename: filename, Hash: hex.EncodeToString(sum[:]), Data: data,
		Options: o, By: by.ID, At: s.Now()}
	if g.Options.Source == "" {
		last, found, err := s.Programmes.LastGuide(ctx, channelID)
		if err != nil {
			return GuidePreview{}, fmt.Errorf("guide of channel %s: %w", channelID, err)
		}
		if found {
			g.Options.Source = last.Options.Source
		}
	}
	p, err := s.readGuide(ctx, g, o.Source == "")
	if err != nil {
		return p, err
	}
	return p, s.Programmes.SaveGuide(ctx, p.Guide)
}

// CommitGuide lists what a previewed guide announces, in the place of all that
// was listed for the same time. Repeating it changes nothing. Faults:
// "access.denied", "guide.not_found", those of PreviewGuide.
func (s *Service) CommitGuide(ctx context.Context, by people.Person, id string) (GuidePreview, error) {
	if !people.May(by, people.EditSchedule, people.Object{}) {
		return GuidePreview{}, denied()
	}
	var p GuidePreview
	err := s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		g, err := s.Programmes.Guide(ctx, id)
		if err != nil {
			return err
		}
		if _, err := s.Store.LockChannel(ctx, g.ChannelID); err != nil {
			return err
		}
		if p, err = s.readGuide(ctx, g, false); err != nil || !g.Committed.IsZero() {
			return err
		}
		var list []Programme
		for _, r := range p.Rows {
			if r.Code == "" {
				list = append(list, r.Programme)
			}
		}
		if err := s.Programmes.ReplaceProgrammes(ctx, g.ChannelID, g.ID, p.From, p.To, list); err != nil {
			return fmt.Errorf("guide %s: %w", id, err)
		}
		p.Guide.Committed, p.Guide.Listed = s.Now(), len(list)
		if err := s.Programmes.SaveGuide(ctx, p.Guide); err != nil {
			return fmt.Errorf("guide %s: %w", id, err)
		}
		return s.log(ctx, by, people.EditSchedule, "channel:"+g.ChannelID,
			fmt.Sprintf("%d programmes, file %s", len(list), g.Hash[:12]))
	})
	return p, err
}

// readGuide reads and checks a guide. guess lets a source that the file does
// not have be found again.
func (s *Service) readGuide(ctx context.Context, g Guide, guess bool) (GuidePreview, error) {
	p := GuidePreview{Guide: g}
	c, err := s.Store.Channel(ctx, g.ChannelID)
	if err != nil {
		return p, err
	}
	if c.Own {
		return p, fault.New(fault.Conflict, "guide.own_channel")
	}
	loc := time.UTC
	if g.Options.Local {
		if loc, err = time.LoadLocation(c.Timezone); err != nil {
			return p, fmt.Errorf("channel %s: %w", c.ID, err)
		}
	}
	raw, err := readGuide(g.Data)
	if err != nil {
		return p, fault.Wrap(err, fault.Invalid, "guide.unreadable")
	}
	source, err := s.sourceIn(raw, g.Options.Source, c, guess)
	if err != nil {
		return p, err
	}
	p.Guide.Options.Source = source
	list := slices.DeleteFunc(raw.list, func(r rawProgramme) bool {
		return r.channel != source && !(r.broken && r.channel == "")
	})
	switch {
	case len(list) == 0:
		return p, fault.New(fault.Invalid, "guide.no_programmes")
	case len(list) > maxGuideProgrammes:
		return p, fault.New(fault.TooLarge, "guide.too_many", "max", maxGuideProgrammes)
	}
	titles, err := s.lessonTitles(ctx)
	if err != nil {
		return p, err
	}
	s.guideRows(&p, list, loc, titles)
	if n := p.Good + p.Other + p.Refused; n != len(list) {
		return p, fmt.Errorf("guide %s: %d programmes in, %d accounted for", g.ID, len(list), n)
	}
	return p, nil
}

// sourceIn finds the channel of the file.
func (s *Service) sourceIn(raw rawGuide, wanted string, c Channel, guess bool) (string, error) {
	if _, ok := raw.names[wanted]; ok && wanted != "" {
		return wanted, nil
	}
	if wanted == "" || guess {
		if len(raw.order) == 1 {
			return raw.order[0], nil
		}
		for _, id := range raw.order {
			if name := s.fold(raw.names[id]); name != "" && name == s.fold(c.Name) || s.fold(id) == s.fold(c.Name) {
				return id, nil
			}
		}
	}
	if len(raw.order) == 0 {
		return "", fault.New(fault.Invalid, "guide.no_programmes")
	}
	names := slices.Clone(raw.order[:min(len(raw.order), 30)])
	return "", fault.New(fault.Invalid, "guide.which_channel", "channels", strings.Join(names, ", "))
}

// guideRows checks each programme and says what becomes of it.
func (s *Service) guideRows(p *GuidePreview, list []rawProgramme, loc *time.Location,
	titles map[string][]lesson.Lesson) {
	type timed struct {
		raw         rawProgramme
		start, stop time.Time
		code        string
		row         int
	}
	all := make([]timed, len(list))
	for i, r := range list {
		t := timed{raw: r, row: i + 1}
		var zoned, ok bool
		if t.start, zoned, ok = parseXMLTV(r.start, loc); !ok {
			t.code = "guide.bad_start"
		}
		if r.broken {
			t.code = "guide.broken"
		}
		if ok && !zoned {
			p.Zoneless++
		}
		if r.stop != "" {
			if t.stop, _, ok = parseXMLTV(r.stop, loc); !ok && t.code == "" {
				t.code = "guide.bad_stop"
			}
		}
		all[i] = t
	}
	slices.SortStableFunc(all, func(a, b timed) int { return a.start.Compare(b.start) })
	end := time.Time{} // of the last one taken
	for i, t := range all {
		if t.code == "" && t.stop.IsZero() && i+1 < len(all) {
			t.stop = all[i+1].start // XMLTV lets the end be left out
		}
		row := GuideRow{Row: t.row, Code: t.code}
		row.Programme, row.Lesson = s.programme(p.Guide, t.raw, t.start, t.stop, titles)
		now := s.Now()
		switch {
		case row.Code != "":
		case row.Programme.Title == "":
			row.Code = "guide.no_title"
		case !t.stop.After(t.start) || t.stop.Sub(t.start) > maxProgramme:
			row.Code = "guide.bad_stop"
		case t.start.Before(now.Add(-guideBehind)) || t.start.After(now.Add(guideAhead)):
			row.Code = "guide.far"
		case t.start.Before(end):
			row.Code = "guide.overlap"
		case !p.Guide.Options.All && row.Programme.Grade == 0 && row.Programme.LessonID == "" && !s.teaches(t.raw):
			row.Code = NoLesson
		}
		switch row.Code {
		case "":
			p.Good++
		case NoLesson:
			p.Other++
		default:
			p.Refused++
		}
		if row.Code == "" || row.Code == NoLesson {
			end = t.stop
			if p.From.IsZero() {
				p.From = t.start
			}
			p.To = t.start.Add(time.Second) // what begins up to here is replaced
		}
		p.Rows = append(p.Rows, row)
	}
}

// programme makes what is listed of a programme of the file.
func (s *Service) programme(g Guide, r rawProgramme, start, stop time.Time,
	titles map[string][]lesson.Lesson) (Programme, string) {
	title := r.title
	if r.sub != "" && !strings.Contains(s.fold(title), s.fold(r.sub)) {
		title = strings.TrimPrefix(title+": "+r.sub, ": ")
	}
	sum := sha256.Sum256([]byte(g.ChannelID + " " + start.Format(time.RFC3339)))
	x := Programme{
		ID: hex.EncodeToString(sum[:16]), ChannelID: g.ChannelID, Title: short(title, 300),
		Description: short(r.desc, 1000), Category: short(r.categories, 100),
		Grade: gradeIn(s.fold(r.title + " . " + r.sub + " . " + r.categories)), StartsAt: start, EndsAt: stop,
	}
	for _, words := range []string{r.sub, r.title, afterColon(r.title), afterColon(r.sub)} {
		found := titles[s.fold(words)]
		if x.Grade != 0 {
			found = slices.DeleteFunc(slices.Clone(found), func(l lesson.Lesson) bool { return l.Grade != x.Grade })
		}
		if words != "" && len(found) == 1 { // two lessons of one title: nobody knows which
			x.LessonID, x.Grade = found[0].ID, found[0].Grade
			return x, found[0].Title
		}
	}
	return x, ""
}

func (s *Service) teaches(r rawProgramme) bool {
	return teaching.MatchString(s.fold(r.title + " . " + r.sub + " . " + r.categories))
}

// afterColon is what follows "Toán lớp 9:" or "Lớp 9 - ".
func afterColon(s string) string {
	for _, mark := range []string{":", " - ", " – "} {
		if _, rest, ok := strings.Cut(s, mark); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return strings.TrimSpace(string(r[:most-1])) + "…"
	}
	return s
}

// lessonTitles gives the published lessons by their folded titles.
func (s *Service) lessonTitles(ctx context.Context) (map[string][]lesson.Lesson, error) {
	m := map[string][]lesson.Lesson{}
	if s.Published == nil {
		return m, nil
	}
	all, err := s.Published(ctx)
	if err != nil {
		return nil, fmt.Errorf("published lessons: %w", err)
	}
	slices.SortFunc(all, func(a, b lesson.Lesson) int { return cmp.Compare(a.ID, b.ID) })
	for _, l := range all {
		k := s.fold(l.Title)
		m[k] = append(m[k], l)
	}
	return m, nil
}

// fold makes words comparable.
func (s *Service) fold(words string) string {
	if s.Fold == nil {
		return strings.ToLower(words)
	}
	return s.Fold(words)
}
