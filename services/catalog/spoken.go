package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lenlop/services/caption"
)

// Captions reads what is written along with lessons (caption.Store).
type Captions interface {
	// Captions of a lesson, without their bodies.
	Captions(ctx context.Context, lesson string) ([]caption.Caption, error)
	// Caption with its body.
	Caption(ctx context.Context, lesson, language string) (caption.Caption, error)
}

// Passage is what is said in a lesson within some seconds. Words are looked for
// passage by passage, so that what is found together was said together.
type Passage struct {
	Lines []Line
}

// Line is one caption of a passage.
type Line struct {
	From time.Duration // where in the lesson it begins, whole milliseconds
	Text string        // one line, without markup
}

// Moment is where in a lesson the words that were searched for are said.
type Moment struct {
	From time.Duration
	Text []Span
}

// Bounds of passages. Twenty seconds are one or two spoken sentences. An index
// on SQLite takes a lesson in within 50 ms, so four hours of talk are cut off
// after 400 passages of at most 600 characters each.
const (
	passageLength   = 20 * time.Second
	passageLetters  = 600
	maxPassages     = 400
	shortestPrefix  = 3   // letters of an unfinished word that is looked for in passages
	passageWordsCap = 150 // different words of a passage that an index keeps
)

// Passages cuts captions. Each passage begins with the last caption of the one
// before, so that a sentence on the border is whole in one of them.
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

// spoken reads the passages of a lesson's captions in all languages that are
// shown.
func (s *Service) spoken(ctx context.Context, lessonID string) ([]Passage, error) {
	if s.Captions == nil {
		return nil, nil
	}
	list, err := s.Captions.Captions(ctx, lessonID)
	if err != nil {
		return nil, fmt.Errorf("lesson %s: captions: %w", lessonID, err)
	}
	var out []Passage
	for _, c := range list {
		if c.Offered || len(out) >= maxPassages {
			continue
		}
		whole, err := s.Captions.Caption(ctx, lessonID, c.Language)
		if err != nil {
			return nil, fmt.Errorf("lesson %s: captions %s: %w", lessonID, c.Language, err)
		}
		cues, err := caption.Read(whole.Body)
		if err != nil {
			return nil, fmt.Errorf("lesson %s: captions %s: %w", lessonID, c.Language, err)
		}
		out = append(out, Passages(cues)...)
	}
	return out[:min(len(out), maxPassages)], nil
}

// Write puts a passage down for an index to keep; ReadPassage reads it.
func (p Passage) Write() string {
	var b strings.Builder
	for i, l := range p.Lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strconv.FormatInt(l.From.Milliseconds(), 10) + " " + l.Text)
	}
	return b.String()
}

// ReadPassage reads what Write wrote; lines that are none are left out.
func ReadPassage(s string) Passage {
	var p Passage
	for line := range strings.SplitSeq(s, "\n") {
		at, text, _ := strings.Cut(line, " ")
		if ms, err := strconv.ParseInt(at, 10, 64); err == nil {
			p.Lines = append(p.Lines, Line{time.Duration(ms) * time.Millisecond, text})
		}
	}
	return p
}

// folded lists the different folded words of a passage.
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

// PassageWords lists for each passage the folded words that it is found by:
// its own, and those that say which lesson it is of, so that "toán 9 parabol"
// finds a parabola spoken of in a lesson of that grade.
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

// AllWords lists the different folded words of the entry, spoken ones too, for
// the vocabulary.
func (e Entry) AllWords() []string {
	words := e.Document().Words()
	for _, p := range e.Spoken {
		words = append(words, p.folded()...)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// spokenPrint changes whenever what is said changes.
func (e Entry) spokenPrint() string {
	if len(e.Spoken) == 0 {
		return ""
	}
	h := sha256.New()
	for _, p := range e.Spoken {
		h.Write([]byte(p.Write() + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// audible is the meaning as passages are asked for it: a word of one or two
// letters that may go on is said in nearly every lesson, so it must be a word
// of its own there. ok is false when then nothing is asked.
func (m Meaning) audible() (_ Meaning, ok bool) {
	out := Meaning{Toned: m.Toned}
	for _, t := range m.Terms {
		t.Ways = slices.DeleteFunc(slices.Clone(t.Ways), func(w Way) bool {
			return w.Prefix && utf8.RuneCountInString(w.Words[len(w.Words)-1]) < shortestPrefix
		})
		if len(t.Ways) == 0 {
			return Meaning{}, false
		}
		out.Terms = append(out.Terms, t)
	}
	out.Choices = [][]Term{out.Terms}
	return out, !m.Empty()
}

// moment finds in a passage the line that says most of what is looked for, and
// shows it with what is said right after.
func (m Meaning) moment(p Passage) *Moment {
	best, most := -1, 0
	for i, l := range p.Lines {
		n := 0
		words := split(l.Text)
		for _, t := range m.Terms {
			only := Meaning{Terms: []Term{t}}
			if slices.ContainsFunc(words, only.wants) {
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

// hear adds lessons that only say what is looked for, after all whose title,
// names or description hold it.
func hear(ctx context.Context, e Engine, m Meaning, f Query, found []Candidate) ([]Candidate, error) {
	heard, ok := m.audible()
	if len(found) >= maxCandidates || !ok {
		return found, nil
	}
	said, err := e.Spoken(ctx, heard, f, maxCandidates)
	if err != nil {
		return nil, err
	}
	have := make(map[int64]bool, len(found))
	for _, c := range found {
		have[c.Key] = true
	}
	for _, c := range said {
		if !have[c.Key] {
			found = append(found, c)
		}
	}
	return found, nil
}
