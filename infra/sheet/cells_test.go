package sheet

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"lenlop/services/fault"
	"lenlop/services/spreadsheet"
)

// book makes a workbook whose sheet has the XML of the cells, with styles of the
// format codes: style 1 is the first.
func book(t *testing.T, cells, workbookPr string, formats ...string) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	var empty bytes.Buffer
	if err := f.Write(&empty); err != nil {
		t.Fatal(err)
	}
	var styles, xfs strings.Builder
	for i, code := range formats {
		fmt.Fprintf(&styles, `<numFmt numFmtId="%d" formatCode="%s"/>`, 164+i,
			strings.NewReplacer(`"`, "&quot;", "&", "&amp;").Replace(code))
		fmt.Fprintf(&xfs, `<xf numFmtId="%d"/>`, 164+i)
	}
	parts := map[string]string{
		"xl/worksheets/sheet1.xml": `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
			`<sheetData><row r="1">` + cells + `</row></sheetData></worksheet>`,
		"xl/styles.xml": `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts>` +
			styles.String() + `</numFmts><fonts><font/><font><name val=".VnTime"/></font></fonts><cellXfs>` +
			`<xf numFmtId="0"/>` + xfs.String() + `<xf numFmtId="0" fontId="1"/></cellXfs></styleSheet>`,
	}
	r, err := zip.NewReader(bytes.NewReader(empty.Bytes()), int64(empty.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range r.File {
		part, ok := parts[e.Name]
		if !ok {
			from, err := e.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(from)
			if err != nil {
				t.Fatal(err)
			}
			part = string(data)
		}
		if e.Name == "xl/workbook.xml" && workbookPr != "" {
			part = regexp.MustCompile(`<workbookPr[^>]*>(</workbookPr>)?`).ReplaceAllString(part, workbookPr)
		}
		to, err := w.Create(e.Name)
		if err == nil {
			_, err = io.WriteString(to, part)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestCellKinds is the table of docs/tables.md: what each kind of cell of a
// workbook becomes.
func TestCellKinds(t *testing.T) {
	for _, c := range []struct {
		format, cell string // cell: %s is the style
		want         string
		kind         spreadsheet.Kind
	}{
		{"General", `<c%s t="inlineStr"><is><t>  Lò  Văn An </t></is></c>`, "Lò Văn An", spreadsheet.Text},
		{"General", `<c%s t="inlineStr"><is><r><t>Lò </t></r><r><t>An</t></r></is></c>`, "Lò An", spreadsheet.Text},
		{"General", `<c%s t="str"><f>A1</f><v>HS_x0031_</v></c>`, "HS1", spreadsheet.Text},
		{"General", `<c%s t="str"><v>A` + "\u200b" + `B</v></c>`, "AB", spreadsheet.Text},
		{"General", `<c%s><f>A1</f></c>`, "", spreadsheet.Uncomputed},
		{"General", `<c%s t="e"><v>#N/A</v></c>`, "#N/A", spreadsheet.Error},
		{"General", `<c%s t="inlineStr"><is><t>#REF!</t></is></c>`, "#REF!", spreadsheet.Error},
		{"General", `<c%s t="b"><v>1</v></c>`, "TRUE", spreadsheet.Boolean},
		{"General", `<c%s><v>6</v></c>`, "6", spreadsheet.Number},
		{"General", `<c%s><v>0.30000000000000004</v></c>`, "0.3", spreadsheet.Number},
		{"General", `<c%s><v>12345678901</v></c>`, "12345678901", spreadsheet.Number},
		{"General", `<c%s><v>123456789012</v></c>`, "1.23457E+11", spreadsheet.Rounded},
		{"0", `<c%s><v>123456789012</v></c>`, "123456789012", spreadsheet.Number},
		{"0", `<c%s><v>1234567890123456</v></c>`, "1.23457E+15", spreadsheet.Rounded},
		{"0.00E+00", `<c%s><v>70</v></c>`, "7.00000E+01", spreadsheet.Rounded},
		{"0000000000", `<c%s><v>12345678</v></c>`, "0012345678", spreadsheet.Number},
		{`"HS"000000`, `<c%s><v>115</v></c>`, "HS000115", spreadsheet.Number},
		{`#,##0" lượt"`, `<c%s><v>1600</v></c>`, "1600", spreadsheet.Number},
		{"0%%", `<c%s><v>0.35</v></c>`, "0.35", spreadsheet.Number},
		{"dd/mm/yyyy", `<c%s><v>46354</v></c>`, "2026-11-28", spreadsheet.Date},
		{"d-mmm", `<c%s><v>46174</v></c>`, "2026-06-01", spreadsheet.Date},
		{`[$-42A]dd mmmm yyyy;@`, `<c%s><v>46354</v></c>`, "2026-11-28", spreadsheet.Date},
		{"h:mm;@", `<c%s><v>0.3333333333</v></c>`, "08:00:00", spreadsheet.Time},
		{"h:mm", `<c%s><v>1.0208333333</v></c>`, "24:30:00", spreadsheet.Time},
		{"[h]:mm:ss", `<c%s><v>1.25</v></c>`, "30:00:00", spreadsheet.Time},
		{"d/m/yyyy h:mm", `<c%s><v>46354.39583</v></c>`, "2026-11-28 09:30:00", spreadsheet.Moment},
		{"h:mm", `<c%s><v>46354.375</v></c>`, "2026-11-28 09:00:00", spreadsheet.Moment},
		{"General", `<c%s t="d"><v>2026-11-28T00:00:00</v></c>`, "2026-11-28", spreadsheet.Date},
		{"General", `<c%s t="inlineStr"><is><t>NguyÔn V¨n An</t></is></c>`, "NguyÔn V¨n An", spreadsheet.OldFont},
		{"General", `<c%s t="inlineStr"><is><t>Nguyeãn Vaên An</t></is></c>`, "Nguyeãn Vaên An", spreadsheet.OldFont},
		{"", `<c%s t="inlineStr"><is><t>Tó</t></is></c>`, "Tó", spreadsheet.OldFont},
		{"General", `<c%s t="inlineStr"><is><t>Tó</t></is></c>`, "Tó", spreadsheet.Text},
		{"General", `<c%s t="s"><v>99</v></c>`, "", spreadsheet.Text},
		{"General", `<c%s><v>nan</v></c>`, "nan", spreadsheet.Error},
	} {
		style := 1
		if c.format == "" {
			style = 2
		}
		cell := fmt.Sprintf(c.cell, fmt.Sprintf(` s="%d"`, style))
		sheets, err := Read(t.Context(), "x", book(t, cell, "", strings.ReplaceAll(c.format, "%%", "%")))
		if err != nil || len(sheets) != 1 || len(sheets[0].Rows) != 1 {
			t.Errorf("%s %s: %+v %v", c.format, c.cell, sheets, err)
			continue
		}
		if got := sheets[0].Rows[0].Cell(0); got != (spreadsheet.Cell{Text: c.want, Kind: c.kind}) {
			t.Errorf("%s %s: %+v, want %q of kind %d", c.format, c.cell, got, c.want, c.kind)
		}
	}
	early := book(t, `<c s="1"><v>44892</v></c>`, `<workbookPr date1904="1"/>`, "d/m/yyyy")
	sheets, err := Read(t.Context(), "x", early)
	if err != nil || sheets[0].Rows[0].Cell(0).Text != "2026-11-28" {
		t.Errorf("days from 1904: %+v %v", sheets, err)
	}
}

