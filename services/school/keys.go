package school

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Keys makes keyed hashes with a secret of the installation, so that the database
// alone tells nobody which student a row is.
type Keys []byte

// Student is the key of a ministry student code. Codes differ in nothing but
// their letters and digits: spreadsheets put spaces and lower case in.
func (k Keys) Student(code string) string { return k.sum("student", tidyCode(code)) }

// Card is what is kept of a personal code on a student's card.
func (k Keys) Card(code string) string { return k.sum("card", tidyCode(code)) }

func (k Keys) sum(kind, text string) string {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(kind + "\x00" + text))
	return hex.EncodeToString(h.Sum(nil))
}

// tidyCode leaves upper-case letters and digits.
func tidyCode(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, s)
}

// wrongStudentCode says why a text is no student code: "student.bad_code" for
// its length, or "student.bad_letter" with the first sign that is neither a
// letter from A to Z, a digit, nor what people put between them. Such a sign
// left out would make one code of two: HSĐ0001 and HS0001.
func wrongStudentCode(value string) (code, sign string) {
	for _, r := range value {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', unicode.IsSpace(r),
			strings.ContainsRune("-._/'\u2019\u2010\u2011\u2012\u2013\u2014", r):
		default:
			return "student.bad_letter", string(r)
		}
	}
	if n := len(tidyCode(value)); n < 4 || n > MaxCode || utf8.RuneCountInString(value) > 2*MaxCode {
		return "student.bad_code", ""
	}
	return "", ""
}

// Exports cannot give a student's code back, since it is not kept: they give
// its key, led by this mark, and imports take it.
const keyMark = "#"

var markedKey = regexp.MustCompile(`^#[0-9a-f]{64}$`)
