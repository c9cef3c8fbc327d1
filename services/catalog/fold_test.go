package catalog

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "",
		"Toán 9: Hàm số y = ax²":         "toan 9 ham so y ax2",
		"ĐƯỜNG TRÒN ngoại-tiếp":          "duong tron ngoai tiep",
		"đề-xi-mét khối":                 "de xi met khoi",
		"  nhiều   khoảng\ttrắng\n":      "nhieu khoang trang",
		"Ngữ văn – Tây Tiến (tiết 1)":    "ngu van tay tien tiet 1",
		"<script>alert('x')</script>":    "script alert x script",
		norm.NFD.String("Hoá học"):       "hoa hoc",
		"Ｔｏáｎ ① ½":                       "toan 1 1 2",
		"hmoob Mông Thái ꪼꪕ":             "hmoob mong thai ꪼꪕ",
		"bad \xff\xfe utf8":              "bad utf8",
		"zero\u200bwidth \u202eoverride": "zero width override",
		"😀 cười":                         "cuoi",
		"C++ & C#":                       "c c",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFoldIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		f := Fold(s)
		if again := Fold(f); again != f {
			t.Fatalf("Fold(%q) = %q, folded again %q", s, f, again)
		}
		if strings.TrimSpace(f) != f || strings.Contains(f, "  ") {
			t.Fatalf("Fold(%q) = %q has loose spaces", s, f)
		}
		for _, r := range f {
			if r != ' ' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				t.Fatalf("Fold(%q) = %q holds %q", s, f, r)
			}
		}
	})
}

func TestTones(t *testing.T) {
	for in, want := range map[string]string{
		"số": "soos", "SỐ": "soos", "hàm": "hamf", "hoà": "hoaf", "hòa": "hoaf", "đường": "dduwowngf",
		"toán": "toans", "toàn": "toanf", "toan": "toan", "nghĩa": "nghiax", "ở": "owr", "ặ": "awj",
		"Đ": "dd", "9": "9",
		norm.NFD.String("tiếng"): "tieengs",
	} {
		if got := Tones(in); got != want {
			t.Errorf("Tones(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestDecodeTelex(t *testing.T) {
	for in, want := range map[string][2]string{
		"toans": {"toan", "toans"}, "hamf": {"ham", "hamf"}, "soos": {"so", "soos"}, "tieengs": {"tieng", "tieengs"},
		"dduwowngf": {"duong", "dduwowngf"}, "duongwf": {"duong", "duwowngf"}, "vieetj": {"viet", "vieetj"},
		"toasn": {"toan", "toans"}, "vana": {"van", "vaan"}, "thuwr": {"thu", "thuwr"}, "muaw": {"mua", "muwa"},
		"phuowng": {"phuong", "phuwowng"}, "quaan": {"quan", "quaan"}, "nguwx": {"ngu",
			"nguwx"}, "trinhf": {"trinh", "trinhf"},
		"khoois": {"khoi", "khoois"}, "dden": {"den", "dden"}, "hoaj": {"hoa", "hoaj"}, "nhwng": {"nhung",
			"nhuwng"}, "phwowng": {"phuong", "phuwowng"},
	} {
		f, tones, ok := decodeTelex(in)
		if !ok || f != want[0] || tones != want[1] {
			t.Errorf("decodeTelex(%q) = %q, %q, %v; want %q", in, f, tones, ok, want)
		}
	}
	for _, in := range []string{"", "toan", "ham", "sss", "9", "đo"} {
		if f, tones, ok := decodeTelex(in); ok {
			t.Errorf("decodeTelex(%q) = %q, %q, but nothing in it is Telex", in, f, tones)
		}
	}
}

// What a Telex keyboard was sent for a word is undone to that word.
func TestTelexRoundTrip(t *testing.T) {
	for w := range strings.FieldsSeq(`số hàm phương trình bậc hai đường tròn ngoại tiếp tam giác Nguyễn Truyện Kiều
		lặng lẽ chiếc thuyền ngoài xa hoá học vật lí tiếng Việt lịch sử địa giữa kì ôn tập thuỷ sản khí hậu quyền trẻ em
		chuyển động ngữ văn khoẻ mưa lửa người lái đò mùa xuân nhỏ quốc gia nghĩa vụ giếng oxi`) {
		keys := Tones(w)
		if keys == Fold(w) {
			continue
		}
		f, tones, ok := decodeTelex(keys)
		if !ok || f != Fold(w) || tones != keys {
			t.Errorf("%s typed as %q is read as %q, %q, %v", w, keys, f, tones, ok)
		}
	}
}
