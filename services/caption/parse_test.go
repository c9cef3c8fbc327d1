package caption

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
)

// remarked lists remarks as "line code".
func remarked(list []fault.Field) []string {
	var out []string
	for _, f := range list {
		out = append(out, fmt.Sprintf("%v %s", f.Args["line"], strings.TrimPrefix(f.Code, "caption.")))
	}
	return out
}

// TestCaptionCases reads the files that were refused or spoiled before.
func TestCaptionCases(t *testing.T) {
	ms := time.Millisecond
	for name, x := range map[string]struct {
		want    []Cue
		remarks []string
	}{
		"cap-arrow.srt": {[]Cue{{second, 3 * second, "2H₂ + O₂ --&gt; 2H₂O"}, {4 * second, 6 * second, "A --&gt; B"}}, nil},
		"cap-zero-length.srt": {[]Cue{{second, 2 * second, "Whisper"}, {2 * second, 3 * second, "Hai"}},
			[]string{"2 mended_length"}},
		"cap-blank-inside.srt": {[]Cue{{second, 3 * second, "Dòng một\nDòng hai"}, {4 * second, 6 * second, "Hai"}},
			[]string{"2 mended_blank"}},
		"cap-doublecr.srt": {[]Cue{{second, 3 * second, "Xin chào các em"},
			{2500 * ms, 5 * second, "Hôm nay học hòa"}}, nil},
	} {
		data, err := os.ReadFile(filepath.Join("../../testdata/cases/captions", name))
		if err != nil {
			t.Fatal(err)
		}
		got, remarks, err := Parse(data, time.Minute)
		if err != nil || !slices.Equal(got, x.want) || !slices.Equal(remarked(remarks), x.remarks) {
			t.Errorf("%s: %+v %v %v", name, got, remarked(remarks), err)
		}
	}
}

func TestOtherFormatsAreNamed(t *testing.T) {
	ass, err := os.ReadFile("../../testdata/cases/captions/cap-ass.srt")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		string(ass):                      "ASS",
		"\ufeff\r\n[Script Info]\r\n":    "ASS",
		"[V4+ Styles]\n":                 "ASS",
		"Dialogue: 0,0:00:01.00,0:00:03": "ASS",
		"0:00:01.000,0:00:03.000\nChào\n\n0:00:04.000,0:00:05.000\nem\n": "SBV",
		"{25}{75}Chào":              "MicroDVD",
		"[ti:Bài]\n[00:01.00]Chào":  "LRC",
		"<SAMI>\n<BODY>":            "SAMI",
		"<?xml version=\"1.0\"?>\n": "TTML",
	} {
		_, _, err := Parse([]byte(in), 0)
		f := fault.As(err)
		if f == nil || f.Code != "caption.invalid" || len(f.Fields) != 1 || f.Fields[0].Code != "caption.other_format" ||
			!strings.HasPrefix(fmt.Sprint(f.Fields[0].Args["format"]), want) {
			t.Errorf("%.20q: %v, want %s", in, err, want)
		}
	}
}

func TestOneBadCaptionCostsNoOther(t *testing.T) {
	const a, b = "1\n00:00:01,000 --> 00:00:02,000\nA\n\n", "9\n00:00:30,000 --> 00:00:31,000\nB\n"
	for bad, want := range map[string]string{
		"2\n00:00:05,000 --> 00:00:04,000\nX\n\n":                          "6 ends_first",
		"2\n00:61:00,000 --> 00:62:00,000\nX\n\n":                          "6 bad_time",
		"2\nmột giây --> hai giây\nX\n\n":                                  "6 bad_time",
		"2\n00:05.000 -->\nX\n\n":                                          "6 bad_time",
		"2\n00:00:05,000 --> 09:00:06,000\nX\n\n":                          "6 after_end",
		"2\n00:00:05,000 --> 00:00:06,000\n\n":                             "6 no_text",
		"2\n00:00:05,000 --> 00:00:06,000\n\u200b\u3164\n\n":               "6 no_text",
		"2\n00:00:05,000 --> 00:00:06,000\n" + strings.Repeat("a\n", 20):   "6 cue_too_long",
		"2\n00:00:05,000 --> 00:00:06,000\n" + strings.Repeat("dài ", 200): "6 cue_too_long",
	} {
		got, remarks, err := Parse([]byte(a+bad+b), time.Minute)
		if err != nil || len(got) != 2 || got[0].Text != "A" || got[1].Text != "B" ||
			!slices.Equal(remarked(remarks), []string{want}) {
			t.Errorf("%q: %+v %v %v", bad, got, remarked(remarks), err)
		}
	}
	// Nothing is left: all of it is told, in order.
	_, _, err := Parse([]byte("lạc\n\n1\n00:05,0 --> 00:04,0\nX\n\n2\n00:99:00,0 --> 1\nY\n"), time.Minute)
	if f := fault.As(err); f == nil ||
		!slices.Equal(remarked(f.Fields), []string{"1 no_time", "4 ends_first", "8 bad_time"}) {
		t.Errorf("all bad: %v", err)
	}
	// A file of nothing but faults is told within bounds.
	_, _, err = Parse([]byte(strings.Repeat("00:05,0 --> 00:04,0\nX\n\n", 5000)), time.Minute)
	if f := fault.As(err); f == nil || len(f.Fields) != maxRemarks+1 || f.Fields[maxRemarks].Args["n"] != 5000-maxRemarks {
		t.Errorf("many faults: %.200v", err)
	}
}

