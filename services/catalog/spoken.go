package catalog

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/caption"
)

// Captions reads the captions of lessons (caption.Store).
type Captions interface {
	// Captions of the lessons, without their bodies.
	Captions(ctx context.Context, lessons ...string) ([]caption.Caption, error)
	// Caption with its body.
	Caption(ctx context.Context, lesson, language string) (caption.Caption, error)
}

// Passage is what is said in a lesson within some seconds. All words of a query
// must be in one passage, so that they were said together.
type Passage struct {
	Lines []Line
}

// Line is one caption of a passage.
type Line struct {
	From time.Duration // its start in the lesson, in whole milliseconds
	Text string        // one line, without markup
}

// Moment is where in a lesson the words of a query are said.
type Moment struct {
	From time.Duration
	Text []Span
}

// Bounds of passages. Twenty seconds are one or two spoken sentences. Indexing a
// lesson must not hold SQLite's write lock for over 50 ms, so only the first 400
// passages, of at most 600 characters each, are indexed.
const (
	passageLength   = 20 * time.Second
	passageLetters  = 600
	maxPassages     = 400
	shortestPrefix  = 3   // letters of an unfinished word that is searched in passages
	passageWordsCap = 150 // indexed words of a passage
)

// Passages divides captions into passages. Each begins with the last caption of
// the one before, so that a sentence across the border is whole in one of them.
func Passages(cues []caption.Cue) []Passage {
	var out []Passage
	var now Passage
	letters := 0
	for _, c := range cues {
		text := strings.Join(strings.Fields(caption.Plain(c.Text)), " ")
		if text == "" {
			continue
		}
		l := Line{From: c.From.Truncate(time.Millisecond), Text: text}
		n := utf8.RuneCountInString(text)
		if len(now.Lines) > 0 && (l.From-now.Lines[0].From >= passageLength || letters+n > passageLetters) {
			out = append(out, now)
			last := now.Lines[len(now.Lines)-1]
			now, letters = Passage{}, 0
			if m := utf8.RuneCountInString(last.Text); l.From-last.From < passageLength && m+n <= passageLetters {
				now.Lines, letters = []Line{last}, m
			}
		}
		now.Lines, letters = append(now.Lines, l), letters+n
	}
	if len(now.Lines) > 0 {
		out = append(out, now)
	}
	return out[:min(len(out), maxPassages)]
}

// spoken reads the passages of the lesson's captions in all published languages,
// and the version of these captions.
func (s *Service) spoken(ctx context.Context, lessonID string) (out []Passage, version string, err error) {
	if s.Captions == nil {
		return nil, "", nil
	}
	list, err := s.Captions.Captions(ctx, lessonID)
	if err != nil {
		return nil, "", fmt.Errorf("lesson %s: captions: %w", lessonID, err)
	}
	for _, c := range list {
		if c.Offered || len(out) >= maxPassages {
			continue
		}
		whole, err := s.Captions.Caption(ctx, lessonID, c.Language)
		if err != nil {
			return nil, "", fmt.Errorf("lesson %s: captions %s: %w", lessonID, c.Language, err)
		}
		cues, err := caption.Read(whole.Body)
		if err != nil {
			return nil, "", fmt.Errorf("lesson %s: captions %s: %w", lessonID, c.Language, err)
		}
		out = append(out, Passages(cues)...)
	}
	return out[:min(len(out), maxPassages)], captionsVersions(list)[lessonID], nil
}

// captionsVersions returns the version of each lesson's published captions. The
// storage key of captions changes whenever their text does.
func captionsVersions(list []caption.Caption) map[string]string {
	versions := map[string]string{}
	for _, c := range list {
		if !c.Offered {
			versions[c.LessonID] += c.Language + " " + c.Key + "\n"
		}
	}
	return versions
}

// Encode returns the passage as the text that an index stores; DecodePassage
// reads it.
func (p Passage) Encode() string {
	var b strings.Builder
	for i, l := range p.Lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strconv.FormatInt(l.From.Milliseconds(), 10) + " " + l.Text)
	}
	return b.String()
}

