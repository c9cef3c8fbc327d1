package sheet

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"lenlop/services/spreadsheet"
)

// workbook is an XLSX file within bounds; its parts are read here, because
// what a cell is stands in its type and format, not in its text.
type workbook struct {
	file    *excelize.File
	strings []string
	styles  []style
	date    dateSystem
}

// style is what a cell's format makes of its value.
type style struct {
	format  numberFormat
	oldFont bool // a font that shows TCVN3 or VNI-Win text
}

func readWorkbook(data []byte) ([]spreadsheet.Sheet, error) {
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit: unzipLimit, UnzipXMLSizeLimit: unzipLimit, RawCellValue: true,
	})
	if err != nil {
		return nil, fmt.Errorf("workbook: %w", err)
	}
	defer f.Close()
	w := &workbook{file: f}
	var book struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
			Other string `xml:"http://purl.oclc.org/ooxml/officeDocument/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	at := w.target("_rels/.rels", "", "/officeDocument", "xl/workbook.xml")
	if err := w.parse(at, &book); err != nil {
		return nil, err
	}
	w.date = dateSystem(book.Properties.Date1904 == "1" || book.Properties.Date1904 == "true")
	rels := path.Dir(at) + "/_rels/" + path.Base(at) + ".rels"
	if err := w.readStyles(w.target(rels, path.Dir(at), "/styles", path.Dir(at)+"/styles.xml")); err != nil {
		return nil, err
	}
	texts := w.target(rels, path.Dir(at), "/sharedStrings", path.Dir(at)+"/sharedStrings.xml")
	if err := w.readStrings(texts); err != nil {
		return nil, err
	}
	var out []spreadsheet.Sheet
	for _, s := range book.Sheets {
		if s.State != "" && s.State != "visible" {
			continue
		}
		id := s.ID + s.Other
		part := w.relation(rels, path.Dir(at), func(r relation) bool {
			return r.ID == id && strings.HasSuffix(r.Type, "/worksheet")
		})
		if part == "" {
			continue // a chart
		}
		rows, err := w.readSheet(part)
		if err != nil {
			return nil, fmt.Errorf("workbook: sheet %q: %w", s.Name, err)
		}
		out = append(out, spreadsheet.Sheet{Name: s.Name, Rows: rows})
	}
	return out, nil
}

// part is the content of a part of the file; nil when there is none.
func (w *workbook) part(name string) []byte {
	data, _ := w.file.Pkg.Load(name)
	b, _ := data.([]byte)
	return b
}

func (w *workbook) parse(name string, to any) error {
	data := w.part(name)
	if data == nil {
		return nil
	}
	if err := xml.Unmarshal(data, to); err != nil {
		return fmt.Errorf("workbook: %s: %w", name, err)
	}
	return nil
}

type relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
}

// relation gives the part that a relation leads to, or "".
func (w *workbook) relation(rels, dir string, wanted func(relation) bool) string {
	var list struct {
		Relations []relation `xml:"Relationship"`
	}
	if w.parse(rels, &list) != nil {
		return ""
	}
	for _, r := range list.Relations {
		if wanted(r) {
			if strings.HasPrefix(r.Target, "/") {
				return strings.TrimPrefix(path.Clean(r.Target), "/")
			}
			return path.Join(dir, r.Target)
		}
	}
	return ""
}

// target gives the part of a kind, or the usual one.
func (w *workbook) target(rels, dir, kind, usual string) string {
	if found := w.relation(rels, dir, func(r relation) bool { return strings.HasSuffix(r.Type, kind) }); found != "" {
		return found
	}
	return usual
}

func (w *workbook) readStyles(name string) error {
	var sheet struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Fonts []struct {
			Name struct {
				Value string `xml:"val,attr"`
			} `xml:"name"`
		} `xml:"fonts>font"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
			Font   int `xml:"fontId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := w.parse(name, &sheet); err != nil {
		return err
	}
	codes := map[int]string{}
	for _, f := range sheet.Formats {
		codes[f.ID] = f.Code
	}
	for _, c := range sheet.Cells {
		code, own := codes[c.Format]
		if !own {
			code = builtIn[c.Format]
		}
		s := style{format: parseFormat(code)}
		if c.Font >= 0 && c.Font < len(sheet.Fonts) {
			font := strings.ToLower(sheet.Fonts[c.Font].Name.Value)
			s.oldFont = strings.HasPrefix(font, ".vn") || strings.HasPrefix(font, "vni-")
		}
		w.styles = append(w.styles, s)
	}
	return nil
}

// richText is a text in one piece or several, without what is said above it.
type richText struct {
	Text  string   `xml:"t"`
	Parts []string `xml:"r>t"`
}

var escaped = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

func (t richText) String() string {
	return escaped.ReplaceAllStringFunc(t.Text+strings.Join(t.Parts, ""), func(m string) string {
		n, _ := strconv.ParseUint(m[2:6], 16, 16)
		return string(rune(n))
	})
}

func (w *workbook) readStrings(name string) error {
	data := w.part(name)
	if data == nil {
		return nil
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("workbook: %s: %w", name, err)
		}
		if start, ok := t.(xml.StartElement); ok && start.Name.Local == "si" {
			var text richText
			if err := d.DecodeElement(&text, &start); err != nil {
				return fmt.Errorf("workbook: %s: %w", name, err)
			}
			w.strings = append(w.strings, text.String())
		}
	}
}

// xmlCell is a cell as the file has it.
type xmlCell struct {
	At      string    `xml:"r,attr"`
	Type    string    `xml:"t,attr"`
	Style   int       `xml:"s,attr"`
	Formula *struct{} `xml:"f"`
	Value   *string   `xml:"v"`
	Inline  richText  `xml:"is"`
}

// readSheet reads the rows of a sheet. A cell that is merged with those below
// it says the same for each of their rows.
func (w *workbook) readSheet(part string) (rows []spreadsheet.Row, err error) {
	d := xml.NewDecoder(bytes.NewReader(w.part(part)))
	number, column, seen, filled := 0, 0, 0, 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "row":
			if seen++; seen > maxRows {
				return nil, ErrTooLong
			}
			number, column = number+1, 0
			if n, err := strconv.Atoi(attribute(start, "r")); err == nil && n >= number {
				number = n
			}
			rows = append(rows, spreadsheet.Row{Number: number})
		case "c":
			var c xmlCell
			if err := d.DecodeElement(&c, &start); err != nil {
				return nil, err
			}
			if x, _, err := excelize.CellNameToCoordinates(c.At); err == nil {
				column = x - 1
			}
			cell := w.cell(c)
			if len(rows) > 0 && cell != (spreadsheet.Cell{}) {
				if column >= maxColumns {
					return nil, ErrTooLong
				}
				row := &rows[len(rows)-1]
				for len(row.Cells) <= column {
					row.Cells = append(row.Cells, spreadsheet.Cell{})
				}
				row.Cells[column] = cell
			}
			column++
		case "mergeCell":
			if filled += fillDown(rows, attribute(start, "ref")); filled > maxFilled {
				return nil, ErrTooLong
			}
		}
	}
}

// maxFilled bounds the work of a sheet's merged cells.
const maxFilled = 4 * maxRows

// fillDown gives the rows of a merged cell its text, and the number of cells
// that it has looked at.
func fillDown(rows []spreadsheet.Row, ref string) int {
	from, to, _ := strings.Cut(ref, ":")
	x, top, err1 := excelize.CellNameToCoordinates(from)
	_, bottom, err2 := excelize.CellNameToCoordinates(to)
	if err1 != nil || err2 != nil || x > maxColumns {
		return 1
	}
	at, found := slices.BinarySearchFunc(rows, top, func(r spreadsheet.Row, n int) int { return r.Number - n })
	if !found || rows[at].Cell(x-1) == (spreadsheet.Cell{}) {
		return 1
	}
	looked := 1
	for i := at + 1; i < len(rows) && rows[i].Number <= bottom; i++ {
		looked++
		r := &rows[i]
		if r.Blank() {
			continue
		}
		for len(r.Cells) < x {
			r.Cells = append(r.Cells, spreadsheet.Cell{})
		}
		r.Cells[x-1] = rows[at].Cells[x-1]
	}
	return looked
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// cell says what a cell of the file becomes: docs/tables.md has the table.
func (w *workbook) cell(c xmlCell) spreadsheet.Cell {
	var s style
	if c.Style >= 0 && c.Style < len(w.styles) {
		s = w.styles[c.Style]
	}
	var value string
	if c.Value != nil {
		value = *c.Value
	}
	switch c.Type {
	case "s":
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || n < 0 || n >= len(w.strings) {
			return spreadsheet.Cell{}
		}
		return s.text(w.strings[n])
	case "inlineStr":
		return s.text(c.Inline.String())
	case "str":
		return s.text(richText{Text: value}.String())
	case "e":
		return spreadsheet.Cell{Text: strings.TrimSpace(value), Kind: spreadsheet.Error}
	case "b":
		return spreadsheet.Cell{Text: map[bool]string{true: "TRUE", false: "FALSE"}[strings.TrimSpace(value) == "1"],
			Kind: spreadsheet.Boolean}
	case "d":
		return isoCell(value)
	}
	if strings.TrimSpace(value) == "" {
		if c.Formula != nil {
			return spreadsheet.Cell{Kind: spreadsheet.Uncomputed}
		}
		return spreadsheet.Cell{}
	}
	return s.format.cell(value, w.date)
}

// text makes a cell of text; what is typed for an old font is known by it too.
func (s style) text(text string) spreadsheet.Cell {
	c := spreadsheet.Typed(text)
	if s.oldFont && c.Kind == spreadsheet.Text && latin1(c.Text) {
		c.Kind = spreadsheet.OldFont
	}
	return c
}

// latin1 reports whether a text has letters beyond ASCII, and none that only
// Unicode has.
func latin1(s string) bool {
	some := false
	for _, r := range s {
		if r > 0xff {
			return false
		}
		some = some || r >= 0x80
	}
	return some
}
