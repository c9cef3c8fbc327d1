package production

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/transcoder"
	"lenlop/transcoder/hls"
	"lenlop/transcoder/ladder"
)

// twoSounds is the plan of a recording with a Vietnamese and an unnamed sound track.
func twoSounds() transcoder.Plan {
	return ladder.Make(ladder.Request{
		Source: ladder.Source{Width: 1280, Height: 720, Audio: 1}, Duration: 60, Rate: ladder.Rate{Num: 25, Den: 1},
		Tracks: []ladder.Track{{Language: "vie", Audio: 1, End: 60}, {Language: "?!", Audio: 2, End: 60}},
	})
}

func sound(rung, language, name string) lesson.Sound {
	return lesson.Sound{Rung: rung, Language: language, Name: name}
}

func TestSoundsOfAPackage(t *testing.T) {
	plan := twoSounds()
	first, second := plan.Tracks[0].Rung, plan.Tracks[1].Rung
	want := []lesson.Sound{{Rung: first, Language: "vi"}, {Rung: second, Language: lesson.Undetermined}}
	if got := soundsOf(plan); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	plan.Tracks = nil
	if got := soundsOf(plan); got != nil {
		t.Errorf("of one sound: %+v", got)
	}
}

// TestRungsPlayWithTheGroupOfSounds: each costs its picture and the dearest sound; only the first sound is also a rung.
func TestRungsPlayWithTheGroupOfSounds(t *testing.T) {
	plan := transcoder.Plan{
		Tracks: []ladder.Track{{Rung: "audio"}, {Rung: "audio2"}},
		Rungs: []transcoder.Rung{{Name: "360p"}, {Name: "audio", Sound: ladder.Sound{Channels: 2}},
			{Name: "audio2", Sound: ladder.Sound{Channels: 1}}},
	}
	vs, sounds := grouped(plan, []hls.Variant{
		{Name: "360p", Bandwidth: 400, Average: 300, Codecs: "avc1"}, {Name: "240p", Bandwidth: 200, Codecs: "avc1"},
		{Name: "audio2", Bandwidth: 90, Average: 60, Codecs: "mp4a.40.2"},
		{Name: "audio", Bandwidth: 70, Average: 65, Codecs: "mp4a.40.2"},
	}, ".m3u8")
	wantRungs := []hls.Variant{
		{Name: "360p", Bandwidth: 490, Average: 365, Codecs: "avc1,mp4a.40.2", Group: soundGroup},
		{Name: "240p", Bandwidth: 290, Codecs: "avc1,mp4a.40.2", Group: soundGroup},
		{Name: "audio", Bandwidth: 70, Average: 65, Codecs: "mp4a.40.2", Group: soundGroup},
	}
	wantSounds := []hls.Sound{
		{Group: soundGroup, URI: "audio.m3u8", Name: "audio", Default: true, Channels: 2},
		{Group: soundGroup, URI: "audio2.m3u8", Name: "audio2", Channels: 1},
	}
	if !slices.Equal(vs, wantRungs) {
		t.Errorf("rungs %+v", vs)
	}
	if !slices.Equal(sounds, wantSounds) {
		t.Errorf("sounds %+v", sounds)
	}
	plan.Tracks = nil
	one := []hls.Variant{{Name: "360p", Bandwidth: 400}}
	if vs, sounds := grouped(plan, one, ".m3u8"); !slices.Equal(vs, one) || sounds != nil {
		t.Errorf("of one sound: %+v %+v", vs, sounds)
	}
}