// DecodePassage reads the result of Encode; malformed lines are left out.
func DecodePassage(s string) Passage {
	var p Passage
	for line := range strings.SplitSeq(s, "\n") {
		at, text, _ := strings.Cut(line, " ")
		if ms, err := strconv.ParseInt(at, 10, 64); err == nil {
			p.Lines = append(p.Lines, Line{time.Duration(ms) * time.Millisecond, text})
		}
	}
	return p
}

// folded lists the distinct folded words of a passage.
func (p Passage) folded() []string {
	var out []string
	for _, l := range p.Lines {
		for _, w := range split(l.Text) {
			if len(w.folded) <= maxWord && len(out) < passageWordsCap {
				out = append(out, strings.Fields(w.folded)...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// PassageWords lists for each passage the folded words that find it: its own,
// and those of the lesson's title and facts, so that "toán 9 parabol" finds a
// parabola mentioned in a lesson of that subject and grade.
func (e Entry) PassageWords() [][]string {
	if len(e.Spoken) == 0 {
		return nil
	}
	d := e.Document()
	about := strings.Fields(strings.Join([]string{d.Title, d.Tags, d.Subject, d.Teacher, d.School}, " "))
	out := make([][]string, len(e.Spoken))
	for i, p := range e.Spoken {
		words := slices.Concat(p.folded(), about)
		slices.Sort(words)
		out[i] = slices.Compact(words)
	}
	return out
}

// AllWords lists the distinct folded words of the entry and its captions, for
// the vocabulary.
func (e Entry) AllWords() []string {
	words := e.Document().Words()
	for _, p := range e.Spoken {
		words = append(words, p.folded()...)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// spokenQuery is the query for passages: nearly every lesson contains a word with
// any given one or two letters at its beginning, so such a prefix must be a whole
// word here. ok is false when no query is left.
func (m ParsedQuery) spokenQuery() (_ ParsedQuery, ok bool) {
	out := ParsedQuery{Toned: m.Toned}
	for _, t := range m.Terms {
		t.Alternatives = slices.DeleteFunc(slices.Clone(t.Alternatives), func(w Alternative) bool {
			return w.Prefix && utf8.RuneCountInString(w.Words[len(w.Words)-1]) < shortestPrefix
		})
		if len(t.Alternatives) == 0 {
			return ParsedQuery{}, false
		}
		out.Terms = append(out.Terms, t)
	}
	out.Choices = [][]Term{out.Terms}
	return out, !m.Empty()
}

// momentIn finds the line of the passage that contains most terms, and excerpts
// it together with the lines that follow.
func (m ParsedQuery) momentIn(p Passage) *Moment {
	best, most := -1, 0
	for i, l := range p.Lines {
		n := 0
		words := split(l.Text)
		for _, t := range m.Terms {
			only := ParsedQuery{Terms: []Term{t}}
			if slices.ContainsFunc(words, only.matches) {
				n++
			}
		}
		if n > most {
			best, most = i, n
		}
	}
	if best < 0 {
		return nil
	}
	text := p.Lines[best].Text
	for _, l := range p.Lines[best+1:] {
		if utf8.RuneCountInString(text) > snippetLength/2 {
			break
		}
		text += " " + l.Text
	}
	return &Moment{From: p.Lines[best].From, Text: m.Snippet(text)}
}

// addSpokenMatches appends the lessons that match only by their captions.
func addSpokenMatches(ctx context.Context, e Engine, m ParsedQuery, f Query, found []Candidate) ([]Candidate, error) {
	spoken, ok := m.spokenQuery()
	if len(found) >= maxCandidates || !ok {
		return found, nil
	}
	more, err := e.Spoken(ctx, spoken, f, maxCandidates)
	if err != nil {
		return nil, err
	}
	have := make(map[int64]bool, len(found))
	for _, c := range found {
		have[c.Key] = true
	}
	for _, c := range more {
		if !have[c.Key] {
			found = append(found, c)
		}
	}
	return found, nil
}
