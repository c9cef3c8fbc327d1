package caption

import (
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"lenlop/services/fault"
)

const second = time.Second

const vtt = "WEBVTT - của cô\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:1\n\nNOTE\nkhông hiện\n\nSTYLE\n::cue { background: url(https://evil.example/) }\n\n" +
	"mot\n00:01.000 --> 00:03.500 align:start position:0%\n<v Cô Lan>Chào <b>các em</b>!\n<c.do>Bài</c> 1\n\n00:00:04.000 --> 00:00:06.000\n3 &lt; 5 &amp; 5 > 3\n"

const srt = "1\r\n00:00:01,000 --> 00:00:03,500\r\n{\\an8}<font color=\"red\">Chào</font> <i>các em\r\n\r\n2\r\n00:00:04,000 --> 00:00:06,000\r\nHai dòng\r\nmột câu\r\n"

func TestParseKeepsWordsAndLittleElse(t *testing.T) {
	for name, x := range map[string]struct {
		in   string
		want []Cue
	}{
		"webvtt": {vtt, []Cue{{1 * second, 3500 * time.Millisecond, "Chào <b>các em</b>!\nBài 1"},
			{4 * second, 6 * second, "3 &lt; 5 &amp; 5 &gt; 3"}}},
		"subrip": {srt, []Cue{{1 * second, 3500 * time.Millisecond, "Chào <i>các em</i>"},
			{4 * second, 6 * second, "Hai dòng\nmột câu"}}},
		"subrip without empty lines": {"1\n00:01,0 --> 00:02,0\nA\n2\n00:02,5 --> 00:03,0\nB",
			[]Cue{{second, 2 * second, "A"}, {2500 * time.Millisecond, 3 * second, "B"}}},
		"end cut": {"00:58.000 --> 01:05.000\nhết", []Cue{{58 * second, 60 * second, "hết"}}},
	} {
		got, err := Parse([]byte(x.in), time.Minute)
		if err != nil || len(got) != len(x.want) {
			t.Errorf("%s: %v %v", name, got, err)
			continue
		}
		for i := range got {
			if got[i] != x.want[i] {
				t.Errorf("%s: %+v, want %+v", name, got[i], x.want[i])
			}
		}
		back, err := Read(Write(got))
		if err != nil || len(back) != len(got) || back[0] != got[0] {
			t.Errorf("%s: read back %+v %v", name, back, err)
		}
	}
}

func TestParseSaysWhichLineIsWrong(t *testing.T) {
	for in, want := range map[string]struct {
		code string
		line int
	}{
		"":                                   {"caption.empty", 0},
		"WEBVTT\n":                           {"caption.empty", 0},
		"\x00\x01\xff\xfe\x00":               {"caption.no_time", 1},
		"WEBVTT\n\nchỉ có chữ\n":             {"caption.no_time", 3},
		"WEBVTT\n\n00:05.000 --> xin\nA\n":   {"caption.bad_time", 3},
		"1\n00:61:00,0 --> 00:62:00,0\nA\n":  {"caption.bad_time", 2},
		"WEBVTT\n\n00:05.0 --> 00:04.0\nA\n": {"caption.ends_first", 3},
		"WEBVTT\n\n00:01.0 --> 00:02.0\nA\n\n00:00.5 --> 00:02.0\nB\n":  {"caption.out_of_order", 6},
		"WEBVTT\n\n00:01.0 --> 999999999:00:00.000\nA\n":                {"caption.bad_time", 3},
		"WEBVTT\n\n00:01.0 --> 1000000000\nA\n":                         {"caption.bad_time", 3},
		"WEBVTT\n\n00:01.0 --> 999:00:00.000\nA\n":                      {"caption.after_end", 3},
		"WEBVTT\n\n02:01.0 --> 02:03.0\nA\n":                            {"caption.after_end", 3},
		"WEBVTT\n\n00:01.0 --> 00:02.0\n" + strings.Repeat("dài ", 200): {"caption.cue_too_long", 3},
		"WEBVTT\n\n00:01.0 --> 00:02.0\n" + strings.Repeat("a\n", 20):   {"caption.cue_too_long", 3},
	} {
		_, err := Parse([]byte(in), time.Minute)
		f := fault.As(err)
		if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Code != want.code {
			t.Errorf("%q: %v, want %s", in, err, want.code)
		} else if want.line > 0 && f.Fields[0].Args["line"] != want.line {
			t.Errorf("%q: line %v, want %d", in, f.Fields[0].Args["line"], want.line)
		}
	}
	if _, err := Parse(make([]byte, 10<<20), 0); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("10 MB: %v", err)
	}
	var many strings.Builder
	for i := range MaxCues + 1 {
		many.WriteString(stamp(time.Duration(i)*second) + " --> " + stamp(time.Duration(i+1)*second) + "\na\n\n")
	}
	if _, err := Parse([]byte(many.String()), 0); fault.As(err) == nil ||
		fault.As(err).Fields[0].Code != "caption.too_many" {
		t.Errorf("too many: %v", err)
	}
}