// TestCSVRows: separators, line ends, quotes and cells that a spreadsheet spoiled.
func TestCSVRows(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"CR alone":          {"a;b\rc;d\r", "1:a|b 2:c|d"},
		"mixed ends":        {"a;b\r\n\nc;d\re;f", "1:a|b 3:c|d 4:e|f"},
		"named separator":   {"sep=|\na|b;c\n", "2:a|b;c"},
		"commas in texts":   {"Sở A, xã B, tỉnh C\nx;y\n1;2,5\n", "1:Sở A, xã B, tỉnh C 2:x|y 3:1|2,5"},
		"a cell of lines":   {"a;\"b\nc\";d\ne;f;g\n", "1:a|b c|d 3:e|f|g"},
		"doubled quotes":    {`a;"b ""c"" d";e` + "\n", `1:a|b "c" d|e`},
		"quotes within":     {`a;Lò "Bé" An;b` + "\n", `1:a|Lò "Bé" An|b`},
		"an open quote":     {"a;b;c\nd;\"e;f\ng;h;i\n", "1:a|b|c !2:d|\"e|f 3:g|h|i"},
		"closed rows later": {"a;b;c\nd;\"e;f\ng;h\";i\nj;k;l\n", "1:a|b|c !2:d|\"e|f 3:g|h\"|i 4:j|k|l"},
		"open at the end":   {"a;b;c\nd;e;\"f", "1:a|b|c !2:d|e|\"f"},
		"two open quotes":   {"a;b;c\nd;e;\"f\ng;h;\"i\nj;k;l", "1:a|b|c !2:d|e|\"f !3:g|h|\"i 4:j|k|l"},
		"empty quotes":      {"a;\"\";b\n", "1:a||b"},
		"invisible sign":    {"HS\u200b01;\ufeffb\n", "1:HS01|b"},
		"Windows-1258":      {"Lo\xcc V\xe3n \xd0\xf4\xde;x\n", "1:Lò Văn Đỗ|x"},
		"a last separator":  {"a;b;\n", "1:a|b|"},
		"spaces by a quote": {`a; "b" ;c` + "\n", "1:a|b|c"},
		"nothing":           {"", ""},
	} {
		sheets, err := Read(t.Context(), "x", []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, r := range sheets[0].Rows {
			mark := ""
			if r.Broken != "" {
				mark = "!"
			}
			got = append(got, fmt.Sprintf("%s%d:%s", mark, r.Number, strings.Join(r.Texts(), "|")))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, strings.Join(got, " "), c.want)
		}
	}
}

