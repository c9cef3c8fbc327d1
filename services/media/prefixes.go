package media

import (
	"slices"
	"strings"
	"time"
)

// Folders of storage, each with a row in Prefixes. Those without another name before the last are at the top; the
// others lie in the folder of a lesson.
const (
	Lessons = "lessons/"
	Uploads = "uploads/"
	Notices = "notices/"
	Imports = "imports/"

	Recordings  = "recordings/"
	Packages    = "packages/"
	Attachments = "attachments/"
	Captions    = "captions/"
	Copies      = "copies/"
)

// Registered is the row of a prefix: everything that lists, copies, compares or removes objects by their prefix reads
// it here. An object below no registered prefix is refused when it is written (backup.Guard).
type Registered struct {
	Top    string // "lessons/"
	Folder string // below Top and an id: "recordings/"; "" for everything below Top
	Writer string // the package that writes

	// NotBackedUp is why a backup leaves the objects out. Moving an installation takes them all the same.
	NotBackedUp string
	// NamedBy is what fsck and clean-up compare with: the table whose rows name the objects, or "" when Unnamed says
	// why no row does and the objects stay.
	NamedBy, Unnamed string
	// Removes is the kind of the job that removes objects that no row names; "fsck" when only fsck --mend does.
	Removes string
	// Patience is how old such an object is before it is removed. fsck reports it a day later.
	Patience time.Duration
}

const day = 24 * time.Hour

// prefixes are all rows.
//
// Recordings wait for as long as an upload may be taken up again, which is 7 days; the rest of the month is for an
// operator who has restored an old database. The files of a package are named by the database within one job.
var prefixes = []Registered{
	{Top: Lessons, Folder: Recordings, Writer: "services/upload", NamedBy: "recordings", Removes: "orphans",
		Patience: 30 * day},
	{Top: Lessons, Folder: Packages, Writer: "services/production", NamedBy: "segments", Removes: "orphans",
		Patience: day},
	{Top: Lessons, Folder: Attachments, Writer: "services/worksheet", NamedBy: "worksheets", Removes: "orphans",
		Patience: day},
	{Top: Lessons, Folder: Captions, Writer: "services/caption", NamedBy: "captions", Removes: "orphans",
		Patience: day},
	{Top: Lessons, Folder: Copies, Writer: "services/production", NamedBy: "broadcast_copies", Removes: "orphans",
		Patience: day},
	{Top: Uploads, Writer: "services/upload", NotBackedUp: "browsers send pieces of unfinished uploads again",
		NamedBy: "uploads", Removes: "sweep-uploads", Patience: OpenUploads},
	{Top: Notices, Writer: "services/notice", NamedBy: "notice_files", Removes: "fsck", Patience: day},
	{Top: Imports, Unnamed: "reserved for originals, which stay; today they are in the tables of imports",
		Removes: "nobody"},
}

// OpenUploads is how long storage keeps the parts of an upload that no row knows.
const OpenUploads = 7 * day

// Erased is how old an object of a lesson that is erased or unknown is before it is removed.
const Erased = 30 * day

// Prefixes gives all rows.
func Prefixes() []Registered { return slices.Clone(prefixes) }

// PrefixOf gives the row of a key; false when there is none.
func PrefixOf(key string) (Registered, bool) {
	for _, p := range prefixes {
		rest, ok := strings.CutPrefix(key, p.Top)
		if !ok || rest == "" {
			continue
		}
		if p.Folder == "" {
			return p, true
		}
		id, rest, _ := strings.Cut(rest, "/")
		if name, ok := strings.CutPrefix(rest, p.Folder); ok && id != "" && name != "" {
			return p, true
		}
	}
	return Registered{}, false
}

// BackedUp lists the top folders that a backup copies, in order.
func BackedUp() []string {
	var list []string
	for _, p := range prefixes {
		if p.NotBackedUp == "" {
			list = append(list, p.Top)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
