package sheet

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"lenlop/services/spreadsheet"
)

// builtIn are the formats that files name by number alone.
var builtIn = map[int]string{
	1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
	14: "d/m/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
	21: "h:mm:ss", 22: "d/m/yyyy h:mm", 27: "d/m/yyyy", 28: "d/m/yyyy", 29: "d/m/yyyy", 30: "d/m/yyyy",
	31: "d/m/yyyy", 32: "h:mm", 33: "h:mm:ss", 34: "h:mm", 35: "h:mm:ss", 36: "d/m/yyyy", 45: "mm:ss",
	46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@", 50: "d/m/yyyy", 51: "d/m/yyyy", 52: "d/m/yyyy",
	53: "d/m/yyyy", 54: "d/m/yyyy", 55: "h:mm", 56: "h:mm:ss", 57: "d/m/yyyy", 58: "d/m/yyyy",
}

// numberFormat is what a format code shows of a number.
type numberFormat struct {
	day, clock    bool
	rounded       bool   // shown with an exponent
	general       bool   // as spreadsheets choose: from 12 digits on with an exponent
	before, after string // texts around
	zeros         int    // least digits, where they are all that is shown
	wholePadded   bool
}

var (
	formatQuoted  = regexp.MustCompile(`"([^"]*)"|\\(.)`)
	formatBracket = regexp.MustCompile(`\[[^\]]*\]`)
	formatElapsed = regexp.MustCompile(`(?i)\[(h+|m+|s+)\]`)
	formatSpace   = regexp.MustCompile(`[_*].`)
	formatZeros   = regexp.MustCompile(`^([^0#?.,%@]*)(0+)([^0#?.,%@]*)$`)
)

// parseFormat reads the part of a format code that is for positive numbers.
func parseFormat(code string) numberFormat {
	code, _, _ = strings.Cut(code, ";")
	plain := formatQuoted.ReplaceAllString(code, "")
	if formatElapsed.MatchString(plain) {
		return numberFormat{clock: true}
	}
	plain = formatSpace.ReplaceAllString(formatBracket.ReplaceAllString(plain, ""), "")
	lower := strings.ToLower(plain)
	switch {
	case lower == "" || lower == "general" || lower == "@" || lower == "standard":
		return numberFormat{general: true}
	case strings.Contains(lower, "e+") || strings.Contains(lower, "e-"):
		return numberFormat{rounded: true}
	case !strings.ContainsAny(lower, "0#?"):
		f := numberFormat{day: strings.ContainsAny(lower, "yd"), clock: strings.ContainsAny(lower, "hs")}
		if !f.clock && strings.Contains(lower, "m") {
			f.day = true
		}
		return f
	case strings.Contains(lower, "ss.0") || strings.Contains(lower, "h:mm"):
		return numberFormat{clock: true, day: strings.Contains(lower, "y")}
	}
	literal := formatSpace.ReplaceAllString(formatBracket.ReplaceAllString(code, ""), "")
	literal = formatQuoted.ReplaceAllString(literal, "$1$2")
	if m := formatZeros.FindStringSubmatch(literal); m != nil && (len(m[2]) > 1 || m[1] != "") {
		return numberFormat{before: m[1], zeros: len(m[2]), after: m[3], wholePadded: true}
	}
	return numberFormat{}
}

// dateSystem is true for workbooks that count days from 1904.
type dateSystem bool

// The first number of which a spreadsheet has no exact digits, and the first
// that it shows with an exponent.
const (
	inexactFrom  = 1e15
	exponentFrom = 1e11
)

// cell makes a cell of a stored number.
func (f numberFormat) cell(value string, days dateSystem) spreadsheet.Cell {
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return spreadsheet.Cell{Text: strings.TrimSpace(value), Kind: spreadsheet.Error}
	}
	switch {
	case (f.day || f.clock) && v >= 0 && v < 2958466: // to the year 9999
		return f.moment(v, days)
	case f.rounded, math.Abs(v) >= inexactFrom, f.general && math.Abs(v) >= exponentFrom:
		return spreadsheet.Cell{Text: strconv.FormatFloat(v, 'E', 5, 64), Kind: spreadsheet.Rounded}
	}
	whole := v == math.Trunc(v)
	if f.wholePadded && whole && v >= 0 {
		digits := strconv.FormatFloat(v, 'f', 0, 64)
		text := f.before + strings.Repeat("0", max(0, f.zeros-len(digits))) + digits + f.after
		return spreadsheet.Cell{Text: strings.TrimSpace(text), Kind: spreadsheet.Number}
	}
	// 15 digits are what a spreadsheet shows; the rest is noise of sums.
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64)
	return spreadsheet.Cell{Text: strconv.FormatFloat(v, 'f', -1, 64), Kind: spreadsheet.Number}
}

// firstDays is up to where a number in a format of hours is hours past
// midnight: 1.02 is 24:30, and no day of January 1900.
const firstDays = 366

func (f numberFormat) moment(v float64, days dateSystem) spreadsheet.Cell {
	seconds := int64(math.Round(v * 24 * 3600))
	if f.clock && (!f.day || v < 1) && v < firstDays {
		t := []int64{seconds / 3600, seconds / 60 % 60, seconds % 60}
		return spreadsheet.Cell{Text: clock(t[0], t[1], t[2]), Kind: spreadsheet.Time}
	}
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if days {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	t := epoch.Add(time.Duration(seconds%86400)*time.Second).AddDate(0, 0, int(seconds/86400))
	if !f.clock && seconds%86400 == 0 {
		return spreadsheet.Cell{Text: t.Format(time.DateOnly), Kind: spreadsheet.Date}
	}
	return spreadsheet.Cell{Text: t.Format(time.DateTime), Kind: spreadsheet.Moment}
}

func clock(h, m, s int64) string {
	two := func(n int64) string {
		if n < 10 {
			return "0" + strconv.FormatInt(n, 10)
		}
		return strconv.FormatInt(n, 10)
	}
	return two(h) + ":" + two(m) + ":" + two(s)
}

// isoCell makes a cell of a date that is stored as text.
func isoCell(value string) spreadsheet.Cell {
	value = strings.TrimSuffix(strings.TrimSpace(value), "Z")
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, value); err == nil {
			if t.Equal(t.Truncate(24 * time.Hour)) {
				return spreadsheet.Cell{Text: t.Format(time.DateOnly), Kind: spreadsheet.Date}
			}
			return spreadsheet.Cell{Text: t.Format(time.DateTime), Kind: spreadsheet.Moment}
		}
	}
	if _, err := time.Parse(time.DateOnly, value); err == nil {
		return spreadsheet.Cell{Text: value, Kind: spreadsheet.Date}
	}
	if strings.Contains(value, ":") {
		return spreadsheet.Cell{Text: strings.TrimPrefix(value, "T"), Kind: spreadsheet.Time}
	}
	return spreadsheet.Typed(value)
}
