//go:build dev

package asset

import (
	"io/fs"
	"os"
)

// built holds what the build made, on disk, for make dev, which starts the program in the root of the checkout.
func built() (fs.FS, error) { return os.DirFS("web/asset/dist"), nil }

// current reads the files again, so that a page shows a style or an island as soon as it is built. While a build writes
// them, the files from before stay in use.
func (s *Set) current() *Set {
	newer, err := Load()
	if err != nil {
		return s
	}
	return newer
}