// TestOtherKindsAreNamed: files that are sent for tables and are none.
func TestOtherKindsAreNamed(t *testing.T) {
	for code, data := range map[string]string{
		"sheet.html":      "\ufeff\r\n<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><table></table></html>",
		"sheet.xml":       "<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?><Workbook/>",
		"sheet.old_excel": "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more",
		"sheet.pdf":       "%PDF-1.7\n",
		"sheet.open_document": "PK\x03\x04\x14\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x2e\x00\x00\x00\x2e\x00" +
			"\x00\x00\x08\x00\x00\x00mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
	} {
		if _, err := Read(t.Context(), "x.xls", []byte(data)); !fault.Is(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// TestHiddenAndMerged: hidden sheets are not read, and merged cells speak for
// every row of theirs.
func TestHiddenAndMerged(t *testing.T) {
	for file, want := range map[string]string{"hidden-first.xlsx": "HocSinh", "merged.xlsx": "S"} {
		data, err := os.ReadFile("../../testdata/cases/rosters/" + file)
		if err != nil {
			t.Fatal(err)
		}
		sheets, err := Read(t.Context(), file, data)
		if err != nil || len(sheets) != 1 || sheets[0].Name != want {
			t.Fatalf("%s: %+v %v", file, sheets, err)
		}
		if file == "merged.xlsx" && sheets[0].Rows[4].Cell(2).Text != "9A" {
			t.Errorf("a merged cell: %+v", sheets[0].Rows)
		}
	}
}

// TestAsRunTimes: days and times of a play-out system's workbook.
func TestAsRunTimes(t *testing.T) {
	data, err := os.ReadFile("../../testdata/cases/asrun/asrun-times.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	sheets, err := Read(t.Context(), "x", data)
	if err != nil {
		t.Fatal(err)
	}
	rows := sheets[0].Texts()
	if got := strings.Join(rows[1], "|") + " " +
		strings.Join(rows[2], "|"); got != "2026-11-28|08:00:00|08:30:00|B004 "+
		"2026-11-28|2026-11-28 09:00:00|2026-11-28 09:30:00" {
		t.Error(got)
	}
}