func TestFoundCaptionsAreTakenAsTheyCome(t *testing.T) {
	got,
		err := ParseFound(
		[]byte(
			"WEBVTT\n\n00:05.0 --> 00:06.0\nB\n\nlạc\n\n00:01.0 --> 00:02.0\nA\n\n00:09.0 --> 00:03.0\nngược\n\n09:00:00.000 --> 09:00:01.000\nxa\n"), time.Minute)
	if err != nil || len(got) != 2 || got[0].Text != "A" || got[1].Text != "B" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestEncodings(t *testing.T) {
	const text = "WEBVTT\n\n00:01.000 --> 00:02.000\nPhép cộng hai phân số, đúng chưa?\n"
	units := utf16.Encode([]rune(text))
	le, be := make([]byte, 0, 2*len(units)), make([]byte, 0, 2*len(units))
	for _, u := range units {
		le, be = append(le, byte(u), byte(u>>8)), append(be, byte(u>>8), byte(u))
	}
	// Windows-1258 writes tones as marks of their own.
	old, err := charmap.Windows1258.NewEncoder().String(apart(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"utf-8": text, "utf-8 marked": "\xef\xbb\xbf" + text, "utf-16le": "\xff\xfe" + string(le),
		"utf-16be":          "\xfe\xff" + string(be),
		"utf-16le unmarked": string(le), "utf-16be unmarked": string(be), "windows-1258": old,
		"utf-8, marks apart": norm.NFD.String(text),
	} {
		got, err := Parse([]byte(data), time.Minute)
		if err != nil || len(got) != 1 || got[0].Text != "Phép cộng hai phân số, đúng chưa?" {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

// apart writes tones apart and leaves the letters of the old code page whole.
func apart(s string) string {
	var b strings.Builder
	for _, r := range s {
		d := []rune(norm.NFD.String(string(r)))
		if n := len(d); n > 1 && (d[n-1] == '\u0301' || d[n-1] == '\u0323' || d[n-1] == '\u0300' ||
			d[n-1] == '\u0309' || d[n-1] == '\u0303') {
			b.WriteString(norm.NFC.String(string(d[:n-1])) + string(d[n-1]))
			continue
		}
		if n := len(d); n == 3 { // ộ: circumflex after the dot
			b.WriteString(norm.NFC.String(string([]rune{d[0], d[2]})) + string(d[1]))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func TestHostileTextComesOutAsText(t *testing.T) {
	for in, want := range map[string]string{
		"<script>alert(1)</script>":                  "alert(1)",
		"<b onmouseover=alert(1)>x</b>":              "<b>x</b>",
		"<img src=x onerror=alert(1)>ảnh":            "ảnh",
		"<b><i>x</b></i>":                            "<b><i>x</i></b>",
		"</b></i>x":                                  "x",
		"<b>" + strings.Repeat("<i>", 3) + "x":       "<b><i><i><i>x</i></i></i></b>",
		"&lt;script&gt;alert(1)&lt;/script&gt;":      "&lt;script&gt;alert(1)&lt;/script&gt;",
		"a --&gt; b":                                 "a --&gt; b",
		"<00:00:02.000>từng <c.vang.nen>chữ</c>":     "từng chữ",
		"<ruby>漢<rt>hán</rt></ruby>":                 "漢hán",
		"\u202eđảo\u202c \u200bẩn \u2066x\u2069\x07": "đảo ẩn x",
		"3 < 5 và 5 > 3":                             "3 &lt; 5 và 5 &gt; 3",
		"<!--x-->y":                                  "y",
		"<<b>>":                                      "&lt;<b>&gt;</b>",
		"{\\an8\\pos(1,2)}Chữ {thường}":              "Chữ {thường}",
		"<a href=\"javascript:alert(1)\">bấm</a>":    "bấm",
		"<lang vi>Xin</lang> <v.loud <b>>chào</b>":   "Xin &lt;v.loud <b>&gt;chào</b>",
	} {
		if got := clean(in, true); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
	// In the editor people mean what they type.
	if got := clean("<script>x</script> & <b>y", false); got != "&lt;script&gt;x&lt;/script&gt; &amp; <b>y</b>" {
		t.Errorf("typed: %q", got)
	}
	if got := clean(Typed("&lt;v Lan&gt; <u>a</u>"), false); got != "&lt;v Lan&gt; <u>a</u>" {
		t.Errorf("typed again: %q", got)
	}
	if got := Plain("<b>3 &lt; 5</b>"); got != "3 < 5" {
		t.Errorf("plain: %q", got)
	}
}

// FuzzNothingButOurTagsComesOut holds every file to the one form.
func FuzzNothingButOurTagsComesOut(f *testing.F) {
	f.Add([]byte(vtt))
	f.Add([]byte(srt))
	f.Add([]byte("WEBVTT\n\n00:01.000 --> 00:02.000\n<b><script>x</b>-->"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cues, err := Parse(data, 0)
		if err != nil {
			return
		}
		body := Write(cues)
		back, err := Read(body)
		if err != nil || len(back) != len(cues) {
			t.Fatalf("%d captions came back as %d: %v", len(cues), len(back), err)
		}
		for i, c := range back {
			if c != cues[i] {
				t.Fatalf("caption %d came back as %+v, was %+v", i, c, cues[i])
			}
			if rest := markup.Replace(c.Text); strings.ContainsAny(rest, "<>\x00\r") ||
				strings.Contains(c.Text, "\n\n") || strings.Contains(c.Text, "-->") {
				t.Fatalf("caption %d: %q", i, c.Text)
			}
		}
	})
}

func TestComposeNamesTheRow(t *testing.T) {
	got, err := Compose([]Row{{"0:10", "0:12", "hai"}, {"", "", " "}, {"1.5", "3", "một"}}, time.Minute)
	if err != nil || len(got) != 2 || got[0].Text != "một" || got[0].From != 1500*time.Millisecond {
		t.Fatalf("%+v %v", got, err)
	}
	_, err = Compose([]Row{{"0:10", "0:12", "a"}, {"mười", "0:12", "b"}, {"0:20", "0:20", "c"},
		{"2:00", "2:01", "d"}}, time.Minute)
	f := fault.As(err)
	if f == nil || len(f.Fields) != 3 || f.Fields[0].Name != "row-1" || f.Fields[0].Code != "caption.row_time" ||
		f.Fields[1].Code != "caption.ends_first" || f.Fields[2].Code != "caption.after_end" {
		t.Errorf("%v", err)
	}
	if _, err := Compose(nil, 0); fault.As(err) == nil {
		t.Errorf("nothing: %v", err)
	}
}

func TestChapters(t *testing.T) {
	got, err := CheckChapters([]Chapter{{90 * second, " Luyện\u202e  tập "}, {0, "Mở đầu"}}, 2*time.Minute)
	if err != nil || got[0].Title != "Mở đầu" || got[1].Title != "Luyện tập" {
		t.Fatalf("%+v %v", got, err)
	}
	want := "WEBVTT\n\n00:00:00.000 --> 00:01:30.000\nMở đầu\n\n00:01:30.000 --> 00:02:00.000\nLuyện tập\n"
	if s := WriteChapters(got, 2*time.Minute); s != want {
		t.Errorf("%q", s)
	}
	if s := WriteChapters([]Chapter{{0, "<b>x --> y"}}, second); !strings.Contains(s, "&lt;b&gt;x --&gt; y") {
		t.Errorf("%q", s)
	}
	for _, bad := range [][]Chapter{
		{{0, ""}}, {{0, strings.Repeat("a", 121)}}, {{-second, "a"}}, {{3 * time.Minute, "a"}}, {{0, "a"}, {0, "b"}},
		make([]Chapter, 101),
	} {
		if _, err := CheckChapters(bad, 2*time.Minute); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d chapters: %v", len(bad), err)
		}
	}
}

func TestClock(t *testing.T) {
	for in, want := range map[string]time.Duration{"75": 75 * second, "1:15": 75 * second,
		"0:01:15,25": 75250 * time.Millisecond, " 1:02:03.004 ": 3723004 * time.Millisecond} {
		if d, ok := ParseClock(in); !ok || d != want {
			t.Errorf("%q: %v %v", in, d, ok)
		}
	}
	for _, bad := range []string{"", "-1", "1:60", "1:60:00", "a", "1e9", "1:2:3:4", "9999999999999", "1.2345"} {
		if d, ok := ParseClock(bad); ok {
			t.Errorf("%q: %v", bad, d)
		}
	}
	for _, d := range []time.Duration{0, 61500 * time.Millisecond, 2 * time.Hour} {
		if back, ok := ParseClock(Clock(d)); !ok || back != d {
			t.Errorf("%v: %q %v", d, Clock(d), back)
		}
	}
}

func TestAddressesLeadNowhereElse(t *testing.T) {
	c := Caption{LessonID: "l1", Language: "zh-Hant", Key: "lessons/l1/captions/zh-Hant.0190-a.vtt"}
	if l, key, ok := At(Address(c)); !ok || l != "l1" || key != c.Key {
		t.Error(l, key, ok)
	}
	for _, bad := range []string{"l1/captions/../x.vtt", "l1/captions/vi.a.vtt/", "l1/p1/vi.a.vtt",
		"l1/captions/vi.vtt", "../captions/vi.a.vtt", "l1/captions/vi.a.b.vtt", "l1/captions/vi.a.vtt\n"} {
		if _, key, ok := At(bad); ok {
			t.Errorf("%q leads to %q", bad, key)
		}
	}
	if l, ok := ChaptersAt(ChaptersAddress("l1")); !ok || l != "l1" {
		t.Error(l, ok)
	}
	if _, ok := ChaptersAt("a/b/captions/chapters.vtt"); ok {
		t.Error("another folder is taken for chapters")
	}
}