func TestTimesStandInTimeLinesOnly(t *testing.T) {
	for in, want := range map[string]string{
		"1\n00:00:01,000 --> 00:00:02,000\nLịch: 7:30 --> 8:15\n":                            "Lịch: 7:30 --> 8:15",
		"1\n00:00:01,000 --> 00:00:02,000\n7:30 --> 8:15\n":                                  "7:30 --> 8:15",
		"WEBVTT\n\n00:01.000 --> 00:02.000\n7:30 --> 8:15\n":                                 "7:30 --> 8:15",
		"WEBVTT\n\nA --> B\n00:01.000 --> 00:02.000\nC\n":                                    "C",
		"1\n00:00:01,000 --> 00:00:02,000\nNăm\n\n1945\n":                                    "Năm|1945",
		"1\n00:00:01,000 --> 00:00:02,000\nNăm\n1945\n":                                      "Năm|1945",
		"1\n\n00:00:01,000 --> 00:00:02,000\n\nA\n\n2\n\n00:00:03,000 --> 00:00:04,000\n\nB": "A#B",
		"1\n00:00:01,000 --> 00:00:02,000\nA\n2\n00:00:03,000 --> 00:00:04,000\nB":           "A#B",
		"1\n00:00:01 --> 00:00:02\nA\n\n2\n00:00:03 --> 00:00:04\nB":                         "A#B",
		"WEBVTT\n00:01.000 --> 00:02.000\nA\n":                                               "A",
	} {
		got, _, err := Parse([]byte(in), time.Minute)
		var texts []string
		for _, c := range got {
			texts = append(texts, strings.ReplaceAll(Plain(c.Text), "\n", "|"))
		}
		if err != nil || strings.Join(texts, "#") != want {
			t.Errorf("%q: %q %v, want %q", in, texts, err, want)
		}
	}
}

func TestCaptionsAreSorted(t *testing.T) {
	got, remarks, err := Parse([]byte("00:05.000 --> 00:06.000\nB\n\n00:01.000 --> 00:01.000\nA\n\n00:58.000 --> 01:05.000\nC\n"),
		time.Minute)
	want := []Cue{{second, 2 * second, "A"}, {5 * second, 6 * second, "B"}, {58 * second, 60 * second, "C"}}
	if err != nil || !slices.Equal(got, want) ||
		!slices.Equal(remarked(remarks), []string{"4 mended_order", "4 mended_length", "7 mended_end"}) {
		t.Errorf("%+v %v %v", got, remarked(remarks), err)
	}
}

// TestNoCaptionVanishesUncounted makes files of good and bad captions in any
// layout: what comes out is what went in, less one remark for each left out,
// in order and of a length.
func TestNoCaptionVanishesUncounted(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for round := range 400 {
		var b strings.Builder
		end := []string{"\n", "\r\n", "\r", "\r\r\n"}[r.IntN(4)]
		vtt := r.IntN(2) == 0
		if vtt {
			b.WriteString("WEBVTT" + end + end)
		}
		good, bad, at := 0, 0, time.Duration(0)
		for i := range 1 + r.IntN(30) {
			from := at + time.Duration(r.IntN(3000)-500)*time.Millisecond
			from, at = max(from, 0), at+2*time.Second
			to, text := from+time.Duration(r.IntN(3))*time.Second, fmt.Sprintf("câu %d", i)
			switch r.IntN(8) {
			case 0:
				to = from - time.Second
			case 1:
				text = "NaOH --> Na" + end + end + text // an empty line inside
			case 2:
				text += end + "8:00 --> 9:00"
			}
			times := strings.ReplaceAll(stamp(from)+" --> "+stamp(max(to, 0)), ".", []string{".", ","}[r.IntN(2)])
			if r.IntN(10) == 0 {
				times = "00:0x:00 --> 00:01:00"
			}
			if strings.HasPrefix(times, "00:0x") || to < from && max(to, 0) != from {
				bad++
			} else {
				good++
			}
			if !vtt || r.IntN(2) == 0 {
				b.WriteString(fmt.Sprint(i+1) + end)
			}
			b.WriteString(times + end + text + end + end)
		}
		got, remarks, err := Parse([]byte(b.String()), time.Hour)
		if good == 0 {
			if f := fault.As(err); f == nil || len(f.Fields) != bad {
				t.Fatalf("round %d: %v for %d bad\n%s", round, err, bad, b.String())
			}
			continue
		}
		left := 0
		for _, f := range remarks {
			if !strings.HasPrefix(f.Code, "caption.mended_") {
				left++
			}
		}
		if err != nil || len(got) != good || left != bad {
			t.Fatalf("round %d: %d of %d, %d of %d left out, %v %v\n%s", round, len(got), good, left, bad,
				remarked(remarks), err, b.String())
		}
		for i, c := range got {
			if c.To <= c.From || i > 0 && c.From < got[i-1].From {
				t.Fatalf("round %d: %+v after %+v", round, c, got[max(i-1, 0)])
			}
		}
	}
}
