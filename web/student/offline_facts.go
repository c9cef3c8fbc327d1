package student

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"lenlop/services/lesson"
	"lenlop/services/worksheet"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// keepChoice is one way to keep a lesson on a device, with what it takes.
type keepChoice struct {
	Name  string // of the plain file, or of the rung
	Label string
	Bytes int64
	Rung  bool // segments and their engine; else one plain file
}

// keepChoices are data-saver, the rungs that show more than it does from the
// smallest up, and sound alone.
func (p lessonPage) keepChoices(ctx context.Context) []keepChoice {
	var saver, sound, rungs []keepChoice
	for _, f := range p.player.Files {
		c := keepChoice{Name: f.Name, Label: locale.T(ctx, "keep.as_"+f.Name), Bytes: f.Bytes}
		if f.Name == "saver" {
			saver = append(saver, c)
		} else {
			sound = append(sound, c)
		}
	}
	if !p.player.Growing {
		rungs = p.rungChoices(ctx, len(saver) > 0)
	}
	return slices.Concat(saver, rungs, sound)
}

// saverPicture is the height of the data-saver's picture (transcoder/ladder).
const saverPicture = 360

func (p lessonPage) rungChoices(ctx context.Context, saved bool) []keepChoice {
	var videos []lesson.Rendition
	var sounds int64
	several := len(p.lesson.Media.Sounds) > 1
	for _, r := range p.lesson.Renditions {
		switch {
		case r.Kind == "video" && r.Height > 0 && (!saved || r.Height > saverPicture):
			videos = append(videos, r)
		case r.Kind == "audio" && several:
			sounds += r.Bytes // its pictures carry no sound: all languages come along
		}
	}
	slices.SortFunc(videos, func(a, b lesson.Rendition) int { return a.Height - b.Height })
	var cs []keepChoice
	for _, v := range videos {
		cs = append(cs, keepChoice{v.Name, locale.T(ctx, "keep.as_rung", "height", strconv.Itoa(v.Height)),
			v.Bytes + sounds, true})
	}
	return cs
}

// keepFacts is what offline-download.ts must know of a lesson: where its parts are, and
// the words that are shown beside them without a network.
type keepFacts struct {
	Package      string            `json:"package"`
	HLS          string            `json:"hls"`
	Engine       string            `json:"engine"`
	Poster       string            `json:"poster"`
	Files        map[string]string `json:"files"`
	ChaptersFrom string            `json:"chaptersFrom"`
	Captions     []keptCaption     `json:"captions"`
	Chapters     []keptChapter     `json:"chapters"`
	Sheets       []keptSheet       `json:"sheets"`
	Sounds       []keptSound       `json:"sounds"`
}

type keptCaption struct {
	Language string `json:"language"`
	Label    string `json:"label"`
	From     string `json:"from"`
}

type keptChapter struct {
	At    float64 `json:"at"` // seconds
	Clock string  `json:"clock"`
	Title string  `json:"title"`
}

type keptSheet struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	About  string `json:"about"`
	SHA256 string `json:"sha256"`
	From   string `json:"from"`
}

type keptSound struct {
	Label    string `json:"label"`
	Language string `json:"language"`
}

func (p lessonPage) keepFacts(ctx context.Context) string {
	f := keepFacts{
		Package: p.lesson.Media.PackageID, HLS: p.player.HLS, Poster: p.player.Poster, Files: map[string]string{},
		ChaptersFrom: p.player.Tracks.ChaptersAddress, Engine: page.Asset(ctx, "hls.js"),
		Captions: []keptCaption{}, Chapters: []keptChapter{}, Sheets: []keptSheet{}, Sounds: []keptSound{},
	}
	for _, x := range p.player.Files {
		f.Files[x.Name] = x.Address
	}
	for _, t := range p.player.Tracks.Captions {
		f.Captions = append(f.Captions, keptCaption{t.Language, locale.From(ctx).Language(t.Language), t.Address})
	}
	for _, c := range p.player.Tracks.Chapters {
		f.Chapters = append(f.Chapters, keptChapter{c.At.Seconds(), locale.From(ctx).Clock(c.At.Seconds()), c.Title})
	}
	for _, w := range p.sheets {
		f.Sheets = append(f.Sheets, keptSheet{w.ID, w.Name, sheetAbout(ctx, w), w.SHA256,
			string(page.WorksheetPath(w))})
	}
	if len(p.lesson.Media.Sounds) > 1 {
		f.Engine = page.Asset(ctx, "hls-full.js")
		for i, s := range p.lesson.Media.Sounds {
			f.Sounds = append(f.Sounds, keptSound{page.SoundName(ctx, s, i), s.Language})
		}
	}
	raw, err := json.Marshal(f)
	if err != nil {
		panic(fmt.Sprintf("facts of lesson %s: %v", p.lesson.ID, err)) // strings and numbers always encode
	}
	return string(raw)
}

// sheetAbout says what a worksheet is: "PDF · 1,2 MB".
func sheetAbout(ctx context.Context, w worksheet.Worksheet) string {
	kind := "picture"
	if w.Type == worksheet.TypePDF {
		kind = "pdf"
	}
	return locale.T(ctx, "worksheet.kind_"+kind) + " · " + locale.From(ctx).Bytes(w.Size)
}

// sentences are what an island says, as data attributes in the page's language:
// data-space is the sentence "keep.space".
func sentences(ctx context.Context, part string, names ...string) templ.Attributes {
	words := templ.Attributes{}
	for _, n := range names {
		words["data-"+n] = locale.T(ctx, part+"."+n)
	}
	return words
}
