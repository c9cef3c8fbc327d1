package media

import (
	"path"
	"strconv"
	"strings"
)

// Keys. Everything of a lesson stands below lessons/ID/, so that storage and
// database can be compared lesson by lesson and a lesson can be erased whole.
// Prefixes says what becomes of each.
//
//	lessons/L/recordings/R            the teacher's file, never altered (R is random)
//	lessons/L/packages/P/...          renditions, playlists, poster of one package
//	lessons/L/attachments/A           worksheets
//	lessons/L/captions/...            WebVTT
//	lessons/L/copies/C/...            broadcast copies
//	uploads/U/N/FROM-TO               pieces of an upload's part that is not whole yet
//	notices/N/A                       attachments of notices
//	imports/I                         original figure and as-run files, unaltered

// Prefix is the folder of a lesson, ending in "/".
func Prefix(lesson string) string { return Lessons + lesson + "/" }

// Recording is the key of a lesson's source file.
func Recording(lesson, recording string) string { return Prefix(lesson) + Recordings + recording }

// PackagePrefix is the folder of one package, ending in "/".
func PackagePrefix(lesson, pkg string) string { return Prefix(lesson) + Packages + pkg + "/" }

// Output is the key of one file of a package. dir separates attempts of a
// piece: it carries the job's fencing token, so that a worker that was given
// up cannot overwrite what its successor wrote.
func Output(lesson, pkg, dir, name string) string {
	return PackagePrefix(lesson, pkg) + path.Join(dir, name)
}

// PieceDir names the folder of one attempt at one piece of one rung.
func PieceDir(rung string, piece int, token int64) string {
	return path.Join(rung, strconv.Itoa(piece)+"-"+strconv.FormatInt(token, 10))
}

// Import is the key of an imported original.
func Import(id string) string { return Imports + id }

// Attachment is the key of a worksheet.
func Attachment(lesson, id string) string { return Prefix(lesson) + Attachments + id }

// Copy is the key of a file of a broadcast copy, made by the job with that fencing token.
func Copy(lesson, id string, token int64, name string) string {
	return Prefix(lesson) + Copies + id + "/" + strconv.FormatInt(token, 10) + "/" + name
}

// NoticeFile is the key of a file of a notice.
func NoticeFile(notice, id string) string { return Notices + notice + "/" + id }

// LessonOf gives the lesson id in a key made here, or "".
func LessonOf(key string) string {
	rest, ok := strings.CutPrefix(key, Lessons)
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}
