package page

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"lenlop/services/caption"
	"lenlop/services/lesson"
	"lenlop/web/locale"
)

// Streams tells where what plays of a lesson is (stream.Handler).
type Streams interface {
	// Playback gives the addresses of a lesson's master playlist and poster, for
	// the person signed in.
	Playback(ctx context.Context, base string, l lesson.Lesson) (hls, poster string)
	// File gives the address of a plain file beside the ladder ("saver",
	// "sound"); "" when there is none.
	File(ctx context.Context, base string, l lesson.Lesson, name string) string
	// Tracks gives the addresses of what is written along with the lesson.
	Tracks(ctx context.Context, base string, l lesson.Lesson) (Tracks, error)
}

// Tracks is what is written along with a lesson.
type Tracks struct {
	Captions        []CaptionTrack
	Chapters        []caption.Chapter
	ChaptersAddress string // "" when there are none
}

// CaptionTrack is captions in one language.
type CaptionTrack struct {
	Language string // BCP 47
	Address  string
}

// Player is one lesson ready to be watched: what Stage shows.
type Player struct {
	Lesson  lesson.Lesson
	HLS     string // "" when nothing plays yet
	Poster  string
	Files   []PlainFile
	Choices []Choice
	Growing bool
	Tracks  Tracks
	Board   Board     // the lesson in small pictures
	Family  bool      // published, so watched at home where data is paid for: a limit for the day can be set
	DayEnds time.Time // local midnight, when a visit ends for counting
}

// PlayerOf is the player of a lesson for somebody who may watch it.
func PlayerOf(ctx context.Context, s Streams, l lesson.Lesson, now time.Time) (Player, error) {
	y, m, d := now.Date()
	p := Player{Lesson: l, Choices: choices(ctx, l.Renditions), Family: l.Object().Published,
		DayEnds: time.Date(y, m, d+1, 0, 0, 0, 0, now.Location()),
		Growing: l.Media.State != lesson.Ready && l.Media.PackageID == l.Media.MakingID}
	if !l.Media.Playable {
		return p, nil
	}
	p.HLS, p.Poster = s.Playback(ctx, "", l)
	for _, x := range l.Renditions {
		switch a := s.File(ctx, "", l, x.Name); {
		case a == "":
		case x.Kind == lesson.KindFile:
			p.Files = append(p.Files, PlainFile{x.Name, a, x.Bytes})
		case x.Kind == lesson.KindStoryboard:
			p.Board = Board{a, x.Bytes}
		}
	}
	var err error
	p.Tracks, err = s.Tracks(ctx, "", l)
	return p, err
}

// Scripts are the islands of a page with this player; none when nothing plays.
func (p Player) Scripts() []string {
	if p.HLS == "" {
		return nil
	}
	return []string{"player.js"}
}

// PlainFile is the lesson in one file: it is played without an engine, and kept.
type PlainFile struct {
	Name    string // "saver" or "sound"
	Address string
	Bytes   int64
}

// Choice is one quality that can be chosen, with what the lesson costs in it.
type Choice struct {
	Value string // "auto", "saver", or the picture's height
	Label string
	Bytes int64 // 0: not known yet
}

// saverHeight is the picture that saves data and whose blackboard can still be
// read; the player's extras know it too.
const saverHeight = 360

