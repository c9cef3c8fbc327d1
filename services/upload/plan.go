package upload

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// Limits of a plan, in bytes. S3 refuses parts under 5 MiB (but the last) and
// more than 10,000 of them.
const (
	MinPartSize     = 5 << 20
	DefaultPartSize = 8 << 20
	MaxParts        = 10_000
	DefaultMaxSize  = 20 << 30
	maxFilename     = 255 // characters
)

// plan divides size bytes into parts of the wanted size, or larger ones if there
// would be more than MaxParts of them.
func plan(size, want int64) (partSize int64, count int) {
	partSize = max(want, MinPartSize)
	if least := ceilDiv(size, MaxParts); least > partSize {
		partSize = ceilDiv(least, 1<<20) << 20 // whole MiB
	}
	return partSize, int(ceilDiv(size, partSize))
}

// LargestPart is the most bytes that a part of any plan can have, for the
// limits of a Service (zero: its defaults).
func LargestPart(maxSize, partSize int64) int64 {
	part, _ := plan(orDefault(maxSize, DefaultMaxSize), orDefault(partSize, DefaultPartSize))
	return part
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }

// PartLength is the size in bytes that part number (1 to PartCount) must have.
func (u Upload) PartLength(number int) int64 {
	if number == u.PartCount {
		return u.Size - int64(u.PartCount-1)*u.PartSize
	}
	return u.PartSize
}

// planned lists the parts as they are once storage holds all of them.
func (u Upload) planned() []media.Part {
	parts := make([]media.Part, u.PartCount)
	for i := range parts {
		parts[i] = media.Part{Number: i + 1, Size: u.PartLength(i + 1)}
	}
	return parts
}

// check compares what storage lists with the plan and returns the parts to join.
// Parts that were never planned are left out; storage drops them.
func (u Upload) check(listed []media.Part) ([]media.Part, error) {
	have := make(map[int]media.Part, len(listed))
	for _, p := range listed {
		have[p.Number] = p
	}
	var missing, wrong []int
	parts := make([]media.Part, 0, u.PartCount)
	for n := 1; n <= u.PartCount; n++ {
		p, ok := have[n]
		switch {
		case !ok:
			missing = append(missing, n)
		case p.Size != u.PartLength(n):
			wrong = append(wrong, n)
		default:
			parts = append(parts, p)
		}
	}
	switch {
	case len(missing) > 0:
		return nil, fault.New(fault.Conflict, "upload.part_missing", "missing", missing, "count", len(missing))
	case len(wrong) > 0:
		return nil, fault.New(fault.Conflict, "upload.part_size", "wrong", wrong, "count", len(wrong))
	}
	return parts, nil
}

// cleanFilename makes a name from a client safe to show: no folders, no control
// or direction characters, at most 255 characters, with its extension.
func cleanFilename(name string) string {
	name = strings.ToValidUTF8(name, "")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		// Cf holds the marks that change the reading direction, with which
		// "exe.4pm" would be read as "mp4.exe"; joiners are in it too.
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	if n := utf8.RuneCountInString(name); n > maxFilename {
		ext := []rune(path.Ext(name))
		if len(ext) > 16 {
			ext = nil
		}
		name = string([]rune(name)[:maxFilename-len(ext)]) + string(ext)
	}
	if name == "" {
		return "ban-ghi" // "recording": something to show
	}
	return name
}
