package spreadsheet

import (
	"strings"
	"testing"
)

// TestFont: text of the two old encodings is known, and Vietnamese, foreign
// names and signs in Unicode are not taken for it.
func TestFont(t *testing.T) {
	for text, want := range map[string]string{
		"NguyÔn V¨n An": TCVN3, "TrÇn ThÞ BÐ": TCVN3, "§ç Minh Hoµng": TCVN3, "Lª V¨n C\u00adêng": TCVN3,
		"M· tr\u00adêng": TCVN3,
		"Vò §øc HuÖ":     TCVN3, "Hä vµ tªn": TCVN3,
		"Nguyeãn Vaên An": VNI, "Traàn Thò Beù": VNI, "Ñoã Minh Hoaøng": VNI, "Leâ Vaên Cöôøng": VNI,
		"Hoï vaø teân":  VNI,
		"Nguyễn Văn An": "", "Trần Thị Bé": "", "Đỗ Minh Hoàng": "", "Hoà Thuý Quý": "", "quá quà quê quả": "",
		"LÊ VĂN CƯỜNG": "", "lê văn cường": "", "Hồ Ngọc Hà – lớp 9": "", "«Toán» 9": "", "Müller": "", "François": "",
		"30 °C": "", "5 × 3 ÷ 2": "", "Toán · Lớp 9": "", "© 2026": "", "Khoá huấn luyện": "", "thuở xoè xoã": "",
		"Giàng A Chu": "", "toà nhà, hoạ sĩ, tuân thủ": "", "ASCII only": "",
	} {
		if got := Font(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestTyped(t *testing.T) {
	for text, want := range map[string]Kind{
		"#N/A": Error, "#div/0!": Error, "########": Error, "1,23457E+11": Rounded, "1.2E+3": Rounded, "7E1": Text,
		"9A1": Text, "#1": Text, "1E": Text, "NguyÔn": OldFont, "": Text,
	} {
		if c := Typed(text); c.Kind != want {
			t.Errorf("%s: %+v", text, c)
		}
	}
	for text, want := range map[string]bool{
		"6/1": false, "9A": false, "01/06/2026": true, "6-Jan": true, "Jun-01": true, "01-Thg6": true, "46174": true,
		"2026-06-01": true, "6A1": false, "601": false, "12-3": false,
	} {
		if got := Typed(text).LooksLikeDate(); got != want {
			t.Errorf("%s looks like a date: %v", text, got)
		}
	}
}

func TestSkippable(t *testing.T) {
	row := func(text string) Row { return Of([][]string{strings.Split(text, ";")})[0].Rows[0] }
	head := row("Mã;Tên;Lớp")
	for text, want := range map[string]bool{
		"Tổng cộng;;35": true, "Tổng số: 35;x;": true, "Cộng;2;3": true, "mã;tên;lớp": true, "KHỐI 9;;": true,
		";;Hiệu trưởng": true, "HS1;An;9A": false, "HS1;An;": false, "Tổng Văn An;x;y": false, "HS1;Tên;Lớp": false,
	} {
		if got := row(text).Skippable(head); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if (Row{Broken: "cell.open_quote", Cells: []Cell{{Text: "x"}}}).Skippable(head) {
		t.Error("a broken row is skipped")
	}
}
