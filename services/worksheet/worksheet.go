// Package worksheet stores the worksheets of lessons: PDF files and pictures that are checked before they are accepted,
// and served as downloads.
package worksheet

import (
	"context"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// Limits. A page of a textbook photographed by a phone is 3 to 6 MB and 12
// megapixels; a PDF of worksheets seldom passes 10 MB.
const (
	MaxBytes  = 20 << 20
	MaxCount  = 20         // of one lesson
	MaxPixels = 40_000_000 // of one picture: decoded it takes at most 160 MB
	MaxName   = 120        // characters
)

// Worksheet is one file.
type Worksheet struct {
	ID            string
	LessonID      string
	Name          string // as its teacher's machine named it, cleaned; only shown, never a path
	Type          string // what its content is: TypePDF, TypePNG, TypeJPEG
	Key           string // media key
	Size          int64  // bytes
	SHA256        string // hex
	Width, Height int    // pixels of a picture; 0 of a PDF
	By            string // person id
	At            time.Time
}

// Store keeps worksheets. A missing one is fault.NotFound "worksheet.not_found".
type Store interface {
	Worksheet(ctx context.Context, lessonID, id string) (Worksheet, error)
	// Worksheets of a lesson in the order they came.
	Worksheets(ctx context.Context, lessonID string) ([]Worksheet, error)
	SaveWorksheet(ctx context.Context, w Worksheet) error
	// DeleteWorksheet removes one; there being none is no error.
	DeleteWorksheet(ctx context.Context, lessonID, id string) error
	ForgetWorksheets(ctx context.Context, lessonID string) error
}

// Key is where a worksheet is stored.
func Key(lessonID, id string) string { return media.Attachment(lessonID, id) }

// endings are the extensions by type; the first is appended to a name that has none of them.
var endings = map[string][]string{TypePDF: {".pdf"}, TypePNG: {".png"}, TypeJPEG: {".jpg", ".jpeg"}}

// CleanName turns the file name that a client sent into one to display and to save under: without folders, control and
// direction characters, and with an extension that matches the content.
func CleanName(name, contentType string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`/:*?"<>|`, r) {
			return -1
		}
		return r
	}, name)
	name = strings.Trim(strings.Join(strings.Fields(name), " "), ". ")
	lower, fits := strings.ToLower(name), false
	for _, e := range endings[contentType] {
		fits = fits || strings.HasSuffix(lower, e) && len(name) > len(e)
	}
	if !fits {
		if name == "" || strings.HasPrefix(lower, strings.TrimPrefix(endings[contentType][0], ".")) && len(name) < 5 {
			name = "phieu-bai-tap"
		}
		name += endings[contentType][0]
	}
	if utf8.RuneCountInString(name) > MaxName {
		end := name[strings.LastIndexByte(name, '.'):]
		name = strings.TrimSpace(string([]rune(name)[:MaxName-len(end)])) + end
	}
	return name
}

func tooLarge() error {
	return fault.New(fault.TooLarge, "worksheet.too_large", "max", int64(MaxBytes))
}