// choices lists what can be chosen, cheapest said first: automatic and
// data-saver, then each picture from the largest down. The bytes of automatic
// are the most it can cost.
func choices(ctx context.Context, rs []lesson.Rendition) []Choice {
	var videos []lesson.Rendition
	for _, r := range rs {
		if r.Kind == "video" && r.Height > 0 {
			videos = append(videos, r)
		}
	}
	slices.SortFunc(videos, func(a, b lesson.Rendition) int { return b.Height - a.Height })
	auto := Choice{Value: "auto", Label: locale.T(ctx, "player.auto")}
	saver := Choice{Value: "saver", Label: locale.T(ctx, "player.saver")}
	if len(videos) == 0 {
		return []Choice{auto, saver}
	}
	auto.Bytes = videos[0].Bytes
	auto.Label = locale.T(ctx, "player.auto_cost", "size", locale.From(ctx).Bytes(auto.Bytes))
	small := videos[len(videos)-1]
	for _, v := range videos {
		if v.Height <= saverHeight {
			small = v
			break
		}
	}
	saver.Bytes = small.Bytes
	for _, r := range rs {
		if r.Kind == lesson.KindFile && r.Name == saver.Value {
			saver.Bytes = r.Bytes
		}
	}
	saver.Label = locale.T(ctx, "player.saver_cost", "size", locale.From(ctx).Bytes(saver.Bytes))
	out := []Choice{auto, saver}
	for _, v := range videos {
		out = append(out, Choice{strconv.Itoa(v.Height), locale.T(ctx, "player.quality_cost", "height",
			strconv.Itoa(v.Height), "size", locale.From(ctx).Bytes(v.Bytes)), v.Bytes})
	}
	for _, r := range rs {
		if r.Kind == "audio" {
			out = append(out, Choice{soundChoice,
				locale.T(ctx, "player.sound_cost", "size", locale.From(ctx).Bytes(r.Bytes)), r.Bytes})
			break
		}
	}
	return out
}

// soundChoice is listening without the picture.
const soundChoice = "sound"

// fileFacts tells the player where the plain files are.
func (p Player) fileFacts() templ.Attributes {
	facts := templ.Attributes{}
	for _, f := range p.Files {
		facts["data-file-"+f.Name] = f.Address
	}
	return facts
}

// fileName is what a kept file is called: the lesson's title without what
// file systems refuse.
func (p Player) fileName(f PlainFile) string {
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, p.Lesson.Title)
	if f.Name == soundChoice {
		return clean + ".m4a"
	}
	return clean + ".mp4"
}

// sound is the address of the playlist without the picture; "" when there is
// none yet. It stands beside the master playlist, with the same token.
func (p Player) sound() string {
	i := slices.IndexFunc(p.Lesson.Renditions, func(r lesson.Rendition) bool { return r.Kind == "audio" })
	folder, token, found := strings.Cut(p.HLS, "master.m3u8")
	if i < 0 || !found || p.Growing {
		return ""
	}
	return folder + p.Lesson.Renditions[i].Name + ".m3u8" + token
}

// saverBytes and mostBytes are the ends of what the lesson can cost; 0: not known.
func (p Player) saverBytes() int64 { return p.Choices[1].Bytes }
func (p Player) mostBytes() int64  { return p.Choices[0].Bytes }

// statusWords are the player's sentences in the page's language, as JSON.
func statusWords(ctx context.Context) string {
	words := map[string]string{}
	for _, k := range []string{"loading", "waiting", "offline", "retrying", "ahead", "again", "continuing", "gone",
		"broken", "resumed", "edge"} {
		words[k] = locale.T(ctx, "player."+k)
	}
	raw, err := json.Marshal(words)
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	return string(raw)
}

// speedName writes a speed as people say it.
func speedName(ctx context.Context, s string) string {
	switch s {
	case "0.75":
		return locale.From(ctx).Decimal(0.75, 2) + "×"
	case "1.25":
		return locale.From(ctx).Decimal(1.25, 2) + "×"
	case "1.5":
		return locale.From(ctx).Decimal(1.5, 1) + "×"
	}
	return s + "×"
}

// several reports whether the lesson can be heard in several languages.
func (p Player) several() bool { return len(p.Lesson.Media.Sounds) > 1 }

// engine is the light one, which plays sound and picture only together, unless
// there are several sounds.
func (p Player) engine() string {
	if p.several() {
		return "hls-full.js"
	}
	return "hls.js"
}

// soundName is what a sound is called: by its teacher, else by its language.
func soundName(ctx context.Context, s lesson.Sound, n int) string {
	if s.Name != "" {
		return s.Name
	}
	if s.Language == lesson.Undetermined {
		return locale.T(ctx, "player.sound_n", "n", n+1)
	}
	return locale.From(ctx).Language(s.Language)
}