// TestSoundsAreCalledWhatTheirTeacherCallsThem, each by a name of its own, whatever was typed.
func TestSoundsAreCalledWhatTheirTeacherCallsThem(t *testing.T) {
	const head = "#EXTM3U\n"
	line := func(name, rest string) string {
		return `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="` + name + `",` +
			rest + "\n"
	}
	text := head + line("audio", `DEFAULT=YES`) + line("audio2", `DEFAULT=NO`) + "audio.m3u8\n"
	call := func(language string) string { return map[string]string{"vi": "Tiếng Việt"}[language] }
	for name, c := range map[string]struct {
		sounds []lesson.Sound
		call   func(string) string
		first  string
		second string
	}{
		"by their names": {[]lesson.Sound{sound("audio", "vi", "Cô Lan"), sound("audio2", "en", "Mr Tu")}, call,
			line("Cô Lan", `LANGUAGE="vi",DEFAULT=YES`), line("Mr Tu", `LANGUAGE="en",DEFAULT=NO`)},
		"by their languages": {[]lesson.Sound{sound("audio", "vi", ""), sound("audio2", "en", "")}, call,
			line("Tiếng Việt", `LANGUAGE="vi",DEFAULT=YES`), line("en", `LANGUAGE="en",DEFAULT=NO`)},
		"by one name": {[]lesson.Sound{sound("audio", "vi", ""), sound("audio2", "vi", "Tiếng Việt")}, call,
			line("Tiếng Việt", `LANGUAGE="vi",DEFAULT=YES`), line("Tiếng Việt 2", `LANGUAGE="vi",DEFAULT=NO`)},
		"of no language": {[]lesson.Sound{sound("audio", "und", ""), sound("audio2", "und", "b")}, nil,
			line("und", `DEFAULT=YES`), line("b", `DEFAULT=NO`)},
		"with quotes and line breaks": {[]lesson.Sound{sound("audio", "vi", "a\"b\n#EXT\rc"),
			sound("audio2", "vi", "d")},
			nil,
			line("a'b #EXT c", `LANGUAGE="vi",DEFAULT=YES`), line("d", `LANGUAGE="vi",DEFAULT=NO`)},
		"only one known": {[]lesson.Sound{sound("audio2", "vi", "d")}, nil, line("audio", `DEFAULT=YES`),
			line("d", `LANGUAGE="vi",DEFAULT=NO`)},
	} {
		if got, want := named(text, c.sounds, c.call), head+c.first+c.second+"audio.m3u8\n"; got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// TestMasterPlaylistNamesTheSounds as the lesson has them, also while the package grows; a replaced package's go by
// what its recording says.
func TestMasterPlaylistNamesTheSounds(t *testing.T) {
	h := newFixture(t)
	defer h.Scratch.Close()
	plan := twoSounds()
	raw, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	h.lists.Lessons = h.lessons
	h.pkgs.SavePackage(t.Context(), Package{ID: "P", LessonID: "L", State: Growing, Plan: raw})
	master := func() (Playlist, error) { return h.lists.Playlist(t.Context(), "L", "P", masterFile) }
	if _, err := master(); !fault.Is(err, "package.not_found") {
		t.Errorf("before its first piece: %v", err)
	}
	for _, r := range plan.Rungs {
		h.pkgs.AddPiece(t.Context(), "P", r.Name, 0, []Segment{{PackageID: "P", Rung: r.Name, Index: -1}})
	}
	if _, err := master(); !fault.Is(err, "lesson.not_found") {
		t.Errorf("without its lesson: %v", err)
	}
	sounds := soundsOf(plan)
	sounds[0].Name, sounds[1].Language = "Cô Lan", "en"
	l := lesson.Lesson{ID: "L", Media: lesson.Media{PackageID: "P", Sounds: sounds}}
	h.lessons.Save(t.Context(), l)
	p, err := master()
	if err != nil || p.Final || !strings.Contains(p.Text, `NAME="Cô Lan",LANGUAGE="vi"`) ||
		!strings.Contains(p.Text, `NAME="en",LANGUAGE="en"`) {
		t.Errorf("%v\n%s", err, p.Text)
	}
	l.Media.PackageID = "newer"
	h.lessons.Save(t.Context(), l)
	if p, err = master(); err != nil || !strings.Contains(p.Text, `NAME="vi",LANGUAGE="vi"`) ||
		strings.Contains(p.Text, "Lan") {
		t.Errorf("replaced: %v\n%s", err, p.Text)
	}
	h.lists.Lessons = nil
	if p, err = master(); err != nil || !strings.Contains(p.Text, `NAME="`+sounds[0].Rung+`"`) {
		t.Errorf("by their rungs: %v\n%s", err, p.Text)
	}
}

func TestPlaylistsThatAreNotThere(t *testing.T) {
	h := newFixture(t)
	defer h.Scratch.Close()
	plan, err := json.Marshal(twoSounds())
	if err != nil {
		t.Fatal(err)
	}
	for id, p := range map[string]Package{
		"growing": {State: Growing, Plan: plan}, "broken": {State: Broken, Plan: plan},
		"finished": {State: Verified, Plan: plan, FinishedAt: h.Now()},
	} {
		p.ID, p.LessonID = id, "L"
		h.pkgs.SavePackage(t.Context(), p)
	}
	h.pkgs.AddPiece(t.Context(), "growing", "360p", 1, []Segment{{PackageID: "growing", Rung: "360p", Piece: 1}})
	for _, c := range [][2]string{
		{"none", masterFile}, {"broken", masterFile}, {"broken", "360p.event.m3u8"}, {"growing", "360p.m3u8"},
		{"growing", "4320p.event.m3u8"},
		{"growing", "360p.event.m3u8"}, // its first piece is not in yet
		{"finished", masterFile}, {"finished", "360p.m3u8"}, {"finished", "360p.event.m3u8"},
	} {
		if _, err := h.lists.Playlist(t.Context(), "L", c[0], c[1]); fault.KindOf(err) != fault.NotFound ||
			!fault.Is(err, "package.not_found") {
			t.Errorf("%v: %v", c, err)
		}
	}
	h.store.away = true
	if _, err := h.lists.Playlist(t.Context(), "L", "finished", masterFile); !fault.Is(err, "media.unavailable") {
		t.Errorf("storage is away: %v", err)
	}
	var bad *json.SyntaxError
	h.pkgs.SavePackage(t.Context(), Package{ID: "unreadable", LessonID: "L", State: Growing, Plan: []byte("{")})
	if _, err := h.lists.Playlist(t.Context(), "L", "unreadable", masterFile); !errors.As(err, &bad) {
		t.Errorf("a plan that cannot be read: %v", err)
	}
}
