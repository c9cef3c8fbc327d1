package production

import "lenlop/transcoder/delivery"

// What pages show of a broadcast copy is the transcoder's; they know it by
// these names, because web speaks to services only.
type (
	// Format is a station's file format.
	Format = delivery.Format
	// Sheet is what was measured of a finished copy against its format.
	Sheet = delivery.Sheet
)

// Formats lists the formats, the usual one first.
func Formats() []Format { return delivery.Formats() }

// FindFormat gives a format by its name; ok is false for an unknown one.
func FindFormat(name string) (f Format, ok bool) { return delivery.Find(name) }
