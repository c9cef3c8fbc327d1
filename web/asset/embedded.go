//go:build !dev

package asset

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// built holds what the build made, inside the binary.
func built() (fs.FS, error) { return fs.Sub(dist, "dist") }

func (s *Set) current() *Set { return s }
