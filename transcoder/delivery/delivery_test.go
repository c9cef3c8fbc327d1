package delivery

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"lenlop/transcoder/ladder"
)

func plan() ladder.Plan {
	return ladder.Make(ladder.Request{Source: ladder.Source{Video: 0, Audio: 1, Width: 1280, Height: 720,
		SampleRate: 44100}, Rate: ladder.Rate{Num: 30, Den: 1}, Duration: 60})
}

func TestCommandsAreGuardedAndInterlaced(t *testing.T) {
	for _, f := range Formats() {
		args := MakeArgs("/in/-x", plan(), f, -19,
			[]Overlay{{PNG: "/in/code.png", Moments: []float64{5, 50}, Length: 10},
				{PNG: "/in/second.png", Moments: []float64{30}, Length: 10}}, "", "/out/a", 2)
		text := strings.Join(args, " ")
		for _, want := range []string{"-protocol_whitelist file", "-format_whitelist mov,", "-i file:/in/-x",
			"interlace=scan=tff", "-map_metadata -1", "+ildct+ilme", "volume=-4dB",
			"between(t\\,5\\,15)+between(t\\,50\\,60)[p1];[2:0]", "between(t\\,30\\,40)", "-i file:/in/second.png",
			fmt.Sprintf("-f %s", f.Container)} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %s", f.Name, want, text)
			}
		}
	}
	silent := plan()
	silent.Source.Audio = -1
	if g := strings.Join(MakeArgs("/in", silent, Formats()[0], 0, nil, "", "/out/a", 1),
		" "); !strings.Contains(g, "anullsrc") {
		t.Error("a silent lesson gets no sound track")
	}
}

const goodProbe = `{"format":{"format_name":"mov,mp4,m4a,3gp,3g2,mj2","duration":"60.02"},"streams":[
 {"codec_type":"video","codec_name":"h264","width":1920,"height":1080,"pix_fmt":"yuv420p","field_order":"tt",
  "r_frame_rate":"25/1","display_aspect_ratio":"16:9"},
 {"codec_type":"audio","codec_name":"aac","sample_rate":"48000","channels":2}]}`

func TestJudge(t *testing.T) {
	f, _ := Find("h264-1080i50-mp4")
	good := Findings{Loudness: -23.2, TruePeak: -1.4, TopFirst: 1400, PictureBytes: 15_000_000 / 8 * 60}
	s, err := Judge(f, []byte(goodProbe), good, 60, true)
	if err != nil || !s.Pass {
		t.Fatalf("%v %+v", err, s)
	}
	for code, spoil := range map[string]func(*Findings, *string){
		"qc.loudness":      func(w *Findings, _ *string) { w.Loudness = -22.4 },
		"qc.true_peak":     func(w *Findings, _ *string) { w.TruePeak = -0.9 },
		"qc.fields_seen":   func(w *Findings, _ *string) { w.BottomFirst = 700 },
		"qc.video_bitrate": func(w *Findings, _ *string) { w.PictureBytes /= 4 },
		"qc.size":          func(_ *Findings, p *string) { *p = strings.Replace(*p, "1920", "1440", 1) },
		"qc.field_order":   func(_ *Findings, p *string) { *p = strings.Replace(*p, `"tt"`, `"bb"`, 1) },
		"qc.frame_rate":    func(_ *Findings, p *string) { *p = strings.Replace(*p, "25/1", "30/1", 1) },
		"qc.duration":      func(_ *Findings, p *string) { *p = strings.Replace(*p, "60.02", "59.8", 1) },
		"qc.audio_codec":   func(_ *Findings, p *string) { *p = strings.Replace(*p, `"aac"`, `"mp3"`, 1) },
		"qc.sample_rate":   func(_ *Findings, p *string) { *p = strings.Replace(*p, "48000", "44100", 1) },
		"qc.container":     func(_ *Findings, p *string) { *p = strings.Replace(*p, "mov,mp4", "matroska,mp4", 1) },
	} {
		w, p := good, goodProbe
		spoil(&w, &p)
		s, err := Judge(f, []byte(p), w, 60, true)
		i := slices.IndexFunc(s.Checks, func(c Check) bool { return c.Code == code })
		if err != nil || s.Pass || i < 0 || s.Checks[i].Pass {
			t.Errorf("%s was not found: %v", code, err)
		}
	}
	if _, err := Judge(f, []byte("{"), good, 60, true); err == nil {
		t.Error("nonsense was judged")
	}
}

func TestParseFindings(t *testing.T) {
	got := ParseFindings(`[blackdetect @ 1] black_start:0 black_end:2.5 black_duration:2.5
[silencedetect @ 2] silence_end: 12 | silence_duration: 8.25
[Parsed_ebur128_3 @ 3] Summary:
    I:         -23.1 LUFS
    Peak:       -1.6 dBFS
[Parsed_idet_0 @ 4] Multi frame detection: TFF:   170 BFF:     2 Progressive:     3 Undetermined:     0
lavfi.freezedetect.freeze_duration: 40
`)
	want := Findings{Loudness: -23.1, TruePeak: -1.6, Black: 2.5, Silent: 8.25, Frozen: 40, TopFirst: 170,
		BottomFirst: 2}
	if got != want {
		t.Errorf("%+v, expected %+v", got, want)
	}
}
